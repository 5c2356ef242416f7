"""Looks on one kept connection see what is newest, and begin anew after an error."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import DBAPIError

from models.base import Db
from models.db import Store, open_store, write
from models.glance import Glances
from models.inbox import receive
from models.prepared import tell
from models.queues import look

NINE = datetime(2026, 11, 26, 9, tzinfo=UTC)


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    """Yield a store with the tables alone."""
    store = open_store(database)
    yield store
    store.close()


@pytest.fixture
def glances(store: Store) -> Iterator[Glances]:
    """Yield what looks at it."""
    glances = Glances(store)
    yield glances
    glances.close()


def has_news(db: Db) -> bool:
    """Tell whether an update is due."""
    return look(db, NINE).updates


def keep(store: Store, id: str) -> None:
    """Let an update arrive."""
    write(store, lambda db: receive(db, "telegram", id, "telegram:900001", b"{}", NINE))


def test_each_look_sees_the_newest_commit(store: Store, glances: Glances) -> None:
    """One that was taken before holds none of them back, nor who writes."""
    assert not glances.take(has_news)
    keep(store, "1")
    assert glances.take(has_news)
    write(store, lambda db: tell(db, "DELETE FROM inbox"))
    assert not glances.take(has_news)


def test_an_error_ends_no_later_look(store: Store, glances: Glances) -> None:
    """It is raised, and the next look begins on another connection."""
    glances.take(has_news)
    with pytest.raises(DBAPIError):
        glances.take(lambda db: tell(db, "SELECT nonsense FROM inbox"))
    keep(store, "1")
    assert glances.take(has_news)


def test_a_closed_look_leaves_no_connection_out(store: Store, glances: Glances) -> None:
    """All that it took goes back to the pool."""
    glances.take(has_news)
    glances.close()
    assert store.engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # of any pool of the engine's
