"""Filling in one form: what to ask next, how a reply is read, what follows. A session in, a session out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.forms.form import Form
from bot.forms.sheet import Sheet, Step
from bot.questions import type_named
from bot.questions.base import Asked, Reading, is_exact_label
from bot.values import Answer, Doubt, Heard, Message, Rejection, Say, Toggled, Value
from bot.words import digits

_NUMBERED = re.compile(r"\s*(\d{1,3})\s*[).]\s+(.*\S)\s*")
_SHORT = 36  # characters of a label that stand before an answer read back


@dataclass(frozen=True, slots=True)
class Session:
    """What was said so far. `given` keeps also what is not relevant now: it may become so again."""

    given: Mapping[str, Value] = field(default_factory=dict)  # by instance path; None: skipped
    at: str | None = None  # the open step; None: nothing is left to ask
    toggled: tuple[str, ...] = ()  # options chosen so far at the open step
    doubt: Value = None  # a value to be checked with the person


@dataclass(frozen=True, slots=True)
class Filling:
    """A form in the hands of one person, at one moment."""

    form: Form
    session: Session
    hidden: Mapping[str, str]  # what the system knows: city, period, …
    now: datetime  # city time
    say: Say
    previous: Mapping[str, Value] = field(default_factory=dict)  # the answers of last time
    token: str = ""  # of this report: with the step it makes the token of a question

    def sheet(self) -> Sheet:
        """Return the form with the answers of the session."""
        return Sheet(self.form, self.session.given, self.hidden, self.now)


@dataclass(frozen=True, slots=True)
class Turn:
    """What a reply led to: the filling after it, what to say first, which answers are new."""

    filling: Filling
    first: str = ""
    changes: tuple[tuple[str, Value], ...] = ()


def start(filling: Filling) -> Turn:
    """Return the filling at its first open question."""
    return _go_on(filling)


def step(filling: Filling, heard: Heard) -> Turn:
    """Return what follows from a reply to the open question; nothing a person can type raises."""
    sheet = filling.sheet()
    at = _step_at(sheet, filling.session.at)
    if at is None:
        return _go_on(filling)
    if filling.session.doubt is not None and (checked := _checked(filling, at, heard)):
        return checked
    if lines := _several(filling, sheet, at, heard):
        return _read_lines(filling, lines)
    return _after(filling, at, _read(filling, sheet, at, heard))


def skip(filling: Filling) -> Turn:
    """Return the filling past an optional question; a required one is refused with a reason."""
    at = _step_at(filling.sheet(), filling.session.at)
    if at is None:
        return _go_on(filling)
    if at.is_required:
        return Turn(filling, _why_required(filling, at))
    return _given(filling, {at.path: None})


def keep_last(filling: Filling) -> Turn:
    """Return the filling with last time's answer at the open question, or the reason why there is none."""
    sheet = filling.sheet()
    at = _step_at(sheet, filling.session.at)
    if at is None:
        return _go_on(filling)
    last = filling.previous.get(at.path)
    if last is None or not sheet.accepts(at.path, last):
        return Turn(
            filling, filling.say("There is no answer of last time to keep. Please answer the question.")
        )
    return _given(filling, {at.path: last})


def back(filling: Filling) -> Turn:
    """Return the filling at the question before; at the first one say so."""
    steps = _askable(filling.sheet())
    place = next((i for i, s in enumerate(steps) if s.path == filling.session.at), len(steps))
    if place == 0:
        return Turn(filling, filling.say("This is the first question."))
    return Turn(_at(filling, steps[place - 1].path))


def go_to(filling: Filling, number: int) -> Turn | None:
    """Return the filling at the question of this number (as shown in `3/9`), or None when there is none."""
    steps = _askable(filling.sheet())
    return Turn(_at(filling, steps[number - 1].path)) if 1 <= number <= len(steps) else None


