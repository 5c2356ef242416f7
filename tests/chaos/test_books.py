"""The comparison finds what it looks for: a book that always balances would prove nothing."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from bot.values import Message
from models.base import Db
from models.circuit import OPENS_AFTER, Setback, note_setback
from models.db import open_store
from models.inbox import receive
from models.outbox import OUT, OutboxState, enqueue
from tests.chaos.books import Answers, compare_answers, outbox_figures, why_waiting
from tests.chaos.crowd import Writer
from tests.chaos.figures import Figure, table
from tests.standin.record import Record, Sent

AT = datetime(2026, 11, 23, tzinfo=UTC)
WRITERS = [Writer(number) for number in range(3)]


def stored(**changes: str) -> list[dict[str, object]]:
    """Return the export after everybody's reports arrived, with changes to the first."""
    rows = [
        {"form": form, "state": "submitted", "answers": dict(answers)}
        for one in WRITERS
        for form, answers in one.reports.items()
    ]
    rows[0]["answers"] |= changes  # type: ignore[operator]
    return rows


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        pytest.param(stored(), Answers(0, 0, 0), id="right"),
        pytest.param(stored()[1:], Answers(5, 0, 0), id="a report lost"),
        pytest.param(stored()[:1] + stored(), Answers(0, 5, 0), id="a report doubled"),
        pytest.param(stored(tried="topic 0"), Answers(0, 0, 1), id="in the wrong question"),
        pytest.param([{**stored()[0], "state": "draft"}, *stored()[1:]], Answers(5, 0, 0), id="not sent"),
        pytest.param(stored(topic="topic 9"), Answers(5, 0, 5), id="nobody's"),
    ],
)
def test_answers_are_compared(rows: list[dict[str, object]], found: Answers) -> None:
    assert compare_answers(WRITERS, json.dumps(rows)) == found


@pytest.fixture
def db(database: str) -> Iterator[Db]:
    """Yield a session on a database with every table."""
    store = open_store(database)
    with store.writers.begin() as session:
        yield session
    store.close()


def queue(db: Db, number: int, channel: str, address: str) -> None:
    """Queue a reply to somebody."""
    enqueue(
        db,
        key=f"reply:{number}:1",
        person_id=None,
        recipient=f"{channel}:{address}",
        channel=channel,
        address=address,
        kind="reply",
        message=Message("1/5 What do you need?"),
        at=AT,
    )


@pytest.mark.parametrize(
    ("channel", "state", "taken", "broken"),
    [
        ("telegram", "sent", 1, []),
        ("telegram", "sent", 2, []),
        ("telegram", "uncertain", 0, []),
        ("telegram", "sent", 0, ["messages out neither delivered nor listed"]),
        ("telegram", "queued", 0, ["messages out neither delivered nor listed"]),
        ("telegram", "sent", 3, ["most copies of a message"]),
        ("sms", "delivered", 2, ["messages that went twice on Twilio"]),
    ],
)
def test_messages_are_compared(db: Db, channel: str, state: str, taken: int, broken: list[str]) -> None:
    address = "1" if channel == "telegram" else "+19990000001"
    queue(db, 1, channel, address)
    db.execute(update(OUT).values(state=state))
    record = Record()
    for number in range(taken):
        record.take(Sent(0.0, address, number, "1/5 What do you need?\n1. A call"))
    assert [figure.name for figure in outbox_figures(db, record) if not figure.is_met] == broken


def test_why_each_message_waits_is_told(db: Db) -> None:
    """A row of which nothing is known is a fault of ours; all others say for what they wait."""
    for number, (channel, address) in enumerate(
        [("telegram", "1"), ("telegram", "2"), ("telegram", "2"), ("telegram", "3"), ("sms", "+19990000001")]
    ):
        queue(db, number, channel, address)
    ids = list(db.scalars(select(OUT.c.id).order_by(OUT.c.id)))
    later = {"due_at": AT + timedelta(seconds=8), "tries": 4, "error": "no answer in time"}
    db.execute(update(OUT).where(OUT.c.id == ids[1]).values(later))
    leased = {"state": OutboxState.SENDING, "lease_until": AT + timedelta(seconds=5)}
    db.execute(update(OUT).where(OUT.c.id == ids[3]).values(leased))
    note_setback(db, Setback("sms", OPENS_AFTER, "unknown", "500", ""), AT)
    receive(db, "telegram", "1:1", "telegram:1", b"{}", AT)
    untried = "0 tries, 0 repeats, no error"
    assert why_waiting(db, AT + timedelta(seconds=1)) == [
        f"outbox {ids[0]}, telegram: nothing known, due since 1 s; {untried}",
        f"outbox {ids[1]}, telegram: due in 7 s; 4 tries, 0 repeats, no answer in time",
        f"outbox {ids[2]}, telegram: behind {ids[1]}, to the same person; {untried}",
        f"outbox {ids[3]}, telegram: being sent, its lease ends in 4 s",
        f"outbox {ids[4]}, sms: its channel is left alone, the next probe in 4 s; {untried}",
        "inbox 1: 0 failures, since 1 s",
    ]


def test_the_table_has_a_column_for_each_database() -> None:
    """A figure of one of them only leaves the other's cell empty."""
    runs = {
        "sqlite": [Figure("answers lost", 0, 0), Figure("a lock: seconds", 1.04, 10)],
        "postgresql": [Figure("answers lost", 2, 0), Figure("messages out", 12_345)],
    }
    assert table(runs).splitlines() == [
        "| figure | at most | sqlite | postgresql |",
        "| --- | --- | --- | --- |",
        "| answers lost | 0 | 0 | 2 |",
        "| a lock: seconds | 10 | 1.0 |  |",
        "| messages out |  |  | 12,345 |",
    ]
