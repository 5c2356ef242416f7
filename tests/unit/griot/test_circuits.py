"""What the outcomes of calls say of their channels."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from bot.values import Message
from channels.base import NEVER_CALLED, Failure, SendError
from griot.circuits import Circuits
from griot.sender import Outcome
from models.aside import DEFECT
from models.base import Db
from models.circuit import OPENS_AFTER, Setback, note_setback, standings, take_probe
from models.outbox import enqueue
from models.sending import Claimed, claim

AT = datetime(2026, 11, 23, 10, tzinfo=UTC)
LEASE = timedelta(seconds=60)
NO_ANSWER = SendError(Failure.UNKNOWN, "no answer in time")


def rows(db: Db, n: int) -> list[Claimed]:
    """Return so many messages on Telegram, claimed."""
    for number in range(n):
        enqueue(
            db,
            key=f"test:{number}",
            person_id=None,
            recipient=f"telegram:{number}",
            channel="telegram",
            address=str(number),
            kind="reply",
            message=Message("hello"),
            at=AT,
        )
    return claim(db, n, AT, LEASE)


def after(db: Db, errors: Sequence[SendError | None], throttled: float = 0) -> bool:
    """Return whether Telegram's circuit is open after calls that ended so."""
    ended = [Outcome(row, error=error) for row, error in zip(rows(db, len(errors)), errors, strict=True)]
    circuits = Circuits(("telegram",))
    circuits.look(db)
    circuits.note(db, ended, {"telegram": throttled} if throttled else {}, AT)
    known = standings(db).get("telegram")
    return known is not None and known.is_open


@pytest.mark.parametrize(
    ("errors", "is_open"),
    [
        pytest.param([NO_ANSWER] * OPENS_AFTER, True, id="silence"),
        pytest.param([NO_ANSWER] * (OPENS_AFTER - 1), False, id="too-few"),
        pytest.param([NO_ANSWER] * OPENS_AFTER + [None], False, id="one-was-taken"),
        pytest.param(
            [NO_ANSWER] * OPENS_AFTER + [SendError(Failure.BLOCKED, "blocked", code="403")],
            False,
            id="one-was-refused-for-its-person",
        ),
        pytest.param(
            [NO_ANSWER] * OPENS_AFTER + [SendError(Failure.UNREACHABLE, "no Telegram id")],
            True,
            id="one-was-never-sent",
        ),
        pytest.param([SendError(Failure.MISCONFIGURED, "Unauthorized", code="401")], True, id="token"),
        pytest.param([SendError(Failure.NOT_SENT, NEVER_CALLED)] * 9, False, id="never-called"),
        pytest.param([SendError(Failure.UNKNOWN, "KeyError", code=DEFECT)] * 9, False, id="defects-of-ours"),
        pytest.param([SendError(Failure.REJECTED, "too long", code="400")] * 9, False, id="messages"),
        pytest.param([SendError(Failure.THROTTLED, "429", code="429")] * 9, False, id="chats-throttled"),
    ],
)
def test_what_opens_a_circuit(db: Db, errors: Sequence[SendError | None], is_open: bool) -> None:
    """Faults of the channel in a row, or its refusal; not what is a message's, a chat's or our own fault."""
    assert after(db, errors) == is_open


def test_a_channel_throttled_as_a_whole_is_left_alone(db: Db) -> None:
    """For as long as it said."""
    assert after(db, [SendError(Failure.THROTTLED, "429", code="429", retry_after=7)], throttled=7)
    assert standings(db)["telegram"].probe_at == AT + timedelta(seconds=7)


@pytest.mark.parametrize(
    ("error", "is_open"),
    [
        pytest.param(None, False, id="taken"),
        pytest.param(SendError(Failure.THROTTLED, "429", code="429"), True, id="its-chat-throttled"),
    ],
)
def test_only_the_probe_speaks_for_a_channel_left_alone(
    db: Db, error: SendError | None, is_open: bool
) -> None:
    """Calls that were under way when it opened close nothing; a probe that says nothing is given back."""
    under_way, probe = rows(db, 2)
    note_setback(db, Setback("telegram", OPENS_AFTER, "unknown", "", ""), AT)
    later = AT + timedelta(seconds=10)
    assert take_probe(db, "telegram", later, later + LEASE)
    circuits = Circuits(("telegram",))
    circuits.look(db)
    circuits.probing(probe.id)
    circuits.note(db, [Outcome(under_way)], {}, later)
    assert standings(db)["telegram"].is_open
    circuits.note(db, [Outcome(probe, error=error)], {}, later)
    assert standings(db)["telegram"].is_open == is_open
    assert take_probe(db, "telegram", later, later + LEASE) == is_open
