"""What becomes of messages that may have left: one more try where their kind allows, else they rest."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, bindparam, exists, literal_column, select, update
from sqlalchemy.orm import aliased

from models.aside import let_rest
from models.base import Db
from models.circuit import CIRCUIT
from models.outbox import OUT, QUEUED, SENDING, OutboxState
from models.sending import CLAIMED_COLUMNS, UNASKED, Claimed, claimed_from, close, put_back
from models.unreadable import UNREADABLE

SHORTEST_WAIT, LONGEST_WAIT = timedelta(seconds=10), timedelta(seconds=60)  # for a repeat that is due
LOOKED_WITHIN = timedelta(seconds=10)  # of the end of a lease the job `lost_sends` has seen it
UNSEEN = "the provider's answer was never seen"


def may_be_lost() -> Iterable[ColumnElement[bool]]:
    """Return conditions: a lease ran out by `at`, a message waits to be repeated. Mostly none holds."""
    return [
        exists().where(OUT.c.state == SENDING, OUT.c.lease_until < bindparam("at")),
        exists().where(OUT.c.state == QUEUED, OUT.c.repeats > literal_column("0")),
    ]


def settle_lost(db: Db, at: datetime, n: int = 100) -> int:
    """Resolve messages whose lease ran out, and repeats that a reply has overtaken; return how many.

    A message that may have left is repeated once where its kind allows, else it rests as `uncertain`. A lease
    that ended long ago begins anew: the clock jumped, and the call may be under way.
    """
    lost = (
        select(*CLAIMED_COLUMNS, OUT.c.lease_until, OUT.c.changed_at)
        .where(OUT.c.state == SENDING, OUT.c.lease_until < at)
        .order_by(OUT.c.lease_until)
        .limit(n)
        .with_for_update(skip_locked=True, of=OUT)
    )
    found = db.connection().execute(lost).all()
    for late in found:
        try:
            row = claimed_from(late)
        except UNREADABLE:
            let_rest(db, late.id, at)
            continue
        if late.lease_until < at - LOOKED_WITHIN:
            _lease_anew(db, row, at, max(late.lease_until - late.changed_at, LOOKED_WITHIN))
        elif row.may_repeat:
            put_back(db, row, at, at, error=UNSEEN, may_have_left=True)
        else:
            close(db, row, OutboxState.UNCERTAIN, at, error=UNSEEN)
    return len(found) + _settle_overtaken(db, at) + _settle_unrepeatable(db, at)


def _lease_anew(db: Db, row: Claimed, at: datetime, lease: timedelta) -> None:
    """Give a call as long again as its lease was; whoever makes it still holds the token."""
    is_its = (OUT.c.id == row.id, OUT.c.lease_token == row.lease_token)
    db.connection().execute(update(OUT).where(*is_its).values(lease_until=at + lease, changed_at=at))


def _settle_unrepeatable(db: Db, at: datetime) -> int:
    """Let a message that may have left rest when its repeat cannot be made: the channel is left alone.

    It is settled within two minutes, within 20 seconds with a short lease (contract section 5).
    """
    alone = select(CIRCUIT.c.channel).where(CIRCUIT.c.opened_at.is_not(None))
    waiting = select(OUT.c.id, OUT.c.due_at, OUT.c.changed_at).where(
        OUT.c.state == QUEUED,
        OUT.c.repeats > literal_column("0"),
        OUT.c.due_at <= at - SHORTEST_WAIT,
        OUT.c.channel.in_(alone),
    )
    ids = [
        row.id
        for row in db.connection().execute(waiting)
        if at - row.due_at >= min(LONGEST_WAIT, max(SHORTEST_WAIT, 4 * (row.due_at - row.changed_at)))
    ]
    if not ids:
        return 0
    settling = update(OUT).where(OUT.c.id.in_(ids), OUT.c.state == QUEUED)
    return db.connection().execute(settling.values(state=OutboxState.UNCERTAIN, changed_at=at)).rowcount


def _settle_overtaken(db: Db, at: datetime) -> int:
    """Let a message that may have left rest when its person wrote meanwhile: their reply waits for it."""
    newer = aliased(OUT)
    overtaken = exists(
        select(newer.c.id).where(
            newer.c.recipient == OUT.c.recipient,
            newer.c.state.in_([QUEUED, SENDING]),
            newer.c.kind.not_in(sorted(UNASKED)),  # an alert is no reply, though it goes in their lane
            newer.c.id > OUT.c.id,
        )
    )
    found = (OUT.c.state == QUEUED, OUT.c.repeats > literal_column("0"), overtaken)
    settling = update(OUT).where(*found).values(state=OutboxState.UNCERTAIN, changed_at=at)
    return db.connection().execute(settling).rowcount
