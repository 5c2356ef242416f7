"""Migrations: both ways on both databases, in step with the models, refused when ahead or behind."""

import io
import re
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import event, inspect, text

from griot.schema import LOCK, Standing, alembic_config, downgrade, migrate, revisions, standing
from models.db import open_store, write
from models.patience import LONGEST, seconds_left, unhurried
from tests.databases import Databases


def test_the_newest_revision_is_what_the_models_say(empty_database: str) -> None:
    """Migrated, nothing is left to do; again, nothing happens."""
    store = open_store(empty_database)
    assert standing(store) == Standing.BEHIND
    migrate(store)
    migrate(store)
    assert standing(store) == Standing.CURRENT
    config = alembic_config()
    config.stdout = io.StringIO()
    with store.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.check(config)
    store.close()


def test_every_revision_goes_both_ways(empty_database: str) -> None:
    """All the way down leaves no table, and up again is possible."""
    store = open_store(empty_database)
    migrate(store)
    for revision in [*reversed(revisions()[:-1]), "base"]:
        downgrade(store, revision)
    assert inspect(store.engine).get_table_names() == ["alembic_version"]
    migrate(store)
    assert standing(store) == Standing.CURRENT
    store.close()


def test_a_later_schema_is_refused(empty_database: str) -> None:
    """A revision that this code does not know is ahead of it."""
    store = open_store(empty_database)
    migrate(store)
    write(store, lambda db: db.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    assert standing(store) == Standing.AHEAD
    store.close()


def test_several_may_migrate_at_once(empty_database: str) -> None:
    """Releases that start together wait for one another."""
    errors: list[Exception] = []

    def run() -> None:
        store = open_store(empty_database)
        try:
            migrate(store)
        except Exception as error:  # noqa: BLE001 - reported by the test
            errors.append(error)
        finally:
            store.close()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_migration_may_last(postgresql_databases: Databases) -> None:
    """Neither the server's limit of a statement nor ours ends it, nor another release that takes its time."""
    address = postgresql_databases.empty()
    store, other = open_store(address), open_store(address)

    @event.listens_for(store.engine, "connect")
    def hurry(connection: Any, _record: object) -> None:
        connection.execute("SET statement_timeout = '100ms'; SET lock_timeout = '100ms'")
        connection.commit()

    with other.engine.begin() as connection:
        connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
        release = threading.Thread(target=migrate, args=(store,))
        release.start()
        release.join(0.4)
        assert release.is_alive()
    release.join()
    assert standing(store) == Standing.CURRENT
    with unhurried():
        assert seconds_left() > LONGEST
    store.close()
    other.close()
    postgresql_databases.drop(address)


def test_a_new_file_that_another_makes_is_waited_for(sqlite_databases: Databases) -> None:
    """SQLite refuses at once to turn its write-ahead log on while another process writes there."""
    address = sqlite_databases.empty()
    store = open_store(address)
    with sqlite3.connect(address.removeprefix("sqlite:///"), check_same_thread=False) as other:
        other.execute("BEGIN IMMEDIATE")
        threading.Timer(0.3, other.rollback).start()
        assert standing(store) == Standing.BEHIND
    other.close()
    store.close()
    sqlite_databases.drop(address)


@pytest.mark.parametrize("revision", revisions())
def test_revisions_are_numbered(revision: str) -> None:
    """A file's number is its revision, and it follows the one before: the code reads no more of it."""
    [file] = Path(alembic_config().get_main_option("script_location", "")).glob(f"versions/{revision}_*.py")
    stated = dict(re.findall(r'^(revision|down_revision)\b.*= "?(\w+)"?$', file.read_text("utf-8"), re.M))
    before = "None" if revision == "0001" else f"{int(revision) - 1:04}"
    assert stated == {"revision": revision, "down_revision": before}
