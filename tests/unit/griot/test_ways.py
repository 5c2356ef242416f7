"""A message that fails goes its next way, once; the Secretariat hears when there is none left."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from bot.values import Message, Opening
from channels.base import Failure, Receipt, SendError
from channels.telegram import Telegram
from griot.outcomes import Policy, settle
from griot.sender import Outcome
from griot.settings import data_folder
from griot.statuses import note_status
from griot.turn import make_turns
from griot.voices import voices
from griot.ways import WORDS, Ways
from models import ladder, outbox
from models.attention import worries
from models.base import Db
from models.consent import pause, record_consent, stop
from models.conversation import Chat
from models.db import open_store
from models.inbox import receive, take
from models.outbox import Outbox, OutboxState
from models.person import Address, Person, add_person
from models.programme import ProgrammeShelf
from models.sending import Claimed, Sent, claim, mark_sent, put_back
from models.settling import settle_lost
from models.template import Template

AT = datetime(2026, 11, 23, 10, tzinfo=UTC)  # a Monday, in everybody's working hours
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
LEASE = timedelta(seconds=60)
PHONE = "+22370000001"
ON = frozenset({"telegram", "whatsapp", "sms", "email"})
PROMPT = Opening("prompt", "fr", ("Awa", "Rapport", "Bamako", "5"))


@pytest.fixture
def db(aston_database: str) -> Iterator[Db]:
    """Yield a session on a database with the programme and one officer, rolled back."""
    store = open_store(aston_database)
    with store.writers() as session:
        a_person(session, "officer", "Omar", city=None, telegram="900")
        yield session
    store.close()


@pytest.fixture
def ways() -> Ways:
    return Ways(ON, voices(data_folder("locales")), ProgrammeShelf())


def a_person(db: Db, role: str = "coordinator", name: str = "Awa", **given: str | None) -> int:
    """Add somebody who agreed; `given`: the city and addresses by channel."""
    city = given.pop("city", "bamako")
    addresses = {channel: value for channel, value in given.items() if value}
    id = add_person(db, name=name, role=role, language="fr", city=city, addresses=addresses, at=AT - 9 * HOUR)
    record_consent(
        db, id, agreed=True, version="1", language="fr", channel="telegram", how="said so", at=AT - 9 * HOUR
    )
    return id


def wrote(db: Db, channel: str, at: datetime) -> None:
    db.execute(update(Address).where(Address.channel == channel).values(last_in_at=at))


def approve(db: Db, kind: str = "prompt", version: int = 1, status: str = "approved") -> str:
    sid = f"HX{kind}{version}"
    name = f"griot_{kind}_fr_v{version}"
    db.add(
        Template(
            name=name,
            kind=kind,
            language="fr",
            version=version,
            content_sid=sid,
            status=status,
            checked_at=AT,
        )
    )
    db.flush()
    return sid


def queue(db: Db, person: int, kind: str = "prompt", **given: object) -> None:
    opening = PROMPT if kind == "prompt" else None
    message = Message("Bonjour", kind=kind, opening=opening, token="t1", replaces="")
    usual: dict[str, object] = {"key": "test:1", "at": AT, "channels_on": ON, "message": message}
    assert ladder.enqueue(db, person_id=person, **(usual | given)) is not None  # type: ignore[arg-type]


def leaving(db: Db, ways: Ways, at: datetime = AT) -> list[Claimed]:
    """Return what a round would send."""
    return ways.leaving(db, claim(db, 10, at, LEASE), at)


def rows(db: Db, key: str = "test:%") -> list[Outbox]:
    db.expire_all()
    return list(db.scalars(select(Outbox).where(Outbox.key.like(key)).order_by(Outbox.id)))


def shown(db: Db) -> list[tuple[str, str, str]]:
    return [(row.key, row.rung, row.state) for row in rows(db)]


def alerts(db: Db) -> list[str]:
    return [row.text for row in rows(db, "alert:%")]


def fail(db: Db, ways: Ways, failure: Failure, code: str = "", at: datetime = AT) -> int:
    """Let the one call of a round end like this; return how many failed for good."""
    [row] = leaving(db, ways, at)
    error = SendError(failure, "words", code=code)
    return settle(db, [Outcome(row, error=error)], Policy(LEASE), ways, at)


def test_the_rung_and_its_reason_are_kept(db: Db) -> None:
    """The first way, why it is the first, and the template."""
    person = a_person(db, whatsapp=PHONE, sms=PHONE)
    approve(db, version=1)
    newest = approve(db, version=2)
    approve(db, version=3, status="pending")
    queue(db, person)
    [row] = rows(db)
    assert (row.rung, row.rung_reason, row.content_sid) == (
        "whatsapp_template",
        "first on the ladder",
        newest,
    )
    assert (row.channel, row.address) == ("whatsapp", PHONE)


def test_who_has_no_way_gets_no_row(db: Db) -> None:
    person = a_person(db, whatsapp=PHONE)
    message = Message("Bonjour", kind="prompt", opening=PROMPT)
    assert ladder.enqueue(db, key="test:1", person_id=person, message=message, at=AT, channels_on=ON) is None
    assert rows(db) == []


@pytest.mark.parametrize(
    ("failure", "code", "state", "second"),
    [
        pytest.param(Failure.UNREACHABLE, "", "undeliverable", "sms", id="unreachable"),
        pytest.param(Failure.BLOCKED, "", "undeliverable", "sms", id="blocked"),
        pytest.param(Failure.OTHER_CHANNEL, "63032", "failed", "sms", id="other channel"),
        pytest.param(Failure.WINDOW_CLOSED, "63016", "failed", "whatsapp_template", id="window"),
    ],
)
def test_a_failure_leads_to_the_next_way(
    db: Db, ways: Ways, failure: Failure, code: str, state: str, second: str
) -> None:
    """One further row, of the same message; what went on did not fail for good. Officers hear of a loss."""
    person = a_person(db, whatsapp=PHONE, sms=PHONE)
    wrote(db, "whatsapp", AT - HOUR)
    approve(db)
    queue(db, person)
    assert fail(db, ways, failure, code) == 0
    assert shown(db) == [("test:1", "whatsapp", state), ("test:1/2", second, "queued")]
    assert rows(db)[1].rung_reason.startswith("whatsapp: ")
    assert rows(db)[1].message == rows(db)[0].message
    is_lost = failure in {Failure.UNREACHABLE, Failure.BLOCKED}
    assert ["WhatsApp" in text for text in alerts(db)] == [True] * is_lost
    assert worries(db) == [], "it may still arrive"


def test_our_own_fault_goes_nowhere_else(db: Db, ways: Ways) -> None:
    """What was refused for what it says would be refused elsewhere."""
    queue(db, a_person(db, telegram="1", sms=PHONE))
    assert fail(db, ways, Failure.REJECTED) == 1
    assert shown(db) == [("test:1", "telegram", "failed")]


def test_without_a_way_left_the_secretariat_is_told_once_a_week(db: Db, ways: Ways) -> None:
    person = a_person(db, telegram="1", sms=PHONE)
    queue(db, person)
    fail(db, ways, Failure.BLOCKED)
    assert fail(db, ways, Failure.OTHER_CHANNEL) == 1
    assert shown(db) == [("test:1", "telegram", "undeliverable"), ("test:1/2", "sms", "failed")]
    [alert] = rows(db, "alert:%")
    assert alert.key.startswith(f"alert:unreachable:{person}:2026-W48:")
    assert "Awa" in alert.text
    db.execute(update(Outbox).where(Outbox.id == alert.id).values(state=OutboxState.SENT))
    queue(db, person, key="test:5")
    fail(db, ways, Failure.OTHER_CHANNEL, at=AT + HOUR)
    assert len(alerts(db)) == 1


def test_a_window_that_closed_meanwhile_takes_the_template(db: Db, ways: Ways) -> None:
    """Looked at when it leaves, not when it was queued."""
    person = a_person(db, whatsapp=PHONE)
    wrote(db, "whatsapp", AT - 23 * HOUR)
    queue(db, person)
    sid = approve(db)
    [row] = leaving(db, ways, AT + HOUR)
    assert row.content_sid == sid
    assert (rows(db)[0].rung, rows(db)[0].content_sid) == ("whatsapp_template", sid)


def test_a_window_that_closed_without_a_template_takes_the_next_way(db: Db, ways: Ways) -> None:
    person = a_person(db, whatsapp=PHONE, sms=PHONE)
    wrote(db, "whatsapp", AT - 23 * HOUR)
    queue(db, person, kind="reply")
    assert leaving(db, ways, AT + HOUR) == []
    first, second = rows(db)
    assert (first.state, first.error_code) == ("failed", "window")
    assert (second.rung, second.rung_reason) == ("sms", "whatsapp: window closed")


def test_a_window_opened_anew_takes_the_words_themselves(db: Db, ways: Ways) -> None:
    person = a_person(db, whatsapp=PHONE)
    approve(db)
    queue(db, person)
    wrote(db, "whatsapp", AT + SECOND)
    [row] = leaving(db, ways, AT + MINUTE)
    assert row.content_sid == ""
    assert rows(db)[0].rung == "whatsapp"


def test_the_template_of_a_window_that_the_provider_calls_closed_goes_as_such(db: Db, ways: Ways) -> None:
    """By our own times the window is open; Twilio knows better, and is believed once."""
    person = a_person(db, whatsapp=PHONE)
    wrote(db, "whatsapp", AT - HOUR)
    sid = approve(db)
    queue(db, person)
    fail(db, ways, Failure.WINDOW_CLOSED, "63016")
    [row] = leaving(db, ways)
    assert row.content_sid == sid
    settle(db, [Outcome(row, error=SendError(Failure.TEMPLATE_REFUSED, "paused"))], Policy(LEASE), ways, AT)
    assert [row.state for row in rows(db)] == ["failed", "failed"]
    assert len(alerts(db)) == 1


def test_an_opt_out_stops_every_channel(db: Db, ways: Ways) -> None:
    """As if the person had said STOP: nothing queued leaves, there is no confirmation, officers are told."""
    person = a_person(db, telegram="1", sms=PHONE)
    wrote(db, "sms", AT - HOUR)
    queue(db, person)
    queue(db, person, key="test:2")
    fail(db, ways, Failure.OPTED_OUT, "21610")
    assert [row.state for row in rows(db)] == ["undeliverable", "cancelled"]
    assert db.scalar(select(Person.state).where(Person.id == person)) == "stopped"
    [alert] = alerts(db)
    assert "Awa" in alert


def test_what_was_not_asked_for_needs_agreement(db: Db, ways: Ways) -> None:
    """Nothing unasked for leaves to who is paused; a pause that is over is none."""
    person = a_person(db, telegram="1")
    queue(db, person)
    pause(db, person, (AT - 25 * HOUR).date(), AT - 30 * HOUR)
    db.flush()
    [row] = leaving(db, ways)
    outcome = Outcome(row, error=SendError(Failure.NOT_SENT, "refused"))
    settle(db, [outcome], Policy(LEASE), ways, AT)
    pause(db, person, None, AT)
    db.flush()
    assert leaving(db, ways, AT + MINUTE) == []
    assert [(row.state, row.error) for row in rows(db)] == [("cancelled", "the person is paused")]


def test_a_call_to_report_is_not_made_again_to_who_wrote(db: Db, ways: Ways) -> None:
    """Whoever is in conversation needs no second prompt elsewhere."""
    person = a_person(db, sms=PHONE, email="awa@example.org")
    queue(db, person)
    [row] = leaving(db, ways)
    mark_sent(db, [Sent(row.id, row.lease_token, "SM1")], AT)
    wrote(db, "sms", AT + SECOND)
    note_status(db, "sms", status("failed", "SM1"), ways, AT + MINUTE)
    assert shown(db) == [("test:1", "sms", "failed")]
    assert alerts(db) == []


def status(state: str, provider_id: str, **given: object) -> Receipt:
    return Receipt(provider_id=provider_id, state=state, **given)  # type: ignore[arg-type]


def taken(db: Db, ways: Ways, provider_id: str = "SM1") -> Claimed:
    """Queue a message by SMS and claim it."""
    queue(db, a_person(db, sms=PHONE, email="awa@example.org"))
    [row] = leaving(db, ways)
    return row


def test_a_status_before_the_answer_of_the_call_is_kept(db: Db, ways: Ways) -> None:
    """It finds its row by our reference, and is not lowered when the answer comes."""
    row = taken(db, ways)
    note_status(db, "sms", status("delivered", "SM1", reference=str(row.id)), ways, AT)
    mark_sent(db, [Sent(row.id, row.lease_token, "SM1")], AT)
    assert [(one.state, one.provider_id) for one in rows(db)] == [("delivered", "SM1")]


def test_a_failure_before_the_answer_of_the_call_is_final(db: Db, ways: Ways) -> None:
    """The next way is taken at once; the late answer raises nothing."""
    row = taken(db, ways)
    failed = status("failed", "SM1", reference=str(row.id), failure=Failure.UNREACHABLE, code="30005")
    note_status(db, "sms", failed, ways, AT)
    mark_sent(db, [Sent(row.id, row.lease_token, "SM1")], AT)
    note_status(db, "sms", status("delivered", "SM1"), ways, AT)
    note_status(db, "sms", failed, ways, AT)
    assert shown(db) == [("test:1", "sms", "undeliverable"), ("test:1/2", "email", "queued")]
    assert db.scalar(select(Address.reachable).where(Address.channel == "sms")) == "not_started"


def test_what_arrived_after_all_calls_its_further_row_back(db: Db, ways: Ways) -> None:
    """Called failed, then delivered: the e-mail that waits is cancelled, whatever comes afterwards."""
    row = taken(db, ways)
    mark_sent(db, [Sent(row.id, row.lease_token, "SM1")], AT)
    db.add(Chat(person_id=row.person_id, channel="sms", state={}, updated_at=AT))
    db.flush()
    failed = status("failed", "SM1", failure=Failure.OTHER_CHANNEL, code="30008")
    note_status(db, "sms", failed, ways, AT)
    assert db.scalar(select(Chat.channel)) == "email"
    for news in (status("sent", "SM1"), status("delivered", "SM1"), failed, status("read", "SM1")):
        note_status(db, "sms", news, ways, AT)
    assert shown(db) == [("test:1", "sms", "failed"), ("test:1/2", "email", "cancelled")]
    assert rows(db)[1].error == "it arrived on the way before"
    assert db.scalar(select(Chat.channel)) == "sms", "the question is open where it arrived"
    assert leaving(db, ways) == []


def test_a_further_row_that_has_left_is_not_called_back(db: Db, ways: Ways) -> None:
    row = taken(db, ways)
    mark_sent(db, [Sent(row.id, row.lease_token, "SM1")], AT)
    note_status(db, "sms", status("failed", "SM1", failure=Failure.OTHER_CHANNEL), ways, AT)
    [second] = leaving(db, ways)
    note_status(db, "sms", status("delivered", "SM1"), ways, AT)
    mark_sent(db, [Sent(second.id, second.lease_token, "M2")], AT)
    note_status(db, "sms", status("delivered", "SM1"), ways, AT)
    assert shown(db) == [("test:1", "sms", "failed"), ("test:1/2", "email", "sent")]


def test_only_the_further_rows_of_its_own_message_are_called_back(db: Db, ways: Ways) -> None:
    row = taken(db, ways)
    mark_sent(db, [Sent(row.id, row.lease_token, "SM1")], AT)
    assert row.person_id is not None
    queue(db, row.person_id, key="test:11/2")
    note_status(db, "sms", status("failed", "SM1", failure=Failure.OTHER_CHANNEL), ways, AT)
    note_status(db, "sms", status("delivered", "SM1"), ways, AT)
    assert {row.key: row.state for row in rows(db)} == {
        "test:1": "failed",
        "test:1/2": "cancelled",
        "test:11/2": "queued",
    }


def test_a_late_failure_of_what_arrived_is_left_aside(db: Db, ways: Ways) -> None:
    row = taken(db, ways)
    mark_sent(db, [Sent(row.id, row.lease_token, "SM1")], AT)
    for state in ("delivered", "failed", "sent"):
        note_status(db, "sms", status(state, "SM1"), ways, AT)
    assert shown(db) == [("test:1", "sms", "delivered")]


def test_what_the_provider_could_not_pass_on_is_sent_again(db: Db, ways: Ways) -> None:
    """A queue that is full is nobody's fault: the same way, a minute later."""
    row = taken(db, ways)
    mark_sent(db, [Sent(row.id, row.lease_token, "SM1")], AT)
    note_status(db, "sms", status("failed", "SM1", failure=Failure.THROTTLED, code="30001"), ways, AT)
    assert leaving(db, ways, AT + 59 * SECOND) == []
    [again] = leaving(db, ways, AT + MINUTE)
    assert again.id == row.id


