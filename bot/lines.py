"""Which question each line of a message is for: by the number before it, the name before it, or its place."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bot.forms.form import Form, Question
from bot.forms.sheet import Sheet
from bot.naming import Names, names_of, written_labels
from bot.session import askable
from bot.words import fold

_DIRECTIONS = dict.fromkeys([*range(0x200E, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_NUMBERED = re.compile(
    r"(\d{1,3})\s*(?:\)\s*(.*)|\.\s+(\S.*)|\.(?=\D)(\S.*))"
)  # `3) yes`, `3. yes`, not `3.5`
_MARK = re.compile(r"(?:(?<=\s)|^)(\d{1,3})\s*(?:\)|\.(?=\s))\s*")  # the same within a line: `1) yes 2) no`
_ENDS_NAME = re.compile(r"[:：=]")
_ENDS_LABEL = re.compile(r"[:：=?؟)]")
_MOST_SIGNS = 8  # characters that folding takes from a label, however short it is
_UNKNOWN = re.compile(r"([^\W\d](?:[\w'’ -]{0,28}[^\W_])?)\s*[:：=]\s*(?!//)(\S.*)", re.DOTALL)
_TYPES_BESIDE = frozenset({"note", "another"})
_ATTACHED = frozenset({"image", "audio", "video", "file"})  # cannot be written


@dataclass(frozen=True, slots=True)
class Line:
    """One answer as it was written, and what says whose it is; neither number nor name: its place does."""

    text: str  # "" for a gap
    number: int = 0  # as shown: the 3 of `3/9`
    name: str = ""  # path of the question in the form
    head: str = ""  # the name as written
    is_unknown: bool = False  # named, but no question is called so

    @property
    def said(self) -> str:
        """Return the line as it is told that it could not be read."""
        if self.number:
            return f"{self.number}) {self.text}"
        return f"{self.head}: {self.text}" if self.head else self.text

    @property
    def is_addressed(self) -> bool:
        """Tell whether a number or a name says which question the line is for."""
        return bool(self.number or self.name)


def written_lines(text: str) -> list[str]:
    """Return the lines of a message that hold anything, without marks of direction."""
    return [line.strip() for line in text.translate(_DIRECTIONS).splitlines() if line.strip()]


def in_writing(form: Form) -> tuple[Question, ...]:
    """Return the questions that can be answered in writing, in order: their places number a filled form."""
    beside = _TYPES_BESIDE | _ATTACHED
    return tuple(each for each in form.questions if each.type not in beside)


def addressed(form: Form, sheet: Sheet, text: str, *, is_filled_form: bool = False) -> tuple[Line, ...]:
    """Return the lines of a message whose first is numbered or named; () when it is not.

    A line that is neither goes on from the one before. Numbers are those of the open report, or those of the
    filled form when `is_filled_form` or when an empty line or a label shows that it is one.
    """
    written = _split(written_lines(text))
    numbered = _numbered(written)
    if any(line.text or is_filled_form for line in numbered):
        return _of_form(form, sheet, numbered, is_filled_form=is_filled_form)
    return _named(form, sheet, written)


# By number


def _split(written: list[str]) -> list[str]:
    """Return a single line with rising numbers in it (an SMS) as one line a number."""
    if len(written) != 1 or not _MARK.match(written[0]):
        return written
    line, starts, last = written[0], [], 0
    for mark in _MARK.finditer(line):
        before = line[: mark.start()]
        if int(mark[1]) > last and before.rfind("(") <= before.rfind(")"):  # not the 2 of "(1 or 2)"
            last = int(mark[1])
            starts.append(mark.start())
    ends = [*starts[1:], len(line)]
    return [line[start:end].strip() for start, end in zip(starts, ends, strict=True)] if starts else written


def _numbered(written: list[str]) -> tuple[Line, ...]:
    """Return the numbered lines; one whose number was there already belongs to the text before it."""
    found: list[Line] = []
    seen: set[int] = set()
    for line in written:
        match = _NUMBERED.fullmatch(line)
        number = int(match[1]) if match else 0
        if match and number not in seen:
            seen.add(number)
            found.append(Line((match[2] or match[3] or match[4] or "").strip(), number))
        elif found:
            found[-1] = _going_on(found[-1], line)
        else:
            return ()
    return tuple(found)


def _going_on(line: Line, more: str) -> Line:
    return replace(line, text=f"{line.text}\n{more}".strip())


def _of_form(
    form: Form, sheet: Sheet, numbered: tuple[Line, ...], *, is_filled_form: bool
) -> tuple[Line, ...]:
    """Return numbered lines without the labels kept in them, by name where the number is the form's own."""
    asked, all_of_it = [step.question.path for step in askable(sheet)], in_writing(form)
    lines, is_filled = [], is_filled_form or any(not line.text for line in numbered)
    for line in numbered:
        shown = asked[line.number - 1] if 1 <= line.number <= len(asked) else ""
        own = all_of_it[line.number - 1] if 1 <= line.number <= len(all_of_it) else None
        text = _unlabelled(sheet, own, line.text) if own else None
        if own and text is not None:
            lines.append(replace(line, text=text, name=own.path))
            is_filled = True  # only who has the form before them writes its labels
        else:
            lines.append(replace(line, name=own.path if own else ""))
            known = next((each for each in form.questions if each.path == shown), None)
            if known and (text := _unlabelled(sheet, known, line.text)) is not None:
                lines[-1] = replace(lines[-1], text=text)
    return tuple(line if is_filled else replace(line, name="") for line in lines)


