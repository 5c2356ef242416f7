"""Filling in one form: how a reply is read, what follows. A session in, a session out."""

from collections.abc import Mapping
from dataclasses import replace

from bot.forms.sheet import Sheet, Step
from bot.last_time import kept
from bot.questions import type_named
from bot.questions.base import Asked, Reading, is_exact_label
from bot.session import (
    Filling,
    Turn,
    askable,
    asked_of,
    given,
    go_on,
    is_media,
    is_multiline,
    is_text,
    moved_to,
    number_of,
    over_limit,
    read,
    step_at,
    why_required,
)
from bot.several import changed_answer, read_anew, read_several, said_again
from bot.values import Answer, Doubt, Heard, Rejection, Toggled, Value
from bot.words import fold


def start(filling: Filling) -> Turn:
    """Return the filling at its first open question."""
    return go_on(filling)


def step(filling: Filling, heard: Heard) -> Turn:
    """Return what follows from a reply to the open question; nothing a person can type raises."""
    sheet = filling.sheet()
    at = step_at(sheet, filling.session.at)
    if at is None:
        return go_on(filling)
    if filling.session.doubt is not None and (checked := _checked(filling, at, heard)):
        return checked
    if _is_skipping(filling, sheet, at, heard):
        return skip(filling)
    return read_several(filling, sheet, at, heard) or _after(filling, at, read(filling, sheet, at, heard))


def skip(filling: Filling) -> Turn:
    """Return the filling past an optional question; a required one is refused with a reason."""
    at = step_at(filling.sheet(), filling.session.at)
    if at is None:
        return go_on(filling)
    if at.is_required:
        return Turn(filling, why_required(filling, at))
    later = filling.say("You can still send it later: just attach it here.") if is_media(at) else ""
    return replace(given(filling, {at.path: None}), first=later)


def keep_last(filling: Filling) -> Turn:
    """Return the filling with last time's answer at the open question, or the reason why there is none."""
    sheet = filling.sheet()
    at = step_at(sheet, filling.session.at)
    if at is None:
        return go_on(filling)
    last = kept(filling, sheet, at)
    if last is None:
        return Turn(
            filling, filling.say("There is no answer of last time to keep. Please answer the question.")
        )
    return given(filling, {at.path: last})


def back(filling: Filling) -> Turn:
    """Return the filling at the question before; at the first one say so."""
    steps = askable(filling.sheet())
    place = next((i for i, s in enumerate(steps) if s.path == filling.session.at), len(steps))
    if place == 0:
        return Turn(filling, filling.say("This is the first question."))
    return Turn(moved_to(filling, steps[place - 1].path))


def go_to(filling: Filling, number: int) -> Turn | None:
    """Return the filling at the question of this number (as shown in `3/9`), or None when there is none."""
    steps = askable(filling.sheet())
    return Turn(moved_to(filling, steps[number - 1].path)) if 1 <= number <= len(steps) else None


def put(filling: Filling, path: str, value: Value) -> Turn:
    """Return the filling with an answer to a question that is not the open one, and the answer read back."""
    return _changed(filling, {path: value}, "")


def change(
    filling: Filling,
    paths: tuple[str, ...],
    heard: Heard,
    *,
    is_filled_form: bool = False,
    is_whole: bool = False,
) -> Turn:
    """Return the filling with the answers of an edited message read anew; the open question stays.

    `paths` are the questions that the message answered; the numbers in it are those of the blank form when
    `is_filled_form`; it is one text, whatever its lines look like, when `is_whole`. What cannot be
    read leaves its answer as it was.
    """
    sheet = filling.sheet()
    at = step_at(sheet, paths[0])
    if at is None:
        return Turn(filling)
    anew = None if is_whole else read_anew(filling, paths, heard, is_filled_form=is_filled_form)
    if anew is not None:
        return _changed(filling, dict(anew.changes), anew.first)
    match _reread(filling, sheet, at, heard):
        case Answer(value):
            return _changed(filling, {at.path: value}, "")
        case Doubt(value):
            return Turn(doubt(moved_to(filling, at.path), value))
        case Rejection(text):
            number = number_of(sheet, at.path)
            stays = filling.say("Answer {number} stays as it was.", number=number)
            return Turn(filling, f"{text} {stays}".strip())
        case _:
            return Turn(filling)


def _reread(filling: Filling, sheet: Sheet, at: Step, heard: Heard) -> Reading:
    """Return what an edited message is now: `-` skips, `=` is no answer."""
    said = fold(heard.text)
    if said == "=":
        return Rejection("")
    if said != "-":
        return read(filling, sheet, at, heard)
    return Rejection(why_required(filling, at)) if at.is_required else Answer(None)


def is_label(filling: Filling, text: str) -> bool:
    """Tell whether the text is exactly an option of the open question."""
    sheet = filling.sheet()
    at = step_at(sheet, filling.session.at)
    return at is not None and is_exact_label(asked_of(filling, sheet, at), text)


def understands(filling: Filling, heard: Heard) -> bool:
    """Tell whether the reply is an answer to the open question, as a whole or in its first line."""
    sheet = filling.sheet()
    at = step_at(sheet, filling.session.at)
    if at is None:
        return False
    if isinstance(read(filling, sheet, at, heard), Answer | Doubt):
        return True
    several = read_several(filling, sheet, at, heard)
    return several is not None and bool(several.changes)


