"""A process holds no more connections to PostgreSQL than it was given, and gives most of them back."""

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from models.base import Db
from models.db import KEPT, Store, open_store, read
from tests.databases import Databases

GIVEN = KEPT + 2
COUNT = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")


@pytest.fixture
def store(postgresql_databases: Databases) -> Iterator[Store]:
    """Yield a store of few connections."""
    address = postgresql_databases.empty()
    store = open_store(address, GIVEN)
    yield store
    store.close()
    postgresql_databases.drop(address)


def test_threads_share_the_connections_of_their_process(store: Store) -> None:
    """However many work at once: the others wait. When it is quiet a few stay open."""
    counts: list[int] = []
    barrier = threading.Barrier(GIVEN)

    def work(db: Db) -> None:
        counts.append(db.scalar(COUNT) or 0)
        barrier.wait(20)  # so many are connected at once

    threads = [threading.Thread(target=read, args=(store, work)) for _ in range(3 * GIVEN)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(counts) == 3 * GIVEN
    assert max(counts) == GIVEN
    assert store.engine.pool.status().startswith(f"Pool size: {KEPT}  Connections in pool: {KEPT} ")
