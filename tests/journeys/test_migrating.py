"""A release is killed amid its migration, and migrates while people write: nothing is half done or lost."""

import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime

import pytest
from alembic import command
from sqlalchemy import func, inspect, select, text
from sqlalchemy.exc import DBAPIError

from griot.schema import LOCK, Standing, alembic_config, migrate, revisions, standing
from models.base import Base, Db
from models.db import Store, is_transient, open_store, read, write
from models.inbox import IN, receive
from tests.site import ROOT, griot_command

AT = datetime(2026, 11, 23, tzinfo=UTC)
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


@pytest.mark.timeout(120)
def test_people_write_while_a_release_migrates(empty_database: str) -> None:
    """Whatever was accepted is kept; what was not is the database's trouble, which asks to come again."""
    store = open_store(empty_database)
    _migrate_to(store, revisions()[-2])
    release, kept, refused = _release(empty_database), 0, []
    while release.poll() is None:
        try:
            kept += write(store, lambda db: receive(db, "telegram", f"1:{kept}", "telegram:1", b"{}", AT))  # noqa: B023
        except DBAPIError as error:
            refused.append(error)
    assert release.returncode == 0
    assert all(is_transient(error) for error in refused)
    assert standing(store) == Standing.CURRENT
    assert kept > 0
    assert read(store, _count) == kept
    store.close()


def _release(address: str) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "DATABASE_URL": address,
        "SECRET_KEY": "migrating-key-0123456789abcdef01234567",
    }
    return subprocess.Popen(
        [griot_command(), "migrate"], env=environment, cwd=ROOT, stdout=subprocess.DEVNULL
    )


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


def _migrate_to(store: Store, revision: str) -> None:
    config = alembic_config()
    with store.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def _count(db: Db) -> int:
    return db.scalar(select(func.count()).select_from(IN)) or 0


def _wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + STARTED_WITHIN
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.001)
