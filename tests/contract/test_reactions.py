"""Every published error condition, through the real channel, has its published reaction (GRIOT_SPECS)."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlalchemy import select, update

from bot.values import Message, Opening
from channels.base import Channel, Outgoing, Receipt, SendError
from channels.telegram import Telegram
from channels.twilio import Account, sms, whatsapp
from griot.circuits import Circuits
from griot.outcomes import Policy, settle
from griot.sender import Outcome
from griot.settings import data_folder
from griot.statuses import note_status
from griot.voices import voices
from griot.ways import Ways
from models import ladder
from models.base import Db
from models.circuit import standings
from models.consent import record_consent
from models.db import Store, open_store
from models.fault import faults
from models.outbox import Outbox, OutboxState
from models.person import Address, Person, PersonState, add_person
from models.programme import ProgrammeShelf
from models.sending import Claimed, Sent, claim, mark_sent
from models.template import Template
from tests.databases import Databases, load_aston
from tests.standin import Fault, StandIn, Trouble
from tests.standin.server import TOKEN
from tests.standin.twilio import ACCOUNT_SID, AUTH_TOKEN

AT = datetime(2026, 11, 23, 10, tzinfo=UTC)  # a Monday, in everybody's working hours
LEASE = timedelta(seconds=60)
CHAT, PHONE = "600000001", "+22370000001"
ON = ("telegram", "whatsapp", "sms")
PROMPT = Opening("prompt", "fr", ("Awa", "Rapport", "Bamako", "5"))
HOUR = timedelta(hours=1)

# The file waits on the channel and takes another one afterwards; a coordinator whose other phone rings at
# once is better served, so Griot takes the other channel first and waits where there is none.
OTHER_FIRST = {30003, 30008, 30450, 63038, 63049}
# Of these the file says to stop the whole channel; others on it may still be written to, so Griot goes on,
# takes another way for this message, and tells the operator.
OTHERS_GO_ON = {21408, 21606, 21608, 21655, 30007, 63015, 63027, 63040, 63041, 63042}


@dataclass(slots=True)
class Stage:
    """Somebody on every channel, written to on one of them; what follows is stored and rolled back."""

    db: Db
    provider: StandIn
    channels: dict[str, Channel]
    person: int

    def queue(self, channel: str) -> Claimed:
        """Return a prompt claimed on this channel, where its person wrote last."""
        wrote = update(Address).where(Address.person_id == self.person, Address.channel == channel)
        self.db.execute(wrote.values(last_in_at=AT - timedelta(minutes=1)))
        rung = next(
            one
            for one in ladder.rungs(ladder.reached(self.db, [self.person])[self.person], ON, AT, "HX1")
            if one.name == channel
        )
        message = Message("Le rapport ?", ("Oui",), token="t1", kind="prompt", opening=PROMPT)
        ladder.queue(self.db, rung, "prompt:test", self.person, message, AT)
        [row] = claim(self.db, 1, AT, LEASE)
        return row

    def call(self, row: Claimed) -> None:
        """Send it through the real channel and settle what comes of it."""
        channel = self.channels[row.channel]
        try:
            sent = channel.send(Outgoing(row.address, row.message, str(row.id)))
            outcome = Outcome(row, provider_id=sent)
        except SendError as error:
            outcome = Outcome(row, error=error)
        settle(self.db, [outcome], Policy(LEASE), self.ways(), AT)
        Circuits(ON).note(self.db, [outcome], {}, AT)

    def fail_later(self, row: Claimed, code: int) -> None:
        """Let Twilio take it, and say later that it failed: the body of a webhook, read by the channel."""
        mark_sent(self.db, [Sent(row.id, row.lease_token, "SM1")], AT)
        prefix = "whatsapp:" if row.channel == "whatsapp" else ""
        form = {
            "MessageSid": "SM1",
            "MessageStatus": "failed",
            "ErrorCode": str(code),
            "From": f"{prefix}+10000000001",
            "To": prefix + row.address,
        }
        [news] = self.channels[row.channel].parse(urlencode(form).encode())
        assert isinstance(news, Receipt)
        note_status(self.db, row.channel, news, self.ways(), AT)

    def ways(self) -> Ways:
        """Return how messages go on."""
        return Ways(frozenset(ON), voices(data_folder("locales")), ProgrammeShelf())

    def reaction(self, row: Claimed) -> set[str]:
        """Return all that was done, in the words of the files."""
        self.db.expire_all()
        now = self.db.get(Outbox, row.id)
        further = self.db.scalar(select(Outbox).where(Outbox.key == f"{'prompt:test'}/2"))
        person = self.db.get(Person, self.person)
        theirs = Address.channel == row.channel, Address.person_id == self.person
        address = self.db.scalar(select(Address).where(*theirs))
        assert now is not None
        assert person is not None
        assert address is not None
        done = set()
        if person.state == PersonState.STOPPED:
            done.add("opt_out")
        if address.reachable != "yes":
            done.add("mark_unreachable")
        if address.value != row.address:
            done.add("migrate_chat")
        if further is not None:
            done.add("use_template" if further.rung == "whatsapp_template" else "other_channel")
        if faults(self.db):
            done.add("alert_operator")
        known = standings(self.db).get(row.channel)
        if known is not None and known.is_open:
            done.add("pause_channel")
        if now.state == OutboxState.SENT:
            done.add("ignore")
        if now.state == OutboxState.FAILED and further is None:
            done.add("fix_request")
        if now.state == OutboxState.QUEUED and "migrate_chat" not in done:
            done.add(_wait(now))
        return done


def _wait(row: Outbox) -> str:
    if row.repeats:
        return "ambiguous"
    waits = row.due_at - AT
    return "delay_long" if waits >= HOUR else f"again:{int(waits.total_seconds())}"


@pytest.fixture(scope="module")
def store(sqlite_databases: Databases) -> Iterator[Store]:
    """Yield one database for all conditions: each is rolled back."""
    opened = open_store(sqlite_databases.copy_of("aston", load_aston))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def channels(standing: StandIn) -> Iterator[dict[str, Channel]]:
    """Yield the real channels at the stand-in."""
    url = standing.url
    account = Account(ACCOUNT_SID, (AUTH_TOKEN,), "https://griot.example.org", "", url, url, 0.5)
    made = {
        "telegram": Telegram(TOKEN, (), url, timeout=0.5),
        "whatsapp": whatsapp(account, "+10000000001"),
        "sms": sms(account, "+10000000002"),
    }
    yield dict(made)
    for one in made.values():
        one.close()


@pytest.fixture
def stage(provider: StandIn, store: Store, channels: dict[str, Channel]) -> Iterator[Stage]:
    """Yield somebody who agreed, wrote on WhatsApp lately, and has an approved template."""
    with store.writers() as db:
        addresses = {"telegram": CHAT, "whatsapp": PHONE, "sms": PHONE}
        person = add_person(
            db, name="Awa", role="coordinator", language="fr", city="bamako", addresses=addresses, at=AT
        )
        agreed = {"version": "1", "language": "fr", "channel": "telegram", "how": "said so", "at": AT}
        record_consent(db, person, agreed=True, **agreed)  # type: ignore[arg-type] # the values fit
        template = Template(
            name="griot_prompt_fr_v1",
            kind="prompt",
            language="fr",
            version=1,
            content_sid="HX1",
            status="approved",
            checked_at=AT,
        )
        db.add(template)
        for address in db.scalars(select(Address).where(Address.person_id == person)):
            address.last_in_at = AT - timedelta(minutes=5)
        db.flush()
        provider.hears(f"whatsapp:{PHONE}")
        yield Stage(db, provider, channels, person)
        db.rollback()


def is_ours(reaction: str, done: set[str]) -> bool:
    """Tell whether what was done is this reaction of the file."""
    again = any(one.startswith("again:") for one in done)
    match reaction:
        case "retry_after":
            return done == {"again:7"}
        case "retry_backoff":
            return again and len(done) == 1
        case "alert_operator" | "config":
            return done >= {"alert_operator", "pause_channel"} and again
        case "mark_unreachable":
            return done == {"mark_unreachable", "other_channel"}
        case "opt_out":
            return done == {"opt_out", "mark_unreachable"}  # nothing reaches that address until START there
        case _:
            return done == {reaction}


TELEGRAM_TROUBLES: dict[str, Callable[[], Trouble]] = {
    "read timeout": lambda: Trouble(fault=Fault.STALL),
    "httpx.RemoteProtocolError / ReadError": lambda: Trouble(fault=Fault.DROP),
    "body is not JSON": lambda: Trouble(fault=Fault.HTML),
    "Bad Gateway": lambda: Trouble(fault=Fault.BAD_GATEWAY),
}
UNREACHED = "Pool timeout: ... Request was *not* sent to Telegram", "httpx.ConnectError"
# They belong to other calls than the sending of a message: see test_telegram_sending and test_media.
ELSEWHERE = ("message is not modified", "query is too old", "can't be deleted", "file is too big", "file_id")


def test_every_condition_of_telegram(stage: Stage, specs: Path) -> None:
    """All 37: by status, words, silence, or no connection."""
    listed = json.loads((specs / "telegram_errors.json").read_text("utf-8"))["errors"]
    assert len(listed) == 37
    wrong = []
    for one in listed:
        if any(part in one["match"] for part in ELSEWHERE):
            continue
        savepoint = stage.db.begin_nested()
        row = stage.queue("telegram")
        if one["match"] in UNREACHED:
            away = Telegram(TOKEN, (), "http://127.0.0.1:9", timeout=0.5)
            replace(stage, channels={"telegram": away}).call(row)
            away.close()
        else:
            stage.provider.trouble(CHAT, _telegram_trouble(one))
            stage.call(row)
        done = stage.reaction(row)
        if not is_ours(one["reaction"], done):
            wrong.append((one["match"], one["reaction"], done))
        savepoint.rollback()
    assert wrong == []


def _telegram_trouble(one: dict[str, str]) -> Trouble:
    if one["match"] in TELEGRAM_TROUBLES:
        return TELEGRAM_TROUBLES[one["match"]]()
    match one["reaction"]:
        case "retry_after":
            return Trouble(fault=Fault.THROTTLED, value=7)
        case "migrate_chat":
            return Trouble(fault=Fault.MIGRATED, value=600000099)
        case _:
            return Trouble(fault=Fault.REFUSED, value=int(one["http"]), text=one["match"])


def test_every_code_of_twilio(stage: Stage, specs: Path) -> None:
    """All 75, as an answer or as a status, as the file says; those of Twilio's own console never come."""
    listed = json.loads((specs / "twilio_errors.json").read_text("utf-8"))["codes"]
    assert len(listed) == 75
    wrong = []
    for one in listed:
        if one["where"] == "console":
            continue
        code = one["code"]
        channel = "whatsapp" if 63000 <= code < 64000 or code == 21655 else "sms"
        savepoint = stage.db.begin_nested()
        row = stage.queue(channel)
        if one["where"] == "status":
            stage.fail_later(row, code)
        else:
            stage.provider.trouble(f"{'whatsapp:' if channel == 'whatsapp' else ''}{PHONE}", _trouble(code))
            stage.call(row)
        done = stage.reaction(row)
        if not _is_ours(code, one, done):
            wrong.append((code, one["reaction"], done))
        savepoint.rollback()
    assert wrong == []


