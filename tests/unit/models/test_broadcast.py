"""A broadcast: set-wise it queues what the way of one message queues person by person."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, event, select

from bot.ladder import ORDER
from bot.programme import Programme, read_programme
from bot.values import Message
from models import broadcast, ladder
from models.base import Db
from models.broadcast import Broadcast, Missed, hearers, hours, opens
from models.consent import consent_of, record_consent, state_at
from models.db import is_postgres
from models.outbox import OUT
from models.person import Address, Person, PersonState, add_person
from tests.programmes import ASTON, files_of

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)  # a Wednesday: offices are open in both cities
NIGHT = datetime(2026, 11, 25, 22, tzinfo=UTC)
TEXTS = {"en": "Demo: the office is closed.", "fr": "Démo : le bureau est fermé.", "ar": "تجربة"}
SAID = Broadcast("closed", TEXTS, ("bamako", "kampala"), by=0)
ON = ("telegram", "whatsapp", "sms", "chat")  # e-mail is off
CHANNELS = [channel for channel in ORDER if channel != "email"] + ["email"]
SPANS = [
    timedelta(minutes=30),
    timedelta(hours=23, minutes=49),
    timedelta(hours=23, minutes=50),
    timedelta(days=9),
]


@pytest.fixture(scope="module")
def programme() -> Programme:
    """Return the ASToN programme."""
    found, problems = read_programme(files_of(ASTON))
    assert found is not None, problems
    return found


def a_crowd(db: Db, random: Random, count: int = 120) -> list[int]:
    """Add people of every kind: any state, any addresses, reachable or not, written from or not."""
    people = []
    for number in range(count):
        role = random.choice(("coordinator", "deputy", "group", "officer"))
        city = None if role == "officer" else random.choice(("bamako", "kampala", "bamako"))
        language = random.choice(("en", "fr", "ar", "pt"))
        person = add_person(db, name=f"Demo {number}", role=role, city=city, language=language, at=NOON)
        people.append(person)
        for place in range(random.randrange(3)):
            wrote = random.choice([None, *SPANS])
            db.add(
                Address(
                    person_id=person,
                    channel=random.choice(CHANNELS),
                    value=f"{person}-{place}",
                    reachable=random.choice(("yes", "yes", "blocked", "not_started")),
                    created_at=NOON,
                    last_in_at=wrote and NOON - wrote,
                )
            )
        if random.random() < 0.8:
            for agreed in random.choice(((True,), (True, False), (False, True))):
                consent = {"agreed": agreed, "version": "1", "language": language}
                record_consent(db, person, **consent, channel="chat", how="demo", at=NOON)
        state = random.choice(("", "", "paused", "over", "stopped"))
        row = db.get_one(Person, person)
        if state in ("paused", "over"):
            row.state, row.paused_until = (
                PersonState.PAUSED,
                (NOON + timedelta(days=(state == "paused") - 1)).date(),
            )
        elif state:
            row.state = PersonState.STOPPED
    db.flush()
    return people


def one_by_one(db: Db, programme: Programme, people: Sequence[int], at: datetime) -> None:
    """Queue it as any other message is queued."""
    for hour, slugs in hours(programme, SAID.cities, at).items():
        for id in people:
            row = db.get_one(Person, id)
            text = TEXTS.get(row.language)
            if row.city not in slugs or text is None:
                continue
            zone = ZoneInfo(programme.cities[row.city].timezone)
            if state_at(row, at, zone, agreed=consent_of(db, id) is not None) != PersonState.ACTIVE:
                continue
            ladder.enqueue(
                db,
                key=SAID.key(id),
                person_id=id,
                message=Message(text, kind=broadcast.BROADCAST),
                at=at,
                channels_on=ON,
                due_at=hour.due_at,
                not_after=hour.due_at + broadcast.LIFE,
            )


def rows(db: Db) -> list[dict[str, Any]]:
    """Return the outbox without its numbers."""
    found = db.execute(select(OUT).order_by(OUT.c.key)).mappings()
    return [{name: value for name, value in row.items() if name != "id"} for row in found]


@pytest.mark.parametrize("at", [NOON, NIGHT], ids=["open", "night"])
@pytest.mark.parametrize("seed", range(3))
def test_set_wise_is_one_by_one(db: Db, programme: Programme, seed: int, at: datetime) -> None:
    """The same people, ways, reasons, hours and keys, whoever they are; again, nothing is new."""
    people = a_crowd(db, Random(seed))
    one_by_one(db, programme, people, at)
    expected = rows(db)
    db.execute(delete(OUT))
    said = replace(SAID, by=people[0])
    queued = broadcast.send(db, programme, said, ON, at)
    assert rows(db) == expected
    assert len({row["rung_reason"] for row in expected}) > 1
    assert queued == len(expected) > 5
    assert broadcast.send(db, programme, said, ON, at + timedelta(seconds=1)) == 0
    without = broadcast.missed(db, programme, said, ON, at)
    assert queued + len(without) == sum(hearers(db, programme, said, at).values())
    assert {each.reason for each in without} >= {"no_address", "unreachable", "channel_off"}


def test_sqlite_keeps_the_pages_of_many_messages(db: Db, programme: Programme) -> None:
    """As long as they are queued: pages written again and again are half of the time; then as before."""
    if is_postgres(db):
        return
    a_hearer(db, 1)
    officer = add_person(db, name="Demo", role="officer", city=None, language="en", at=NOON)
    seen: list[int] = []

    def look(_connection: object, cursor: Any, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO outbox"):
            seen.append(cursor.execute("PRAGMA cache_size").fetchone()[0])

    event.listen(db.connection(), "before_cursor_execute", look)
    before = db.connection().exec_driver_sql("PRAGMA cache_size").scalar_one()
    broadcast.send(db, programme, replace(SAID, by=officer), ON, NOON)
    assert set(seen) == {-broadcast.MANY_PAGES}
    assert db.connection().exec_driver_sql("PRAGMA cache_size").scalar_one() == before != seen[0]


def test_a_later_hearer_gets_it_when_it_is_sent_again(db: Db, programme: Programme) -> None:
    """The name tells broadcasts apart: the same again goes to those only who had none."""
    first, second = (a_hearer(db, number) for number in (1, 2))
    officers = [add_person(db, name="Demo", role="officer", city=None, language="en", at=NOON) for _ in "ab"]
    db.execute(delete(Address).where(Address.person_id == second))
    assert broadcast.send(db, programme, replace(SAID, by=officers[0]), ON, NOON) == 1
    assert broadcast.missed(db, programme, SAID, ON, NOON) == [Missed(second, "bamako", "no_address")]
    db.add(Address(person_id=second, channel="whatsapp", value="+2237000", created_at=NOON))
    db.flush()
    assert broadcast.missed(db, programme, SAID, ON, NOON) == [Missed(second, "bamako", "no_template")]
    db.add(Address(person_id=second, channel="sms", value="+2237000", created_at=NOON))
    db.flush()
    later = NOON + timedelta(hours=1)
    assert broadcast.send(db, programme, replace(SAID, by=officers[1]), ON, later) == 1
    assert [row["key"] for row in rows(db)] == [SAID.key(first), SAID.key(second)]
    assert broadcast.missed(db, programme, SAID, ON, later) == []
    by = [broadcast.sent_by(db, row["key"], row["created_at"]) for row in rows(db)]
    assert by == officers
    assert broadcast.sent_by(db, "prompt:closed:1", NOON) is None


def test_what_did_not_leave_in_time_waits_for_the_hour(db: Db, programme: Programme) -> None:
    """A thousand messages of a channel may take longer than the offices are open."""
    id = a_hearer(db, 1)
    broadcast.send(db, programme, replace(SAID, by=id), ON, NOON)
    [id] = db.scalars(select(OUT.c.id))
    assert opens(db, programme, [id], NOON) == {id: NOON}
    [morning] = opens(db, programme, [id], NIGHT).values()
    assert NIGHT + timedelta(hours=8) < morning < NIGHT + timedelta(hours=13)


def a_hearer(db: Db, number: int) -> int:
    """Add a coordinator of Bamako who agreed and is on Telegram."""
    there = {"telegram": f"60000000{number}"}
    person = add_person(
        db, name="Demo", role="coordinator", city="bamako", language="fr", addresses=there, at=NOON
    )
    consent = {"agreed": True, "version": "1", "language": "fr", "channel": "chat", "how": "demo"}
    record_consent(db, person, **consent, at=NOON)
    return person
