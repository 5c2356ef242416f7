"""A person may see everything kept about them, and have it erased."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from bot.schedule import Occurrence
from models.audit import OPERATOR, What, record, rows_after, somebody, verify
from models.base import Base, Db
from models.broadcast import Sending
from models.consent import record_consent
from models.conversation import Chat
from models.export import messages_in, messages_out, person, submissions
from models.inbox import Inbox, InboxState, Update, hashed, receive, receive_all, sender_key
from models.invite import answer_stranger, invite, redeem
from models.known_person import person_of
from models.media import Attachment, attach
from models.occurrence import Occurrence as Kept
from models.occurrence import OccurrenceState, decide
from models.outbox import Outbox, OutboxState
from models.pace import SenderPace
from models.person import PersonError
from models.privacy import erase, everything_about
from models.sending import Sent, claim, mark_sent, move, put_back
from models.settling import settle_lost
from models.signin import new_sign_in
from models.submission import Submission
from tests.unit.models.test_export import BASE, a_message_in, a_message_out, a_submission, an_answer, never
from tests.unit.models.test_person import a_person

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
PERSONAL = ("Fatou", "40000001", "40000009", "bonjour", "lettre signée", "1:7", "1:8", "501", "option 1")
LATE = "Bamako: M05. Contact: Fatou Exemple.\nLagos: M05. Contact: Fatou Exemplaire."


def a_full_life(db: Db) -> int:
    """Return a person who left a trace in every table."""
    id = a_person(db, telegram="40000001")
    record_consent(
        db, id, agreed=True, version="1", language="fr", channel="telegram", how="lettre signée", at=AT
    )
    answer_stranger(db, "telegram", "40000009", AT)
    redeem(db, "0000000000", "telegram", "40000009", AT)
    a_message_in(db, None, "1:8", sender="telegram:40000009", state=InboxState.OPEN)
    a_message_out(db, None, "stranger:1", address="40000009", recipient="telegram:40000009")
    redeem(db, invite(db, id, AT), "telegram", "40000009", AT)
    a_message_in(db, id)
    a_message_out(db, id)
    a_message_out(db, id, "reply:2:1", state=OutboxState.QUEUED, sent_at=None, provider_id="")
    submission = a_submission(db, id, kept={"status": "bonjour"})
    an_answer(db, submission, 1, AT)
    db.add(Chat(person_id=id, submission_id=submission.id, state={"at": "bonjour"}, updated_at=AT))
    new_sign_in(db, id, AT)
    record(db, OPERATOR, What.PERSON_ADDED, somebody(id), AT, role="coordinator", channels=["telegram"])
    told_of(db, id)
    counts = {"minute_from": AT, "minute_count": 1, "day_from": AT, "day_count": 1}
    db.add(SenderPace(sender="telegram:40000001", **counts))
    db.add(Sending(name="closed", person_id=id, at=AT))
    db.flush()
    return id


def told_of(db: Db, person: int) -> None:
    """Tell an officer of the person: in alerts, sent, queued and held, and among who is late."""
    officer = a_person(db, role="officer", city=None, name="Ali Exemple")
    for kind, state in (("stopped", "sent"), ("unreachable", "queued"), ("moretime", "delivered")):
        text = f"Bamako: Fatou Exemple, {kind}. bonjour"
        facts = {"address": "60000001", "recipient": str(officer), "kind": "alert", "text": text}
        a_message_out(
            db, officer, f"alert:{kind}:{person}:M05:{officer}", state=state, provider_id="", **facts
        )
    facts = {"address": "60000001", "recipient": str(officer), "kind": "escalation", "text": LATE}
    a_message_out(db, officer, f"esc:M05:2026-11-20:{officer}:2", provider_id="", **facts)
    other = a_person(db, name="Awa Test")
    facts = {"address": "60000002", "recipient": str(other), "text": "It is with Fatou Exemple."}
    a_message_out(db, other, "reply:77:1", provider_id="", **facts)
    alert = Occurrence(f"alert:blocks:{person}:M05:{officer}", "alert", officer, "bamako", AT, AT)
    decide(db, alert, OccurrenceState.HELD, AT, "hours", {"text": "Bamako: M05. bonjour"})
    prompt = Occurrence(f"prompt:weekly_update:2026-W48:{person}", "prompt", person, "bamako", AT, AT)
    decide(db, prompt, OccurrenceState.SENT, AT)
    status = "SM501:delivered:"
    a_message_out(db, person, "nudge:weekly_update:2026-W48", channel="sms", provider_id="SM501")
    receive(db, "sms", status, sender_key("sms", "", status), b"MessageSid=SM501", AT)


def dump(db: Db) -> str:
    """Return every value of every table as one text; packed bodies by their length."""
    db.flush()
    rows = [
        str([value if not isinstance(value, bytes) else len(value) for value in row])
        for table in Base.metadata.sorted_tables
        for row in db.execute(text(f'SELECT * FROM "{table.name}"'))  # noqa: S608 - our own names
    ]
    return "\n".join(rows)


def test_a_person_sees_everything(db: Db) -> None:
    """The export holds what every table has about them, as JSON."""
    id = a_full_life(db)
    told = everything_about(db, id, AT, BASE)
    assert json.loads(json.dumps(told)) == told
    assert told["person"]["addresses"][0]["value"] == "40000001"
    assert told["consents"][0]["how"] == "lettre signée"
    assert told["invites"][0]["used_at"] == "2026-11-23T10:00:00.000Z"
    assert told["submissions"][0]["answers"]["status"] == "on_track"
    assert told["answers"][0]["revision"] == 1
    assert [message["text"] for message in told["messages"]] == ["bonjour"] + ["Bonjour Fatou Exemple."] * 3
    assert [each["key"] for each in told["occurrences"]] == [f"prompt:weekly_update:2026-W48:{id}"]
    assert told["conversation"] == {"at": "bonjour"}
    assert told["broadcasts"] == [{"name": "closed", "at": "2026-11-23T10:00:00.000Z"}]


def test_nobody_sees_another(db: Db) -> None:
    """The export of one person names no other."""
    a_full_life(db)
    told = everything_about(db, a_person(db, name="Ali Exemple"), AT, BASE)
    assert "Fatou" not in json.dumps(told, ensure_ascii=False)
    assert told["messages"] == told["answers"] == told["submissions"] == []


def test_erasure_leaves_no_personal_word(db: Db) -> None:
    """No table holds a name, an address, a message or a provider's id of theirs afterwards."""
    id = a_full_life(db)
    before = dump(db)
    assert [word for word in PERSONAL if word not in before and word != "option 1"] == []
    erase(db, id, AT)
    after = dump(db).replace("Fatou Exemplaire", "")
    assert [word for word in PERSONAL if word in after] == []
    assert person_of(db, "telegram", "40000001") is None
    shown = person(db, id, AT, BASE)
    assert shown is not None
    assert (shown["state"], shown["name"], shown["addresses"]) == ("erased", "", [])


