"""A release is killed amid its migration, and migrates while people write: nothing is half done or lost."""

import io
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime

import pytest
from alembic import command
from sqlalchemy import Column, Connection, MetaData, Table, delete, func, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError

from bench.crowd import Crowd, fill
from griot.schema import LOCK, Standing, alembic_config, downgrade, migrate, revisions, standing, upgrade
from models.base import Base, Db
from models.db import Store, insert_first, insert_new, is_transient, open_store, read, write
from models.inbox import IN, KNOWN
from models.slot import take_slots
from tests.databases import Databases
from tests.starting import Running, start

AT = datetime(2026, 11, 23, tzinfo=UTC)
RELEASED = "0005"  # the revision of the first release
CROWD = Crowd(cities=11, people=22, reports=60, weeks=6, talked=60)
GROWN = ("person", "address", "submission", "answer", "inbox", "outbox", "media", "occurrence")
STARTED_WITHIN = 60.0  # seconds, where the machine is busy with other tests


@pytest.mark.timeout(180)
def test_a_migration_killed_amid_leaves_nothing_half_done(empty_database: str) -> None:
    """Killed when it holds its lock it has changed nothing; the next one does everything."""
    store = open_store(empty_database)
    is_migrating = _watch(store, empty_database)
    release = _release(empty_database)
    _wait_until(is_migrating)
    release.kill()
    assert release.wait(10) == -signal.SIGKILL
    assert set(inspect(store.engine).get_table_names()) <= {"alembic_version"}
    assert standing(store) == Standing.BEHIND
    migrate(store)
    assert standing(store) == Standing.CURRENT
    assert set(Base.metadata.tables) < set(inspect(store.engine).get_table_names())
    store.close()


@pytest.fixture
def reported(databases: Databases) -> Iterator[str]:
    """Yield the address of a migrated database in which people have reported and been written to."""
    address = databases.copy_of("reported", _fill)
    yield address
    databases.drop(address)


def _fill(address: str) -> None:
    store = open_store(address)
    migrate(store)
    fill(address, CROWD, AT)
    write(store, lambda db: insert_new(db, KNOWN, trace=b"0123456789abcdef"))
    write(store, lambda db: take_slots(db, "telegram", 1, 25, AT))
    store.close()


def test_no_revision_loses_a_row_either_way(reported: str) -> None:
    """Down to the first release one by one and up again: what it knew is there as it was."""
    store = open_store(reported)
    before = _rows(store)
    for revision in [each for each in reversed(revisions()) if RELEASED <= each < revisions()[-1]]:
        downgrade(store, revision)
    known = set(before).intersection(inspect(store.engine).get_table_names())
    migrate(store)
    after = _rows(store)
    assert all(before[table] for table in GROWN)
    assert {table: after[table] for table in known} == {table: before[table] for table in known}
    config = alembic_config()
    config.stdout = io.StringIO()
    with store.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.check(config)
    store.close()


def test_the_release_before_reads_and_writes_on(reported: str) -> None:
    """Its processes work until they are replaced: what they know is there, what they write is complete.

    Every row is written anew as they write it, without what the revision added.
    """
    store = open_store(reported)
    known = [each for each in revisions() if each >= RELEASED]
    for revision in reversed(known[:-1]):
        downgrade(store, revision)
    for following in known[1:]:
        former = _tables(store)
        with store.engine.begin() as connection:
            rows = {table: _rows_of(connection, table) for table in former}
            for table in reversed(former):
                connection.execute(delete(table))
            upgrade(connection, following)
            for table in former:
                if rows[table]:
                    connection.execute(insert(table), rows[table])
            assert {table: _rows_of(connection, table) for table in former} == rows
        assert _missed(former, _tables(store)) == []
    store.close()


def _tables(store: Store) -> list[Table]:
    """Return the tables as they are in the database, those first that others refer to."""
    found = MetaData()
    found.reflect(store.engine)
    return [table for table in found.sorted_tables if table.name != "alembic_version"]


def _rows_of(connection: Connection, table: Table) -> list[dict[str, object]]:
    rows = connection.execute(select(table).order_by(*table.primary_key)).mappings()
    return [dict(row) for row in rows]


def _missed(former: Sequence[Table], following: Sequence[Table]) -> list[Column[object]]:
    """Return the columns that were added and that a row written without them would lack."""
    known = {table.name: set(table.columns.keys()) for table in former}
    added = (
        column
        for table in following
        for column in table.columns
        if column.name not in known.get(table.name, {column.name})
    )
    return [column for column in added if not column.nullable and column.server_default is None]


@pytest.mark.timeout(120)
def test_people_write_while_a_release_migrates(reported: str) -> None:
    """Whatever was accepted is kept; what was not is the database's trouble, which asks to come again."""
    store = open_store(reported)
    downgrade(store, RELEASED)
    before = read(store, _count)
    kept, refused, upgraded = 0, [], open_store(reported)
    release = threading.Thread(target=migrate, args=(upgraded,))
    release.start()
    while release.is_alive():
        try:
            kept += write(store, lambda db: _receive(db, kept))  # noqa: B023
        except DBAPIError as error:
            refused.append(error)
    upgraded.close()
    assert all(is_transient(error) for error in refused)
    assert standing(store) == Standing.CURRENT
    assert kept > 0
    assert read(store, _count) == before + kept
    store.close()


def _receive(db: Db, number: int) -> bool:
    """Keep an update as the web process of the first release does."""
    times = dict.fromkeys(("received_at", "changed_at", "due_at"), AT)
    update = {"channel": "telegram", "provider_id": f"1:{number}", "sender": "telegram:1", "body": b"{}"}
    return insert_first(db, IN, **update, **times)


def _rows(store: Store) -> dict[str, list[str]]:
    """Return every row of every table, in an order of their own."""
    with store.engine.connect() as connection:
        return {
            name: sorted(map(repr, connection.execute(select(table))))
            for name, table in Base.metadata.tables.items()
        }


def _release(address: str) -> Running:
    environment = {
        **os.environ,
        "DATABASE_URL": address,
        "SECRET_KEY": "migrating-key-0123456789abcdef01234567",
    }
    return start("migrate", env=environment)


def _watch(store: Store, address: str) -> Callable[[], bool]:
    """Return what tells whether a migration is under way."""
    if store.is_sqlite:
        return lambda: _is_locked(address.removeprefix("sqlite:///"))
    locks = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = :lock")
    return lambda: bool(read(store, lambda db: db.scalar(locks, {"lock": LOCK})))


def _is_locked(file: str) -> bool:
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as other:
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        other.execute("ROLLBACK")
    return False


def _count(db: Db) -> int:
    return db.scalar(select(func.count()).select_from(IN)) or 0


def _wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + STARTED_WITHIN
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.001)
