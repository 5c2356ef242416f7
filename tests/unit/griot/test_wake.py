"""How a worker on SQLite hears that another process wrote."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from griot.wake import Commits, WatchingEar, ear, log_of
from griot.watching import Watch
from models.db import Store, open_store, write
from models.inbox import receive
from tests.databases import Databases, make_tables

NINE = datetime(2026, 11, 26, 9, tzinfo=UTC)
LONG = 30.0  # seconds: who waits them out did not hear

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")


@pytest.fixture
def store(sqlite_databases: Databases) -> Iterator[Store]:
    """Yield a store of SQLite with the tables alone."""
    address = sqlite_databases.copy_of("wake", make_tables)
    store = open_store(address)
    yield store
    store.close()
    sqlite_databases.drop(address)


@pytest.fixture
def hearing(store: Store) -> Iterator[WatchingEar]:
    """Yield an ear that looks by itself too seldom to hear anything so."""
    hearing = WatchingEar(Commits(store), Watch(log_of(store)), look=LONG)
    yield hearing
    hearing.close()


def keep(store: Store) -> None:
    """Let an update arrive."""
    write(store, lambda db: receive(db, "telegram", str(time.time()), "telegram:900001", b"{}", NINE))


@contextmanager
def arriving(store: Store) -> Iterator[None]:
    """Let updates arrive, ten a second: a busy disk may need longer for one than an ear looks closely."""
    ended = threading.Event()

    def write_on() -> None:
        while not ended.wait(0.1):
            keep(store)

    writing = threading.Thread(target=write_on)
    writing.start()
    try:
        yield
    finally:
        ended.set()
        writing.join()


def waited(hearing: WatchingEar, seconds: float) -> float:
    """Return for how many seconds it waited."""
    began = time.monotonic()
    hearing.wait(seconds)
    return time.monotonic() - began


def test_a_commit_is_heard(store: Store, hearing: WatchingEar) -> None:
    """Also one that comes while nobody waits, and each one after."""
    hearing.clear()
    for _ in range(3):
        with arriving(store):
            assert waited(hearing, LONG) < LONG / 3
        hearing.clear()
    keep(store)
    assert waited(hearing, LONG) < LONG / 3


def test_what_was_committed_before_is_no_news(store: Store, hearing: WatchingEar) -> None:
    """A worker that has looked since waits as long as it may."""
    keep(store)
    hearing.clear()
    assert waited(hearing, 0.2) >= 0.2


def test_a_ring_counts_until_it_is_cleared(hearing: WatchingEar) -> None:
    """It wakes who waits and who is about to; after the end it reaches nobody."""
    hearing.ring()
    assert waited(hearing, LONG) < LONG / 3
    assert waited(hearing, LONG) < LONG / 3
    hearing.clear()
    assert waited(hearing, 0.1) >= 0.1
    later = threading.Timer(0.1, hearing.ring)
    later.start()
    assert waited(hearing, LONG) < LONG / 3
    later.join()


def test_a_ring_after_the_end_does_nothing(store: Store) -> None:
    """A call may end after its worker: what listens by then is another's."""
    ended = ear(store, is_alone=False)
    assert isinstance(ended, WatchingEar)
    ended.close()
    ended.ring()


def test_what_cannot_be_watched_is_told(tmp_path: Path) -> None:
    """The worker looks every few milliseconds then."""
    with pytest.raises(FileNotFoundError):
        Watch(str(tmp_path / "none"))
