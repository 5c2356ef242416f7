"""What follows for others when the schedule is answered: colleagues, officers, the conversation itself."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from bot.programme import Programme
from bot.schedule import Occurrence
from bot.values import Heard, Message
from models.base import Db
from models.db import Store, write
from models.milestone import extend, waive
from models.occurrence import Occurrence as Stored
from models.outbox import Outbox
from models.person import Person
from models.programme import ProgrammeShelf
from tests.conversations.stage import MONDAY, Stage, a_stage, a_store

PROMPT = Occurrence("prompt", "prompt", 0, "lagos", MONDAY, MONDAY, form="weekly_update", period="2026-W48")
REMINDER = Occurrence("reminder", "reminder", 0, "lagos", MONDAY, MONDAY, milestone="M05")
LATER = date(2026, 12, 23)  # than M05 is due


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Return a store of its own with the programme loaded."""
    store = a_store(tmp_path_factory.mktemp("schedule") / "griot.db")
    yield store
    store.close()


def an_officer(store: Store, name: str, language: str) -> Stage:
    """Return the phone of an officer with a name of their own."""
    phone = a_stage(store, None, language, role="officer")
    write(store, lambda db: setattr(db.get(Person, phone.person_id), "name", name))
    return phone


def alerts(store: Store) -> list[str]:
    """Return what officers are told at once, whether it waits for their hours or not."""

    def work(db: Db) -> list[str]:
        told = db.scalars(select(Outbox.text).where(Outbox.kind == "alert").order_by(Outbox.id)).all()
        held = db.scalars(select(Stored).where(Stored.kind == "alert").order_by(Stored.key)).all()
        return [*told, *(str(each.data["text"]) for each in held)]

    return write(store, work)


def test_a_prompt_that_a_colleague_answered_says_so(store: Store) -> None:
    """Neither begins a second report nor sends nothing a second time."""
    first, second = (a_stage(store, "lagos", "en") for _ in range(2))
    for phone in (first, second):
        phone.asks(PROMPT)
    first.says("nothing")
    for reply in ("1", "3"):
        (told,) = second.says(reply)
        assert told.text.startswith("Weekly update, week 48: received (LOS-2026-W48-1).")
        second.asks(PROMPT)
    assert second.reports() == []


@pytest.mark.parametrize(
    ("option", "asked", "told"),
    [
        (2, "Your request for more time is with Jeanne Exemple.", "Lagos : délai demandé pour M05 "),
        (3, "Your message is with Jeanne Exemple.", "Lagos : blocage signalé, M05 "),
    ],
)
def test_officers_are_told_what_is_asked(store: Store, option: int, asked: str, told: str) -> None:
    """Every officer in their language, with the city's own words; the only one is named to the city."""
    an_officer(store, "Jeanne Exemple", "fr")
    phone = a_stage(store, "lagos", "en")
    phone.asks(REMINDER)
    phone.presses(option)
    (said,) = phone.says("The maps are late.")
    assert said.text.startswith(asked)
    (alert,) = alerts(store)
    assert alert.startswith(told)
    assert alert.endswith("The maps are late.")


def test_two_officers_are_the_secretariat(store: Store) -> None:
    """No one of several is named."""
    for name in ("Jeanne Exemple", "Moussa Exemple"):
        an_officer(store, name, "fr")
    phone = a_stage(store, "lagos", "en")
    phone.asks(REMINDER)
    phone.says("2")
    (said,) = phone.says("Two weeks.")
    assert said.text.startswith("Your request for more time is with the Secretariat.")
    assert len(alerts(store)) == 2


def test_officers_learn_that_a_coordinator_stopped(store: Store) -> None:
    """Once, with the name; an officer who stops alarms nobody."""
    other = an_officer(store, "Jeanne Exemple", "fr")
    an_officer(store, "Moussa Exemple", "en")
    phone = a_stage(store, "lagos", "en")
    phone.says("stop")
    phone.says("stop")
    other.says("stop")
    assert sorted(alerts(store)) == [
        "Lagos : Awa Exemple a arrêté tous les messages. Un appel est conseillé.",
        "Lagos: Awa Exemple stopped all messages. A call is advised.",
    ]


