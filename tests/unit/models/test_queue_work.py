"""What waits on one channel costs nothing on another, nor a live reply: counted in work, not in time."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, text

from models.base import Db
from models.db import open_store, read, write
from models.jumps import settle_jumps
from models.outbox import BULK, LIVE, OUT
from models.queues import look, oldest_due
from models.sending import claim, next_due
from models.settling import settle_lost
from tests.databases import Databases, make_tables

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
LEASE = timedelta(seconds=60)
WAITING = 10_000
SOME = 300  # rows; or hundreds of steps of SQLite's machine, which takes four or more a row


def fill(address: str) -> None:
    """Let many bulk messages wait on Telegram, all due."""
    make_tables(address)
    store = open_store(address)
    write(store, lambda db: db.connection().execute(insert(OUT), [a_row(n) for n in range(WAITING)]))
    if not store.is_sqlite:
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE outbox"))
    store.close()


def a_row(number: int) -> dict[str, object]:
    """Return a message that waits, to a recipient of its own."""
    blank = dict.fromkeys(
        ("lease_token", "provider_id", "error", "error_code", "rung_reason", "content_sid"), ""
    )
    times = dict.fromkeys(("created_at", "due_at", "changed_at"), AT)
    return {
        "key": f"bulk:{number}",
        "recipient": f"telegram:{number}",
        "channel": "telegram",
        "address": str(number),
        "kind": "notice",
        "lane": BULK,
        "text": "Bonjour",
        "message": {},
        "rung": "telegram",
        "state": "queued",
        **blank,
        **times,
    }


@pytest.fixture
def db(databases: Databases) -> Iterator[Db]:
    """Yield a session that is rolled back."""
    store = open_store(databases.shared("queue_work", fill))
    with store.writers() as session:
        yield session
    store.close()


def work(db: Db, do: Callable[[], object]) -> int:
    """Return how many rows are read by this; on SQLite a hundredth of its machine's steps."""
    if db.get_bind().dialect.name == "postgresql":
        read_by_now = text(
            "SELECT sum(seq_tup_read + idx_tup_fetch) FROM pg_stat_xact_user_tables WHERE relname = 'outbox'"
        )
        before = db.scalar(read_by_now) or 0
        do()
        return int((db.scalar(read_by_now) or 0) - before)
    driver = db.connection().connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    steps = [0]

    def count() -> int:
        steps[0] += 1
        return 0

    driver.set_progress_handler(count, 100)
    do()
    driver.set_progress_handler(None, 100)
    return steps[0]


SOON = AT + timedelta(seconds=30)


@pytest.mark.parametrize(
    "do",
    [
        pytest.param(lambda db: claim(db, 32, AT, LEASE, ["telegram", "sms"], LIVE), id="claim live"),
        pytest.param(lambda db: claim(db, 32, AT, LEASE, ["telegram", "sms"], BULK), id="claim bulk"),
        pytest.param(lambda db: claim(db, 32, AT, LEASE, ["whatsapp"], BULK), id="claim another channel"),
        pytest.param(lambda db: look(db, AT), id="look"),
        pytest.param(lambda db: oldest_due(db, AT), id="oldest"),
        pytest.param(lambda db: next_due(db, SOON, ["telegram", "whatsapp"]), id="next due"),
        pytest.param(lambda db: settle_jumps(db, AT), id="jumps"),
        pytest.param(lambda db: settle_lost(db, AT), id="lost"),
    ],
)
def test_ten_thousand_that_wait_are_not_read(db: Db, do: Callable[[Db], object]) -> None:
    """Each reads the heads of queues only."""
    assert work(db, lambda: do(db)) < SOME


def test_a_queue_that_statistics_do_not_know_is_not_read(postgresql_databases: Databases) -> None:
    """A message to everybody was queued a moment ago: PostgreSQL takes the queue for empty."""
    address = postgresql_databases.empty()
    make_tables(address)
    store = open_store(address)
    sent = [{**a_row(-n), "state": "sent"} for n in range(1, 1_000)]
    write(store, lambda db: db.connection().execute(insert(OUT), sent))
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ALTER TABLE outbox SET (autovacuum_enabled = off)"))
        connection.execute(text("VACUUM ANALYZE outbox"))
    write(store, lambda db: db.connection().execute(insert(OUT), [a_row(n) for n in range(WAITING)]))
    with store.writers() as db:
        assert work(db, lambda: claim(db, 32, AT, LEASE, ["telegram"], BULK)) < SOME
    store.close()
    postgresql_databases.drop(address)


def test_the_measure_sees_a_scan(db: Db) -> None:
    """Else nothing here could fail."""
    everything = text("SELECT count(*) FROM outbox WHERE text <> 'Bonsoir'")
    assert work(db, lambda: db.execute(everything).all()) > SOME


def test_a_claim_takes_as_many_of_each_channel(databases: Databases) -> None:
    """None waits for another's; of one recipient one message only."""
    store = open_store(databases.shared("queue_work", fill))
    assert read(store, lambda db: look(db, AT)).messages
    with store.writers() as db:
        db.execute(text("UPDATE outbox SET channel = 'sms', recipient = 'one' WHERE id <= 5"))
        found = claim(db, 3, AT, LEASE, ["telegram", "sms"], BULK)
    assert sorted(row.channel for row in found) == ["sms", "telegram", "telegram", "telegram"]
    store.close()