def _unlabelled(sheet: Sheet, question: Question, text: str) -> str | None:
    """Return what stands behind the question's label, whole or shortened; None when it does not begin so."""
    written = written_labels(sheet, question)
    labels = {fold(head) for label in written for head in _without_groups(label)}  # a filled form's are short
    most = 2 * max(map(len, labels), default=0) + _MOST_SIGNS  # whatever is much longer is no label
    for end in reversed([match.end() for match in _ENDS_LABEL.finditer(text)]):
        for head in _without_groups(text[:end]):
            said = fold(head) if len(head) <= most else ""
            if said in labels or (" " in said and any(label.startswith(said) for label in labels)):
                return text[end:].strip()
    return None


def _without_groups(head: str) -> Iterator[str]:
    """Yield a head as it stands and without the brackets at its end: options, "(if it applies)"."""
    yield head
    head = head.rstrip(" :：=")
    while head.endswith(")") and "(" in head:
        depth = 0
        for place in range(len(head) - 1, -1, -1):
            depth += {")": 1, "(": -1}.get(head[place], 0)
            if depth == 0:
                break
        head = head[:place].rstrip()
        yield head


# By name


def _named(form: Form, sheet: Sheet, written: list[str]) -> tuple[Line, ...]:
    """Return `name: value` lines; what goes on from the one before has no name."""
    found: list[Line] = []
    names = names_of(sheet, in_writing(form) if _ENDS_NAME.search("".join(written[:1])) else ())
    for line in written:
        if one := _named_line(names, line):
            found.append(one)
        elif found:
            found[-1] = _going_on(found[-1], line)
        else:
            return ()
    return tuple(found)


def _named_line(names: Names, line: str) -> Line | None:
    for sign in reversed(list(_ENDS_NAME.finditer(line))):
        head, text = line[: sign.start()].strip(), line[sign.end() :]
        if head.isdecimal() and len(head) <= len("999") and not text[:1].isdecimal():
            return Line(text.strip(), int(head))
        if path := names.path_of(head):
            return Line(text.strip(), name=path, head=head)
    unknown = _UNKNOWN.fullmatch(line)
    if unknown and len(unknown[1].split()) <= len(("no", "such", "name")):
        return Line(unknown[2], head=unknown[1], is_unknown=True)
    return None