def takes_free_text(filling: Filling) -> bool:
    """Tell whether any text at all would be an answer to the open question."""
    at = step_at(filling.sheet(), filling.session.at)
    return at is not None and is_text(at)


def takes_several(filling: Filling) -> bool:
    """Tell whether the open question is a choice of several options."""
    at = step_at(filling.sheet(), filling.session.at)
    return at is not None and at.question.type == "select_multiple"


def takes_whole(filling: Filling, heard: Heard) -> bool:
    """Tell whether a reply, whatever its lines look like, is one text for the open question."""
    sheet = filling.sheet()
    at = step_at(sheet, filling.session.at)
    if at is None or not is_text(at) or filling.session.doubt is not None:
        return False
    return read_several(filling, sheet, at, heard) is None


def wants_lines(filling: Filling) -> bool:
    """Tell whether the form wants more than a line for the open question."""
    at = step_at(filling.sheet(), filling.session.at)
    return at is not None and is_multiline(at)


def excess(filling: Filling, text: str) -> int:
    """Return by how many characters a text is too long for the open question, 0 when it is not."""
    at = step_at(filling.sheet(), filling.session.at)
    return over_limit(at, text) if at else 0


def write(filling: Filling, path: str, text: str) -> Turn:
    """Return the filling with a text as the whole answer to a question, whatever its lines look like.

    Nothing is said and nothing changes when the question is asked no more.
    """
    sheet = filling.sheet()
    at = step_at(sheet, path)
    if at is None:
        return Turn(filling)
    return _after(moved_to(filling, path), at, read(filling, sheet, at, Heard(text=text)))


def rewrite(filling: Filling, path: str, text: str) -> Turn:
    """Return the filling with a longer text as the answer to an earlier question; the open one stays."""
    turn = write(filling, path, text)
    if not turn.changes:
        return replace(turn, filling=filling)
    after = replace(filling, session=replace(filling.session, given=turn.filling.session.given))
    return turn if not _stays_open(after, dict(turn.changes)) else replace(turn, filling=after)


def path_before(filling: Filling) -> str:
    """Return the path of the question before the open one, of the last when none is open; "" for none."""
    paths = [step.path for step in askable(filling.sheet())]
    place = paths.index(filling.session.at) if filling.session.at in paths else len(paths)
    return paths[place - 1] if place else ""


def place_of(filling: Filling, path: str) -> int:
    """Return the number of a question that is asked."""
    return number_of(filling.sheet(), path)


def doubt(filling: Filling, value: Value) -> Filling:
    """Return the filling with a value to be checked with the person before it counts."""
    return replace(filling, session=replace(filling.session, doubt=value, toggled=()))


def _is_skipping(filling: Filling, sheet: Sheet, at: Step, heard: Heard) -> bool:
    """Tell whether it is a tap on the only button of a question without options."""
    if heard.press is None or heard.press.option != 1:
        return False
    return not type_named(at.question.type).options(asked_of(filling, sheet, at), filling.say)


def _after(filling: Filling, at: Step, reading: Reading) -> Turn:
    match reading:
        case Answer(value, shown):
            return _noted(given(filling, {at.path: value}), shown)
        case Doubt(value):
            return Turn(doubt(filling, value))
        case Toggled(chosen):
            return Turn(replace(filling, session=replace(filling.session, toggled=chosen)))
        case Rejection(text):
            return Turn(filling, text)


def _noted(turn: Turn, shown: str) -> Turn:
    """Say first what was understood; at the end the answers read back say it."""
    if not shown or turn.filling.session.at is None:
        return turn
    noted = turn.filling.say("Noted: {value}.", value=shown.rstrip("."))
    return replace(turn, first="\n".join(filter(None, (noted, turn.first))))


def _checked(filling: Filling, at: Step, heard: Heard) -> Turn | None:
    """Return what follows from yes or no to a doubt; None when the reply is something else: a new answer."""
    reading = type_named("another").read(Asked(""), heard, filling.say)
    if not isinstance(reading, Answer | Doubt):
        return None
    if reading.value == "yes":
        return given(filling, {at.path: filling.session.doubt})
    return Turn(moved_to(filling, at.path))


def _changed(filling: Filling, read_now: Mapping[str, Value], unread: str) -> Turn:
    """Return the filling with those answers that are new; the open question stays when it is still asked."""
    before = filling.session.given
    changes = {path: value for path, value in read_now.items() if path not in before or before[path] != value}
    if not changes:
        return Turn(filling, unread)
    after = replace(filling, session=replace(filling.session, given={**before, **changes}))
    if not _stays_open(after, changes):
        after = go_on(after).filling
    said = "\n".join(filter(None, (_told(filling, after, changes), unread)))
    return Turn(after, said, tuple(changes.items()))


def _stays_open(filling: Filling, changes: Mapping[str, Value]) -> bool:
    at = filling.session.at
    return at is not None and at not in changes and step_at(filling.sheet(), at) is not None


def _told(before: Filling, after: Filling, changes: Mapping[str, Value]) -> str:
    path = next(iter(changes))
    sheet = after.sheet()
    if len(changes) > 1 or path not in before.session.given or step_at(sheet, path) is None:
        return said_again(after, changes)
    return changed_answer(after, path)
