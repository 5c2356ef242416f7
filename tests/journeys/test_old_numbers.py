"""A number that was silent for sixty days may be somebody else's: who writes from it is shown nothing."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from models.base import Db
from models.db import read
from models.outbox import OUT
from models.person import Address, Person
from tests.moved import Moved, a_moved_site, add_people

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)  # a Tuesday, in office hours: alerts leave at once
NUMBER, SCOPED = "+22790000001", "NE.1000000000001"
OFFICER, USER = "600000009", "600000001"
SIXTY = timedelta(days=60)
HOUR = timedelta(hours=1)


@pytest.fixture
def site(tmp_path: Path, aston_database: str) -> Iterator[Moved]:
    """Yield a site with an officer."""
    with a_moved_site(tmp_path, aston_database, NOW) as running:
        add_people(running, [("officer", None, "en", {"telegram": OFFICER})], NOW)
        yield running


def a_coordinator(site: Moved, silent: timedelta, **addresses: str) -> int:
    """Add somebody who wrote from each of these addresses so long ago."""
    [person] = add_people(site, [("coordinator", "niamey", "fr", addresses)], NOW)

    def wrote(db: Db) -> None:
        theirs = update(Address).where(Address.person_id == person)
        db.execute(theirs.values(last_in_at=NOW - silent))

    site.write(wrote)
    return person


def say(site: Moved, text: str, channel: str = "sms", **more: str) -> list[str]:
    """Return what the phone shows after this was said and everything was done."""
    phone = site.twilio(NUMBER, channel)
    before = len(phone.messages())
    phone.say(text, **more)
    site.work()
    return [sent.text for sent in phone.messages()[before:]]


def alerts(site: Moved) -> list[str]:
    found = select(OUT.c.key).where(OUT.c.kind == "alert").order_by(OUT.c.id)
    keys: list[str] = read(site.store, lambda db: list(db.scalars(found)))
    return keys


def reachable(site: Moved) -> set[tuple[str, str]]:
    rows = select(Address.channel, Address.reachable).where(Address.value == NUMBER)
    return read(site.store, lambda db: {(channel, why) for channel, why in db.execute(rows)})


def test_on_the_sixtieth_day_they_are_known(site: Moved) -> None:
    """And are then again for sixty days."""
    a_coordinator(site, SIXTY, sms=NUMBER)
    assert len(say(site, "report weekly_update")) == 1
    site.now += SIXTY
    assert len(say(site, "1")) == 1
    assert alerts(site) == []


@pytest.mark.parametrize(("channel", "told"), [("sms", 0), ("whatsapp", 1)])
def test_after_it_they_are_strangers_until_they_send_a_code(site: Moved, channel: str, told: int) -> None:
    """The neutral answer of strangers where there is one; officers are told once, with a link that works."""
    person = a_coordinator(site, SIXTY + HOUR, whatsapp=NUMBER, sms=NUMBER)
    answers = say(site, "report weekly_update", channel)
    assert len(answers) == told
    assert not any("Person" in text or "Niamey" in text for text in answers)
    assert say(site, "status", channel) == []
    assert reachable(site) == {("whatsapp", "unknown"), ("sms", "unknown")}
    [key] = alerts(site)
    assert key.startswith(f"alert:silent:{person}:")
    [alert] = [sent.text for sent in site.provider.messages(OFFICER)]
    code = re.search(r"start=([0-9A-Z]{10})\b", alert)
    assert code is not None
    [welcome] = say(site, f"JOIN {code[1]}", channel)
    assert "Person 1 Demo" in welcome
    assert (channel, "yes") in reachable(site)
    assert len(say(site, "status", channel)) == 1


@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
def test_stop_is_obeyed_and_brings_nothing_back(site: Moved, channel: str) -> None:
    """Whoever holds the number now: one confirmation, everything stops; START there is a stranger's word."""
    person = a_coordinator(site, SIXTY + HOUR, **{channel: NUMBER})
    [confirmed] = say(site, "STOP", channel)
    assert "Niamey" not in confirmed
    state = select(Person.state).where(Person.id == person)
    assert read(site.store, lambda db: db.scalars(state).one()) == "stopped"
    assert len(say(site, "START", channel)) == (channel == "whatsapp")  # the neutral answer
    assert read(site.store, lambda db: db.scalars(state).one()) == "stopped"


def test_another_sign_of_the_same_holder(site: Moved) -> None:
    """They wrote from the number on the other channel, or their WhatsApp id comes with it."""
    person = a_coordinator(site, SIXTY + HOUR, whatsapp=NUMBER, sms=NUMBER)
    lately = update(Address).where(Address.person_id == person, Address.channel == "whatsapp")
    site.write(lambda db: db.execute(lately.values(last_in_at=NOW - HOUR)))
    assert len(say(site, "menu")) == 1
    site.write(lambda db: db.execute(update(Address).values(last_in_at=NOW)))
    assert len(say(site, "menu", "whatsapp", ExternalUserId=f"whatsapp:{SCOPED}")) == 1
    site.now += SIXTY + HOUR
    assert len(say(site, "menu", "whatsapp", ExternalUserId=f"whatsapp:{SCOPED}")) == 1
    assert alerts(site) == []


def test_who_is_believed_however_long(site: Moved) -> None:
    """An account of Telegram, and a number that an officer gave and nobody wrote from yet."""
    a_coordinator(site, 3 * SIXTY, telegram=USER)
    site.telegram(int(USER)).say("menu")
    site.work()
    assert len(site.provider.messages(USER)) == 1
    add_people(site, [("deputy", "niamey", "fr", {"sms": NUMBER})], NOW - 3 * SIXTY)
    assert len(say(site, "menu")) == 1
