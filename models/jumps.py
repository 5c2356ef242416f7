"""What the wall clock left behind when it jumped back: waits and leases as long as the jump."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import BindParameter, ColumnElement, Table, and_, bindparam, exists, select, update

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
    return sum(_shift(db, one, at, n) for one in (_waiting(at), *_others()))


def is_ahead() -> Iterable[ColumnElement[bool]]:
    """Return conditions: an update, an attachment or a lease was written by a clock ahead of this one.

    `at` is now, `ahead` what `ahead_of` returns. Of messages that wait there may be many: `waits_ahead`.
    """
    return [_exists(one) for one in _others()]


def waits_ahead() -> ColumnElement[bool]:
    """Return the condition that a message that waits was written by a clock ahead of this one."""
    return _exists(_waiting(bindparam("at")))


def ahead_of(at: datetime) -> datetime:
    """Return up to when another machine's clock may be by now."""
    return at + SKEW


Open = tuple[Table, str, ColumnElement[bool]]  # the table, the column that says until when, and which rows


def _waiting(at: datetime | BindParameter[datetime]) -> Open:
    """Return the messages that wait for a time; what is due waits for nothing."""
    return OUT, "due_at", and_(OUT.c.state == QUEUED, IN_A_QUEUE, OUT.c.due_at > at)


def _others() -> Iterable[Open]:
    """Return what else waits or is leased: mostly a handful of rows."""
    is_waiting, is_leased = MEDIA.c.state == MediaState.WAITING, MEDIA.c.lease_until.is_not(None)
    return (
        (IN, "due_at", IN.c.state == UPDATE_OPEN),
        (MEDIA, "lease_until", is_waiting & is_leased),
        (MEDIA, "due_at", is_waiting & ~is_leased),
        (OUT, "lease_until", OUT.c.state == SENDING),
    )


def _exists(one: Open) -> ColumnElement[bool]:
    table, _, is_open = one
    return exists().where(is_open, table.c.changed_at > bindparam("ahead"))


def _shift(db: Db, one: Open, at: datetime, n: int) -> int:
    table, column, is_open = one
    ahead = (
        select(table.c.id, table.c[column], table.c.changed_at)
        .where(is_open, table.c.changed_at > ahead_of(at))
        .limit(n)
        .with_for_update(skip_locked=True)
    )
    rows = db.connection().execute(ahead).all()
    for id, until, changed_at in rows:
        wait = max(ZERO, until - changed_at) if until else ZERO
        values = {column: at + wait, "changed_at": at}
        db.connection().execute(update(table).where(table.c.id == id).values(values))
    return len(rows)
