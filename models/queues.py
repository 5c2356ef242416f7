"""A look at both queues, cheap enough to be taken every time before a transaction that writes."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, exists, select

from models.base import Db
from models.inbox import IN, OPEN
from models.outbox import BULK, LIVE, OUT, QUEUED


@dataclass(frozen=True, slots=True)
class Due:
    """What may be due; it may still have to wait for something else."""

    updates: bool
    messages: bool


_LOOKING = select(
    exists().where(IN.c.state == OPEN, IN.c.due_at <= bindparam("at")),
    exists().where(OUT.c.state == QUEUED, OUT.c.lane.in_([LIVE, BULK]), OUT.c.due_at <= bindparam("at")),
)


def look(db: Db, at: datetime) -> Due:
    """Return what is due in either queue."""
    updates, messages = db.connection().execute(_LOOKING, {"at": at}).one()
    return Due(bool(updates), bool(messages))
