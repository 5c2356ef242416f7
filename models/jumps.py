"""What the wall clock left behind when it jumped back: waits and leases as long as the jump."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Table, and_, exists, or_, select, update

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
    return sum(_shift(db, table, column, is_open, at, n) for table, column, is_open in _open_ones(at))


def has_jumped(db: Db, at: datetime) -> bool:
    """Tell whether anything that is open was written by a clock ahead of this one."""
    ahead = [exists().where(_is_ahead(table, is_open, at)) for table, _, is_open in _open_ones(at)]
    return bool(db.connection().execute(select(or_(*ahead))).scalar())


def _open_ones(at: datetime) -> list[tuple[Table, str, ColumnElement[bool]]]:
    """Return what waits or is leased: the table, the column that says until when, and which rows."""
    waits = and_(OUT.c.state == QUEUED, IN_A_QUEUE, OUT.c.due_at > at)  # what is due waits for nothing
    is_waiting, is_leased = MEDIA.c.state == MediaState.WAITING, MEDIA.c.lease_until.is_not(None)
    return [
        (IN, "due_at", IN.c.state == UPDATE_OPEN),
        (OUT, "due_at", waits),
        (MEDIA, "lease_until", is_waiting & is_leased),
        (MEDIA, "due_at", is_waiting & ~is_leased),
        (OUT, "lease_until", OUT.c.state == SENDING),
    ]


def _is_ahead(table: Table, is_open: ColumnElement[bool], at: datetime) -> ColumnElement[bool]:
    return and_(is_open, table.c.changed_at > at + SKEW)


def _shift(db: Db, table: Table, column: str, is_open: ColumnElement[bool], at: datetime, n: int) -> int:
    ahead = (
        select(table.c.id, table.c[column], table.c.changed_at)
        .where(_is_ahead(table, is_open, at))
        .limit(n)
        .with_for_update(skip_locked=True)
    )
    rows = db.connection().execute(ahead).all()
    for id, until, changed_at in rows:
        wait = max(ZERO, until - changed_at) if until else ZERO
        values = {column: at + wait, "changed_at": at}
        db.connection().execute(update(table).where(table.c.id == id).values(values))
    return len(rows)
