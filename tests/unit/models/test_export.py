"""Exports: exactly the fields of the contract, in pages, since a time."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from models import export
from models.base import Db, Json
from models.city import City
from models.city import pause as pause_city
from models.consent import pause, record_consent, stop
from models.inbox import Inbox, InboxState, pack
from models.media import Attachment, Stored, attach, claim, mark_kept
from models.outbox import Outbox, OutboxState
from models.person import address_heard, address_lost, move_address
from models.submission import Answer, Submission, SubmissionState, mark_sent
from tests.unit.models.test_person import a_person

AT = datetime(2026, 11, 23, 10, 0, 0, 123_000, tzinfo=UTC)
LATER = AT + timedelta(days=1)
BASE = "https://griot.example/"
PHOTO = {"type": "image/jpeg", "name": "a.jpg", "size": 1200, "ref": "provider-file-1"}


def a_submission(db: Db, person_id: int, **more: Json) -> Submission:
    facts: dict[str, Json] = {
        "reference": "BKO-2026-W48-1",
        "form": "weekly_update",
        "form_version": "1",
        "city": "bamako",
        "person_id": person_id,
        "period": "2026-W48",
        "state": SubmissionState.SUBMITTED,
        "channel": "telegram",
        "language": "fr",
        "started_at": AT,
        "submitted_at": AT,
        "updated_at": AT,
        "changed_at": AT,
        "hidden": {"milestone_name": "Roadmap"},
        "kept": {"status": "on_track"},
        "answers": {"status": "on_track", "photo": PHOTO, "lines": [{"proof": PHOTO, "spent": 1.5}]},
    }
    row = Submission(**facts | more)
    db.add(row)
    db.flush()
    return row


def an_answer(
    db: Db,
    submission: Submission,
    revision: int,
    at: datetime,
    is_current: bool = True,
    changed_at: datetime | None = None,
) -> Answer:
    row = Answer(
        submission_id=submission.id,
        question="photo",
        value={"value": PHOTO},
        revision=revision,
        is_current=is_current,
        author=submission.person_id,
        channel="telegram",
        at=at,
        changed_at=changed_at or at,
        source="77",
    )
    db.add(row)
    db.flush()
    return row


def a_message_in(db: Db, person_id: int | None, provider_id: str = "1:7", **more: Json) -> Inbox:
    facts: dict[str, Json] = {
        "channel": "telegram",
        "provider_id": provider_id,
        "sender": "telegram:40000001",
        "body": pack(b'{"text": "bonjour"}'),
        "received_at": AT,
        "due_at": AT,
        "state": InboxState.DONE,
        "person_id": person_id,
        "text": "bonjour",
        "changed_at": AT,
    }
    row = Inbox(**facts | more)
    db.add(row)
    db.flush()
    return row


def a_message_out(db: Db, person_id: int | None, key: str = "reply:1:1", **more: Json) -> Outbox:
    facts: dict[str, Json] = {
        "key": key,
        "person_id": person_id,
        "recipient": str(person_id),
        "channel": "telegram",
        "address": "40000001",
        "kind": "reply",
        "text": "Bonjour Fatou Exemple.",
        "message": {"options": ["Oui"]},
        "state": OutboxState.SENT,
        "created_at": AT,
        "due_at": AT,
        "sent_at": AT,
        "changed_at": AT,
        "provider_id": "501",
        "tries": 1,
    }
    row = Outbox(**facts | more)
    db.add(row)
    db.flush()
    return row


def never(_city: str | None, _period: str) -> bool:
    return False


def test_a_submission_has_the_contracts_fields(db: Db) -> None:
    """Hidden fields and the provider's reference of a photo stay inside; times are UTC with Z."""
    id = a_person(db)
    a_submission(db, id)
    media = {"type": "image/jpeg", "name": "a.jpg", "size": 1200}
    (row,) = export.submissions(db, 0, None, never).rows
    assert tuple(row) == export.SUBMISSIONS
    assert row == {
        "reference": "BKO-2026-W48-1",
        "form": "weekly_update",
        "form_version": "1",
        "city": "bamako",
        "person": id,
        "period": "2026-W48",
        "state": "submitted",
        "review": "received",
        "partial": False,
        "channel": "telegram",
        "language": "fr",
        "started_at": "2026-11-23T10:00:00.123Z",
        "submitted_at": "2026-11-23T10:00:00.123Z",
        "nothing": False,
        "answers": {"status": "on_track", "photo": media, "lines": [{"proof": media, "spent": 1.5}]},
    }


