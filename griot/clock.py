"""The one place that reads the clock."""

from datetime import UTC, datetime, timedelta
from math import ceil

from sqlalchemy.exc import SQLAlchemyError

from models.base import Db
from models.db import Store, read, write
from models.demo import move_ahead, seconds_ahead
from models.signin import move_sessions
from models.worker import move_leases


class _Clock:
    """The wall clock, and how far a demonstration is ahead of it."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        """Return this moment, aware, in UTC."""
        return self.wall() + self.ahead

    def wall(self) -> datetime:
        """Return what the machine's clock says, to the millisecond below: every database keeps that whole."""
        at = datetime.now(UTC)
        return at.replace(microsecond=at.microsecond // 1000 * 1000)


_CLOCK = _Clock()
now = _CLOCK.now


def follow(store: Store) -> None:
    """Keep the time of this database: the wall clock's, unless a demonstration's clock was moved."""
    _CLOCK.ahead = _ahead_in(store)


def catch_up(store: Store) -> None:
    """Go forward to where another process moved the clock of the same demonstration."""
    _CLOCK.ahead = max(_CLOCK.ahead, _ahead_in(store))


def move(store: Store, to: datetime) -> None:
    """Move a demonstration's clock forward to `to`, never back; who is signed in or leads stays so.

    Raise LookupError for a database that is no demonstration: its clock never moves.
    """
    seconds = ceil((to - _CLOCK.wall()).total_seconds())

    def moved(db: Db) -> int:
        before, after = seconds_ahead(db), move_ahead(db, seconds)
        move_sessions(db, timedelta(seconds=after - before))
        move_leases(db, timedelta(seconds=after - before))
        return after

    _CLOCK.ahead = timedelta(seconds=write(store, moved))


def _ahead_in(store: Store) -> timedelta:
    try:
        return timedelta(seconds=read(store, seconds_ahead))
    except SQLAlchemyError:
        return timedelta()  # no schema, no demonstration; whoever needs the database says what is wrong
