"""What a form says to a person: the open question, the answers read back."""

import zlib
from collections.abc import Collection

from bot.forms.sheet import Sheet, Step
from bot.last_time import suggested
from bot.page import Page, heading, page_of
from bot.questions import HOW, type_named
from bot.questions.base import Asked
from bot.session import Filling, askable, asked_of, is_media, label_of, number_of
from bot.values import Message, Skip, Value

_SHORT_ANSWER = 60  # characters of an answer of last time
_SHORT = 24  # characters of a label that stand before an answer read back


def ask(filling: Filling, first: str = "") -> Message | None:
    """Return the message that asks the open question, after `first`; None when nothing is left to ask."""
    sheet = filling.sheet()
    steps = sheet.steps()
    place = next((i for i, s in enumerate(steps) if s.path == filling.session.at), None)
    if place is None:
        return None
    at, asked = steps[place], asked_of(filling, sheet, steps[place])
    if filling.session.doubt is not None:
        return _ask_doubt(filling, at, asked, first)
    options, head = _options(filling, at, asked), _head(filling, sheet, at, asked)
    page = _page(filling, sheet, at, head, options).lines
    body = (*page, *head) if options else (*head, *page)  # options stand right below their question
    lines = (first, heading(filling, sheet, at), *_notes(filling, sheet, steps, place), *body)
    return Message(
        "\n".join(filter(None, lines)),
        options,
        finish=filling.say("Done") if at.question.type == "select_multiple" else "",
        skip=None if options else _skip(filling, at),
        token=token_of(filling, at.path),
        question=at.path,
    )


def token_of(filling: Filling, path: str) -> str:
    """Return what a button carries: it belongs to this report and this question (whose path may be long)."""
    doubt = "?" if filling.session.doubt is not None else ""
    return f"{filling.token}.{zlib.crc32(path.encode()):x}{doubt}"


def named_with(filling: Filling, sheet: Sheet, at: Step) -> tuple[Step, ...]:
    """Return the questions of its page that the open question's message names, in the order of its lines."""
    asked = asked_of(filling, sheet, at)
    return _page(filling, sheet, at, _head(filling, sheet, at, asked), _options(filling, at, asked)).named


