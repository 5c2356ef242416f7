"""Several answers in one message: one a line, or numbered as the questions are."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot.asking import lines_of
from bot.forms.form import Form
from bot.forms.sheet import Sheet, Step
from bot.session import (
    Filling,
    Session,
    Turn,
    askable,
    go_on,
    is_text,
    moved_to,
    number_of,
    read,
    step_at,
    why_required,
)
from bot.values import Answer, Doubt, Heard, Rejection, Value
from bot.words import fold

_NUMBERED = re.compile(r"(\d{1,3})\s*(?:\)\s*|\.\s+|\.(?=\D))(\S.*)")  # `3) yes`, `3. yes`, not `3.5`
_Lines = tuple[tuple[int | None, str], ...]


@dataclass(slots=True)
class _Heap:
    """What the lines of one message turned out to be."""

    changes: dict[str, Value] = field(default_factory=dict)
    doubts: dict[str, Value] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    why: dict[str, str] = field(default_factory=dict)  # by question: why its line is no answer
    passed: set[str] = field(default_factory=set)


def read_several(filling: Filling, sheet: Sheet, at: Step, heard: Heard) -> Turn | None:
    """Return what several answers in one message led to, None when the message is one answer.

    What can be read is kept; what cannot is said, and its question stays open.
    """
    found = _heaped(filling, sheet, at, heard)
    return _turn(*found) if found else None


def read_anew(filling: Filling, paths: tuple[str, ...], heard: Heard) -> Turn | None:
    """Return what an edited message of several answers is now, None when it is one answer.

    `paths` are the questions it answered; `first` says only what could not be read.
    """
    others = {path: value for path, value in filling.session.given.items() if path not in paths}
    blank = moved_to(replace(filling, session=Session(others)), paths[0])
    sheet = blank.sheet()
    at = step_at(sheet, paths[0])
    found = _heaped(blank, sheet, at, heard) if at else None
    if found is None:
        return None
    read_now, heap = found
    return Turn(read_now, _unread(read_now, heap), tuple(heap.changes.items()))


def said_again(filling: Filling, changes: Mapping[str, Value]) -> str:
    """Return new answers as they were read, for the person to check."""
    count = filling.say.count(
        "{n} answer read. Please check it:", "{n} answers read. Please check them:", len(changes)
    )
    return "\n".join((count, *lines_of(filling, tuple(changes))))


def _heaped(filling: Filling, sheet: Sheet, at: Step, heard: Heard) -> tuple[Filling, _Heap] | None:
    lines = _lines_in(filling, sheet, at, heard)
    if not lines:
        return None
    heap = _Heap()
    after = _read_lines(filling, lines, heap)
    is_plain = lines[0][0] is None
    if is_plain and len(heap.changes) < 2 and _is_one_choice(at, read(filling, sheet, at, heard)):
        return None
    return after, heap


def _lines_in(filling: Filling, sheet: Sheet, at: Step, heard: Heard) -> _Lines:
    """Return the lines of a message of several answers, each with its number if it has one; else ()."""
    written = [line.strip() for line in heard.text.splitlines() if line.strip()]
    if heard.media or not written:
        return ()
    if numbered := _numbered(written):
        return numbered if _is_meant(filling, sheet, at, numbered, heard) else ()
    if len(written) < 2 or not _may_begin(filling, sheet, at, replace(heard, text=written[0])):
        return ()
    return tuple((None, line) for line in written)


def _may_begin(filling: Filling, sheet: Sheet, at: Step, first: Heard) -> bool:
    """Tell whether a first line answers the open question alone; a text takes all lines for itself."""
    if fold(first.text) == "-" and not at.is_required:
        return True
    return not is_text(at) and isinstance(read(filling, sheet, at, first), Answer | Doubt)


def _numbered(written: list[str]) -> tuple[tuple[int, str], ...]:
    """Return the numbered lines, each with the unnumbered ones that go on from it."""
    found: list[tuple[int, str]] = []
    for line in written:
        if match := _NUMBERED.fullmatch(line):
            found.append((int(match[1]), match[2]))
        elif found:
            found[-1] = (found[-1][0], f"{found[-1][1]}\n{line}")
        else:
            return ()
    return tuple(found)


def _is_meant(
    filling: Filling, sheet: Sheet, at: Step, numbered: tuple[tuple[int, str], ...], heard: Heard
) -> bool:
    """Tell whether the numbers are those of questions: a text may hold a numbered list of its own."""
    if is_text(at):
        return len(numbered) > 1 and numbered[0][0] == number_of(sheet, at.path)
    whole = read(filling, sheet, at, heard)
    return isinstance(whole, Rejection) or (len(numbered) > 1 and not _is_one_choice(at, whole))


def _is_one_choice(at: Step, whole: object) -> bool:
    """Tell whether the lines are several options of one question."""
    return at.question.type == "select_multiple" and isinstance(whole, Answer)


def _read_lines(filling: Filling, lines: _Lines, heap: _Heap) -> Filling:
    """Read each line for its question; what cannot be read is left open."""
    for place, (number, line) in enumerate(lines):
        sheet = filling.sheet()
        at = _step_for(filling, sheet, number, heap.passed)
        if at is None:
            heap.unread.append(line)
            continue
        heap.passed.add(at.path)
        if _is_kept(filling, sheet, at, line, heap):
            kept = {**filling.session.given, at.path: heap.changes[at.path]}
            filling = replace(filling, session=Session(kept, at.path))
        elif number is None and _decides(filling.form, at):
            heap.unread += [rest for _, rest in lines[place + 1 :]]  # they may belong to other questions
            break
    return filling


def _is_kept(filling: Filling, sheet: Sheet, at: Step, line: str, heap: _Heap) -> bool:
    if fold(line) == "-":
        return _is_skipped(filling, at, heap)
    match read(filling, sheet, at, Heard(text=line)):
        case Answer(value):
            heap.changes[at.path] = value
            return True
        case Doubt(value):
            heap.doubts[at.path] = value
        case Rejection(text):
            heap.unread.append(line)
            heap.why[at.path] = text
    return False


def _is_skipped(filling: Filling, at: Step, heap: _Heap) -> bool:
    if at.is_required:
        heap.unread.append("-")
        heap.why[at.path] = why_required(filling, at)
    else:
        heap.changes[at.path] = None
    return not at.is_required


def _turn(filling: Filling, heap: _Heap) -> Turn:
    after = go_on(filling).filling
    open_at = after.session.at or ""
    said = said_again(after, heap.changes) if heap.changes and open_at else ""
    lines = (said, _unread(filling, heap), heap.why.get(open_at, ""))
    if open_at in heap.doubts:
        after = replace(after, session=replace(after.session, doubt=heap.doubts[open_at]))
    return Turn(after, "\n".join(filter(None, lines)), tuple(heap.changes.items()))


def _unread(filling: Filling, heap: _Heap) -> str:
    if not heap.unread:
        return ""
    return filling.say("Could not be read: {text}", text=" / ".join(heap.unread))


def _step_for(filling: Filling, sheet: Sheet, number: int | None, passed: set[str]) -> Step | None:
    steps = askable(sheet)
    if number is not None:
        return steps[number - 1] if 1 <= number <= len(steps) else None
    if not passed:
        return step_at(sheet, filling.session.at)
    return next((s for s in steps if s.path not in filling.session.given and s.path not in passed), None)


def _decides(form: Form, at: Step) -> bool:
    """Tell whether what is asked later depends on this answer."""
    name = "${" + at.question.path.rpartition("/")[2] + "}"
    return at.question.type == "another" or any(name in question.relevant for question in form.questions)
