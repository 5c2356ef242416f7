"""The look before lost messages are settled: each second at a few rows, at all that waits after a jump."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.values import Message
from models.base import Db
from models.db import Store, open_store, read, write
from models.outbox import OUT, enqueue
from scheduler.jobs.lost_sends import lost_sends

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
MANY = 130  # more than one run settles


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    """Yield a database with every table."""
    opened = open_store(database)
    yield opened
    opened.close()


def queue(store: Store, n: int, at: datetime) -> None:
    """Queue messages that wait for a minute, to one chat each."""
    rest: dict[str, Any] = {"channel": "telegram", "kind": "notice", "message": Message("Demo")}

    def enqueue_all(db: Db) -> None:
        for number in range(n):
            to = {"person_id": None, "recipient": f"telegram:{number}", "address": f"{number}"}
            enqueue(db, key=f"{at}:{number}", at=at, due_at=at + 60 * SECOND, **to, **rest)

    write(store, enqueue_all)


def last_due(store: Store) -> datetime | None:
    """Return when the last message is due."""
    newest = select(func.max(OUT.c.due_at, type_=OUT.c.due_at.type))
    due: datetime | None = read(store, lambda db: db.connection().execute(newest).scalar())
    return due


def test_all_that_waits_is_settled_after_a_jump(store: Store) -> None:
    """The look that sees the jump goes on until nothing waits too long, however many there are."""
    job = lost_sends()
    look = job.look
    assert look is not None
    queue(store, MANY, AT)
    assert not read(store, lambda db: look(db, AT))
    runs = 0
    while read(store, lambda db: look(db, AT - HOUR)):
        write(store, lambda db: job.run(db, AT - HOUR))
        runs += 1
    assert runs == 2
    assert last_due(store) == AT - HOUR + 60 * SECOND


def test_what_another_machine_wrote_ahead_is_found_soon(store: Store) -> None:
    """Its clock ran ahead; this one never jumped: all that waits is looked at every ten seconds."""
    job = lost_sends()
    look = job.look
    assert look is not None
    assert not read(store, lambda db: look(db, AT))
    queue(store, 1, AT + HOUR)
    assert not read(store, lambda db: look(db, AT + SECOND))
    assert read(store, lambda db: look(db, AT + 10 * SECOND))
