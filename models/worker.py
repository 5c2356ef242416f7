"""Workers that live, and which of them leads the schedule."""

from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import Executable, and_, bindparam, delete, func, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Db
from models.db import insert_into, is_postgres, table_of

FORGOTTEN = timedelta(days=1)
AHEAD = timedelta(seconds=60)  # a lease that ends later was written before the clock jumped back


class Worker(Base):
    """One worker process and when it was last seen."""

    __tablename__ = "worker"

    id: Mapped[str] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class Leader(Base):
    """Who leads the schedule: a lease with a number that grows at each change, checked where it writes."""

    __tablename__ = "leader"

    name: Mapped[str] = mapped_column(primary_key=True)
    worker_id: Mapped[str]
    number: Mapped[int]
    until: Mapped[datetime]


WORKER = table_of(Worker)
LEADER = table_of(Leader)
SCHEDULE = "schedule"


def beat(db: Db, worker_id: str, at: datetime) -> None:
    """Note that this worker lives; forget those unseen for a day."""
    db.connection().execute(_beating(is_postgres(db)), {"id": worker_id, "started_at": at, "seen_at": at})
    db.connection().execute(_FORGETTING, {"before": at - FORGOTTEN})


@cache  # built once: building costs as much as running it
def _beating(for_postgres: bool) -> Executable:
    insert = insert_into(WORKER, for_postgres)
    return insert.on_conflict_do_update(index_elements=["id"], set_={"seen_at": insert.excluded.seen_at})


_FORGETTING = delete(WORKER).where(WORKER.c.seen_at < bindparam("before"))


def leave(db: Db, worker_id: str) -> None:
    """Note that this worker ended; another may lead at once."""
    db.connection().execute(delete(WORKER).where(WORKER.c.id == worker_id))
    ending = update(LEADER).where(LEADER.c.worker_id == worker_id)
    db.connection().execute(ending.values(worker_id=""))


def last_beat(db: Db) -> datetime | None:
    """Return when any worker was last seen, or None when none ever was."""
    found = select(func.max(WORKER.c.seen_at, type_=WORKER.c.seen_at.type))
    seen: datetime | None = db.connection().execute(found).scalar()
    return seen


def count_live(db: Db, since: datetime) -> int:
    """Return how many workers were seen since then."""
    found: int = db.connection().execute(select(func.count()).where(WORKER.c.seen_at >= since)).scalar_one()
    return found


def lead(db: Db, worker_id: str, at: datetime, lease: timedelta) -> int | None:
    """Return the fencing number when this worker leads until `at + lease`, else None.

    A lease of over a minute is nobody's: its clock has jumped back since.
    """
    given = {"me": worker_id, "at": at, "lasts": at + lease}
    number: int | None = db.connection().execute(_KEEPING, given).scalar()
    if number is not None:
        return number
    insert = insert_into(LEADER, is_postgres(db)).values(name=SCHEDULE, worker_id="", number=0, until=at)
    db.connection().execute(insert.on_conflict_do_nothing())
    is_free = or_(LEADER.c.worker_id == "", LEADER.c.until < at, LEADER.c.until > at + AHEAD)
    taking = update(LEADER).where(is_free)
    taking = taking.values(worker_id=worker_id, number=LEADER.c.number + 1, until=at + lease)
    taken: int | None = db.connection().execute(taking.returning(LEADER.c.number)).scalar()
    return taken


_IS_MINE = and_(LEADER.c.worker_id == bindparam("me"), LEADER.c.until >= bindparam("at"))
_KEEPING = update(LEADER).where(_IS_MINE).values(until=bindparam("lasts")).returning(LEADER.c.number)
_LEADING = select(LEADER.c.number).where(_IS_MINE)


def leads(db: Db, worker_id: str, number: int, at: datetime) -> bool:
    """Tell whether this number still leads; asked inside the transaction that writes."""
    return db.connection().execute(_LEADING, {"me": worker_id, "at": at}).scalar() == number


def has_leader(db: Db, at: datetime) -> bool:
    """Tell whether any worker leads."""
    holds = LEADER.c.until.between(at, at + AHEAD)
    leading = select(LEADER.c.number).where(LEADER.c.worker_id != "", holds)
    return db.connection().execute(leading).scalar() is not None


def lead_ends(db: Db) -> datetime | None:
    """Return when the lease of the worker that leads ends, or None when nobody leads."""
    leading = select(LEADER.c.until).where(LEADER.c.worker_id != "")
    ends: datetime | None = db.connection().execute(leading).scalar()
    return ends


def move_leases(db: Db, by: timedelta) -> None:
    """Let workers live and lead on when a demonstration's clock moves."""
    for worker in db.scalars(select(Worker)):
        worker.seen_at += by
    for leader in db.scalars(select(Leader)):
        leader.until += by
