"""Counts in portions: the same as of the whole table, and bounded."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, update

from griot.tally import FRESH, Tally
from models import inbox
from models.base import Db
from models.inbox import IN, Update, receive_all

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


class Rows:
    """A table of states, by id from 1 on."""

    def __init__(self, states: str) -> None:
        self.states = dict(enumerate(states, start=1))
        self.reads: list[int] = []

    def newest(self, _db: object) -> int:
        return max(self.states, default=0)

    def count(self, _db: object, first: int, end: int) -> Mapping[tuple[str, ...], int]:
        self.reads.append(first)
        return Counter((state,) for id, state in self.states.items() if first <= id < end)


def a_tally(rows: Rows, seconds: float = 0.0) -> Tally:
    """Return a tally in portions of ten rows, each look as short as can be."""
    return Tally(rows.newest, rows.count, portion=10, seconds=seconds)


def test_nothing_is_told_before_all_was_counted() -> None:
    """A look reads the newest portions and one more; never a number that is too small."""
    rows = Rows("s" * 100)
    tally = a_tally(rows)
    looks = [tally.look(None) for _ in range(9)]  # type: ignore[arg-type]  # the rows need no database
    assert looks[:8] == [None] * 8
    assert looks[8] == {("s",): 100}
    assert len(rows.reads) == 9 * (FRESH + 1)


def test_with_time_all_is_counted_at_once() -> None:
    """A small table is known from the first look on, an empty one too."""
    assert a_tally(Rows("srs"), 60).look(None) == {("s",): 2, ("r",): 1}  # type: ignore[arg-type]  # as above
    assert a_tally(Rows("s" * 95), 60).look(None) == {("s",): 95}  # type: ignore[arg-type]  # as above
    assert a_tally(Rows("")).look(None) == {}  # type: ignore[arg-type]  # as above


def test_a_change_of_old_rows_is_seen_in_turn() -> None:
    """Of new rows at once; rows that are gone are no longer counted."""
    rows = Rows("s" * 100)
    tally = a_tally(rows)
    for _ in range(20):
        tally.look(None)  # type: ignore[arg-type]  # as above
    rows.states |= {5: "r", 101: "s"}
    assert (tally.look(None) or {})[("s",)] >= 100  # type: ignore[arg-type]  # as above
    seen = [tally.look(None) for _ in range(9)]  # type: ignore[arg-type]  # as above
    assert seen[-1] == {("s",): 100, ("r",): 1}
    rows.states = {1: "r"}
    assert tally.look(None) == {("r",): 1}  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize("portion", [1, 3, 1000])
def test_it_counts_what_the_table_holds(db: Db, portion: int) -> None:
    """On both databases, with gaps and with none that is done."""
    tally = Tally(inbox.newest, inbox.count_done, portion=portion, seconds=60)
    assert tally.look(db) == {}
    receive_all(db, [Update("telegram", f"1:{n}", f"telegram:{n}", b"{}", AT) for n in range(10)])
    first = inbox.newest(db) - 9
    db.execute(update(IN).where(IN.c.id % 2 == first % 2).values(state="done"))
    db.execute(delete(IN).where(IN.c.id == first))
    assert tally.look(db) == {("done",): 4}
    assert sum(inbox.count_waiting(db).values()) == 5
