"""Faults of one person's updates: poison first in a chat, a text and a tap at once, a block and its end."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from bot.values import Message
from models.base import Db, Json
from models.city import City
from models.db import read
from models.inbox import IN, InboxState
from models.outbox import OUT, enqueue
from models.person import Address, Person
from tests.console_stage import token_in
from tests.moved import BASE_URL, Moved, a_moved_site, add_people
from tests.standin.phone import Phone
from tests.standin.trouble import Fault, Trouble

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)  # nothing is due on a Sunday
MONDAY = datetime(2026, 11, 23, 14, tzinfo=UTC)  # in the Secretariat's hours
FIRST, OFFICER = 600000001, 600000900
SECONDS = timedelta(seconds=1)


@pytest.fixture
def site(tmp_path: Path, aston_database: str) -> Iterator[Moved]:
    """Yield a site with every channel, on a Sunday, and nobody."""
    with a_moved_site(tmp_path, aston_database, AT) as running:
        yield running


def coordinators(site: Moved, count: int) -> list[Phone]:
    """Add so many people; return their phones."""
    users = [FIRST + number for number in range(count)]
    add_people(site, [("coordinator", "kampala", "en", {"telegram": str(user)}) for user in users])
    return [site.telegram(user, "en") for user in users]


def inbox(site: Moved) -> list[Json]:
    """Return every update, oldest first."""
    rows = select(IN).order_by(IN.c.id)
    return read(site.store, lambda db: list(db.connection().execute(rows).mappings()))


def test_poison_first_in_a_chat_stops_nobody_and_can_be_replayed(site: Moved) -> None:
    """Tried three times, set aside; the person's next message and others go on.

    The poison is a body that a later Griot packed; installed, it reads it when an officer asks for it. Nobody
    can be told of it before: who wrote stands in the body.
    """
    phone, other = coordinators(site, 2)
    officer = add_people(site, [("officer", None, "en", {"telegram": str(OFFICER)})])[0]
    phone.say("help")
    body = inbox(site)[0]["body"]
    site.write(lambda db: db.execute(update(IN).values(body=b"\x02" + body[1:])))
    phone.say("/report need_request")
    other.say("/report need_request")
    for _ in range(3):
        site.work()
        site.now += 5 * SECONDS
    states = [row["state"] for row in inbox(site)]
    assert states == [InboxState.QUARANTINED, InboxState.DONE, InboxState.DONE]
    [question] = phone.messages()
    assert question.text == other.messages()[0].text
    site.write(lambda db: db.execute(update(IN).where(IN.c.tries > 0).values(body=body)))
    assert _replay(site, officer, inbox(site)[0]["id"]) == 303
    site.work()
    assert {row["state"] for row in inbox(site)} == {InboxState.DONE}
    assert len(phone.messages()) > 1


def test_poison_on_the_way_out_stops_nobody_and_is_listed(site: Moved) -> None:
    """Tried three times, then failed and shown to officers; the person's next message and others leave."""
    phone, other = coordinators(site, 2)
    [officer] = add_people(site, [("officer", None, "en", {"telegram": str(OFFICER)})])
    site.write(lambda db: _queue(db, officer, Message("A word that never leaves", kind="alert"), site.now))
    poison = update(OUT).values(message=["what a later Griot keeps in another way"])
    site.write(lambda db: db.execute(poison))
    phones = phone, other, site.telegram(OFFICER, "en")
    for _ in range(4):
        for one in phones:
            one.say("help")
        site.work()
        site.now += 5 * SECONDS
    assert [len(one.messages()) for one in phones] == [4, 4, 4]
    [row] = site.sent("alert")
    assert (row["state"], row["tries"], row["error_code"]) == ("failed", 3, "defect")
    page = site.browser(officer).get("/attention", base_url=BASE_URL).get_data(as_text=True)
    assert "A word that never leaves" in page


def _queue(db: Db, person: int, message: Message, at: datetime) -> bool:
    return enqueue(
        db,
        key="poison",
        person_id=person,
        recipient=str(person),
        channel="telegram",
        address=str(OFFICER),
        kind=message.kind,
        message=message,
        at=at,
    )


