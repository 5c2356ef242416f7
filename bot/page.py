"""A page: the questions of a field-list group, offered with the first of them in one message."""

import re

from bot.forms.sheet import Sheet, Step
from bot.session import Filling, askable

_MOST = 480  # characters of a message with its page
_MOST_OPTIONS = 8  # of a question that stand beside its label


def round_of(path: str) -> tuple[str, ...]:
    """Return the numbers of the rounds that a question is asked in: ("2",) of `lines[2]/spent`."""
    return tuple(re.findall(r"\[(\d+)\]", path))


def rest_of_page(filling: Filling, sheet: Sheet, at: Step) -> tuple[Step, ...]:
    """Return the questions that may be answered with the open one: of its page and round, without answer."""
    if not at.question.page:
        return ()
    return tuple(
        each
        for each in askable(sheet)
        if each.question.page == at.question.page
        and round_of(each.path) == round_of(at.path)
        and each.path not in filling.session.given
        and each.path != at.path
    )
