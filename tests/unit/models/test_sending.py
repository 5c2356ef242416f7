"""The outbox: leases, order per person, lanes, at most two copies, nothing to who cannot be written to."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import update

from bot.values import Message, Skip
from models import export
from models.aside import set_aside
from models.base import Db
from models.circuit import OPENS_AFTER, Setback, note_setback
from models.consent import stop
from models.outbox import BULK, LIVE, OUT, Outbox, OutboxState, cancel, enqueue, message_of, note_receipt
from models.person import Address, add_person
from models.privacy import erase
from models.queues import oldest_due
from models.sending import (
    Claimed,
    Sent,
    claim,
    close,
    drop_unsendable,
    give_back,
    mark_sent,
    move,
    next_due,
    put_back,
)
from models.settling import settle_lost
from models.thread import deliver_here

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
LATER = AT + timedelta(days=1)
LEASE = timedelta(seconds=60)
SECOND = timedelta(seconds=1)
KEYS = count(1)


def a_message(db: Db, recipient: str = "telegram:1", **given: object) -> str:
    """Queue a message and return its key."""
    key = f"reply:{next(KEYS)}:1"
    usual: dict[str, object] = {
        "key": key,
        "person_id": None,
        "recipient": recipient,
        "channel": "telegram",
        "address": recipient.partition(":")[2],
        "kind": "reply",
        "message": Message(f"text of {key}"),
        "at": AT,
    }
    assert enqueue(db, **(usual | given))  # type: ignore[arg-type] # the factory's values fit
    return key


def claimed(db: Db, at: datetime = AT, n: int = 10, **given: object) -> list[Claimed]:
    """Claim messages."""
    return claim(db, n, at, LEASE, **given)  # type: ignore[arg-type] # the test's values fit


def texts(rows: Sequence[Claimed]) -> list[str]:
    """Return the keys inside the texts."""
    return [row.message.text.removeprefix("text of ") for row in rows]


def row_of(db: Db, claimed: Claimed) -> Outbox:
    """Return the row as it stands."""
    row = db.get(Outbox, claimed.id, populate_existing=True)
    assert row is not None
    return row


def test_a_second_enqueue_is_a_no_op(db: Db) -> None:
    """The key decides: the same message is queued once."""
    key = a_message(db)
    assert not enqueue(
        db,
        key=key,
        person_id=None,
        recipient="telegram:1",
        channel="telegram",
        address="1",
        kind="reply",
        message=Message("again"),
        at=AT,
    )
    assert texts(claimed(db)) == [key]


@pytest.mark.parametrize(("channel", "question"), [("telegram", None), ("chat", "status")])
def test_a_message_comes_back_as_it_was_enqueued(db: Db, channel: str, question: str | None) -> None:
    """Options, token and the rest survive the table; the question's name where programs are told it."""
    message = Message(
        "ما الحالة؟",
        ("جيد", "سيئ"),
        finish="تم",
        skip=Skip("تخطي", "(«-» للتخطي)"),
        token="q1.v2",
        question="status",
        replaces="1:2",
        kind="notice",
    )
    a_message(db, channel=channel, message=message, kind="notice")
    [row] = claimed(db)
    assert row.message == replace(message, question=question)
    assert message_of(row_of(db, row)) == row.message


def test_a_token_that_no_button_bears_is_not_kept(db: Db) -> None:
    """One letter of it tells that a question was asked; a lone button bears the whole."""
    a_message(db, "telegram:1", message=Message("What was done?", token="q1.v2"))
    a_message(db, "telegram:2", message=Message("A photo?", skip=Skip("Skip", "(-)"), token="q1.v3"))
    assert [row.message.token for row in claimed(db)] == ["q", "q1.v3"]


def test_one_message_of_a_person_at_a_time(db: Db) -> None:
    """The next message waits until the one before is settled; other persons do not wait."""
    first, second, other = a_message(db), a_message(db), a_message(db, "telegram:2")
    rows = claimed(db)
    assert texts(rows) == [first, other]
    assert claimed(db) == []
    mark_sent(db, [Sent(rows[0].id, rows[0].lease_token, "1:1")], AT)
    assert texts(claimed(db)) == [second]