@pytest.mark.parametrize(
    ("state", "period", "is_closed", "partial"),
    [
        pytest.param("draft", "2026-W48", True, True, id="a draft after the close"),
        pytest.param("draft", "2026-W48", False, False, id="a draft before the close"),
        pytest.param("draft", None, True, False, id="a draft of no period"),
        pytest.param("submitted", "2026-W48", True, False, id="a report that was sent"),
    ],
)
def test_partial_is_a_draft_after_the_close(
    db: Db, state: str, period: str | None, is_closed: bool, partial: bool
) -> None:
    """Only what was begun and never sent is partial, and only once its period is over."""
    a_submission(db, a_person(db), state=state, period=period)
    asked = []

    def closed(city: str | None, period: str) -> bool:
        asked.append((city, period))
        return is_closed

    assert export.submissions(db, 0, None, closed).rows[0]["partial"] is partial
    assert set(asked) <= {("bamako", "2026-W48")}


def test_pages_go_on_where_the_last_ended(db: Db) -> None:
    """All rows come once; no transaction reads more than a page."""
    id = a_person(db)
    numbers = range(export.PAGE + 1)
    made = [a_submission(db, id, reference=f"BKO-2026-W48-{number}").id for number in numbers]
    first = export.submissions(db, 0, None, never)
    assert (len(first.rows), first.next) == (export.PAGE, made[-2])
    second = export.submissions(db, made[-2], None, never)
    assert (len(second.rows), second.next) == (1, None)


def test_submissions_since_a_change(db: Db) -> None:
    """What did not change since then is left out."""
    id = a_person(db)
    a_submission(db, id)
    a_submission(db, id, reference="BKO-2026-W48-2", changed_at=LATER)
    rows = export.submissions(db, 0, LATER, never).rows
    assert [row["reference"] for row in rows] == ["BKO-2026-W48-2"]


def test_answers_have_a_row_per_revision(db: Db) -> None:
    """An answer that was replaced changed when it was replaced, and its report with it."""
    submission = a_submission(db, a_person(db), changed_at=LATER)
    an_answer(db, submission, 1, AT, is_current=False, changed_at=LATER)
    an_answer(db, submission, 2, LATER)
    rows = export.answers(db, 0, None).rows
    assert tuple(rows[0]) == export.ANSWERS
    assert [(row["revision"], row["current"], row["at"][:10]) for row in rows] == [
        (1, False, "2026-11-23"),
        (2, True, "2026-11-24"),
    ]
    assert rows[0]["value"] == {"type": "image/jpeg", "name": "a.jpg", "size": 1200}
    assert export.answers(db, 0, LATER).rows == rows
    assert export.answers(db, 0, LATER + timedelta(seconds=1)).rows == []


def test_answers_since_their_report_was_sent(db: Db) -> None:
    """Sending gives the report its reference, by which its answers are named from then on."""
    submission = a_submission(db, a_person(db), reference=None, state="draft", submitted_at=None)
    an_answer(db, submission, 1, AT)
    assert export.answers(db, 0, LATER).rows == []
    mark_sent(db, submission.id, "BKO-2026-W48-1", nothing=False, replaces="", at=AT, handled_at=LATER)
    assert [row["submission"] for row in export.answers(db, 0, LATER).rows] == ["BKO-2026-W48-1"]


@pytest.mark.parametrize("reference", ["BKO-2026-W48-1", None])
def test_answers_name_their_report(db: Db, reference: str | None) -> None:
    """Both tables call a report the same, a draft too."""
    submission = a_submission(db, a_person(db), reference=reference, state="draft")
    an_answer(db, submission, 1, AT)
    (report,) = export.submissions(db, 0, None, never).rows
    (answer,) = export.answers(db, 0, None).rows
    assert report["reference"] == answer["submission"] == (reference or f"draft-{submission.id}")


def test_messages_go_both_ways_with_the_same_fields(db: Db) -> None:
    """Inbox and outbox make one table; what is empty is null."""
    id = a_person(db)
    a_message_in(db, id)
    a_message_out(db, id)
    (heard,) = export.messages_in(db, 0, None).rows
    (said,) = export.messages_out(db, 0, None).rows
    assert tuple(heard) == tuple(said) == export.MESSAGES
    assert (heard["direction"], heard["key"], heard["kind"]) == ("in", "telegram:1:7", "reply")
    assert (heard["text"], heard["state"], heard["error"]) == ("bonjour", "done", None)
    assert (said["direction"], said["key"], said["attempts"]) == ("out", "reply:1:1", 1)
    assert (said["sent_at"], said["rung"]) == ("2026-11-23T10:00:00.123Z", "telegram")


def test_a_strangers_message_is_told_apart(db: Db) -> None:
    """Nobody is named for an unknown sender."""
    a_message_in(db, None)
    (row,) = export.messages_in(db, 0, None).rows
    assert (row["person"], row["kind"]) == (None, "stranger")


