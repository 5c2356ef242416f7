"""A look at both queues, cheap enough to be taken every time before a transaction that writes."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, exists, select

from models.base import Db
from models.inbox import IN, OPEN
from models.outbox import BULK, LIVE, OUT, QUEUED
from models.silence import LATEST, is_due


@dataclass(frozen=True, slots=True)
class Due:
    """What may be due; it may still have to wait for something else."""

    updates: bool
    messages: bool
    silences: bool


_LOOKING = select(
    exists().where(IN.c.state == OPEN, IN.c.due_at <= bindparam("at")),
    exists().where(is_due()),
    exists().where(OUT.c.state == QUEUED, OUT.c.lane.in_([LIVE, BULK]), OUT.c.due_at <= bindparam("at")),
)


def look(db: Db, at: datetime) -> Due:
    """Return what is due in either queue."""
    found = db.connection().execute(_LOOKING, {"at": at, "latest": at + LATEST}).one()
    updates, silences, messages = map(bool, found)
    return Due(updates, messages, silences)