def change(filling: Filling, path: str, heard: Heard) -> Turn:
    """Return the filling with the answer at `path` read anew (an edited message); the open question stays."""
    sheet = filling.sheet()
    at = _step_at(sheet, path)
    if at is None:
        return Turn(filling)
    reading = _read(filling, sheet, at, heard)
    if not isinstance(reading, Answer):
        return Turn(filling, reading.text if isinstance(reading, Rejection) else "")
    number = [s.path for s in _askable(sheet)].index(path) + 1
    changed = _given(filling, {path: reading.value})
    said = filling.say("Answer {number} is changed. The earlier one stays in the history.", number=number)
    return replace(changed, first=said)


def ask(filling: Filling, first: str = "") -> Message | None:
    """Return the message that asks the open question, after `first`; None when nothing is left to ask."""
    sheet = filling.sheet()
    steps = sheet.steps()
    place = next((i for i, s in enumerate(steps) if s.path == filling.session.at), None)
    if place is None:
        return None
    at, asked = steps[place], _asked(filling, sheet, steps[place])
    if filling.session.doubt is not None:
        return _ask_doubt(filling, at, asked, first)
    text = "\n".join(
        filter(None, (first, *_notes(filling, sheet, steps, place), _head(filling, sheet, at, asked)))
    )
    kind = type_named(at.question.type)
    several = at.question.type == "select_multiple"
    options = kind.options(asked, filling.say)
    if several:
        options = tuple(
            f"{label} ✓" if choice.name in asked.toggled else label
            for choice, label in zip(asked.choices, options, strict=True)
        )
    finish = filling.say("Done") if several else ""
    return Message(text, options, finish=finish, token=token_of(filling, at.path), question=at.path)


def token_of(filling: Filling, path: str) -> str:
    """Return what a button carries: it belongs to this report and this question."""
    doubt = "?" if filling.session.doubt is not None else ""
    return f"{filling.token}.{_place(path)}{doubt}"


