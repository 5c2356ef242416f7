"""The job that asks what was missed: at the start and every 15 minutes, outside any transaction."""

import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from channels.base import Failure, SendError
from models.db import Store, open_store, read, write
from models.fault import faults
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

    def __call__(self, since: datetime) -> Sequence[Update]:
        self.asked.append(since)
        if self.is_away:
            raise SendError(Failure.UNKNOWN, "no answer in time")
        return [Update("sms", sid, "sms:+22370000001", b"MessageSid", WRITTEN) for sid in self.sids]


def run(store: Store, job: Job, at: datetime = AT) -> int:
    """Return how many messages one run of the job kept."""
    return write(store, lambda db: job.run(db, at))


def kept(store: Store) -> list[tuple[str, datetime]]:
    """Return the inbox."""
    rows = read(
        store, lambda db: db.execute(select(Inbox.provider_id, Inbox.received_at).order_by(Inbox.id)).all()
    )
    return [(sid, at) for sid, at in rows]


def ask(store: Store, job: Job, at: datetime) -> int:
    """Return how many messages were kept by one asking."""
    found = run(store, job, at)
    for asking in [one for one in threading.enumerate() if one.name == "missed"]:
        asking.join(10)
    while more := run(store, job, at):
        found += more
    return found


def test_what_was_missed_is_kept_as_of_when_it_was_written(store: Store) -> None:
    """At the start a day is looked back; a second run finds nothing new."""
    provider = Provider("SM1", "SM2")
    job = missed_messages(provider)
    assert ask(store, job, AT) == 2
    assert kept(store) == [("SM1", WRITTEN), ("SM2", WRITTEN)]
    assert provider.asked == [AT - timedelta(days=1)]


def test_it_is_asked_every_fifteen_minutes(store: Store) -> None:
    """Then only since the last answer, with as much again for what came late."""
    provider = Provider("SM1")
    job = missed_messages(provider)
    ask(store, job, AT)
    ask(store, job, AT + MINUTES / 2)
    ask(store, job, AT + MINUTES)
    assert provider.asked == [AT - timedelta(days=1), AT - MINUTES]
    assert len(kept(store)) == 1


def test_what_may_be_under_way_waits(store: Store) -> None:
    """A message of this minute is left to its webhook, and taken the next time if none came."""
    job = missed_messages(Provider("SM1"))
    assert ask(store, job, WRITTEN + timedelta(seconds=30)) == 0
    assert ask(store, job, WRITTEN + MINUTES) == 0
    assert ask(store, job, WRITTEN + MINUTES + timedelta(minutes=1)) == 1


def test_a_provider_that_is_away_is_asked_again(store: Store) -> None:
    """Nothing is taken for told."""
    provider = Provider(is_away=True)
    job = missed_messages(provider)
    ask(store, job, AT)
    ask(store, job, AT + MINUTES)
    assert provider.asked[1] == AT + MINUTES - timedelta(days=1)


def test_without_anybody_to_ask_nothing_happens(store: Store) -> None:
    """Where Twilio is off."""
    assert run(store, missed_messages(None)) == 0


def test_a_webhook_that_never_comes_is_told(store: Store) -> None:
    """Missed once: an outage of ours. Missed twice in a row: Twilio does not reach us. Then it is mended."""
    provider = Provider("SM1")
    job = missed_messages(provider)
    told = []
    for number in range(4):
        ask(store, job, AT + number * MINUTES)
        told.append([one.name for one in read(store, faults)])
        provider.sids = (*provider.sids, f"SM{number + 2}") if number < 1 else provider.sids
    assert told == [[], ["webhook:sms:missed"], [], []]
