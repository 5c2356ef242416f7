"""Counts of tables that grow, read in portions: a look costs the same however many rows there are."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter

from models.base import Db

PORTION = 5_000  # ids
SECONDS = 0.05  # that a look may last, besides one portion
FRESH = 2  # newest portions, counted at every look

Counts = Mapping[tuple[str, ...], int]


@dataclass(slots=True)
class Tally:
    """The rows of one table, by state and whatever else is told apart.

    `newest` returns the highest id, 0 for none; `count` the rows from one id up to, not with, another. What
    is older than the newest portions is counted again in turn: a late change is seen when its turn comes.
    """

    newest: Callable[[Db], int]
    count: Callable[[Db, int, int], Counts]
    portion: int = PORTION
    seconds: float = SECONDS
    _counted: dict[int, Counts] = field(default_factory=dict)
    _next: int = 0
    _alone: threading.Lock = field(default_factory=threading.Lock)  # two may read /metrics at once

    def look(self, db: Db) -> Counts | None:
        """Return the counts, or None until every portion was counted once."""
        with self._alone:
            return self._look(db)

    def _look(self, db: Db) -> Counts | None:
        began, last = perf_counter(), self.newest(db) // self.portion
        self._counted = {number: counts for number, counts in self._counted.items() if number <= last}
        for number in range(max(0, last + 1 - FRESH), last + 1):
            self._read(db, number)
        for _ in range(last + 1 - FRESH):
            self._next = self._next + 1 if self._next < last - FRESH else 0
            self._read(db, self._next)
            if perf_counter() - began > self.seconds:
                break
        if len(self._counted) <= last:
            return None
        return sum(map(Counter, self._counted.values()), Counter())

    def _read(self, db: Db, number: int) -> None:
        first = number * self.portion
        self._counted[number] = self.count(db, first, first + self.portion)