def lines_of(filling: Filling, paths: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the answers (those at `paths`, or all) as numbered lines to be checked."""
    sheet, only = filling.sheet(), frozenset(paths)
    return tuple(
        f"({number}) {_line(filling, sheet, at)}"
        for number, at in enumerate(askable(sheet), start=1)
        if at.path in filling.session.given and (at.path in only if only else at.question.type != "another")
    )


def line_of(filling: Filling, number: int) -> str:
    """Return one question, shortened, with its answer if it has one."""
    sheet = filling.sheet()
    at = askable(sheet)[number - 1]
    if at.path not in filling.session.given:
        return _cut(label_of(filling, sheet, at))
    return _line(filling, sheet, at)


def short_lines_of(filling: Filling, paths: Collection[str]) -> tuple[str, ...]:
    """Return the answers at `paths` as lines without numbers, those that are long shortened."""
    sheet = filling.sheet()
    steps = (at for at in askable(sheet) if at.path in paths)
    return tuple(f"- {_line(filling, sheet, at, _SHORT_ANSWER)}" for at in steps)


def asked_still(filling: Filling, path: str) -> str:
    """Return the question whether one answer of last time, given already here, still holds."""
    sheet = filling.sheet()
    at = next(each for each in askable(sheet) if each.path == path)
    asked = asked_of(filling, sheet, at)
    value = cut(_shown(filling, at, asked), _SHORT_ANSWER).rstrip(".…")
    still = filling.say("Last time: {value}. Still so?", value=value)
    return f"{asked.label}\n{still}"


def last_answered(filling: Filling) -> int:
    """Return the number of the last question that has an answer, 0 when none has."""
    steps = askable(filling.sheet())
    return max((n for n, s in enumerate(steps, start=1) if s.path in filling.session.given), default=0)


def labels_open(filling: Filling) -> tuple[str, ...]:
    """Return the labels of the required questions that have no answer that holds."""
    sheet, given = filling.sheet(), filling.session.given
    return tuple(
        label_of(filling, sheet, at)
        for at in askable(sheet)
        if at.is_required
        and not (is_media(at) and at.path in given)
        and (given.get(at.path) is None or not sheet.accepts(at.path, given[at.path]))
    )


def closing_notes(filling: Filling) -> tuple[str, ...]:
    """Return the notes after the last question: they are said with the answers read back."""
    sheet = filling.sheet()
    steps = sheet.steps()
    return tuple(_notes(filling, sheet, steps, len(steps)))


def progress(filling: Filling) -> tuple[int, int]:
    """Return how many questions are answered, and how many there are now."""
    steps = askable(filling.sheet())
    return sum(s.path in filling.session.given for s in steps), len(steps)


def _page(filling: Filling, sheet: Sheet, at: Step, head: tuple[str, ...], options: tuple[str, ...]) -> Page:
    own = (heading(filling, sheet, at), *head)
    numbered = (f"{number}. {label}" for number, label in enumerate(options, start=1))
    return page_of(filling, sheet, at, sum(len(line) + 1 for line in (*own, *numbered) if line))


def _options(filling: Filling, at: Step, asked: Asked) -> tuple[str, ...]:
    labels = type_named(at.question.type).options(asked, filling.say)
    if at.question.type != "select_multiple":
        return labels
    return tuple(
        f"{label} ✓" if choice.name in asked.toggled else label
        for choice, label in zip(asked.choices, labels, strict=True)
    )


def _head(filling: Filling, sheet: Sheet, at: Step, asked: Asked) -> tuple[str, ...]:
    """Return the question's lines; the answer it has already is shown, to be changed."""
    number, total = number_of(sheet, at.path), len(askable(sheet))
    skip = _skip(filling, at)
    optional = f" {skip.words}" if skip else ""
    hint = sheet.hint(at.path, filling.say.language, filling.say.value)
    value = filling.session.given.get(at.path)
    answer = "" if value is None else filling.say("Answer so far: {value}", value=_shown(filling, at, asked))
    if at.path not in filling.session.given:
        answer = _suggestion(filling, sheet, at, asked)
    how = HOW.get(at.question.type)
    possible = how(asked, filling.say) if how else ""
    return f"{number}/{total} {asked.label}{optional}", hint, possible, answer


def _skip(filling: Filling, at: Step) -> Skip | None:
    """Return how the question is skipped, None for one that must be answered."""
    if at.is_required or at.question.type == "another":
        return None
    return Skip(filling.say("Skip"), filling.say("(- to skip)"))


def _suggestion(filling: Filling, sheet: Sheet, at: Step, asked: Asked) -> str:
    """Return the line that says which value `=` would keep; "" when the question begins with none."""
    value = suggested(sheet, at)
    if value is None:
        return ""
    shown = cut(type_named(at.question.type).shown(asked, value, filling.say), _SHORT_ANSWER)
    if sheet.carries(at.path):
        return filling.say("Last time: {value} (= keeps it)", value=shown)
    return filling.say("Suggested: {value} (= keeps it)", value=shown)


def _notes(filling: Filling, sheet: Sheet, steps: tuple[Step, ...], place: int) -> list[str]:
    """Return the notes that stand right before the question: they are said with it."""
    texts: list[str] = []
    for at in reversed(steps[:place]):
        if at.question.type != "note":
            break
        texts.insert(0, sheet.label(at.path, filling.say.language, filling.say.value))
    return texts


def _ask_doubt(filling: Filling, at: Step, asked: Asked, first: str) -> Message:
    shown = type_named(at.question.type).shown(asked, filling.session.doubt, filling.say)
    text = filling.say("Understood as: {value}. Is that right?", value=shown.rstrip(".…"))
    yes_no = type_named("another").options(asked, filling.say)
    lines = "\n".join(filter(None, (first, text)))
    return Message(lines, yes_no, token=token_of(filling, at.path), question=at.path)


def _shown(filling: Filling, at: Step, asked: Asked) -> str:
    value: Value = filling.session.given[at.path]
    return "-" if value is None else type_named(at.question.type).shown(asked, value, filling.say)


def _line(filling: Filling, sheet: Sheet, at: Step, most: int = 0) -> str:
    asked = asked_of(filling, sheet, at)
    whole = _shown(filling, at, asked)
    shown = filling.say.value(cut(whole, most) if most else whole)
    if at.question.type == "text" and filling.session.given[at.path] is not None:
        return shown
    return f"{_cut(asked.label)} {shown}"


def _cut(label: str) -> str:
    return cut(label, _SHORT)


def cut(text: str, most: int) -> str:
    """Return the text, or its beginning in whole words and an ellipsis when it is longer than that."""
    if len(text) <= most:
        return text
    return text[:most].rsplit(" ", 1)[0] + "…"