def test_an_erasure_leaves_the_chain_whole(db: Db) -> None:
    """Who did what is told of a number; who that was, nothing tells any more."""
    id = a_full_life(db)
    erase(db, id, AT)
    record(db, OPERATOR, What.PERSON_ERASED, somebody(id), AT)
    rows = rows_after(db, 0)
    assert verify(rows).fault is None
    told = everything_about(db, id, AT, BASE)
    assert [row["what"] for row in told["audit"]] == ["person.added", "person.erased"]


def test_the_city_keeps_its_reports(db: Db) -> None:
    """Erasure changes no answer of a report."""
    id = a_full_life(db)
    before = submissions(db, 0, None, never).rows
    erase(db, id, AT)
    db.expire_all()
    assert submissions(db, 0, None, never).rows == before


def test_no_file_of_theirs_can_be_fetched_once_more(db: Db) -> None:
    """Reports keep the type and the size of an attachment; its name and the provider's id go."""
    id = a_full_life(db)
    [report] = db.scalars(select(Submission).where(Submission.person_id == id))
    ref, name = "provider-file-1", "a.jpg"
    attach(db, Attachment(report.id, id, "photo", "telegram", ref, "image", name, 1200), AT, AT)
    assert ref in dump(db)
    erase(db, id, AT + timedelta(days=1))
    assert [word for word in (ref, name) if word in dump(db)] == []
    db.expire_all()
    assert report.answers["photo"] == {"type": "image/jpeg", "name": "", "size": 1200, "ref": ""}
    assert report.answers["lines"][0]["spent"] == 1.5
    assert report.changed_at == AT + timedelta(days=1)


def test_nothing_is_read_or_sent_after_erasure(db: Db) -> None:
    """Open updates are closed, queued messages cancelled, the calendar's address ends."""
    id = a_full_life(db)
    calendar = everything_about(db, id, AT, BASE)["person"]["calendar_url"]
    erase(db, id, AT)
    db.expire_all()
    assert set(db.scalars(select(Inbox.state))) == {"done"}
    theirs = select(Outbox.state).where(Outbox.recipient == f"erased:{id}")
    assert sorted(db.scalars(theirs)) == ["cancelled", "sent", "sent", "sent"]
    assert everything_about(db, id, AT, BASE)["person"]["calendar_url"] != calendar


