"""Settle messages whose sender vanished, and what waits too long since the clock jumped back."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, or_, select

from models.base import Db
from models.jumps import ahead_of, is_ahead, settle_jumps, waits_ahead
from models.settling import may_be_lost, settle_lost
from scheduler.job import Job

SELDOM = timedelta(seconds=10)  # until all that waits is looked at: a message to everybody may wait all night

_OFTEN: Select[Any] = select(or_(*may_be_lost(), *is_ahead()))  # built once
_WIDELY: Select[Any] = select(or_(*may_be_lost(), *is_ahead(), waits_ahead()))


def lost_sends() -> Job:
    """Return the job."""
    looking = _Looking()
    return Job("lost_sends", "* * * * * *", settle, look=looking.look)


def settle(db: Db, at: datetime) -> int:
    """Return how many messages and updates were settled."""
    return settle_jumps(db, at) + settle_lost(db, at)


class _Looking:
    """Looks at what may be lost each second, and at all that waits after each jump that it sees."""

    def __init__(self) -> None:
        self._looked: datetime | None = None
        self._looked_widely: datetime | None = None

    def look(self, db: Db, at: datetime) -> bool:
        """Tell whether there may be anything to settle."""
        is_wide = self._is_time(at)
        statement = _WIDELY if is_wide else _OFTEN
        found = bool(db.connection().execute(statement, {"at": at, "ahead": ahead_of(at)}).scalar())
        if is_wide:
            self._looked_widely = None if found else at  # a run settles some of them only
        self._looked = at
        return found

    def _is_time(self, at: datetime) -> bool:
        has_jumped = self._looked is None or at < self._looked
        return has_jumped or self._looked_widely is None or at >= self._looked_widely + SELDOM
