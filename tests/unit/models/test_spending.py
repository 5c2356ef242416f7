"""Counting what was sent and received: each message once, on its day in its city's time."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest

from bot.costs import INBOUND, TEMPLATE, TEXT, Count
from bot.programme import Programme, open_programme
from bot.values import Message
from models.base import Db
from models.inbox import receive, sender_key
from models.outbox import OutboxState, Which, close_failed, enqueue, note_receipt
from models.person import add_person
from models.sending import Claimed, Sent, claim, close, mark_sent, put_back
from models.spending import count_received, count_sent, counts, counts_of_month
from tests.programmes import ASTON, with_budget

AT = datetime(2026, 11, 30, 22, 30, tzinfo=UTC)  # December already in Kampala, not in Bamako
LEASE = timedelta(seconds=60)
SETTLED = timedelta(minutes=2)
KEYS = count(1)
NOVEMBER, DECEMBER = date(2026, 11, 30), date(2026, 12, 1)
MALI, UGANDA = "+22300000001", "+25600000001"


@pytest.fixture(scope="module")
def programme() -> Programme:
    """Return ASToN with its prices."""
    return open_programme(with_budget(ASTON))


def parts_of(channel: str, message: Message) -> int:
    """Bill an SMS by ten characters."""
    return -(-len(message.text) // 10) if channel == "sms" else 1


def a_person(db: Db, city: str | None = "bamako", **addresses: str) -> int:
    """Add somebody of a city."""
    role = "coordinator" if city else "officer"
    return add_person(db, name="Awa Example", role=role, language="fr", at=AT, city=city, addresses=addresses)


def left(db: Db, person: int, channel: str, address: str, text: str = "Hello.", **more: object) -> Claimed:
    """Queue, claim and mark a message as sent."""
    row = under_way(db, person, channel, address, text, **more)
    mark_sent(db, [Sent(row.id, row.lease_token, f"SM{row.id}")], AT)
    return row


def under_way(
    db: Db, person: int, channel: str, address: str, text: str = "Hello.", **more: object
) -> Claimed:
    """Queue and claim a message."""
    assert enqueue(
        db,
        key=f"reply:{next(KEYS)}:1",
        person_id=person,
        recipient=str(person),
        channel=channel,
        address=address,
        kind="reply",
        message=Message(text),
        at=AT,
        **more,  # type: ignore[arg-type] # the tests' values fit
    )
    (row,) = claim(db, 1, AT, LEASE)
    return row


def counted(db: Db, programme: Programme) -> list[Count]:
    """Count what left, and return all that was counted."""
    while count_sent(db, programme, parts_of, AT, n=2):
        pass
    return counts(db, date.min, date.max)


def test_each_message_counts_on_its_day_in_city_time(db: Db, programme: Programme) -> None:
    """By channel, city, country and sort; of an SMS the parts; officers by the Secretariat's day."""
    awa, ben = a_person(db, sms=MALI), a_person(db, "kampala", whatsapp=UGANDA)
    boss = a_person(db, None, telegram="700000001")
    left(db, awa, "sms", MALI, "A text of 22 characters")
    left(db, ben, "whatsapp", UGANDA)
    left(db, ben, "whatsapp", UGANDA, rung="whatsapp_template")
    left(db, ben, "whatsapp", UGANDA, rung="whatsapp_template")
    left(db, boss, "telegram", "700000001")
    assert counted(db, programme) == [
        Count(NOVEMBER, "sms", "bamako", "ML", TEXT, 1, 3),
        Count(NOVEMBER, "telegram", "", "", TEXT, 1, 1),
        Count(DECEMBER, "whatsapp", "kampala", "UG", TEMPLATE, 2, 2),
        Count(DECEMBER, "whatsapp", "kampala", "UG", TEXT, 1, 1),
    ]
    assert [one.channel for one in counts_of_month(db, NOVEMBER)] == ["sms", "telegram"]
    assert {one.channel for one in counts_of_month(db, DECEMBER)} == {"whatsapp"}


def test_counting_again_changes_nothing(db: Db, programme: Programme) -> None:
    """Nor does what is told of a message later: delivered, read, failed."""
    awa = a_person(db, sms=MALI)
    row, other = left(db, awa, "sms", MALI), left(db, awa, "sms", MALI)
    first = counted(db, programme)
    assert first == [Count(NOVEMBER, "sms", "bamako", "ML", TEXT, 2, 2)]
    note_receipt(db, "sms", f"SM{row.id}", OutboxState.DELIVERED, AT)
    failed = Which("sms", f"SM{other.id}")
    assert close_failed(db, failed, OutboxState.FAILED, AT, error="not delivered", code="30003")
    assert counted(db, programme) == first


def test_a_message_tried_twice_counts_once(db: Db, programme: Programme) -> None:
    """Also when the first try may have left; one that never left does not count."""
    awa = a_person(db, sms=MALI)
    row = under_way(db, awa, "sms", MALI)
    put_back(db, row, AT, AT, may_have_left=True)
    (again,) = claim(db, 1, AT, LEASE)
    mark_sent(db, [Sent(again.id, again.lease_token, "SM1")], AT)
    refused = under_way(db, awa, "sms", MALI)
    close(db, refused, OutboxState.FAILED, AT, error="refused")
    assert counted(db, programme) == [Count(NOVEMBER, "sms", "bamako", "ML", TEXT, 1, 1)]


def test_a_message_known_only_by_its_receipt_counts(db: Db, programme: Programme) -> None:
    """The worker died before it heard the answer; the status tells that it left."""
    awa = a_person(db, sms=MALI)
    row = under_way(db, awa, "sms", MALI)
    assert note_receipt(db, "sms", "SM9", OutboxState.DELIVERED, AT, str(row.id))
    assert counted(db, programme) == [Count(NOVEMBER, "sms", "bamako", "ML", TEXT, 1, 1)]


def a_reply(db: Db, channel: str, sender: str) -> None:
    """Keep an update of this sender; "" is a status that nobody sent."""
    provider_id = f"SM{next(KEYS)}"
    assert receive(db, channel, provider_id, sender_key(channel, sender, provider_id), b"{}", AT)


def received(db: Db, programme: Programme, at: datetime, n: int = 2) -> list[Count]:
    """Count what came until there is no more, and return what was counted."""
    while count_received(db, programme, at, n):
        pass
    return counts(db, date.min, date.max)


def test_what_people_write_is_counted_once_it_can_have_no_gap(db: Db, programme: Programme) -> None:
    """Statuses are nobody's; a number counts when no lower one can appear any more."""
    assert received(db, programme, AT) == []
    for sender in (MALI, MALI, MALI, "", UGANDA):
        a_reply(db, "whatsapp", sender)
    assert received(db, programme, AT) == []
    a_reply(db, "whatsapp", MALI)
    found = received(db, programme, AT + SETTLED)
    assert found == [
        Count(NOVEMBER, "whatsapp", "", "ML", INBOUND, 3, 3),
        Count(NOVEMBER, "whatsapp", "", "UG", INBOUND, 1, 1),
    ]
    assert received(db, programme, AT + SETTLED) == found
    last = received(db, programme, AT + 2 * SETTLED)
    assert last == [replace(found[0], messages=4, parts=4), found[1]]


def test_the_clock_jumping_back_delays_counting_only(db: Db, programme: Programme) -> None:
    """Nothing is counted before its time, nor twice."""
    received(db, programme, AT)
    a_reply(db, "sms", MALI)
    received(db, programme, AT)
    earlier = AT - timedelta(hours=3)
    assert received(db, programme, earlier) == []
    assert [one.messages for one in received(db, programme, earlier + SETTLED)] == [1]