def test_a_text_and_a_tap_at_once_answer_one_question(site: Moved) -> None:
    """Telegram delivers both at the same instant: whatever comes first, none is lost or counts twice."""
    [phone] = coordinators(site, 1)
    phone.say("/report need_request")
    site.work()
    question = phone.question()
    together = [
        threading.Thread(target=phone.press, args=(3, question)),
        threading.Thread(target=phone.say, args=("a text about our market",)),
    ]
    for one in together:
        one.start()
    for one in together:
        one.join()
    site.start(workers=2)
    workers = [threading.Thread(target=site.work_as, args=(number,)) for number in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert {row["state"] for row in inbox(site)} == {InboxState.DONE}
    asked = [sent.text.partition(" ")[0] for sent in phone.messages()]
    is_text_first = "market" in inbox(site)[1]["text"]
    shown = [text for text in asked if text in {"1/5", "2/5", "3/5"}]
    # the text is no option: refused before the tap, the answer to the second question after it
    assert shown[-1] == ("2/5" if is_text_first else "3/5")
    phone.say("-" if is_text_first else "1")
    site.work()
    assert all(row["state"] == InboxState.DONE for row in inbox(site))


def test_a_block_is_noted_and_its_end_too(site: Moved) -> None:
    """Nothing is sent to who blocked; the address is shown as blocked until the block ends."""
    [phone] = coordinators(site, 1)
    phone.block()
    site.work()
    assert _reachable(site) == ["blocked"]
    phone.unblock()
    site.work()
    assert _reachable(site) == ["yes"]
    phone.say("/report need_request")
    site.work()
    assert phone.messages()[-1].text.startswith("1/5")


def test_officers_hear_at_once_of_a_block(site: Moved) -> None:
    """Nothing needs to be sent to who blocked; a second block of the week is not told again."""
    [phone] = coordinators(site, 1)
    add_people(site, [("officer", None, "en", {"telegram": str(OFFICER)})])
    site.now = MONDAY
    site.work()
    for _ in range(2):
        phone.block()
        site.work()
        phone.unblock()
        site.work()
    told = [row["text"] for row in site.sent("alert")]
    assert told == ["Kampala: Person 1 Demo can no longer be reached on Telegram."]


def test_a_block_in_a_city_that_was_closed_is_noted_only(site: Moved) -> None:
    """The programme knows the city no more: nothing raises, and nobody is told."""
    [phone] = coordinators(site, 1)
    closed = {"slug": "atlantis", "code": "ATL", "name": "Atlantis", "position": 99, "timezone": "UTC"}
    gone = insert(City).values(**closed, facts={}, is_closed=True, changed_at=AT)
    site.write(lambda db: db.execute(gone))
    site.write(lambda db: db.execute(update(Person).values(city="atlantis")))
    phone.block()
    site.work()
    assert _reachable(site) == ["blocked"]
    assert inbox(site)[0]["tries"] == 0


def test_officers_hear_at_once_when_a_message_takes_another_way(site: Moved) -> None:
    """A 403 where somebody wrote before: the reply goes by SMS, and officers are told once."""
    ways = {"telegram": str(FIRST), "sms": "+256700000001"}
    add_people(
        site, [("coordinator", "kampala", "en", ways), ("officer", None, "en", {"telegram": str(OFFICER)})]
    )
    site.now = MONDAY
    site.telegram(FIRST, "en").say("help")
    site.provider.trouble(FIRST, Trouble(fault=Fault.BLOCKED))
    site.work()
    [reply] = [row for row in site.sent("reply") if row["channel"] == "sms"]
    assert reply["rung_reason"] == "telegram: blocked"
    told = [row["text"] for row in site.sent("alert")]
    assert told == ["Kampala: Person 1 Demo can no longer be reached on Telegram."]


def test_a_throttled_chat_waits_and_thirty_others_do_not(site: Moved) -> None:
    """429 with seven seconds: that chat's reply leaves after them, thirty others' at once, each once."""
    first, *others = coordinators(site, 31)
    site.provider.trouble(FIRST, Trouble(fault=Fault.THROTTLED, value=7, times=1))
    for phone in (first, *others):
        phone.say("/report need_request")
    site.work()
    assert [len(phone.messages()) for phone in others] == [1] * 30
    [waiting] = _open(site)
    assert (waiting["address"], waiting["due_at"]) == (str(FIRST), AT + 7 * SECONDS)
    site.run(AT + 8 * SECONDS)
    assert len(first.messages()) == 1
    assert _open(site) == []


def _open(site: Moved) -> list[Json]:
    rows = select(OUT).where(OUT.c.state.in_(["queued", "sending"]))
    return read(site.store, lambda db: list(db.connection().execute(rows).mappings()))


def _reachable(site: Moved) -> list[str]:
    return read(site.store, lambda db: list(db.scalars(select(Address.reachable))))


def _replay(site: Moved, officer: int, row: int) -> int:
    browser = site.browser(officer)
    token = token_in(browser.get("/attention", base_url=BASE_URL))
    headers = {"Origin": BASE_URL}
    answer = browser.post(
        f"/attention/{row}/replay", data={"csrf_token": token}, headers=headers, base_url=BASE_URL
    )
    return answer.status_code
