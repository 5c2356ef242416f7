"""A page: the questions of a field-list group, offered with the open one of them in one message."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.forms.sheet import Sheet, Step
from bot.questions import HOW, type_named
from bot.session import Filling, askable, asked_of, is_media

_MOST = 480  # characters of a question with its page; what is said before it is not counted
_MOST_OPTIONS = 8  # of a question that stand beside its label


@dataclass(frozen=True, slots=True)
class Page:
    """What may be answered with the open question, and how that is said."""

    named: tuple[Step, ...] = ()  # in the order of their lines; () also where only their count has room
    lines: tuple[str, ...] = ()


def page_of(filling: Filling, sheet: Sheet, at: Step, beside: int) -> Page:
    """Return what is offered with the open question, whose own message takes `beside` characters.

    Each with its options, else its label alone, else how many they are: what has room.
    """
    rest = rest_of_page(filling, sheet, at)
    if not rest:
        return Page()
    head = filling.say("You may add below your answer, one line each:")
    for has_options in (True, False):
        lines = (head, *_lines(filling, sheet, rest, has_options=has_options))
        if beside + sum(len(line) + 1 for line in lines) <= _MOST:
            return Page(rest, lines)
    return Page(lines=(_counted(filling, len(rest)),))


def heading(filling: Filling, sheet: Sheet, at: Step) -> str:
    """Return the label of a page at its first question, "" at others."""
    if not at.question.page:
        return ""
    first = next((each for each in askable(sheet) if _is_beside(each, at)), None)
    if first is None or first.path != at.path:
        return ""
    return sheet.heading(at.path, filling.say.language, filling.say.value)


def rest_of_page(filling: Filling, sheet: Sheet, at: Step) -> tuple[Step, ...]:
    """Return what may be answered in writing with the open question: of its page and round, not answered."""
    if not at.question.page or is_media(at):
        return ()
    given = filling.session.given
    return tuple(
        each
        for each in askable(sheet)
        if _is_beside(each, at) and each.path not in given and each.path != at.path and not is_media(each)
    )


def round_of(path: str) -> tuple[str, ...]:
    """Return the numbers of the rounds that a question is asked in: ("2",) of `lines[2]/spent`."""
    return tuple(re.findall(r"\[(\d+)\]", path))


def _is_beside(each: Step, at: Step) -> bool:
    """Tell whether a question is of the same page; "another one?" is asked when its round is over."""
    is_same = each.question.page == at.question.page and round_of(each.path) == round_of(at.path)
    return is_same and each.question.type != "another"


def _lines(filling: Filling, sheet: Sheet, rest: tuple[Step, ...], *, has_options: bool) -> Iterator[str]:
    for number, each in enumerate(askable(sheet), start=1):
        if each in rest:
            asked = asked_of(filling, sheet, each)
            options = type_named(each.question.type).options(asked, filling.say) if has_options else ()
            how = HOW.get(each.question.type) if has_options else None
            beside = (_in_line(options), how(asked, filling.say) if how else "")
            yield " ".join(filter(None, (f"{number})", " ".join(asked.label.split()), *beside)))


def _in_line(options: tuple[str, ...]) -> str:
    """Return options as one bracket, "" for a list that is too long for it."""
    if not 0 < len(options) <= _MOST_OPTIONS:
        return ""
    listed = (f"{number} {' '.join(label.split())}" for number, label in enumerate(options, start=1))
    return f"({'/'.join(listed)})"


def _counted(filling: Filling, count: int) -> str:
    return filling.say.count(
        "{n} more question can be answered in the same message, on a line of its own.",
        "{n} more questions can be answered in the same message, one line each.",
        count,
    )