def test_people_have_the_contracts_fields(db: Db) -> None:
    """Consent is an object or null; an address that cannot be reached says why."""
    id, other = a_person(db, telegram="40000001"), a_person(db, name="Ali Exemple")
    record_consent(db, id, agreed=True, version="1", language="fr", channel="telegram", how="option 1", at=AT)
    address_lost(db, "telegram", "40000001", "blocked", AT)
    first, second = export.people(db, 0, None, AT, BASE).rows
    assert tuple(first) == export.PEOPLE
    token = first.pop("calendar_url").removeprefix("https://griot.example/calendar/").removesuffix(".ics")
    assert len(token) == 32
    assert first == {
        "id": id,
        "name": "Fatou Exemple",
        "role": "coordinator",
        "city": "bamako",
        "language": "fr",
        "state": "active",
        "consent": {
            "at": "2026-11-23T10:00:00.123Z",
            "version": "1",
            "language": "fr",
            "channel": "telegram",
            "how": "option 1",
        },
        "addresses": [{"channel": "telegram", "value": "40000001", "reachable": False, "reason": "blocked"}],
    }
    assert (second["id"], second["state"], second["consent"], second["addresses"]) == (
        other,
        "invited",
        None,
        [],
    )


def test_people_since_a_change(db: Db) -> None:
    """A new address, a consent, a pause or a stop is a change."""
    paused, stopped, agreed, _same = (a_person(db, name=f"Exemple {n}") for n in range(4))
    pause(db, paused, date(2026, 12, 1), LATER)
    stop(db, stopped, LATER)
    record_consent(db, agreed, agreed=True, version="1", language="fr", channel="telegram", how="", at=LATER)
    rows = export.people(db, 0, LATER, LATER, BASE).rows
    assert [row["id"] for row in rows] == [paused, stopped, agreed]
    assert [row["state"] for row in rows] == ["paused", "stopped", "active"]


def test_people_since_an_address_changed(db: Db) -> None:
    """Lost, reachable again, in other hands: a change of the person. A message alone is none."""
    id, other = a_person(db, telegram="40000001"), a_person(db, name="Ali Exemple")
    days = (AT + timedelta(days=day) for day in range(1, 9))

    def changed(change: Callable[[datetime], object]) -> list[int]:
        at = next(days)
        change(at)
        return [row["id"] for row in export.people(db, 0, at, at, BASE).rows]

    assert changed(lambda at: address_heard(db, "telegram", "40000001", at)) == []
    assert changed(lambda at: address_lost(db, "telegram", "40000001", "blocked", at)) == [id]
    assert changed(lambda at: address_heard(db, "telegram", "40000001", at)) == [id]
    assert changed(lambda at: address_heard(db, "telegram", "40000001", at)) == []
    assert changed(lambda at: move_address(db, other, "telegram", "40000001", at)) == [id, other]


def test_one_person_or_none(db: Db) -> None:
    """An unknown id is nobody."""
    id = a_person(db)
    found = export.person(db, id, AT, BASE)
    assert found is not None
    assert found["name"] == "Fatou Exemple"
    assert export.person(db, 99, AT, BASE) is None


def test_cities_show_what_was_decided(db: Db) -> None:
    """A pause holds through its last day in the city; a closed city is told apart."""
    pause_city(db, "bamako", date(2026, 11, 23), "élections", AT)
    db.get_one(City, "kampala").is_closed = True
    first, second = export.cities(db, None, AT)
    assert tuple(first) == export.CITIES
    assert (first["city"], first["state"], first["until"], first["reason"]) == (
        "bamako",
        "paused",
        "2026-11-23",
        "élections",
    )
    assert (second["city"], second["state"]) == ("kampala", "closed")
    assert export.cities(db, None, LATER)[0]["state"] == "active"


def test_cities_since_a_change(db: Db) -> None:
    """A city that nothing was changed of is left out."""
    db.get_one(City, "kampala").changed_at = AT
    assert [row["city"] for row in export.cities(db, AT, AT)] == ["kampala"]
    assert export.cities(db, LATER, AT) == []


def test_what_is_kept_has_the_size_that_is_stored(db: Db) -> None:
    """Everywhere: at the top, in a repeat, and in the answer that named this very file."""
    sent = a_submission(db, a_person(db))
    for question, ref, size in (
        ("photo", "provider-file-1", 340),
        ("lines[1]/proof", "provider-file-2", 450),
    ):
        new = Attachment(sent.id, sent.person_id, question, "telegram", ref, "image", "a.jpg", 1200)
        attach(db, new, AT, AT)
        [wanted] = claim(db, 1, AT, timedelta(seconds=60), ["telegram"])
        assert mark_kept(db, wanted, Stored("image/jpeg", size, "0" * 64, "00/0.jpg"), AT)
    an_answer(db, sent, 1, AT)
    [row] = export.submissions(db, 0, None, lambda city, period: False).rows
    assert row["answers"]["photo"]["size"] == 340
    assert row["answers"]["lines"][0]["proof"]["size"] == 450
    assert row["answers"]["lines"][0]["spent"] == 1.5
    assert export.answers(db, 0, None).rows[0]["value"] == {
        "type": "image/jpeg",
        "name": "a.jpg",
        "size": 340,
    }
