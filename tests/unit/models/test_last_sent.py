"""What the city answered last time: its newest report that counts."""

from datetime import timedelta
from typing import Any

from models.base import Db
from models.facts import StoredFacts
from models.form import FormShelf
from models.person import add_person
from models.submission import Submission, SubmissionState, last_sent_of
from tests.unit.models.conftest import LOADED_AT

FORM = "weekly_update"


def a_report(db: Db, person: int, day: int, said: str, **parts: Any) -> int:
    """Keep a report of Bamako that was sent on a day; return its number."""
    at = LOADED_AT + timedelta(days=day)
    usual = {"form": FORM, "form_version": "1", "city": "bamako", "state": SubmissionState.SUBMITTED}
    times = {"started_at": at, "submitted_at": at, "updated_at": at, "changed_at": at}
    words = {"channel": "chat", "language": "fr", "hidden": {}, "kept": {}, "answers": {"challenge": said}}
    row = Submission(person_id=person, **(usual | times | words | parts))
    db.add(row)
    db.flush()
    return row.id


def a_person(db: Db) -> int:
    return add_person(db, name="Awa Exemple", role="coordinator", city="bamako", language="fr", at=LOADED_AT)


def said_last(db: Db, besides: int = 0) -> object:
    found = last_sent_of(db, "bamako", FORM, besides)
    return found[1]["challenge"] if found else None


def test_the_newest_report_that_counts_is_last(db: Db) -> None:
    """By when it was sent; neither a draft, a withdrawn one, "nothing", nor another city's or form's."""
    person = a_person(db)
    a_report(db, person, 9, "new")
    a_report(db, person, 2, "old")
    a_report(db, person, 10, "begun", state=SubmissionState.DRAFT, submitted_at=None)
    a_report(db, person, 11, "withdrawn", state=SubmissionState.WITHDRAWN)
    a_report(db, person, 12, "nothing", nothing=True)
    a_report(db, person, 13, "elsewhere", city="kampala")
    a_report(db, person, 14, "need", form="need_request")
    assert said_last(db) == "new"


def test_a_report_is_not_its_own_last_time(db: Db) -> None:
    """A sent report that is changed reads the one before; the first one reads none."""
    person = a_person(db)
    first = a_report(db, person, 1, "first")
    second = a_report(db, person, 2, "second")
    assert said_last(db, besides=second) == "first"
    assert said_last(db, besides=first) == "second"


def test_without_a_report_there_is_no_last_time(db: Db) -> None:
    """Neither for a city that sent none, nor for a person without a city."""
    person = a_person(db)
    a_report(db, person, 1, "withdrawn", state=SubmissionState.WITHDRAWN)
    for city in ("bamako", None):
        facts = StoredFacts(db, FormShelf(), person, city, LOADED_AT, lambda *_: "")
        assert (facts.previous(FORM).given, facts.previous(FORM).form) == ({}, None)
