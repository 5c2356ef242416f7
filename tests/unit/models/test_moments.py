"""How an SQLite file keeps times: numbers where Griot begins it now, text where an older Griot began it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import text

from griot.schema import downgrade, migrate
from models.db import Store, open_store, read, write
from models.inbox import receive, take
from tests.databases import Databases

AT = datetime(2026, 11, 23, 9, 30, 0, 123_000, UTC)
WEST = timezone(-timedelta(hours=1))
TEXT, NUMBER = "2026-11-23 09:30:00.123000", 1_795_426_200_123
BEFORE = "0015"  # the revision before


@pytest.fixture
def begun_now(sqlite_databases: Databases) -> Iterator[Store]:
    """Yield a new file with its tables."""
    yield from _migrated(sqlite_databases, sqlite_databases.empty())


@pytest.fixture
def begun_before(sqlite_databases: Databases) -> Iterator[Store]:
    """Yield a file with its tables that an older Griot began: it says nothing of times."""
    address = sqlite_databases.empty()
    with closing(sqlite3.connect(address.removeprefix("sqlite:///"))) as file:
        file.execute("CREATE TABLE older (id INTEGER)")
    yield from _migrated(sqlite_databases, address)


def _migrated(databases: Databases, address: str) -> Iterator[Store]:
    store = open_store(address)
    migrate(store)
    yield store
    store.close()
    databases.drop(address)


def test_a_new_file_keeps_milliseconds(begun_now: Store) -> None:
    """Six bytes a time, the same moment in whatever zone it was given."""
    assert _kept(begun_now, AT.astimezone(WEST) + timedelta(microseconds=999)) == [NUMBER]
    assert _read(begun_now) == [AT]


def test_a_file_of_an_older_griot_keeps_text(begun_before: Store) -> None:
    """Its processes, which may run while this one begins, read what is written, and compare it rightly."""
    assert _kept(begun_before, AT + timedelta(microseconds=456)) == ["2026-11-23 09:30:00.123456"]
    assert _read(begun_before) == [AT + timedelta(microseconds=456)]


def test_the_revision_before_reads_text(begun_now: Store) -> None:
    """Taken back, a file holds text and goes on with it; forward again it stays so, in this process too."""
    _kept(begun_now, AT)
    downgrade(begun_now, BEFORE)
    assert _kept(begun_now, AT) == [TEXT, TEXT]
    migrate(begun_now)
    assert _kept(begun_now, AT) == [TEXT] * 3
    assert _read(begun_now) == [AT]  # the oldest of its sender


def test_a_file_that_an_older_griot_filled_goes_on_with_text(begun_now: Store) -> None:
    """A newer one had begun it before, and knows better once it brings the schema up."""
    downgrade(begun_now, BEFORE)
    _kept(begun_now, AT)
    write(begun_now, lambda db: db.execute(text("PRAGMA user_version=1")))
    migrate(begun_now)
    assert _kept(begun_now, AT) == [TEXT] * 2


@pytest.mark.parametrize("late", [timedelta(milliseconds=-1), timedelta(0)])
def test_times_are_compared_as_they_are_kept(begun_now: Store, begun_before: Store, late: timedelta) -> None:
    """An update is due from its millisecond on."""
    for store in (begun_now, begun_before):
        _kept(store, AT)
        taken = write(store, lambda db: take(db, 9, AT + late))
        assert len(taken) == (late == timedelta(0))


def test_a_time_without_a_zone_is_refused(begun_now: Store) -> None:
    """Nobody would know when that was."""
    with pytest.raises(ValueError, match="without a zone"):
        _kept(begun_now, AT.replace(tzinfo=None))


def _kept(store: Store, at: datetime) -> list[int | str]:
    """Keep an update of this time more; return the times as the file has them."""
    count = text("SELECT count(*) FROM inbox")
    write(store, lambda db: receive(db, "telegram", f"1:{db.scalar(count)}", "1", b"{}", at))
    return [*read(store, lambda db: db.scalars(text("SELECT received_at FROM inbox ORDER BY id")).all())]


def _read(store: Store) -> list[datetime]:
    return [each.received_at for each in write(store, lambda db: take(db, 9, AT + timedelta(days=1)))]