def test_nobody_is_told_of_who_was_erased(db: Db) -> None:
    """Alerts about them lose their words or never leave; other names stay."""
    erase(db, a_full_life(db), AT)
    db.expire_all()
    alerts = select(Outbox.state, Outbox.text).where(Outbox.kind == "alert").order_by(Outbox.id)
    assert db.execute(alerts).all() == [("sent", ""), ("cancelled", ""), ("delivered", "")]
    [late] = db.scalars(select(Outbox.text).where(Outbox.kind == "escalation"))
    assert late == LATE.replace("Fatou Exemple", "—")
    assert db.scalars(select(Outbox.text).where(Outbox.key == "reply:77:1")).all() == ["It is with —."]
    held = select(Kept.state, Kept.data).where(Kept.kind == "alert")
    assert db.execute(held).all() == [("cancelled", {})]


def test_a_status_of_an_erased_message_is_nobodys_still(db: Db) -> None:
    """It is no message of anybody's; the same status is not kept again."""
    id = a_full_life(db)
    shown = len(messages_in(db, 0, None).rows)
    erase(db, id, AT)
    db.expire_all()
    assert len(messages_in(db, 0, None).rows) == shown
    status = "SM501:delivered:"
    assert not receive(db, "sms", status, sender_key("sms", "", status), b"", AT)


def test_the_outcome_of_a_call_under_way_brings_nothing_back(db: Db) -> None:
    """A message that is being sent may have left: its call's outcome is not stored, nor it repeated."""
    id = a_person(db, telegram="40000001")
    a_message_out(db, id, state=OutboxState.QUEUED, sent_at=None, provider_id="")
    [leaving] = claim(db, 1, AT + timedelta(hours=1), timedelta(seconds=60))
    erase(db, id, AT)
    mark_sent(db, [Sent(leaving.id, leaving.lease_token, "40000001:7")], AT)
    assert not move(db, leaving, "40000002", AT)
    assert not put_back(db, leaving, AT, AT, error="40000001 does not answer")
    settle_lost(db, AT + timedelta(days=1))
    assert "4000000" not in dump(db)
    db.expire_all()
    [row] = db.scalars(select(Outbox)).all()
    assert (row.state, row.lease_token, row.lease_until) == (OutboxState.UNCERTAIN, "", None)


def test_erased_messages_are_seen_since(db: Db) -> None:
    """Whoever copies what changed learns that the texts are gone."""
    id = a_full_life(db)
    since = AT + timedelta(days=1)
    erase(db, id, since)
    db.expire_all()
    rows = messages_in(db, 0, since).rows + messages_out(db, 0, since).rows
    texts = [row["text"] for row in rows]
    assert [text for text in texts if text] == [LATE.replace("Fatou Exemple", "—"), "It is with —."]
    assert texts.count("") == 9


def test_provider_ids_stay_unique_as_hashes(db: Db) -> None:
    """A key is never free again; only its hash is kept."""
    id = a_full_life(db)
    erase(db, id, AT)
    keys = [hashed("1:7"), hashed("1:8"), hashed("SM501:delivered:")]
    assert sorted(db.scalars(select(Inbox.provider_id))) == sorted(keys)


def test_an_update_repeated_after_an_erasure_is_not_kept(db: Db) -> None:
    """Alone or among others, also when its sender is known again; another channel's id is another."""
    id = a_full_life(db)
    erase(db, id, AT)
    a_person(db, telegram="40000001")
    count = len(db.scalars(select(Inbox.id)).all())
    body, sender = b"bonjour", "telegram:40000001"
    assert not receive(db, "telegram", "1:7", sender, body, AT)
    assert receive(db, "chat", "1:7", sender, body, AT)
    receive_all(
        db,
        [
            Update(channel, provider_id, sender, body, AT)
            for channel, provider_id in (("telegram", "1:7"), ("chat", "1:8"), ("telegram", "1:9"))
        ],
    )
    kept = select(Inbox.channel, Inbox.provider_id).order_by(Inbox.id).offset(count)
    assert db.execute(kept).all() == [("chat", "1:7"), ("chat", "1:8"), ("telegram", "1:9")]


def test_others_keep_what_is_theirs(db: Db) -> None:
    """A phone that was handed on takes no message of its new holder along."""
    first = a_person(db, telegram="40000001")
    second = a_person(db, name="Ali Exemple")
    redeem(db, invite(db, second, AT), "telegram", "40000001", AT)
    a_message_in(db, second)
    erase(db, first, AT)
    db.expire_all()
    assert db.scalars(select(Inbox.text)).all() == ["bonjour"]
    known = person_of(db, "telegram", "40000001")
    assert known is not None
    assert known.id == second


@pytest.mark.parametrize("times", [pytest.param(0, id="unknown"), pytest.param(1, id="erased before")])
def test_only_somebody_can_be_erased(db: Db, times: int) -> None:
    """An unknown or erased person is refused."""
    id = a_person(db) if times else 99
    for _ in range(times):
        erase(db, id, AT)
    with pytest.raises(PersonError):
        erase(db, id, AT)


def test_unknown_people_have_no_export(db: Db) -> None:
    """The number is named."""
    with pytest.raises(PersonError, match="no person 99"):
        everything_about(db, 99, AT, BASE)
