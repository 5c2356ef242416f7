"""When messages may leave on a channel with a limit: slots that all workers draw from one row."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Db
from models.db import insert_into, is_postgres, table_of
from models.outbox import OUT
from models.prepared import find, run
from models.sending import Claimed

AHEAD = timedelta(seconds=0.5)  # so far slots are given out: a live reply waits no longer for those of bulk
JUMPED = timedelta(minutes=1)  # a later first slot was written by a clock that jumped back since
SLACK = 0.2  # of a second by which a slot may be used late, and no second sees more than the limit


class SendSlot(Base):
    """The next free slot of one channel."""

    __tablename__ = "send_slot"

    channel: Mapped[str] = mapped_column(primary_key=True)
    next_at: Mapped[datetime]


SLOT = table_of(SendSlot)
_LOCKING = select(SLOT.c.next_at).where(SLOT.c.channel == bindparam("name")).with_for_update()
_TAKING = update(SLOT).where(SLOT.c.channel == bindparam("name")).values(next_at=bindparam("next"))


def take_slots(db: Db, channel: str, n: int, per_second: int, earliest: datetime) -> list[datetime]:
    """Return up to n times from `earliest` on at which this worker alone may send; fewer when many wait.

    They lie evenly, so that no second sees more than `per_second` when each is used within `SLACK`.
    """
    interval = timedelta(seconds=(1 + SLACK) / per_second)
    found = find(db, _LOCKING, {"name": channel})
    if not found:
        first = insert_into(SLOT, is_postgres(db)).values(channel=channel, next_at=earliest)
        db.connection().execute(first.on_conflict_do_nothing())
        found = find(db, _LOCKING, {"name": channel})
    free = found[0][0]
    slot = earliest if free < earliest or free > earliest + JUMPED else free
    taken: list[datetime] = []
    while len(taken) < n and slot <= earliest + AHEAD:
        taken.append(slot)
        slot += interval
    if taken:
        run(db, _TAKING, {"name": channel, "next": slot})
    return taken


_OTHER = OUT.alias()
_SENT_BEFORE = (
    select(
        OUT.c.id,
        select(_OTHER.c.sent_at)
        .where(_OTHER.c.person_id == OUT.c.person_id, _OTHER.c.id != OUT.c.id, _OTHER.c.sent_at.is_not(None))
        .order_by(_OTHER.c.id.desc())
        .limit(1)
        .scalar_subquery()
        .label("sent_at"),
    )
    .where(OUT.c.id.in_(bindparam("rows", expanding=True)))
    .order_by(OUT.c.id)
)


def sent_before(db: Db, rows: Sequence[Claimed]) -> dict[int, datetime]:
    """Return when the person of each of these messages was last written to by any worker, by message."""
    if not rows:
        return {}
    found = find(db, _SENT_BEFORE, {"rows": [row.id for row in rows]})
    return {id: sent_at for id, sent_at in found if sent_at is not None}
