"""The wall clock jumps an hour forward and back: nothing leaves twice, nothing waits as long as it jumped."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.values import Message
from models import inbox
from models.base import Db
from models.jumps import settle_jumps
from models.outbox import Outbox, OutboxState, enqueue
from models.sending import Claimed, Sent, claim, mark_sent, put_back
from models.settling import settle_lost
from models.worker import has_leader, lead

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
LEASE = 60 * SECOND


def queue(db: Db, at: datetime, due_at: datetime | None = None) -> None:
    enqueue(
        db,
        key=f"test:{at}",
        person_id=None,
        recipient="telegram:1",
        channel="telegram",
        address="1",
        kind="reply",
        message=Message("hello"),
        at=at,
        due_at=due_at,
    )


def claimed(db: Db, at: datetime) -> list[Claimed]:
    return claim(db, 10, at, LEASE)


def settle(db: Db, at: datetime) -> int:
    """Do what the job does each second."""
    return settle_jumps(db, at) + settle_lost(db, at)


def test_what_was_queued_before_a_jump_back_leaves_at_once(db: Db) -> None:
    """It was due; it does not wait for an hour."""
    queue(db, AT)
    assert claimed(db, AT - HOUR) == []
    assert settle(db, AT - HOUR) == 1
    assert len(claimed(db, AT - HOUR)) == 1
    assert settle(db, AT - HOUR) == 0


def test_what_waits_for_another_try_keeps_its_wait(db: Db) -> None:
    """A message put back for ten seconds is tried ten seconds after the jump."""
    queue(db, AT)
    [row] = claimed(db, AT)
    put_back(db, row, AT + 10 * SECOND, AT)
    settle(db, AT - HOUR)
    assert claimed(db, AT - HOUR + 9 * SECOND) == []
    assert len(claimed(db, AT - HOUR + 10 * SECOND)) == 1


def test_what_is_planned_keeps_its_time(db: Db) -> None:
    """A message for later, written by a clock that did not jump, stays where it is."""
    queue(db, AT - 2 * HOUR, due_at=AT)
    assert settle(db, AT - HOUR) == 0
    assert claimed(db, AT - SECOND) == []


def test_a_call_under_way_is_made_once_whatever_the_clock_does(db: Db) -> None:
    """Its lease begins anew after a jump forward; its outcome is stored."""
    queue(db, AT)
    [row] = claimed(db, AT)
    for at in (AT + HOUR, AT + HOUR + 2 * SECOND):
        settle(db, at)
        assert claimed(db, at) == []
    mark_sent(db, [Sent(row.id, row.lease_token, "700:1")], AT + HOUR)
    settle(db, AT)
    assert claimed(db, AT) == []
    assert [one.state for one in db.query(Outbox).all()] == [OutboxState.SENT]


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_lost_call_is_settled_within_two_minutes_of_a_jump(db: Db, jump: timedelta) -> None:
    """Whose process died is repeated once the renewed lease ran out."""
    queue(db, AT)
    claimed(db, AT)
    after = AT + jump
    settle(db, after)
    assert claimed(db, after + LEASE - SECOND) == []
    settle(db, after + LEASE + SECOND)
    assert len(claimed(db, after + LEASE + SECOND)) == 1


def test_an_update_received_before_a_jump_back_is_handled_at_once(db: Db) -> None:
    """So is one that waited for its second try, after its delay."""
    for number, sender in enumerate(("telegram:1", "telegram:2")):
        inbox.receive(db, "telegram", f"700:{number}", sender, b"{}", AT)
    rows = inbox.take(db, 2, AT)
    inbox.fail(db, rows[0], "ValueError", AT)
    assert inbox.take(db, 2, AT - HOUR) == []
    settle_jumps(db, AT - HOUR)
    assert [row.id for row in inbox.take(db, 2, AT - HOUR)] == [rows[1].id]
    assert len(inbox.take(db, 2, AT - HOUR + SECOND)) == 2


def test_a_lease_to_lead_from_before_a_jump_back_is_nobodys(db: Db) -> None:
    """Another worker leads at once, under a higher number."""
    first = lead(db, "one", AT, 20 * SECOND)
    assert first is not None
    assert not has_leader(db, AT - HOUR)
    assert lead(db, "two", AT - HOUR, 20 * SECOND) == first + 1
    assert has_leader(db, AT - HOUR)