def _trouble(code: int) -> Trouble:
    match code:
        case 20500:
            return Trouble(fault=Fault.SERVER_ERROR)
        case 20003:
            return Trouble(fault=Fault.UNAUTHORIZED)
        case 20429:
            return Trouble(fault=Fault.THROTTLED)
        case _:
            return Trouble(fault=Fault.REFUSED, value=code)


def _is_ours(code: int, one: dict[str, str], done: set[str]) -> bool:
    goes_on = {"other_channel"}
    if code in OTHERS_GO_ON:
        return done in (goes_on | {"alert_operator"}, {"use_template", "alert_operator"})
    if code in OTHER_FIRST:
        told = {"alert_operator"} if code in {63038, 63049} else set()
        return done == goes_on | told
    if code == 30410:  # a status: it did fail, so nothing is ambiguous
        return done == goes_on
    return is_ours(one["reaction"], done)


@pytest.mark.parametrize("code", sorted(OTHER_FIRST))
def test_without_another_channel_it_is_tried_hours_later(stage: Stage, code: int) -> None:
    """Four hours, then eight; then the Secretariat is told as of anybody who cannot be reached."""
    for channel in ("telegram", "whatsapp"):
        [address] = stage.db.scalars(select(Address).where(Address.channel == channel)).all()
        stage.db.delete(address)
    stage.db.flush()
    row = stage.queue("sms")
    waits = []
    for _ in range(2):
        stage.fail_later(row, code)
        stage.db.expire_all()
        now = stage.db.get_one(Outbox, row.id)
        waits.append((now.due_at - AT) / HOUR)
        assert now.state == OutboxState.QUEUED
        [row] = claim(stage.db, 1, now.due_at, LEASE)
    assert waits == [4, 8]
    stage.fail_later(row, code)
    stage.db.expire_all()
    assert stage.db.get_one(Outbox, row.id).state == OutboxState.FAILED


def test_a_code_nobody_knows_calls_the_operator_once(stage: Stage) -> None:
    """A status with a new code: another channel, and one fault for that code however often it comes."""
    row = stage.queue("sms")
    stage.fail_later(row, 39999)
    assert stage.reaction(row) == {"other_channel", "alert_operator"}
    assert [one.name for one in faults(stage.db)] == ["code:sms:39999"]
