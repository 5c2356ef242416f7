"""The comparison finds what it looks for: a book that always balances would prove nothing."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from bot.values import Message
from models.base import Db
from models.db import open_store
from models.outbox import OUT, enqueue
from tests.chaos.books import Answers, compare_answers, outbox_figures
from tests.chaos.crowd import Writer
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
    enqueue(
        db,
        key="reply:1:1",
        person_id=None,
        recipient=f"{channel}:{address}",
        channel=channel,
        address=address,
        kind="reply",
        message=Message("1/5 What do you need?"),
        at=AT,
    )
    db.execute(update(OUT).values(state=state))
    record = Record()
    for number in range(taken):
        record.take(Sent(0.0, address, number, "1/5 What do you need?\n1. A call"))
    assert [figure.name for figure in outbox_figures(db, record) if not figure.is_met] == broken
