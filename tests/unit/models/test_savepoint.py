"""A part of a transaction is undone by itself."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from models.base import Db
from models.city import City
from models.inbox import Inbox, receive
from models.prepared import tell
from models.savepoint import savepoint

NINE = datetime(2026, 11, 26, 9, tzinfo=UTC)


def note(db: Db, id: str) -> None:
    """Keep one update."""
    receive(db, "telegram", id, f"telegram:{id}", b"{}", NINE)


def noted(db: Db) -> list[str]:
    """Return the updates that are kept."""
    return list(db.scalars(select(Inbox.provider_id).order_by(Inbox.id)))


def undo(db: Db, work: Callable[[], object]) -> None:
    """Do something in a part that raises afterwards."""
    with savepoint(db):
        work()
        raise ValueError("a defect made for this test")


def test_what_raises_leaves_nothing_behind(db: Db) -> None:
    """What came before and comes after stays, also parts within parts."""

    def with_a_part() -> None:
        note(db, "undone")
        with savepoint(db):
            note(db, "within")

    note(db, "before")
    with pytest.raises(ValueError, match="a defect"):
        undo(db, with_a_part)
    with savepoint(db):
        note(db, "kept")
        with pytest.raises(ValueError, match="a defect"):
            undo(db, lambda: note(db, "undone"))
    note(db, "after")
    assert noted(db) == ["before", "kept", "after"]


def test_a_statement_that_fails_ends_its_part_only(db: Db) -> None:
    """PostgreSQL would refuse every later statement of the transaction."""
    note(db, "before")
    with pytest.raises(DBAPIError), savepoint(db):
        tell(db, "SELECT nonsense FROM inbox")
    assert noted(db) == ["before"]


def test_objects_are_as_the_database_has_them(db: Db) -> None:
    """What an object was changed to in a part that is undone is forgotten."""
    city = db.scalars(select(City).where(City.slug == "bamako")).one()

    def rename() -> None:
        city.name = "Undone Name"
        db.flush()

    with savepoint(db):
        city.name = "Kept Name"
    with pytest.raises(ValueError, match="a defect"):
        undo(db, rename)
    assert db.scalars(select(City).where(City.slug == "bamako")).one().name == "Kept Name"