def test_a_retry_keeps_the_order(db: Db) -> None:
    """A message that waits for another try is not overtaken by the person's next one."""
    first, second = a_message(db), a_message(db)
    [row] = claimed(db)
    put_back(db, row, AT + 10 * SECOND, AT, error="connection refused")
    assert claimed(db) == []
    [row] = claimed(db, AT + 10 * SECOND)
    assert (texts([row]), row.tries) == ([first], 2)
    mark_sent(db, [Sent(row.id, row.lease_token, "1:1")], AT)
    assert texts(claimed(db)) == [second]


def test_what_is_due_later_holds_nobody_up(db: Db) -> None:
    """A message planned for later does not delay a reply enqueued after it."""
    later = a_message(db, due_at=AT + timedelta(days=1), lane=BULK)
    reply = a_message(db)
    rows = claimed(db)
    assert texts(rows) == [reply]
    mark_sent(db, [Sent(rows[0].id, rows[0].lease_token, "1:1")], AT)
    assert texts(claimed(db, AT + timedelta(days=1))) == [later]


def test_live_replies_pass_bulk(db: Db) -> None:
    """Of a person and among persons, the live lane goes first; the bulk lane can be left out."""
    a_message(db, lane=BULK)
    a_message(db, "telegram:2", lane=BULK)
    live = a_message(db)
    assert texts(claimed(db, lane=LIVE)) == [live]
    assert len(claimed(db)) == 1


def test_only_channels_that_are_on_are_claimed(db: Db) -> None:
    """A message on a channel that is off stays queued."""
    a_message(db, channel="sms")
    assert claimed(db, channels=["telegram"]) == []
    assert len(claimed(db, channels=["sms"])) == 1


def test_another_lease_cannot_mark(db: Db) -> None:
    """Who lost the lease changes nothing."""
    a_message(db)
    [lost] = claimed(db)
    settle_lost(db, AT + 61 * SECOND)
    [row] = claimed(db, AT + 61 * SECOND)
    mark_sent(db, [Sent(lost.id, lost.lease_token, "1:1")], AT)
    assert not close(db, lost, OutboxState.FAILED, AT, error="late")
    assert row_of(db, row).state == OutboxState.SENDING


def test_a_lost_send_is_repeated_once(db: Db) -> None:
    """A lease that runs out gives one more try in all, then rest as uncertain."""
    a_message(db)
    claimed(db)
    assert settle_lost(db, AT + 59 * SECOND) == 0
    assert settle_lost(db, AT + 61 * SECOND) == 1
    [row] = claimed(db, AT + 61 * SECOND)
    assert (row.tries, row.repeats) == (2, 1)
    assert settle_lost(db, AT + 122 * SECOND) == 1
    assert row_of(db, row).state == OutboxState.UNCERTAIN
    assert settle_lost(db, AT + 300 * SECOND) == 0


def test_a_lost_send_that_cannot_be_read_rests(db: Db) -> None:
    """As of a later Griot that died: it may have left, and keeps no other from being settled."""
    a_message(db)
    [unreadable] = claimed(db)
    db.execute(update(OUT).values(message=["what a later Griot keeps in another way"]))
    a_message(db, "telegram:2")
    [readable] = claimed(db)
    assert settle_lost(db, AT + 61 * SECOND) == 2
    assert row_of(db, unreadable).state == OutboxState.UNCERTAIN
    assert row_of(db, readable).state == OutboxState.QUEUED


def test_what_was_throttled_and_then_raises_is_tried_as_often_as_others(db: Db) -> None:
    """Three times from the first that raises, however often the provider put it off."""
    a_message(db)
    at = AT
    for _ in range(4):
        [row] = claimed(db, at)
        put_back(db, row, at + 7 * SECOND, at, error="Too Many Requests", code="429")
        at += 7 * SECOND
    states = []
    for _ in range(3):
        [row] = claimed(db, at)
        states.append(set_aside(db, row.id, "KeyError", at))
        at += 5 * SECOND
    assert states == [False, False, True]
    assert row_of(db, row).state == OutboxState.FAILED


@pytest.mark.parametrize(("wait", "rests_after"), [(30, 60), (2, 10)])
def test_a_repeat_that_cannot_be_made_rests(db: Db, wait: int, rests_after: int) -> None:
    """While its channel is left alone; two minutes in all, 20 seconds with a short lease."""
    a_message(db)
    [row] = claimed(db)
    put_back(db, row, AT + wait * SECOND, AT, may_have_left=True)
    due = AT + wait * SECOND
    assert settle_lost(db, due + 61 * SECOND) == 0  # the channel works: the repeat will be made
    note_setback(db, Setback("telegram", OPENS_AFTER, "unknown", "", ""), AT)
    assert settle_lost(db, due + (rests_after - 1) * SECOND) == 0
    assert settle_lost(db, due + rests_after * SECOND) == 1
    assert row_of(db, row).state == OutboxState.UNCERTAIN


