"""What the city answered last time: its newest report that counts."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import event

from models.base import Db, Json
from models.facts import StoredFacts
from models.form import FormShelf, add_form
from models.person import add_person
from models.stored import answered_by, last_sent_of, references_of
from models.submission import Answer, Submission, SubmissionState, trace_of
from tests.unit.models.conftest import LOADED_AT
from tests.xlsform import form_of, settings, survey

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


def a_form(db: Db) -> str:
    """Store a form with questions that depend on others; return its version."""
    rows = (
        "text | kind | Which fruit? |",
        "text | why | Why an apple? | ${kind} = 'apple'",
        "begin_repeat | lines | Line |",
        "integer | spent | Spent? |",
        "text | reason | For what? | ${spent} > 0",
        "end_repeat | | |",
    )
    text = survey(*rows, columns="type | name | label | relevant")
    text += settings("form_title | form_id | version", "Fruit | fruit | 1")
    return add_form(db, form_of(text), text.encode(), "fruit.md", LOADED_AT).version


def report_on(version: str, said: Json, answers: Json = None) -> dict[str, Json]:
    """Return the parts of a report on that form."""
    kept = {"given": said, "at": None}
    return {"form": "fruit", "form_version": version, "kept": kept, "answers": answers or said}


def said_last(db: Db, besides: int = 0) -> object:
    found = last_sent_of(db, "bamako", FORM, besides)
    return found[1]["challenge"] if found else None


def test_of_many_reports_of_a_period_the_newest_are_named(db: Db) -> None:
    """However many a city sends, one turn reads a few of them."""
    person = a_person(db)
    for number in range(1, 31):
        a_report(db, person, number, "said", period="2026-W48", reference=f"BKO-2026-W48-{number}")
    found = references_of(db, "bamako", FORM, "2026-W48")
    assert found == tuple(f"BKO-2026-W48-{number}" for number in range(30, 10, -1))


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
    """A sent report that is changed reads the one before, not one sent since; the first one reads none."""
    person = a_person(db)
    first = a_report(db, person, 1, "first")
    second = a_report(db, person, 2, "second")
    same_time = a_report(db, person, 2, "at the same time")
    draft = a_report(db, person, 3, "begun", state=SubmissionState.DRAFT, submitted_at=None)
    read = [said_last(db, besides=each) for each in (first, second, same_time, draft)]
    assert read == [None, "first", "second", "at the same time"]


def test_what_was_said_and_does_not_count_is_not_of_last_time(db: Db) -> None:
    """An answer that became irrelevant stays kept beside the report, also within an instance of a repeat."""
    person, shelf = a_person(db), FormShelf()
    version = a_form(db)
    said = {
        "kind": "pear",
        "why": "said beside",
        "lines[1]/spent": 4,
        "lines[1]/reason": None,
        "lines[1]": "yes",
        "lines[2]/spent": 0,
        "lines[2]/reason": "said beside",
        "lines[2]": "no",
    }
    counts = {"kind": "pear", "lines": [{"spent": 4, "reason": None}, {"spent": 0}]}
    a_report(db, person, 1, "", **report_on(version, said, counts), hidden={"milestone": "M04"})
    facts = StoredFacts(db, shelf, person, "bamako", LOADED_AT, lambda *_: "")
    last = facts.previous("fruit")
    assert set(said) - set(last.given) == {"why", "lines[2]/reason"}
    assert (last.form and last.form.name, last.milestone) == ("fruit", "M04")


def test_last_time_is_looked_up_once_a_turn(db: Db) -> None:
    """Every question that reads it asks for it; a report sent since is last time for the next turn."""
    person, shelf = a_person(db), FormShelf()
    version = a_form(db)
    first = a_report(db, person, 1, "", **report_on(version, {"kind": "apple"}))
    facts = StoredFacts(db, shelf, person, "bamako", LOADED_AT, lambda *_: "")
    assert facts.previous("fruit", first).given == {}
    asked: list[str] = []
    event.listen(db.connection(), "before_cursor_execute", lambda *told: asked.append(told[2]))
    assert [facts.previous("fruit").given for _ in range(3)] == [{"kind": "apple"}] * 3
    assert sum("FROM submission" in each for each in asked) == 1
    a_report(db, person, 2, "", **report_on(version, {"kind": "pear"}))
    next_turn = replace(facts, last_times={})
    assert (facts.previous("fruit").given, next_turn.previous("fruit").given) == (
        {"kind": "apple"},
        {"kind": "pear"},
    )


def test_without_a_report_there_is_no_last_time(db: Db) -> None:
    """Neither for a city that sent none, nor for a person without a city."""
    person = a_person(db)
    a_report(db, person, 1, "withdrawn", state=SubmissionState.WITHDRAWN)
    for city in ("bamako", None):
        facts = StoredFacts(db, FormShelf(), person, city, LOADED_AT, lambda *_: "")
        assert (facts.previous(FORM).given, facts.previous(FORM).form) == ({}, None)


def test_an_edit_finds_what_it_answered(db: Db) -> None:
    """By what is kept of the message's id; or, for an answer of an earlier release, by the id itself."""
    person, at = a_person(db), LOADED_AT
    for number, kept in enumerate((trace_of("telegram:1:7"), "telegram:1:8")):
        report = a_report(db, person, number, "Demo")
        row = {"submission_id": report, "question": f"q{number}", "value": {"value": 1}, "source": kept}
        db.add(Answer(**row, revision=1, author=person, channel="telegram", at=at, changed_at=at))
    found = [answered_by(db, person, f"telegram:1:{number}") for number in (7, 8, 9)]
    assert [each[1] if each else () for each in found] == [("q0",), ("q1",), ()]
