"""Whether a database holds a demonstration: all of it, or nothing of it."""

from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Db
from models.db import insert_into, is_postgres, table_of
from models.person import Person, PersonState


class Marker(Base):
    """A fact about the whole database."""

    __tablename__ = "marker"

    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class DemoClock(Base):
    """How far the clock of a demonstration was moved; one row at most."""

    __tablename__ = "demo_clock"

    id: Mapped[int] = mapped_column(primary_key=True)
    ahead: Mapped[int]  # seconds that Griot's time is ahead of the wall clock


DEMO = "demo"
CLOCK = table_of(DemoClock)
ONLY_ROW = 1


def is_demo(db: Db) -> bool:
    """Tell whether everything in the database belongs to a demonstration."""
    return db.get(Marker, DEMO) is not None


def holds_people(db: Db) -> bool:
    """Tell whether anybody is in the database."""
    return bool(db.scalar(select(func.count()).select_from(Person)))


def knows(db: Db, name: str, role: str, city: str | None) -> bool:
    """Tell whether somebody of this name, or of this place and erased since, is in the database."""
    erased = and_(Person.state == PersonState.ERASED, Person.role == role, Person.city == city)
    return db.scalar(select(Person.id).where(or_(Person.name == name, erased)).limit(1)) is not None


def mark_demo(db: Db, at: datetime) -> None:
    """Say once and for all that the database holds a demonstration."""
    db.add(Marker(name=DEMO, at=at))


def seconds_ahead(db: Db) -> int:
    """Return how many seconds the clock of a demonstration is ahead; 0 in any other database."""
    return (db.scalar(select(DemoClock.ahead)) or 0) if is_demo(db) else 0


def move_ahead(db: Db, seconds: int) -> int:
    """Put the clock at least so many seconds ahead, never back, and return how many it is.

    Raise LookupError for a database that is no demonstration.
    """
    if not is_demo(db):
        raise LookupError("the clock moves in a demonstration only")
    insert = insert_into(CLOCK, is_postgres(db)).values(id=ONLY_ROW, ahead=max(0, seconds))
    further = {"ahead": insert.excluded.ahead}
    db.execute(
        insert.on_conflict_do_update(
            index_elements=["id"], set_=further, where=CLOCK.c.ahead < insert.excluded.ahead
        )
    )
    return seconds_ahead(db)