def test_a_stranger_who_stops_hears_nothing(store: Store) -> None:
    """The provider has confirmed it; nothing is said to who was never written to."""
    phone = replace(a_stage(store, "lagos", "en"), address="40000009")
    assert phone.hears(Heard(text="stop", opt_out="STOP")) == []


def test_a_template_shows_three_buttons_where_a_draft_leaves_two(store: Store) -> None:
    """The third one goes on with the draft: a report with answers is not nothing."""
    phone = a_stage(store, "lagos", "en")
    for text in ("report", "1", "later"):
        phone.says(text)
    (nudged,) = phone.asks(replace(PROMPT, kind="nudge"))
    assert nudged.options == ("Continue", "Later")
    (asked,) = phone.presses(3, nudged)
    assert asked.text.startswith("Answers saved: 1 of 9.")


def test_a_digest_button_shows_the_digest(store: Store) -> None:
    """The one button of the digest's template, for officers only."""
    officer, phone = an_officer(store, "Jeanne Exemple", "fr"), a_stage(store, "lagos", "en")
    button = Message("", token="digest.2026-W48")
    assert [each.text for each in officer.presses(1, button)] == ["(digest)"]
    assert "(digest)" not in phone.presses(1, button)[0].text
    assert "(digest)" not in officer.presses(1, Message("", token="digest.2026-W99"))[0].text


def test_who_answers_after_a_day_answers_the_prompt(store: Store) -> None:
    """A report left open a week before does not come between the prompt and its answer."""
    phone = a_stage(store, "lagos", "en")
    phone.says("need")
    phone.clock += timedelta(days=3)
    phone.asks(replace(PROMPT, kind="nudge"))
    (asked,) = phone.says("1")
    assert asked.question == "status"


def test_the_date_said_is_the_one_in_force(store: Store) -> None:
    """An officer may give more time while the reminder is open; then nobody says the old date."""
    phone = a_stage(store, "lagos", "en")
    phone.asks(REMINDER)
    decided(store, lambda db, programme, at: extend(db, programme, "lagos", "M05", LATER, "Floods.", at))
    (asked,) = phone.says("what?")
    assert "30 days left, due 23 December 2026" in asked.text
    phone.says("2")
    (said,) = phone.says("One more week.")
    assert "The date stays 23 December 2026" in said.text


def test_no_more_time_is_asked_for_what_was_waived(store: Store) -> None:
    """The reminder was sent before; no officer is asked for what nobody waits for."""
    phone = a_stage(store, "lagos", "en")
    phone.asks(REMINDER)
    decided(store, lambda db, programme, at: waive(db, programme, "lagos", "M05", "Merged.", at))
    (said,) = phone.says("2")
    assert said.text.startswith("M05 Roadmap of local activities, Lagos: waived.")


def test_without_an_officer_the_administrators_are_told(store: Store) -> None:
    """What a city asks of the Secretariat is read by somebody."""
    admin = a_stage(store, None, "fr", role="admin")
    phone = a_stage(store, "lagos", "en")
    phone.asks(REMINDER)
    phone.says("2")
    phone.says("Two weeks.")
    assert len(alerts(store)) == 1
    an_officer(store, "Jeanne Exemple", "fr")
    phone.asks(REMINDER)
    phone.says("2")
    phone.says("Three weeks.")
    assert len(alerts(store)) == 2
    assert admin.shown == []


def decided(store: Store, decide: Callable[[Db, Programme, datetime], None]) -> None:
    """Keep what an officer decides on Monday."""
    write(store, lambda db: decide(db, ProgrammeShelf().programme(db), MONDAY))
