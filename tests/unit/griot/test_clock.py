"""The clock of a demonstration can be moved forward; no other one moves."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from griot.clock import catch_up, follow, move, now
from models.base import Db
from models.db import Store, open_store, read, write
from models.demo import mark_demo
from models.person import add_person
from models.signin import is_open, new_sign_in, signed_in, use_sign_in
from models.worker import beat, count_live, lead
from tests.databases import LOADED_AT

DAYS = timedelta(days=4)


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    """Yield the store of a demonstration; afterwards the wall clock's time is kept again."""
    opened = open_store(database)
    write(opened, lambda db: mark_demo(db, LOADED_AT))
    follow(opened)
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def _wall_clock_afterwards(empty_database: str) -> Iterator[None]:
    yield
    nothing = open_store(empty_database)
    follow(nothing)
    nothing.close()


def ahead() -> timedelta:
    """Return how far the clock is ahead, to the second."""
    return timedelta(seconds=round((now() - datetime.now(UTC)).total_seconds()))


def test_it_moves_forward_and_never_back(store: Store) -> None:
    move(store, now() + DAYS)
    assert ahead() == DAYS
    move(store, now() - timedelta(days=1))
    assert ahead() == DAYS


def test_every_process_of_the_demonstration_agrees(store: Store) -> None:
    """Another process finds the time in the database, at its start and while it runs."""
    move(store, now() + DAYS)
    follow(store)
    assert ahead() == DAYS
    catch_up(store)
    assert ahead() == DAYS


def test_only_a_demonstration_moves(database: str) -> None:
    real = open_store(database)
    with pytest.raises(LookupError):
        move(real, now() + DAYS)
    follow(real)
    assert ahead() == timedelta()
    real.close()


def test_without_a_schema_the_wall_clock_counts(empty_database: str) -> None:
    bare = open_store(empty_database)
    follow(bare)
    assert ahead() == timedelta()
    bare.close()


def test_whoever_is_signed_in_stays_so(store: Store) -> None:
    """Sessions and unused addresses move along; what had ended does not begin again."""

    def begin(db: Db) -> tuple[str, str, str]:
        id = add_person(db, name="Dee Fictive", role="officer", language="fr", at=now())
        living = use_sign_in(db, new_sign_in(db, id, now()).rpartition("/")[2], now())
        long_ago = now() - timedelta(hours=2)
        ended = use_sign_in(db, new_sign_in(db, id, long_ago).rpartition("/")[2], long_ago)
        assert living is not None
        assert ended is not None
        return living, ended, new_sign_in(db, id, now()).rpartition("/")[2]

    living, ended, unused = write(store, begin)
    move(store, now() + DAYS)
    assert read(store, lambda db: signed_in(db, living, now())) is not None
    assert read(store, lambda db: signed_in(db, ended, now())) is None
    assert read(store, lambda db: is_open(db, unused, now()))


def test_whoever_leads_the_schedule_leads_on(store: Store) -> None:
    """No jump makes a worker look dead, or another one take over."""
    lease = timedelta(seconds=20)
    number = write(store, lambda db: lead(db, "one", now(), lease))
    write(store, lambda db: beat(db, "one", now()))
    move(store, now() + DAYS)
    assert write(store, lambda db: lead(db, "one", now(), lease)) == number
    assert read(store, lambda db: count_live(db, now() - lease)) == 1
