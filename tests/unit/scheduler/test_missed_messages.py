"""The job that asks what was missed: at the start and every 15 minutes, outside any transaction."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from channels.base import Failure, SendError
from models.db import Store, open_store, read, write
from models.inbox import Inbox, Update
from scheduler.job import Job
from scheduler.jobs.missed_messages import missed_messages

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
WRITTEN = AT - timedelta(minutes=20)
MINUTES = timedelta(minutes=15)


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    """Yield a database with every table."""
    opened = open_store(database)
    yield opened
    opened.close()


class Provider:
    """Somebody to ask, who has these messages, or is away."""

    def __init__(self, *sids: str, is_away: bool = False) -> None:
        self.sids = sids
        self.is_away = is_away
        self.asked: list[datetime] = []
        self.answered = 0

    def __call__(self, since: datetime) -> Sequence[Update]:
        self.asked.append(since)
        try:
            if self.is_away:
                raise SendError(Failure.UNKNOWN, "no answer in time")
            return [Update("sms", sid, "sms:+22370000001", b"MessageSid", WRITTEN) for sid in self.sids]
        finally:
            self.answered += 1


def run(store: Store, job: Job, at: datetime = AT) -> int:
    """Return how many messages one run of the job kept."""
    return write(store, lambda db: job.run(db, at))


def kept(store: Store) -> list[tuple[str, datetime]]:
    """Return the inbox."""
    rows = read(
        store, lambda db: db.execute(select(Inbox.provider_id, Inbox.received_at).order_by(Inbox.id)).all()
    )
    return [(sid, at) for sid, at in rows]


def until(condition: Callable[[], bool]) -> None:
    """Return when it holds; fail after ten seconds."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        threading.Event().wait(0.005)


def ask(store: Store, job: Job, provider: Provider, at: datetime) -> int:
    """Return how many messages were kept by one asking."""
    asked, found = provider.answered + 1, [run(store, job, at)]

    def is_told() -> bool:
        found.append(run(store, job, at))
        return provider.answered >= asked and found[-1] == 0 and len(kept(store)) == len(provider.sids)

    until(is_told)
    while run(store, job, at):
        pass
    return sum(found)


def test_what_was_missed_is_kept_as_of_when_it_was_written(store: Store) -> None:
    """At the start a day is looked back; a second run finds nothing new."""
    provider = Provider("SM1", "SM2")
    job = missed_messages(provider)
    assert ask(store, job, provider, AT) == 2
    assert kept(store) == [("SM1", WRITTEN), ("SM2", WRITTEN)]
    assert provider.asked == [AT - timedelta(days=1)]


def test_it_is_asked_every_fifteen_minutes(store: Store) -> None:
    """Then only since the last answer, with as much again for what came late."""
    provider = Provider("SM1")
    job = missed_messages(provider)
    ask(store, job, provider, AT)
    assert run(store, job, AT + MINUTES / 2) == 0
    until(lambda: len(provider.asked) == 1)
    ask(store, job, provider, AT + MINUTES)
    assert provider.asked == [AT - timedelta(days=1), AT - MINUTES]
    assert len(kept(store)) == 1


def test_a_provider_that_is_away_is_asked_again(store: Store) -> None:
    """Nothing is taken for told."""
    provider = Provider(is_away=True)
    job = missed_messages(provider)
    run(store, job, AT)
    until(lambda: run(store, job, AT + MINUTES / 2) == 0 and provider.answered == 1)
    until(lambda: run(store, job, AT + 2 * MINUTES) == 0 and provider.answered == 2)
    assert provider.asked[1] == AT + 2 * MINUTES - timedelta(days=1)


def test_without_anybody_to_ask_nothing_happens(store: Store) -> None:
    """Where Twilio is off."""
    assert run(store, missed_messages(None)) == 0
