"""What the wall clock left behind when it jumped back: waits and leases as long as the jump."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Table, and_, select, update

from models.base import Db
from models.inbox import IN
from models.inbox import OPEN as UPDATE_OPEN
from models.media import MEDIA, MediaState
from models.outbox import OUT, QUEUED, SENDING
from models.queues import IN_A_QUEUE

SKEW = timedelta(seconds=5)  # by which the clocks of two machines may differ
ZERO = timedelta(0)


def settle_jumps(db: Db, at: datetime, n: int = 100) -> int:
    """Let what was written by a clock ahead of this one wait from now as long as it had to; return how many.

    A message or an update that was due is due now, a lease begins anew.
    """
    moved = _shift(db, IN, "due_at", IN.c.state == UPDATE_OPEN, at, n)
    waits = and_(OUT.c.state == QUEUED, IN_A_QUEUE, OUT.c.due_at > at)  # what is due waits for nothing
    moved += _shift(db, OUT, "due_at", waits, at, n)
    is_waiting, is_leased = MEDIA.c.state == MediaState.WAITING, MEDIA.c.lease_until.is_not(None)
    moved += _shift(db, MEDIA, "lease_until", is_waiting & is_leased, at, n)
    moved += _shift(db, MEDIA, "due_at", is_waiting & ~is_leased, at, n)
    return moved + _shift(db, OUT, "lease_until", OUT.c.state == SENDING, at, n)


def _shift(db: Db, table: Table, column: str, is_open: ColumnElement[bool], at: datetime, n: int) -> int:
    ahead = (
        select(table.c.id, table.c[column], table.c.changed_at)
        .where(is_open, table.c.changed_at > at + SKEW)
        .limit(n)
        .with_for_update(skip_locked=True)
    )
    rows = db.connection().execute(ahead).all()
    for id, until, changed_at in rows:
        wait = max(ZERO, until - changed_at) if until else ZERO
        values = {column: at + wait, "changed_at": at}
        db.connection().execute(update(table).where(table.c.id == id).values(values))
    return len(rows)