def lines_of(filling: Filling, paths: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the answers (those at `paths`, or all) as numbered lines to be checked."""
    sheet, only = filling.sheet(), frozenset(paths)
    return tuple(
        f"({number}) {_line(filling, sheet, at)}"
        for number, at in enumerate(_askable(sheet), start=1)
        if at.path in filling.session.given and (not only or at.path in only)
    )


def line_of(filling: Filling, number: int) -> str:
    """Return one question, shortened, with its answer if it has one."""
    sheet = filling.sheet()
    at = _askable(sheet)[number - 1]
    if at.path not in filling.session.given:
        return _cut(_label(filling, sheet, at))
    return _line(filling, sheet, at)


def is_label(filling: Filling, text: str) -> bool:
    """Tell whether the text is exactly an option of the open question."""
    sheet = filling.sheet()
    at = _step_at(sheet, filling.session.at)
    return at is not None and is_exact_label(_asked(filling, sheet, at), text)


def progress(filling: Filling) -> tuple[int, int]:
    """Return how many questions are answered, and how many there are now."""
    steps = _askable(filling.sheet())
    return sum(s.path in filling.session.given for s in steps), len(steps)


def is_required_now(filling: Filling) -> bool:
    """Tell whether the open question must be answered."""
    at = _step_at(filling.sheet(), filling.session.at)
    return at is not None and at.is_required


def takes_free_text(filling: Filling) -> bool:
    """Tell whether any text at all would be an answer to the open question."""
    at = _step_at(filling.sheet(), filling.session.at)
    return at is not None and type_named(at.question.type) is type_named("text")


def doubt(filling: Filling, value: Value) -> Filling:
    """Return the filling with a value to be checked with the person before it counts."""
    return replace(filling, session=replace(filling.session, doubt=value))


def _askable(sheet: Sheet) -> list[Step]:
    return [s for s in sheet.steps() if s.question.type != "note"]


def _step_at(sheet: Sheet, path: str | None) -> Step | None:
    return next((s for s in sheet.steps() if s.path == path), None)


def _at(filling: Filling, path: str | None) -> Filling:
    return replace(filling, session=Session(filling.session.given, path))


def _given(filling: Filling, answers: Mapping[str, Value]) -> Turn:
    session = Session({**filling.session.given, **answers})
    return replace(_go_on(replace(filling, session=session)), changes=tuple(answers.items()))


def _go_on(filling: Filling) -> Turn:
    """Move to the first question that is not answered, or whose answer no longer holds."""
    sheet, given = filling.sheet(), filling.session.given
    for at in _askable(sheet):
        if at.path not in given:
            return Turn(_at(filling, at.path))
        value = given[at.path]
        holds = not at.is_required if value is None else sheet.accepts(at.path, value)
        if not holds:
            return Turn(_at(filling, at.path))
    return Turn(_at(filling, None))


def _asked(filling: Filling, sheet: Sheet, at: Step) -> Asked:
    return Asked(
        label=_label(filling, sheet, at),
        choices=sheet.choices(at.path) if at.question.choices else (),
        languages=filling.form.languages,
        today=filling.now.date(),
        toggled=filling.session.toggled if at.path == filling.session.at else (),
        appearance=at.question.appearance,
    )


def _label(filling: Filling, sheet: Sheet, at: Step) -> str:
    if at.question.type == "another":
        labels = at.question.labels
        group = labels.get(filling.say.language) or next(iter(labels.values()), at.question.path)
        return filling.say("{group}: is there another one to add?", group=group)
    return sheet.label(at.path, filling.say.language, filling.say.value)


def _head(filling: Filling, sheet: Sheet, at: Step, asked: Asked) -> str:
    steps = _askable(sheet)
    number = next(i for i, s in enumerate(steps, start=1) if s.path == at.path)
    optional = "" if at.is_required or at.question.type == "another" else " " + filling.say("(- to skip)")
    hint = sheet.hint(at.path, filling.say.language, filling.say.value)
    head = f"{number}/{len(steps)} {asked.label}{optional}"
    return f"{head}\n{hint}" if hint else head


def _notes(filling: Filling, sheet: Sheet, steps: tuple[Step, ...], place: int) -> list[str]:
    """Return the notes that stand right before the question: they are said with it."""
    texts: list[str] = []
    for at in reversed(steps[:place]):
        if at.question.type != "note":
            break
        texts.insert(0, sheet.label(at.path, filling.say.language, filling.say.value))
    return texts


def closing_notes(filling: Filling) -> tuple[str, ...]:
    """Return the notes after the last question: they are said with the answers read back."""
    sheet = filling.sheet()
    steps = sheet.steps()
    return tuple(_notes(filling, sheet, steps, len(steps)))


def _line(filling: Filling, sheet: Sheet, at: Step) -> str:
    value = filling.session.given[at.path]
    asked = _asked(filling, sheet, at)
    shown = "-" if value is None else type_named(at.question.type).shown(asked, value, filling.say)
    if at.question.type == "text":
        return filling.say.value(shown)
    return f"{_cut(asked.label)} {filling.say.value(shown)}"


def _cut(label: str) -> str:
    if len(label) <= _SHORT:
        return label
    return label[:_SHORT].rsplit(" ", 1)[0] + "…"


def _read(filling: Filling, sheet: Sheet, at: Step, heard: Heard) -> Reading:
    asked = _asked(filling, sheet, at)
    reading = type_named(at.question.type).read(asked, heard, filling.say)
    if not isinstance(reading, Answer | Doubt) or sheet.accepts(at.path, reading.value):
        return reading
    why = sheet.constraint_message(at.path, filling.say.language, filling.say.value)
    why = why or filling.say("This answer is not possible here. Please check it and send it again.")
    if at.question.type == "text":
        return Rejection(why)
    shown = type_named(at.question.type).shown(asked, reading.value, filling.say)
    return Rejection(f"{filling.say('Understood as: {value}.', value=shown)} {why}")


def _after(filling: Filling, at: Step, reading: Reading) -> Turn:
    match reading:
        case Answer(value):
            return _given(filling, {at.path: value})
        case Doubt(value):
            return Turn(doubt(filling, value))
        case Toggled(chosen):
            return Turn(replace(filling, session=replace(filling.session, toggled=chosen)))
        case Rejection(text):
            return Turn(filling, text)


def _ask_doubt(filling: Filling, at: Step, asked: Asked, first: str) -> Message:
    shown = type_named(at.question.type).shown(asked, filling.session.doubt, filling.say)
    text = filling.say("Understood as: {value}. Is that right?", value=shown)
    yes_no = type_named("another").options(asked, filling.say)
    return Message(
        "\n".join(filter(None, (first, text))), yes_no, token=token_of(filling, at.path), question=at.path
    )


def _checked(filling: Filling, at: Step, heard: Heard) -> Turn | None:
    """Return what follows from yes or no to a doubt; None when the reply is something else: a new answer."""
    reading = type_named("another").read(Asked(""), heard, filling.say)
    if not isinstance(reading, Answer):
        return None
    if reading.value == "yes":
        return _given(filling, {at.path: filling.session.doubt})
    return Turn(_at(filling, at.path))


def _why_required(filling: Filling, at: Step) -> str:
    own = filling.sheet().required_message(at.path, filling.say.language, filling.say.value)
    sentence = "This answer is needed to go on. To pause here, send LATER; everything is kept."
    return own or filling.say(sentence)


def _several(filling: Filling, sheet: Sheet, at: Step, heard: Heard) -> tuple[tuple[int | None, str], ...]:
    """Return the lines of a message of several answers, each with its number if it has one; else ()."""
    lines = [line for line in digits(heard.text).splitlines() if line.strip()]
    written = [line.strip() for line in heard.text.splitlines() if line.strip()]
    if len(lines) < 2 or heard.media:
        return ()
    is_text = takes_free_text(filling)
    numbered = [_NUMBERED.fullmatch(line) for line in lines]
    if all(numbered):
        pairs = [
            (int(m[1]), text[len(text) - len(m[2].strip()) :])
            for m, text in zip(numbered, written, strict=True)
            if m
        ]
        here = [s.path for s in _askable(sheet)].index(at.path) + 1
        return tuple(pairs) if not is_text or pairs[0][0] == here else ()
    if is_text or not isinstance(_read(filling, sheet, at, replace(heard, text=written[0])), Answer):
        return ()
    return tuple((None, line) for line in written)


def _read_lines(filling: Filling, lines: tuple[tuple[int | None, str], ...]) -> Turn:
    """Read each line for its question; what cannot be read is left open, the rest is kept."""
    changes: dict[str, Value] = {}
    passed: set[str] = set()
    for number, line in lines:
        sheet = filling.sheet()
        at = _step_for(filling, sheet, number, passed)
        if at is None:
            continue
        passed.add(at.path)
        value = _value_of(filling, sheet, at, line)
        if value is None and not (line.strip() == "-" and not at.is_required):
            if number is None and _decides(filling.form, at):
                break  # what it decides is not known: the next line may belong to another question
            continue
        changes[at.path] = value
        filling = replace(filling, session=Session({**filling.session.given, at.path: value}, at.path))
    read = filling.say.count(
        "{n} answer read. Please check it:", "{n} answers read. Please check them:", len(changes)
    )
    turn = _go_on(filling)
    checked = lines_of(turn.filling, tuple(changes))
    first = "\n".join((read, *checked)) if changes and turn.filling.session.at else ""
    return Turn(turn.filling, first, tuple(changes.items()))


def _step_for(filling: Filling, sheet: Sheet, number: int | None, passed: set[str]) -> Step | None:
    steps = _askable(sheet)
    if number is not None:
        return steps[number - 1] if 1 <= number <= len(steps) else None
    if not passed:
        return _step_at(sheet, filling.session.at)
    return next((s for s in steps if s.path not in filling.session.given and s.path not in passed), None)


def _decides(form: Form, at: Step) -> bool:
    """Tell whether what is asked later depends on this answer."""
    name = "${" + at.question.path.rpartition("/")[2] + "}"
    return any(name in question.relevant for question in form.questions)


def _value_of(filling: Filling, sheet: Sheet, at: Step, line: str) -> Value:
    reading = _read(filling, sheet, at, Heard(text=line))
    return reading.value if isinstance(reading, Answer) else None


def _place(path: str) -> str:
    """Return a short ASCII name of a step: question paths may be long."""
    import zlib

    return format(zlib.crc32(path.encode()), "x")
