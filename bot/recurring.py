"""For how long a city tells the same difficulty: the weeks in a row in which its words come back."""

from collections.abc import Mapping, Set
from datetime import date, timedelta

_WEEK = timedelta(days=7)


def weeks_told(told: Mapping[date, Set[str]], monday: date) -> Mapping[str, int]:
    """Return for how many weeks each folded text of a week was told, that week included.

    `told` has the texts by the Monday of their week. A week without a report does not end a row, a report
    without the text does.
    """
    earlier = sorted((day for day in told if day < monday), reverse=True)
    found = {}
    for text in told.get(monday, frozenset()):
        first = monday
        for day in earlier:
            if text not in told[day]:
                break
            first = day
        found[text] = (monday - first) // _WEEK + 1
    return found
