"""Twilio's two routes: each request gets its code, is kept once, and on its channel."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from twilio.request_validator import RequestValidator

from channels.base import Channel
from channels.twilio import Account, sms, whatsapp
from models.db import Store, open_store, read
from models.export import messages_in
from models.inbox import Inbox, Update
from models.pace import PaceLimits, too_early
from tests.standin.twilio import signed
from webhooks.intake import Intake, NotKeptError
from webhooks.routes import Webhooks

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
TOKEN = "not-a-real-token-0123456789abcdef"
BASE_URL = "https://griot.example.org"
ACCOUNT = Account("AC" + "0" * 32, (TOKEN,), BASE_URL)
CHANNELS: dict[str, Channel] = {
    "whatsapp": whatsapp(ACCOUNT, "+10000000001"),
    "sms": sms(ACCOUNT, "+10000000002"),
}
SID = "SM" + "0" * 32
MESSAGE = {"MessageSid": SID, "From": "whatsapp:+22370000001", "To": "whatsapp:+10000000001", "Body": " 1 "}
STATUS = {"MessageSid": SID, "MessageStatus": "sent", "From": "+10000000002", "To": "+22370000001"}
IN, STATUSES = "/webhooks/twilio", "/webhooks/twilio/status?m=17"


@dataclass(frozen=True, slots=True)
class Hook:
    """The routes over a database."""

    client: FlaskClient
    store: Store

    def post(self, form: dict[str, str], path: str = IN, body: bytes | None = None) -> tuple[int, bytes]:
        """Return status and body of the answer to a signed request."""
        headers, written = signed(BASE_URL + path, form, TOKEN)
        answer = self.client.post(path, data=written if body is None else body, headers=headers)
        return answer.status_code, answer.data

    def kept(self) -> list[Inbox]:
        """Return the inbox."""
        return list(read(self.store, lambda db: db.scalars(select(Inbox).order_by(Inbox.id)).all()))


def a_client(keep: Callable[[Update], None], channels: dict[str, Channel]) -> FlaskClient:
    """Return a client of the routes of these channels."""
    app = Flask("hook")
    hooks = Webhooks(channels, keep, lambda: AT, BASE_URL, lambda channel, status, seconds: None)
    app.wsgi_app = hooks.around(app.wsgi_app)
    return app.test_client()


@pytest.fixture
def hook(database: str) -> Iterator[Hook]:
    """Yield the routes on each database."""
    store = open_store(database)
    yield Hook(a_client(Intake(store, lambda db: None, lambda: None).keep, CHANNELS), store)
    store.close()


def test_a_message_is_kept_once_and_answered_with_nothing_to_say(hook: Hook) -> None:
    """200 and an empty TwiML document, also for a duplicate; replies leave through the outbox."""
    assert hook.post(MESSAGE) == hook.post(MESSAGE) == (200, b"<Response/>")
    [row] = hook.kept()
    assert (row.channel, row.sender, row.provider_id) == ("whatsapp", "whatsapp:+22370000001", SID)


def test_statuses_are_kept_by_what_they_say(hook: Hook) -> None:
    """204 in any order and repetition; a code makes another one of the same state."""
    for said in ({}, {}, {"MessageStatus": "delivered"}, {"MessageStatus": "failed", "ErrorCode": "30008"}):
        assert hook.post(STATUS | said, STATUSES) == (204, b"")
    rows = hook.kept()
    assert [row.provider_id for row in rows] == [f"{SID}:sent:", f"{SID}:delivered:", f"{SID}:failed:30008"]
    assert len({row.sender for row in rows}) == 3


def test_statuses_are_nobodys(hook: Hook) -> None:
    """They count for no sender's limit and are no messages of people."""
    hook.post(STATUS, STATUSES)
    hook.post(MESSAGE)
    rows = hook.kept()
    early = read(hook.store, lambda db: too_early(db, rows[:1], PaceLimits(1, 1), AT))
    assert early == []
    shown = read(hook.store, lambda db: messages_in(db, 0, None))
    assert [each["provider_id"] for each in shown.rows] == [SID]


