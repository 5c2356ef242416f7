"""STOP and START in every language on every channel: everything stops, once confirmed, and comes back."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count, product
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.values import Heard, Message
from channels.chat import Chat, written_down
from models.base import Db
from models.consent import record_consent
from models.conversation import chat_of
from models.db import read
from models.inbox import receive
from models.outbox import OUT, OutboxState, enqueue
from models.person import Address, Person, PersonState
from models.talk import talk_of
from tests.moved import Moved, Someone, a_moved_site, add_people

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)  # a Tuesday: nothing is due for who agrees now
OFFICER = {"telegram": "600000001"}
LANGUAGES = {"en": ("unsubscribe", "start"), "fr": ("Arrêt !", "reprendre"), "pt": ("PARAR", "retomar")}
LANGUAGES |= {"ar": ("إيقاف", "ابدأ")}
CHANNELS = ("telegram", "whatsapp", "sms", "chat")
CITIES = ("bamako", "kumasi", "kampala", "kigali", "lagos", "matola", "bizerte", "nouakchott")
NUMBERS = count(1)


def addresses(number: int) -> dict[str, str]:
    """Return visibly fictitious addresses on every channel."""
    phone = f"+2279000{number:04}"
    return {"telegram": str(600_000_100 + number), "whatsapp": phone, "sms": phone, "chat": str(900 + number)}


@pytest.fixture
def site(tmp_path: Path, aston_database: str) -> Iterator[Moved]:
    """Yield a site on a Tuesday."""
    with a_moved_site(tmp_path, aston_database, NOON) as running:
        yield running


def say(site: Moved, channel: str, number: int, text: str) -> None:
    """Let the person of that number write."""
    at = addresses(number)[channel]
    match channel:
        case "telegram":
            site.telegram(int(at)).say(text)
        case "chat":
            name = f"chat:{next(NUMBERS)}"
            body = written_down(name, at, Heard(text=text))
            site.write(lambda db: receive(db, Chat.name, name, f"chat:{at}", body, site.now))
        case _:
            site.twilio(at, channel).say(text)


def replies(site: Moved, person: int, since: int) -> list[tuple[str, str, str]]:
    """Return channel, text and state of what was enqueued for a person after that row."""
    found = select(OUT.c.channel, OUT.c.text, OUT.c.state).where(OUT.c.person_id == person, OUT.c.id > since)
    return read(site.store, lambda db: [tuple(row) for row in db.execute(found.order_by(OUT.c.id))])


def has_choice(site: Moved, person: int) -> bool:
    """Tell whether a person is asked to choose."""
    return read(site.store, lambda db: talk_of(chat_of(db, person)).choice is not None)


def newest(site: Moved) -> int:
    """Return the newest row of the outbox."""
    return read(site.store, lambda db: db.scalar(select(OUT.c.id).order_by(OUT.c.id.desc())) or 0)


def wait_for(site: Moved, person: int, at: str) -> None:
    """Queue a reminder for later, on another channel than the newest."""

    def queue(db: Db) -> None:
        enqueue(
            db,
            key=f"test:{person}",
            person_id=person,
            recipient=str(person),
            channel="telegram",
            address=at,
            kind="reminder",
            message=Message("A reminder"),
            at=site.now,
            due_at=site.now + timedelta(hours=1),
        )

    site.write(queue)


def test_in_four_languages_on_four_channels(site: Moved) -> None:
    """One confirmation where it was said, nothing queued leaves, officers hear, START shows what is open."""
    rows = list(enumerate(product(LANGUAGES.items(), CHANNELS), start=1))
    people: list[Someone] = [("officer", None, "en", OFFICER)]
    for number, ((language, _), _) in rows:
        role = "coordinator" if number <= len(CITIES) else "deputy"
        people.append((role, CITIES[number % len(CITIES)], language, addresses(number)))
    officer, *ids = add_people(site, people, NOON)
    for number, (_, channel) in rows:
        say(site, channel, number, "menu")
    site.work()
    for number, _ in rows:
        wait_for(site, ids[number - 1], addresses(number)["telegram"])
    before = newest(site)
    for number, ((_, (stop, _)), channel) in rows:
        say(site, channel, number, stop)
    site.work()
    for number, (_, channel) in rows:
        [(on, _, state)] = replies(site, ids[number - 1], before)
        assert (on, state) == (channel, "sent")
    states = read(site.store, lambda db: set(db.scalars(select(Person.state).where(Person.id.in_(ids)))))
    assert states == {PersonState.STOPPED}
    reminders = select(OUT.c.state).where(OUT.c.kind == "reminder")
    assert read(site.store, lambda db: set(db.scalars(reminders))) == {OutboxState.CANCELLED}
    assert len(replies(site, officer, before)) == len(rows)

    before = newest(site)
    for number, (_, channel) in rows:
        say(site, channel, number, "1")
    site.now += timedelta(hours=2)
    site.work()
    assert all(replies(site, person, before) == [] for person in ids)

    for number, ((_, (_, start)), channel) in rows:
        say(site, channel, number, start)
    site.work()
    for number, (_, channel) in rows:
        [(on, text, state)] = replies(site, ids[number - 1], before)
        assert (on, state) == (channel, "sent")
        assert has_choice(site, ids[number - 1]), text
    states = read(site.store, lambda db: set(db.scalars(select(Person.state).where(Person.id.in_(ids)))))
    assert states == {PersonState.ACTIVE}


def reachable(site: Moved, channel: str) -> str:
    """Return how the only coordinator's address stands."""
    found = select(Address.reachable).where(Address.channel == channel, Address.value != OFFICER["telegram"])
    return read(site.store, lambda db: db.scalar(found)) or ""