@pytest.mark.parametrize(
    "given", [pytest.param({"kind": "digest"}, id="digest"), pytest.param({"despite_stop": True}, id="stop")]
)
def test_what_is_never_repeated(db: Db, given: dict[str, object]) -> None:
    """A digest and a stop's confirmation rest as uncertain at once."""
    a_message(db, "telegram:1", **given)
    [row] = claimed(db)
    settle_lost(db, AT + 61 * SECOND)
    assert row_of(db, row).state == OutboxState.UNCERTAIN


def test_a_reply_overtakes_a_message_that_may_have_left(db: Db) -> None:
    """When the person wrote meanwhile, the message in doubt rests and their answer leaves."""
    a_message(db)
    [row] = claimed(db)
    put_back(db, row, AT + 30 * SECOND, AT, may_have_left=True)
    answer = a_message(db)
    assert claimed(db) == []
    settle_lost(db, AT + SECOND)
    assert row_of(db, row).state == OutboxState.UNCERTAIN
    assert texts(claimed(db)) == [answer]


@pytest.mark.parametrize("kind", ["alert", "reminder"])
def test_an_unasked_message_overtakes_none(db: Db, kind: str) -> None:
    """What nobody asked for does not take the place of a message that may have left."""
    a_message(db, kind="alert")
    [row] = claimed(db)
    put_back(db, row, AT + 30 * SECOND, AT, may_have_left=True)
    a_message(db, kind=kind)
    settle_lost(db, AT + SECOND)
    assert row_of(db, row).state == OutboxState.QUEUED


def test_what_is_too_late_expires(db: Db) -> None:
    """A message does not leave at or after its last moment."""
    a_message(db, not_after=AT)
    rows = claimed(db)
    assert drop_unsendable(db, rows, AT) == []
    assert row_of(db, rows[0]).state == OutboxState.EXPIRED


def test_nothing_but_the_confirmation_leaves_after_a_stop(db: Db) -> None:
    """A stopped person's messages are cancelled, whether queued before or claimed already."""
    person = add_person(
        db, name="Demo", role="coordinator", language="en", city="bamako", addresses={"telegram": "1"}, at=AT
    )
    a_message(db, str(person), person_id=person, address="1")
    rows = claimed(db)
    a_message(db, str(person), person_id=person, address="1")
    stop(db, person, AT)
    db.flush()
    assert cancel(db, person, AT) == 1
    confirmation = a_message(db, str(person), person_id=person, address="1", despite_stop=True)
    assert drop_unsendable(db, rows, AT) == []
    assert row_of(db, rows[0]).state == OutboxState.CANCELLED
    assert texts(drop_unsendable(db, claimed(db), AT)) == [confirmation]


def test_nothing_leaves_for_an_address_that_is_lost(db: Db) -> None:
    """A blocked address gets nothing; the message says why."""
    person = add_person(
        db, name="Demo", role="coordinator", language="en", city="bamako", addresses={"telegram": "1"}, at=AT
    )
    db.query(Address).update({"reachable": "blocked"})
    a_message(db, str(person), person_id=person, address="1")
    rows = claimed(db)
    assert drop_unsendable(db, rows, AT) == []
    row = row_of(db, rows[0])
    assert (row.state, row.error) == (OutboxState.UNDELIVERABLE, "the address is unreachable: blocked")


def test_a_chat_that_moved_is_written_to_anew(db: Db) -> None:
    """The new address is used for this message and remembered for the person."""
    person = add_person(
        db, name="Demo", role="coordinator", language="en", city="bamako", addresses={"telegram": "1"}, at=AT
    )
    a_message(db, str(person), person_id=person, address="1")
    [row] = claimed(db)
    assert move(db, row, "-1001", LATER)
    assert [one.address for one in claimed(db, LATER)] == ["-1001"]
    assert [one.value for one in db.query(Address).all()] == ["-1001"]
    assert [one["id"] for one in export.people(db, 0, LATER, AT, "").rows] == [person]


