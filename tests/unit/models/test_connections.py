"""The connections of a process to PostgreSQL: how many, tried when, in which transaction."""

import threading
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from models.base import Db
from models.db import Store, open_store, read, write
from models.postgres import KEPT, RESTED
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

    def work(db: Db) -> None:
        counts.append(db.scalar(COUNT) or 0)
        time.sleep(0.05)

    threads = [threading.Thread(target=read, args=(store, work)) for _ in range(3 * GIVEN)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(counts) == 3 * GIVEN
    assert KEPT < max(counts) <= GIVEN
    assert store.engine.pool.status().startswith(f"Pool size: {KEPT}  Connections in pool: {KEPT} ")


def test_a_connection_that_rested_is_tried_before_it_is_used(store: Store) -> None:
    """Closed by the server meanwhile it is replaced, unseen; right after use a write begins again."""
    end = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    other = open_store(store.engine.url.render_as_string(hide_password=False), 1)
    me = text("SELECT pg_backend_pid()")
    before = read(store, lambda db: db.scalar(me))
    read(other, lambda db: db.execute(end).all())
    assert write(store, lambda db: db.scalar(me)) != before
    before = read(store, lambda db: db.scalar(me))
    read(other, lambda db: db.execute(end).all())
    time.sleep(RESTED + 0.1)
    assert read(store, lambda db: db.scalar(me)) != before
    other.close()


def test_a_read_is_no_transaction(store: Store) -> None:
    """Each statement has one of its own, as far as the server knows; those of a write share one."""
    moment = text("SELECT now()")  # of the beginning of the transaction

    def twice(db: Db) -> bool:
        first = db.scalar(moment)
        time.sleep(0.002)
        return bool(db.scalar(moment) == first)

    assert not read(store, twice)
    assert write(store, twice)
