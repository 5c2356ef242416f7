"""Transactions: durable, none overwrites another's work, and one that the database ends is repeated."""

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import OperationalError

from models.base import Db
from models.db import REPEATS, Store, open_store, read, write
from tests.databases import Databases

THREADS, TIMES = 4, 20
TOLD = {
    "journal_mode": "wal",
    "wal_autocheckpoint": 4000,
    "synchronous": 2,
    "foreign_keys": 1,
    "busy_timeout": 5000,
    "mmap_size": 0,
}


def _counted(address: str) -> Iterator[Store]:
    """Yield a database with two rows that count, at nought."""
    store = open_store(address)
    write(store, lambda db: db.execute(text("CREATE TABLE counted (id INTEGER PRIMARY KEY, n INTEGER)")))
    write(store, lambda db: db.execute(text("INSERT INTO counted VALUES (1, 0), (2, 0)")))
    yield store
    store.close()


@pytest.fixture
def store(empty_database: str) -> Iterator[Store]:
    """Yield it on each database."""
    yield from _counted(empty_database)


@pytest.fixture
def on_sqlite(sqlite_databases: Databases) -> Iterator[Store]:
    """Yield it on SQLite."""
    yield from _counted(sqlite_databases.empty())


@pytest.fixture
def on_postgresql(postgresql_databases: Databases) -> Iterator[Store]:
    """Yield it on PostgreSQL."""
    address = postgresql_databases.empty()
    yield from _counted(address)
    postgresql_databases.drop(address)


def _count(db: Db, id: int) -> int:
    found: int = db.execute(text(f"SELECT n FROM counted WHERE id = {id}")).scalar_one()  # noqa: S608
    return found


def _add(db: Db, id: int) -> None:
    db.execute(text(f"UPDATE counted SET n = n + 1 WHERE id = {id}"))  # noqa: S608


def test_what_sqlite_is_told(on_sqlite: Store) -> None:
    """What was committed survives a loss of power, and keys are checked; who only reads cannot write."""

    def told(db: Db) -> dict[str, object]:
        return {name: db.execute(text(f"PRAGMA {name}")).scalar() for name in TOLD}

    assert write(on_sqlite, told) == TOLD
    assert read(on_sqlite, told) == TOLD
    with pytest.raises(OperationalError, match="a reader may not write"):
        read(on_sqlite, lambda db: _add(db, 1))


def test_no_write_is_lost_between_processes(on_sqlite: Store) -> None:
    """Each reads, waits and writes what it read and one more: a transaction that writes begins alone."""
    stores = [on_sqlite, open_store(str(on_sqlite.engine.url))]  # each as of a process of its own
    pause = threading.Event()

    def count(db: Db) -> None:
        now = _count(db, 1)
        pause.wait(0.001)
        db.execute(text(f"UPDATE counted SET n = {now + 1} WHERE id = 1"))  # noqa: S608

    def work(store: Store) -> None:
        for _ in range(TIMES):
            write(store, count)

    threads = [threading.Thread(target=work, args=(stores[number % 2],)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stores[1].close()
    assert read(on_sqlite, lambda db: _count(db, 1)) == THREADS * TIMES


def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    """Neither a row nor a table."""

    def fail(db: Db) -> None:
        db.execute(text("CREATE TABLE half (id INTEGER)"))
        _add(db, 1)
        raise ValueError("a defect made for this test")

    with pytest.raises(ValueError, match="a defect"):
        write(store, fail)
    assert read(store, lambda db: _count(db, 1)) == 0
    assert not inspect(store.engine).has_table("half")


def test_who_deadlocks_is_repeated(on_postgresql: Store) -> None:
    """Two take two rows in opposite order: one is ended by the server, and both are done."""
    together, tries = threading.Barrier(2), []

    def cross(db: Db, first: int, second: int) -> None:
        tries.append(first)
        _add(db, first)
        if tries.count(first) == 1:
            together.wait(10)  # each holds its first row by now
        _add(db, second)

    threads = [
        threading.Thread(target=write, args=(on_postgresql, lambda db, a=a, b=b: cross(db, a, b)))
        for a, b in ((1, 2), (2, 1))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tries) == 3
    assert read(on_postgresql, lambda db: [_count(db, id) for id in (1, 2)]) == [2, 2]


def test_who_cannot_be_serialised_is_repeated(on_postgresql: Store) -> None:
    """Another changed since what this transaction saw."""
    tries = []

    def add(db: Db) -> None:
        tries.append(len(tries))
        db.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        seen = _count(db, 1)
        if len(tries) == 1:
            write(on_postgresql, lambda other: _add(other, 1))
        db.execute(text(f"UPDATE counted SET n = {seen + 1} WHERE id = 1"))  # noqa: S608

    write(on_postgresql, add)
    assert len(tries) == 2
    assert read(on_postgresql, lambda db: _count(db, 1)) == 2


@pytest.mark.parametrize("times", [1, REPEATS])
def test_who_loses_the_connection_is_repeated(on_postgresql: Store, times: int) -> None:
    """The server ends it, as at a restart: once is made good, a server that stays away is told."""
    ended = []

    def add(db: Db) -> None:
        _add(db, 1)
        if len(ended) < times:
            ended.append(backend := db.scalar(text("SELECT pg_backend_pid()")))
            kill = text("SELECT pg_terminate_backend(:backend)")
            read(on_postgresql, lambda other: other.execute(kill, {"backend": backend}).all())
        _add(db, 2)

    if times < REPEATS:
        write(on_postgresql, add)
    else:
        with pytest.raises(OperationalError):
            write(on_postgresql, add)
    done = int(times < REPEATS)
    assert read(on_postgresql, lambda db: [_count(db, id) for id in (1, 2)]) == [done, done]