def test_what_was_not_called_is_given_back(db: Db) -> None:
    """A message that was only held leaves no try behind."""
    a_message(db)
    rows = claimed(db)
    give_back(db, rows, AT)
    [row] = claimed(db)
    assert (row.tries, row.repeats) == (1, 0)


def test_receipts_never_go_backwards(db: Db) -> None:
    """Delivered after read changes nothing, in any order and repeated."""
    a_message(db, channel="sms")
    [row] = claimed(db)
    mark_sent(db, [Sent(row.id, row.lease_token, "1:1")], AT)
    steps = (OutboxState.READ, OutboxState.DELIVERED, OutboxState.READ)
    assert [note_receipt(db, "sms", "1:1", step, AT) for step in steps] == [True, False, False]
    assert row_of(db, row).state == OutboxState.READ


@pytest.mark.parametrize(
    ("channel", "options"), [("telegram", ()), ("email", ()), ("sms", ("Yes",)), ("whatsapp", ("Yes",))]
)
def test_buttons_are_kept_while_they_may_be_sent_again(
    db: Db, channel: str, options: tuple[str, ...]
) -> None:
    """Of what can still fail all is kept; of what has arrived as far as the channel tells, the text."""
    a_message(db, channel=channel, message=Message("Demo?", ("Yes",), token="q1"))
    [row] = claimed(db)
    assert message_of(row_of(db, row)).options == ("Yes",)
    mark_sent(db, [Sent(row.id, row.lease_token, "1:1")], AT)
    assert (message_of(row_of(db, row)).text, message_of(row_of(db, row)).options) == ("Demo?", options)


def test_the_next_due_time_skips_who_must_wait(db: Db) -> None:
    """A message behind one that waits for a try is not due before it."""
    a_message(db)
    a_message(db)
    [row] = claimed(db)
    assert next_due(db, AT + 30 * SECOND, ["telegram"]) == AT + LEASE
    put_back(db, row, AT + 20 * SECOND, AT)
    assert next_due(db, AT + 30 * SECOND, ["telegram"]) == AT + 20 * SECOND
    assert next_due(db, AT + 10 * SECOND, ["telegram"]) is None
    assert oldest_due(db, AT) == AT


SINCE: dict[str, Callable[[Db, Claimed], object]] = {
    "sent": lambda db, row: mark_sent(db, [Sent(row.id, row.lease_token, "1:1")], LATER),
    "failed": lambda db, row: close(db, row, OutboxState.FAILED, LATER, error="rejected"),
    "put back": lambda db, row: put_back(db, row, LATER + SECOND, LATER, error="connection refused"),
    "given back": lambda db, row: give_back(db, [row], LATER),
    "moved": lambda db, row: move(db, row, "-1001", LATER),
    "lost": lambda db, _: settle_lost(db, LATER),
    "expired": lambda db, row: drop_unsendable(db, [row], LATER),
    "claimed": lambda db, row: [give_back(db, [row], AT), claimed(db, LATER)],
    "cancelled": lambda db, row: [give_back(db, [row], AT), cancel(db, int(row.recipient), LATER)],
    "shown": lambda db, row: [
        give_back(db, [row], AT),
        deliver_here(db, int(row.recipient), "telegram", LATER),
    ],
    "overtaken": lambda db, row: [
        put_back(db, row, AT, AT, may_have_left=True),
        a_message(db, row.recipient, due_at=LATER + LEASE),
        settle_lost(db, LATER),
    ],
    "delivered": lambda db, row: [
        mark_sent(db, [Sent(row.id, row.lease_token, "1:1")], AT),
        note_receipt(db, "telegram", "1:1", OutboxState.DELIVERED, LATER, str(row.id)),
    ],
    "erased": lambda db, row: erase(db, int(row.recipient), LATER),
}


@pytest.mark.parametrize("change", [pytest.param(change, id=name) for name, change in SINCE.items()])
def test_whatever_changes_a_message_is_seen_since(db: Db, change: Callable[[Db, Claimed], object]) -> None:
    """An export since a time has every message that changed then, in whatever way."""
    person = add_person(
        db, name="Demo", role="coordinator", language="en", city="bamako", addresses={"telegram": "1"}, at=AT
    )
    a_message(db, str(person), person_id=person, address="1", not_after=LATER)
    [row] = claimed(db)
    assert export.messages_out(db, 0, LATER).rows == []
    change(db, row)
    assert [found["id"] for found in export.messages_out(db, 0, LATER).rows] == [row.id]
