"""Whether a database holds a demonstration: all of it, or nothing of it."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Db
from models.person import Person


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


def is_demo(db: Db) -> bool:
    """Tell whether everything in the database belongs to a demonstration."""
    return db.get(Marker, DEMO) is not None


def holds_people(db: Db) -> bool:
    """Tell whether anybody is in the database."""
    return bool(db.scalar(select(func.count()).select_from(Person)))


def mark_demo(db: Db, at: datetime) -> None:
    """Say once and for all that the database holds a demonstration."""
    db.add(Marker(name=DEMO, at=at))
