"""In whatever order statuses come, and however often: the highest stands, one way is taken at a time."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from sqlalchemy import select

from bot.values import Message
from channels.base import Failure, Receipt
from griot.settings import data_folder
from griot.statuses import note_status
from griot.voices import voices
from griot.ways import Ways
from models import ladder
from models.base import Db
from models.consent import record_consent
from models.db import open_store
from models.outbox import RANKS, Outbox, OutboxState
from models.person import add_person
from models.programme import ProgrammeShelf
from models.sending import Claimed, Sent, claim, mark_sent
from tests.databases import Databases, load_aston

AT = datetime(2026, 11, 23, 10, tzinfo=UTC)
LEASE = timedelta(seconds=60)
ON = frozenset({"sms", "email"})
ARRIVED = frozenset({"delivered", "read"})
GOOD = ("sent", "delivered", "read")
ANSWER = "answer"  # the answer of the call itself
NEWS = some.sampled_from([*GOOD, "failed", ANSWER])


@pytest.fixture(scope="module")
def db(sqlite_databases: Databases) -> Iterator[Db]:
    """Yield a session on a database with a message by SMS that is being sent."""
    store = open_store(sqlite_databases.copy_of("aston", load_aston))
    with store.writers() as session:
        addresses = {"sms": "+22370000001", "email": "awa@example.org"}
        person = add_person(
            session,
            name="Awa",
            role="coordinator",
            language="fr",
            city="bamako",
            addresses=addresses,
            at=AT,
        )
        record_consent(
            session, person, agreed=True, version="1", language="fr", channel="sms", how="said so", at=AT
        )
        message = Message("Bonjour", kind="reminder")
        ladder.enqueue(session, key="test:1", person_id=person, message=message, at=AT, channels_on=ON)
        session.flush()
        yield session
    store.close()


@pytest.fixture(scope="module")
def row(db: Db) -> Claimed:
    [claimed] = claim(db, 1, AT, LEASE)
    return claimed


@pytest.fixture(scope="module")
def ways() -> Ways:
    return Ways(ON, voices(data_folder("locales")), ProgrammeShelf())


@settings(deadline=None)
@given(some.lists(NEWS, max_size=8))
def test_the_highest_state_stands_and_one_way_is_taken(
    db: Db, row: Claimed, ways: Ways, news: list[str]
) -> None:
    with db.begin_nested() as trial:
        for each in news:
            _hear(db, row, ways, each)
        found = db.execute(select(Outbox.rung, Outbox.state).order_by(Outbox.id)).all()
        trial.rollback()
    assert [rung for rung, _ in found] in (["sms"], ["sms", "email"]), "one row a way, once"
    state = found[0].state
    before_failure = news[: news.index("failed")] if "failed" in news else news
    if ARRIVED.isdisjoint(before_failure) and "failed" in news:
        after_failure = news[news.index("failed") :]
        second = "queued" if ARRIVED.isdisjoint(after_failure) else "cancelled"
        assert [state for _, state in found] == ["failed", second], "the next way is taken, or called back"
        return
    highest = max(
        (each for each in news if each in GOOD), key=lambda one: RANKS[OutboxState(one)], default=""
    )
    assert len(found) == 1
    assert state == (highest or ("sent" if ANSWER in news else "sending"))


def _hear(db: Db, row: Claimed, ways: Ways, news: str) -> None:
    if news == ANSWER:
        mark_sent(db, [Sent(row.id, row.lease_token, "SM1")], AT)
        return
    failure = Failure.OTHER_CHANNEL if news == "failed" else None
    receipt = Receipt(provider_id="SM1", state=news, reference=str(row.id), failure=failure)
    note_status(db, "sms", receipt, ways, AT)


@settings(deadline=None)
@given(some.permutations(GOOD))
def test_what_arrived_is_never_lowered(db: Db, row: Claimed, ways: Ways, order: list[str]) -> None:
    with db.begin_nested() as trial:
        ranks = []
        for each in order:
            _hear(db, row, ways, each)
            state = db.execute(select(Outbox.state).where(Outbox.id == row.id)).scalar_one()
            ranks.append(RANKS[OutboxState(state)])
        trial.rollback()
    assert ranks == sorted(ranks)
    assert ranks[-1] == RANKS[OutboxState.READ]
