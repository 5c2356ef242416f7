"""What an operator must mend: shown until it ends, told once a day."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from bot.faults import FaultKind
from models.base import Base, Db
from models.db import insert_into, is_postgres, table_of

_SEVERAL = frozenset({FaultKind.CODE, FaultKind.WEBHOOK})  # of one channel at once, by code or cause
FORGOTTEN = timedelta(days=7)  # since a refusal was last met: nothing says that it ended


class Fault(Base):
    """One thing to mend."""

    __tablename__ = "fault"

    name: Mapped[str] = mapped_column(primary_key=True)  # `<kind>:<subject>`, of a code with it
    kind: Mapped[str]
    subject: Mapped[str]  # the channel, the template or the city
    code: Mapped[str]  # the provider's
    detail: Mapped[str]  # in the provider's words
    since: Mapped[datetime]
    seen_at: Mapped[datetime]  # when it was last met
    told_on: Mapped[str]  # the day on which it was last told, YYYY-MM-DD in the Secretariat's zone


FAULT = table_of(Fault)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong, as it is met."""

    kind: FaultKind
    subject: str
    detail: str
    code: str = ""

    @property
    def name(self) -> str:
        """Return the fault's key."""
        parts = (self.kind, self.subject, self.code if self.kind in _SEVERAL else "")
        return ":".join(filter(None, parts))


def raise_fault(db: Db, trouble: Trouble, at: datetime) -> None:
    """Note that something must be mended; what is known already keeps its beginning."""
    values = {"code": trouble.code, "detail": trouble.detail[:500], "seen_at": at}
    insert = insert_into(FAULT, is_postgres(db)).values(
        name=trouble.name, kind=trouble.kind, subject=trouble.subject, since=at, told_on="", **values
    )
    db.connection().execute(insert.on_conflict_do_update(index_elements=["name"], set_=values))


def end_faults(db: Db, kinds: Collection[FaultKind], subject: str, keep: Collection[str] = ()) -> int:
    """Note that these are mended, for one subject; `keep`: names that are not. Return how many ended."""
    found = (FAULT.c.kind.in_(sorted(kinds)), FAULT.c.subject == subject, FAULT.c.name.not_in(sorted(keep)))
    return db.connection().execute(delete(FAULT).where(*found)).rowcount


def end_all_but(db: Db, kind: FaultKind, names: Collection[str]) -> int:
    """Note that all of a kind are mended but these; return how many ended."""
    ending = delete(FAULT).where(FAULT.c.kind == kind, FAULT.c.name.not_in(sorted(names)))
    return db.connection().execute(ending).rowcount


def forget_old(db: Db, at: datetime) -> int:
    """Forget refusals and losses that were not met for a week; return how many."""
    fleeting = FAULT.c.kind.in_([FaultKind.CODE, FaultKind.LOST])
    return db.connection().execute(delete(FAULT).where(fleeting, FAULT.c.seen_at < at - FORGOTTEN)).rowcount


def faults(db: Db) -> list[Fault]:
    """Return all that is to be mended, oldest first."""
    return list(db.scalars(select(Fault).order_by(Fault.since, Fault.name)))


def untold(db: Db, day: str) -> list[Fault]:
    """Return what was not told on this day yet, oldest first."""
    found = select(Fault).where(or_(Fault.told_on == "", Fault.told_on != day))
    return list(db.scalars(found.order_by(Fault.since, Fault.name)))


def note_told(db: Db, name: str, day: str) -> None:
    """Note that operators were told on this day."""
    db.connection().execute(update(FAULT).where(FAULT.c.name == name).values(told_on=day))
