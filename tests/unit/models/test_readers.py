"""Who only reads cannot write, and costs what reading costs."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import OperationalError

from models.base import Db
from models.db import Store, open_store, read, write
from models.inbox import receive, take
from tests.databases import Databases, make_tables

NINE = datetime(2026, 11, 26, 9, tzinfo=UTC)


@pytest.fixture
def store(sqlite_databases: Databases) -> Iterator[Store]:
    """Yield a store of SQLite with the tables alone."""
    address = sqlite_databases.copy_of("readers", make_tables)
    store = open_store(address)
    yield store
    store.close()
    sqlite_databases.drop(address)


def note(db: Db, id: str) -> bool:
    """Keep one update."""
    return receive(db, "telegram", id, "900001", b"{}", NINE)


def test_what_a_reader_wrote_is_not_kept(store: Store) -> None:
    """It is told so; reading and writing on the same connection go on."""
    with pytest.raises(OperationalError, match="a reader may not write"):
        read(store, lambda db: note(db, "1"))
    assert read(store, lambda db: take(db, 10, NINE)) == []
    assert write(store, lambda db: note(db, "2"))
    assert [row.provider_id for row in read(store, lambda db: take(db, 10, NINE))] == ["2"]


def test_a_thread_uses_one_connection_for_both(store: Store) -> None:
    """What it has prepared there is wanted again at once."""
    for number in range(5):
        write(store, lambda db, id=str(number): note(db, id))
        read(store, lambda db: take(db, 10, NINE))
    assert store.engine.pool.checkedin() == 1  # type: ignore[attr-defined]  # of any pool of the engine's
