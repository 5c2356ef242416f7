"""What is queued and no longer true, or out of hours, when it would leave; and what a look reads."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, update

from bot.schedule import Occurrence
from bot.values import Message
from griot.settings import data_folder
from griot.voices import voices
from griot.ways import Ways
from models.base import Db
from models.city import excuse, pause
from models.consent import record_consent
from models.db import open_store
from models.milestone import extend, waive
from models.occurrence import OCCURRENCE, OccurrenceState, decide
from models.outbox import BULK, OUT, enqueue
from models.person import add_person
from models.programme import ProgrammeShelf, current_programme
from models.sending import claim
from models.submission import Submission

AT = datetime(2026, 11, 23, 10, tzinfo=UTC)  # a Monday, 11:00 in Niamey and Paris
LEASE = timedelta(seconds=60)
NIGHT = AT.replace(hour=20)
TUESDAY = datetime(2026, 11, 24, 7, 30, tzinfo=UTC)  # 08:30 in Niamey
NOTES = {"state": "submitted", "hidden": {}, "kept": {}, "answers": {}}


@pytest.fixture
def db(aston_database: str) -> Iterator[Db]:
    """Yield a session on a database with a coordinator and an officer, rolled back."""
    store = open_store(aston_database)
    with store.writers() as session:
        a_person(session, "coordinator", "niamey", "40000001")
        a_person(session, "officer", None, "40000002")
        yield session
    store.close()


def a_person(db: Db, role: str, city: str | None, user: str) -> None:
    """Add somebody who agreed."""
    id = add_person(
        db, name="Awa", role=role, language="fr", city=city, addresses={"telegram": user}, at=AT - LEASE
    )
    record_consent(
        db, id, agreed=True, version="1", language="fr", channel="paper", how="test", at=AT - LEASE
    )


def queued(db: Db, kind: str, person: int = 1, **about: object) -> str:
    """Decide an occurrence and queue its message; return the key."""
    city = "niamey" if person == 1 else None
    occurrence = Occurrence(f"{kind}:test:{person}", kind, person, city, AT, AT, **about)  # type: ignore[arg-type]
    assert decide(db, occurrence, OccurrenceState.SENT, AT)
    enqueue(
        db,
        key=occurrence.key,
        person_id=person,
        recipient=str(person),
        channel="telegram",
        address=f"4000000{person}",
        kind=kind,
        message=Message("…", kind=kind),
        at=AT,
        lane=BULK,
    )
    return occurrence.key


def leaving(db: Db, at: datetime) -> list[str]:
    """Return the kinds of what a worker would send at that time, whatever the schedule's own look did."""
    ways = Ways(frozenset({"telegram"}), voices(data_folder("locales")), ProgrammeShelf())
    return [row.kind for row in ways.leaving(db, claim(db, 10, at, LEASE), at)]


def standing(db: Db, key: str) -> tuple[str, str, datetime]:
    """Return the state of the message and of its occurrence, and when it is due."""
    row = db.execute(select(OUT.c.state, OUT.c.due_at).where(OUT.c.key == key)).one()
    state = db.execute(select(OCCURRENCE.c.state).where(OCCURRENCE.c.key == key)).scalar_one()
    return row.state, state, row.due_at


def test_what_is_true_and_in_hours_leaves(db: Db) -> None:
    queued(db, "prompt", form="weekly_update", period="2026-W48")
    assert leaving(db, AT) == ["prompt"]


@pytest.mark.parametrize(
    ("kind", "person", "opens"),
    [
        pytest.param("prompt", 1, TUESDAY, id="a prompt: when the city opens"),
        pytest.param("escalation", 2, datetime(2026, 11, 24, 8, tzinfo=UTC), id="in the Secretariat's hours"),
        pytest.param("digest", 2, TUESDAY, id="a digest: when phones may ring"),
    ],
)
def test_what_failed_until_the_hour_closed_waits(db: Db, kind: str, person: int, opens: datetime) -> None:
    """At its next try offices are closed: it keeps its try and leaves at the opening."""
    key = queued(db, kind, person, form="weekly_update", period="2026-W48")
    assert leaving(db, NIGHT) == []
    assert standing(db, key) == ("queued", "sent", opens)
    assert leaving(db, opens) == [kind]


@pytest.mark.parametrize("absence", [pause, excuse])
def test_a_city_that_is_away_since_is_not_asked(db: Db, absence: object) -> None:
    key = queued(db, "prompt", form="weekly_update", period="2026-W48")
    absence(db, "niamey", date(2026, 11, 27), "Elections.", AT)  # type: ignore[operator]
    assert leaving(db, AT) == []
    assert standing(db, key)[:2] == ("cancelled", "cancelled")


def test_a_city_that_is_away_still_hears_what_is_overdue(db: Db) -> None:
    """Only prompts, nudges, last calls and reminders stay away."""
    queued(db, "overdue", milestone="M04", deadline=date(2026, 11, 25))
    pause(db, "niamey", None, "Elections.", AT)
    assert leaving(db, AT) == ["overdue"]


def test_a_report_since_ends_the_prompt(db: Db) -> None:
    """Also where its call was under way, was throttled, and is tried again."""
    key = queued(db, "nudge", form="weekly_update", period="2026-W48")
    values = {"form": "weekly_update", "form_version": "1", "city": "niamey", "person_id": 1}
    times = dict.fromkeys(("started_at", "submitted_at", "updated_at", "changed_at"), AT)
    db.add(Submission(**values, period="2026-W48", channel="telegram", language="fr", **times, **NOTES))
    db.flush()
    assert leaving(db, AT) == []
    assert standing(db, key)[:2] == ("cancelled", "cancelled")


@pytest.mark.parametrize("decision", ["extend", "waive"])
def test_a_deadline_decided_anew_ends_the_reminder(db: Db, decision: str) -> None:
    key = queued(db, "reminder", milestone="M04", deadline=date(2026, 11, 25))
    programme = current_programme(db)
    if decision == "extend":
        extend(db, programme, "niamey", "M04", date(2026, 12, 2), "Elections.", AT)
    else:
        waive(db, programme, "niamey", "M04", "Not needed.", AT)
    assert leaving(db, AT) == []
    assert standing(db, key)[:2] == ("cancelled", "cancelled")


def test_a_city_that_left_the_programme_is_not_asked(db: Db) -> None:
    key = queued(db, "prompt", form="weekly_update", period="2026-W48")
    db.execute(update(OCCURRENCE).where(OCCURRENCE.c.key == key).values(city="gone"))
    assert leaving(db, AT) == []