def alone(site: Moved) -> int:
    """Add an officer and one coordinator with Telegram and SMS; return the coordinator."""
    mine = {name: addresses(1)[name] for name in ("telegram", "sms")}
    people: list[Someone] = [("officer", None, "en", OFFICER), ("coordinator", "bamako", "fr", mine)]
    return add_people(site, people, NOON)[1]


def test_who_stopped_at_the_provider_starts_there(site: Moved) -> None:
    """START on Telegram brings Griot back, not SMS: the carrier would refuse them, so none is tried."""
    person = alone(site)
    phone = addresses(1)["sms"]
    site.twilio(phone, "sms").say("STOP", OptOutType="STOP")
    site.work()
    assert replies(site, person, 0) == []  # the provider confirmed it itself
    assert reachable(site, "sms") == "blocked"
    site.telegram(int(addresses(1)["telegram"])).say("start")
    site.work()
    assert [one[0] for one in replies(site, person, 0)] == ["telegram"]
    assert reachable(site, "sms") == "blocked"
    site.twilio(phone, "sms").say("START", OptOutType="START")
    site.work()
    assert reachable(site, "sms") == "yes"


def test_a_refusal_of_the_carrier_is_a_stop_once(site: Moved) -> None:
    """21610 stops everything and tells officers; after START elsewhere no further SMS is burnt."""
    person = alone(site)
    phone = addresses(1)["sms"]
    site.provider.twilio.opted_out.add(phone)
    site.twilio(phone, "sms").say("menu")
    site.work()
    state = select(Person.state).where(Person.id == person)
    assert read(site.store, lambda db: db.scalar(state)) == PersonState.STOPPED
    assert reachable(site, "sms") == "blocked"
    site.telegram(int(addresses(1)["telegram"])).say("start")
    site.work()
    called = len(site.provider.calls("POST Messages"))
    site.telegram(int(addresses(1)["telegram"])).say("menu")
    site.work()
    assert len(site.provider.calls("POST Messages")) == called
    assert read(site.store, lambda db: db.scalar(state)) == PersonState.ACTIVE


def test_consent_withdrawn_while_a_message_waits(site: Moved) -> None:
    """What is unasked and was queued before does not leave."""
    person = alone(site)
    wait_for(site, person, addresses(1)["telegram"])
    refusal = {"version": "1", "language": "fr", "channel": "telegram", "how": "said no", "at": site.now}
    site.write(lambda db: record_consent(db, person, agreed=False, **refusal))
    site.now += timedelta(hours=2)
    site.work()
    assert [state for _, text, state in replies(site, person, 0) if text == "A reminder"] == ["cancelled"]
    assert site.provider.messages(int(addresses(1)["telegram"])) == []