CASES = [
    pytest.param(MESSAGE | {"From": "+22370000001", "To": "+10000000002"}, None, 200, id="an SMS"),
    pytest.param(MESSAGE, b"MessageSid=SM1", 403, id="another form"),
    pytest.param(MESSAGE, b"", 403, id="no form"),
    pytest.param(MESSAGE, b"a=1&" * 2000, 403, id="too many fields"),
    pytest.param(MESSAGE, b"\xff\xfe" * 10, 403, id="no text"),
    pytest.param({"Body": "x"}, None, 400, id="no MessageSid"),
    pytest.param(MESSAGE | {"Body": "x" * (1 << 20)}, None, 413, id="over 1 MiB"),
    pytest.param(MESSAGE | {"MessageType": "later", "Later": "x"}, None, 200, id="an unknown kind"),
]


@pytest.mark.parametrize(("form", "body", "status"), CASES)
def test_each_request_gets_its_code(
    hook: Hook, form: dict[str, str], body: bytes | None, status: int
) -> None:
    """The codes of the contract; what is not answered 200 is not kept."""
    assert hook.post(form, IN, body)[0] == status
    assert len(hook.kept()) == (status == 200)


@pytest.mark.parametrize("header", ["", "x", "é", "x" * 5000])
def test_odd_signatures(hook: Hook, header: str) -> None:
    """403, never an accident."""
    body = urlencode(MESSAGE)
    headers = {"X-Twilio-Signature": header, "Content-Type": "application/x-www-form-urlencoded"}
    assert hook.client.post(IN, data=body, headers=headers).status_code == 403
    assert hook.client.post(IN, data=body).status_code == 403


@pytest.mark.parametrize("query", ["", "?m=18", "?m=17&x=1", "?m=%ff", "?m=%31%37"])
def test_the_query_is_signed(hook: Hook, query: str) -> None:
    """A status whose address was changed on the way is refused."""
    headers, body = signed(BASE_URL + STATUSES, STATUS, TOKEN)
    assert hook.client.post("/webhooks/twilio/status" + query, data=body, headers=headers).status_code == 403


def test_a_database_that_is_away() -> None:
    """503 with Retry-After; nothing is promised."""

    def refuse(update: Update) -> None:
        raise NotKeptError("away")

    client = a_client(refuse, CHANNELS)
    headers, body = signed(BASE_URL + IN, MESSAGE, TOKEN)
    answer = client.post(IN, data=body, headers=headers)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_a_channel_that_is_off(database: str) -> None:
    """A WhatsApp message where only SMS is on is kept and never taken for an SMS."""
    store = open_store(database)
    only = Hook(a_client(Intake(store, lambda db: None, lambda: None).keep, {"sms": CHANNELS["sms"]}), store)
    assert only.post(MESSAGE)[0] == 200
    [row] = only.kept()
    assert CHANNELS["sms"].parse(urlencode(MESSAGE).encode()) == []
    assert row.channel == "sms"
    store.close()


def test_without_twilio_there_is_no_route() -> None:
    """And a channel's own name is none either."""
    nobody = a_client(lambda update: None, {})
    assert nobody.post(IN).status_code == nobody.post(STATUSES).status_code == 404
    assert a_client(lambda update: None, CHANNELS).post("/webhooks/whatsapp").status_code == 404


def test_signatures_are_over_the_public_address(hook: Hook) -> None:
    """What a proxy made of scheme, host and forwarded headers does not count."""
    headers, body = signed(BASE_URL + STATUSES, STATUS, TOKEN)
    inner = {
        **headers,
        "Host": "10.0.0.7:8000",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "http",
    }
    assert hook.client.post(STATUSES, data=body, headers=inner).status_code == 204
    assert dict(parse_qsl(body.decode()))["MessageSid"] == SID
    assert (
        RequestValidator(TOKEN).compute_signature(BASE_URL + STATUSES, STATUS)
        == headers["X-Twilio-Signature"]
    )