def test_what_arrived_is_not_repeated(db: Db, ways: Ways) -> None:
    """A message put back because its answer was never seen rests when a status says that it arrived."""
    row = taken(db, ways)
    put_back(db, row, AT + MINUTE, AT, may_have_left=True)
    note_status(db, "sms", status("sent", "SM1", reference=str(row.id)), ways, AT)
    assert leaving(db, ways, AT + MINUTE) == []
    assert shown(db) == [("test:1", "sms", "sent")]


def test_a_failed_first_copy_does_not_close_the_second(db: Db, ways: Ways) -> None:
    """While the repeat is under way, or has its own id, the first copy's failure says nothing of it."""
    row = taken(db, ways)
    settle_lost(db, AT + LEASE + SECOND)
    [second] = leaving(db, ways, AT + LEASE + SECOND)
    first_failed = status("failed", "SM1", reference=str(row.id), failure=Failure.OTHER_CHANNEL)
    note_status(db, "sms", first_failed, ways, AT + LEASE + SECOND)
    mark_sent(db, [Sent(second.id, second.lease_token, "SM2")], AT + LEASE + SECOND)
    note_status(db, "sms", first_failed, ways, AT + LEASE + SECOND)
    assert shown(db) == [("test:1", "sms", "sent")]


def test_a_status_of_no_message_known_is_left_aside(
    db: Db, ways: Ways, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged without a number."""
    for reference in ("", "999999", "9" * 40, "-1", "x"):
        note_status(db, "sms", status("delivered", "SM9", reference=reference), ways, AT)
    assert {record.getMessage() for record in caplog.records} == {"a status is of no message known here"}


def test_after_a_stop_a_failure_leads_nowhere(db: Db, ways: Ways) -> None:
    """STOP cancels what is queued on every way; what fails later is only closed."""
    row = taken(db, ways)
    mark_sent(db, [Sent(row.id, row.lease_token, "SM1")], AT)
    person = row.person_id
    assert person is not None
    queue(db, person, key="test:7/2", channels_on=frozenset({"email"}))
    stop(db, person, AT)
    assert outbox.cancel(db, person, AT) == 1
    note_status(db, "sms", status("failed", "SM1", failure=Failure.UNREACHABLE), ways, AT)
    assert [one.state for one in rows(db)] == ["undeliverable", "cancelled"]
    assert alerts(db) == []


def test_a_digest_does_not_climb_to_its_own_e_mail(db: Db, ways: Ways) -> None:
    """The long version is a message of its own: the short one goes to another chat, or nowhere."""
    person = a_person(db, "officer", "Olga", city=None, telegram="901", email="olga@example.org")
    queue(db, person, kind="digest")
    fail(db, ways, Failure.BLOCKED)
    assert shown(db) == [("test:1", "telegram", "undeliverable")]


def test_answers_count_where_the_question_went(db: Db, ways: Ways) -> None:
    """The question that was open on the channel that failed is open on the next one."""
    person = a_person(db, telegram="1", sms=PHONE)
    db.add(Chat(person_id=person, state={}, channel="telegram", updated_at=AT))
    queue(db, person)
    fail(db, ways, Failure.BLOCKED)
    assert db.scalar(select(Chat.channel).where(Chat.person_id == person)) == "sms"


def test_each_failure_that_leads_on_has_its_word() -> None:
    assert set(WORDS) == {failure for failure in Failure if failure.next_rung}


@pytest.mark.parametrize(("channel", "leaves"), [("email", True), ("telegram", False)])
def test_who_did_not_agree_gets_only_e_mail(db: Db, ways: Ways, channel: str, leaves: bool) -> None:
    """An officer's digest by e-mail needs no agreement to a chat; after a stop there is neither."""
    addresses = {"email": "olga@example.org"} if channel == "email" else {"telegram": "901"}
    person = add_person(db, name="Olga", role="officer", language="fr", city=None, addresses=addresses, at=AT)
    queue(db, person, kind="digest")
    found = leaving(db, ways)
    assert bool(found) is leaves
    stop(db, person, AT)
    db.flush()
    assert ways.leaving(db, found, AT) == []
    assert [row.state for row in rows(db)] == ["cancelled"]


def test_a_fault_on_the_next_way_stops_nobody_else(db: Db, ways: Ways) -> None:
    """An officer whose language has no voice, say: the message is closed, others leave."""
    lost = a_person(db, telegram="1")
    other = a_person(db, name="Ibou", telegram="2", city="kampala")
    queue(db, lost, key="test:1")
    queue(db, other, key="test:2")
    db.execute(update(Address).where(Address.value == "1").values(reachable="blocked"))
    mute = Ways(ways.channels, {}, ways.programmes)
    assert [row.address for row in leaving(db, mute)] == ["2"]
    assert [row.state for row in rows(db)] == ["undeliverable", "sending"]


def test_no_address_stands_in_the_key_of_an_alert(db: Db) -> None:
    """Keys outlive an erasure; a message's id at Telegram begins with the chat's."""
    person = a_person(db, telegram="500000001")
    turns = make_turns({"telegram": Telegram("1:fictitious", ["fictitious"], "http://127.0.0.1:9", 1)})
    chat = {"id": 500000001, "type": "private", "first_name": "Awa"}
    told = {"message_id": 7, "date": 1, "chat": chat, "from": chat | {"is_bot": False}, "text": "STOP"}
    body = json.dumps({"update_id": 77, "message": told}).encode()
    receive(db, "telegram", "1:77", "telegram:500000001", body, AT)
    [row] = take(db, 1, AT)
    turns(db, [row], AT)
    [alert] = rows(db, "alert:%")
    assert alert.key.startswith(f"alert:stopped:{person}:{row.id}:")
    assert "500000001" not in alert.key
