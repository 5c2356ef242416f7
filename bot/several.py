"""Several answers in one message: one a line, or numbered as the questions are."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot.asking import lines_of, named_with
from bot.forms.form import Form
from bot.forms.sheet import Sheet, Step
from bot.last_time import kept
from bot.lines import Line, addressed, written_lines
from bot.page import rest_of_page, round_of
from bot.session import (
    Filling,
    Session,
    Turn,
    askable,
    go_on,
    is_multiline,
    is_text,
    moved_to,
    number_of,
    read,
    step_at,
    why_required,
)
from bot.values import Answer, Doubt, Heard, Rejection, Value
from bot.words import fold


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


def read_anew(
    filling: Filling, paths: tuple[str, ...], heard: Heard, *, is_filled_form: bool = False
) -> Turn | None:
    """Return what an edited message of several answers is now, None when it is one answer.

    `paths` are the questions it answered; `first` says only what could not be read.
    """
    others = {path: value for path, value in filling.session.given.items() if path not in paths}
    blank = moved_to(replace(filling, session=Session(others, firsts=filling.session.firsts)), paths[0])
    sheet = blank.sheet()
    at = step_at(sheet, paths[0])
    if is_filled_form and (lines := addressed(filling.form, sheet, heard.text, is_filled_form=True)):
        heap = _Heap()
        read_now = _read_lines(blank, lines, heap)
    elif at and (found := _heaped(blank, sheet, at, heard)):
        read_now, heap = found
    else:
        return None
    return Turn(read_now, _unread(read_now, heap), tuple(heap.changes.items()))


def read_report(filling: Filling, lines: tuple[Line, ...]) -> Turn:
    """Return what the lines of a whole report led to; what is not among them is asked."""
    heap = _Heap()
    return _turn(_read_lines(filling, lines, heap), heap)


def read_if_sure(filling: Filling, lines: tuple[Line, ...]) -> Turn | None:
    """Return what lines led to that are answers for sure, None where they may be a list within a text.

    Two names are enough. Numbers are not: each line must be an answer, and one of them more than a text.
    """
    heap = _Heap()
    after = _read_lines(filling, lines, heap)
    is_named = len({line.name for line in lines if line.name}) > 1
    texts = {step.path for step in askable(after.sheet()) if is_text(step)}
    is_read = not heap.unread and not heap.changes.keys() <= texts
    is_sure = len(heap.changes) > 1 and (is_named or is_read)
    return _turn(after, heap) if is_sure else None


def changed_answer(filling: Filling, path: str) -> str:
    """Return the sentence for an answer that has taken the place of another."""
    number = number_of(filling.sheet(), path)
    return filling.say("Answer {number} is changed. The earlier one stays in the history.", number=number)


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
    is_plain = not lines[0].is_addressed
    if is_plain and len(heap.changes) < 2 and _is_one_choice(at, read(filling, sheet, at, heard)):
        return None
    if is_text(at) and len(heard.text.splitlines()) == 1 and len(heap.changes) + len(heap.doubts) < 2:
        return None
    return after, heap


def _lines_in(filling: Filling, sheet: Sheet, at: Step, heard: Heard) -> tuple[Line, ...]:
    """Return the lines of a message of several answers; () when it is one answer."""
    written = written_lines(heard.text)
    if heard.media or not written:
        return ()
    if lines := addressed(filling.form, sheet, heard.text):
        return lines if _is_meant(filling, sheet, at, lines, heard) else ()
    if len(written) < 2 or not _may_begin(filling, sheet, at, written, heard):
        return ()
    return tuple(Line(line) for line in written)


def _may_begin(filling: Filling, sheet: Sheet, at: Step, written: list[str], heard: Heard) -> bool:
    """Tell whether a first line answers the open question alone; a text takes all lines for itself.

    It does not where its page was shown as one message and there is a line for each of its questions.
    """
    first = replace(heard, text=written[0])
    if fold(first.text) == "-" and not at.is_required:
        return True
    if is_text(at):
        return _fills_page(filling, sheet, at, written)
    return isinstance(read(filling, sheet, at, first), Answer | Doubt)


def _fills_page(filling: Filling, sheet: Sheet, at: Step, written: list[str]) -> bool:
    """Tell whether the lines answer the open question and each of those that were named with it."""
    rest = named_with(filling, sheet, at)
    return (
        bool(rest)
        and not is_multiline(at)
        and len(rest) + 1 == len(written)
        and all(
            isinstance(read(filling, sheet, each, Heard(text=line)), Answer | Doubt)
            for each, line in zip(rest, written[1:], strict=True)
        )
    )


def _is_meant(filling: Filling, sheet: Sheet, at: Step, lines: tuple[Line, ...], heard: Heard) -> bool:
    """Tell whether numbers and names are those of questions: a text may hold a list of its own."""
    named = {line.name for line in lines if line.name}
    if is_text(at):
        is_from_here = lines[0].number == number_of(sheet, at.path)
        return len(named) > 1 or (len(lines) > 1 and is_from_here)
    whole = read(filling, sheet, at, heard)
    if isinstance(whole, Rejection):
        return lines[0].is_addressed
    return sum(line.is_addressed for line in lines) > 1 and not _is_one_choice(at, whole)


def _is_one_choice(at: Step, whole: object) -> bool:
    """Tell whether the lines are several options of one question."""
    return at.question.type == "select_multiple" and isinstance(whole, Answer)


def _read_lines(filling: Filling, lines: tuple[Line, ...], heap: _Heap) -> Filling:
    """Read each line for its question; a named one may wait for what makes its question asked."""
    while lines:
        filling, waiting = _read_once(filling, lines, heap)
        if len(waiting) == len(lines):
            heap.unread += [line.said for line in waiting if line.text]
            break
        lines = waiting
    return filling


def _read_once(filling: Filling, lines: tuple[Line, ...], heap: _Heap) -> tuple[Filling, tuple[Line, ...]]:
    """Read what can be read now, and return also the named lines whose questions are not asked so far."""
    waiting: list[Line] = []
    for place, line in enumerate(lines):
        sheet = filling.sheet()
        at = _step_for(filling, sheet, line, heap.passed)
        if at is None and line.name:
            waiting.append(line)
        elif at is None:
            heap.unread.append(line.said)
        elif line.text:
            heap.passed.add(at.path)
            if _is_kept(filling, sheet, at, line, heap):
                given = {**filling.session.given, at.path: heap.changes[at.path]}
                filling = replace(filling, session=Session(given, at.path, firsts=filling.session.firsts))
            elif not line.is_addressed and _decides(filling.form, at):
                heap.unread += [rest.text for rest in lines[place + 1 :]]  # may belong to other questions
                break
    return filling, tuple(waiting)


def _is_kept(filling: Filling, sheet: Sheet, at: Step, line: Line, heap: _Heap) -> bool:
    if fold(line.text) == "-":
        return _is_skipped(filling, at, line, heap)
    if fold(line.text) == "=" and (value := kept(filling, sheet, at)) is not None:
        heap.changes[at.path] = value
        return True
    match read(filling, sheet, at, Heard(text=line.text)):
        case Answer(value):
            heap.changes[at.path] = value
            return True
        case Doubt(value):
            heap.doubts[at.path] = value
        case Rejection(text):
            heap.unread.append(line.said)
            heap.why[at.path] = text
    return False


def _is_skipped(filling: Filling, at: Step, line: Line, heap: _Heap) -> bool:
    if at.is_required:
        heap.unread.append(line.said)
        heap.why[at.path] = why_required(filling, at)
    else:
        heap.changes[at.path] = None
    return not at.is_required


def _turn(filling: Filling, heap: _Heap) -> Turn:
    after = _open_next(filling, heap)
    open_at = after.session.at or ""
    said = said_again(after, heap.changes) if heap.changes and open_at else ""
    lines = (said, _unread(filling, heap), heap.why.get(open_at, ""))
    if open_at in heap.doubts:
        after = replace(after, session=replace(after.session, doubt=heap.doubts[open_at]))
    return Turn(after, "\n".join(filter(None, lines)), tuple(heap.changes.items()))


def _open_next(filling: Filling, heap: _Heap) -> Filling:
    """Return the filling at the first question whose line must be mended, else at the first gap."""
    to_mend = {*heap.doubts, *heap.why}
    asked = (at.path for at in askable(filling.sheet()))
    path = next((path for path in asked if path in to_mend and path not in filling.session.given), None)
    return moved_to(filling, path) if path else go_on(filling).filling


def _unread(filling: Filling, heap: _Heap) -> str:
    if not heap.unread:
        return ""
    return filling.say("Could not be read: {text}", text=" / ".join(heap.unread))


def _step_for(filling: Filling, sheet: Sheet, line: Line, passed: set[str]) -> Step | None:
    steps = askable(sheet)
    if line.name:
        return _named_step(filling, steps, line.name, passed)
    if line.number:
        return steps[line.number - 1] if line.number <= len(steps) else None
    if line.is_unknown:
        return None
    if not passed and (at := step_at(sheet, filling.session.at)):
        return at
    return next(
        (s for s in _following(filling, sheet) if s.path not in {*filling.session.given, *passed}), None
    )


def _following(filling: Filling, sheet: Sheet) -> list[Step]:
    """Return what plain lines are for: the rest of the page as it was shown, then the form's order."""
    at = step_at(sheet, filling.session.at)
    return [*(rest_of_page(filling, sheet, at) if at else ()), *askable(sheet)]


def _named_step(filling: Filling, steps: list[Step], name: str, passed: set[str]) -> Step | None:
    """Return the question of a name: of the round of a repeat that is open, else the first without answer."""
    those = [each for each in steps if each.question.path == name and each.path not in passed]
    here = round_of(filling.session.at or "")
    those.sort(key=lambda each: (round_of(each.path) != here, each.path in filling.session.given))
    return next(iter(those), None)


def _decides(form: Form, at: Step) -> bool:
    """Tell whether what is asked later depends on this answer."""
    name = "${" + at.question.path.rpartition("/")[2] + "}"
    return at.question.type == "another" or any(name in question.relevant for question in form.questions)
