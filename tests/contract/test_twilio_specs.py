"""Twilio as its published schemas, samples and vectors describe it; skipped without GRIOT_SPECS."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from sqlalchemy import select

from bot.values import Message, Opening
from channels.base import Failure, Inbound, Outgoing, Receipt, SignatureError
from channels.sms_text import is_gsm, parts, units
from channels.twilio import Account, sms, whatsapp
from channels.twilio_errors import FAILURES, failure_of_answer, failure_of_status
from channels.twilio_webhooks import to_keep
from models.db import Store, open_store, read
from models.inbox import Inbox, unpack
from tests.standin import Call, StandIn
from tests.standin.twilio import ACCOUNT_SID, AUTH_TOKEN
from webhooks.intake import Intake
from webhooks.routes import Webhooks

Schema = dict[str, Any]
Sample = Mapping[str, Any]
BASE_URL = "https://griot.example.org"
ON_SMS = ("sms_text_ucs2", "sms_stop_with_advanced_opt_out", "sms_two_segments")


def sample(specs: Path, name: str) -> Schema:
    """Return one file of samples."""
    found = json.loads((specs / "samples" / name).read_text("utf-8"))
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="session")
def posted(specs: Path) -> Schema:
    """Return the sample webhooks, inbound and status."""
    return sample(specs, "twilio_webhooks.json")


@pytest.fixture(scope="session")
def messages_api(specs: Path) -> Schema:
    """Return the schema of the Messages API."""
    found = json.loads((specs / "twilio_messages.openapi.json").read_text("utf-8"))
    assert isinstance(found, dict)
    return found


@pytest.fixture
def site(database: str, posted: Schema) -> Iterator[tuple[FlaskClient, Store]]:
    """Yield the product's own routes over each database."""
    store = open_store(database)
    account = Account("AC" + "0" * 31 + "1", (posted["auth_token"],), BASE_URL)
    channels = {
        "whatsapp": whatsapp(account, "+33639980099"),
        "sms": sms(account, "+33639980098"),
    }
    intake = Intake(store, lambda db: None, lambda: None)
    app = Flask(__name__)
    clock = partial(datetime.now, UTC)
    hooks = Webhooks(channels, intake.keep, clock, BASE_URL, lambda channel, status, seconds: None)
    app.wsgi_app = hooks.around(app.wsgi_app)
    yield app.test_client(), store
    store.close()


def post(client: FlaskClient, one: Sample) -> tuple[int, bytes, str | None]:
    """Return status, body and type of the answer to a sample, seen through a proxy as plain http."""
    parts_ = urlsplit(one["url"])
    path = parts_.path + (f"?{parts_.query}" if parts_.query else "")
    answer = client.post(path, data=urlencode(one["form"]).encode(), headers=one["headers"])
    return answer.status_code, answer.data, answer.mimetype


def kept(store: Store) -> dict[str, Inbox]:
    """Return the inbox by the provider's id."""
    return {row.provider_id: row for row in read(store, lambda db: db.scalars(select(Inbox)).all())}


def test_every_sample_passes_the_real_route(site: tuple[FlaskClient, Store], posted: Schema) -> None:
    """A message: 200 and an empty TwiML document; a status: 204. Each is kept once, with its outbox id."""
    client, store = site
    for one in (*posted["inbound"].values(), *posted["inbound"].values()):
        assert post(client, one) == (200, b"<Response/>", "text/xml")
    for one in (*posted["status"].values(), *posted["status"].values()):
        assert post(client, one)[:2] == (204, b"")
    for one in (*posted["inbound"].values(), *posted["status"].values()):
        unsigned = {**one, "headers": {**one["headers"], "X-Twilio-Signature": "x"}}
        assert post(client, unsigned)[0] == 403
    rows = kept(store)
    messages = {one["form"]["MessageSid"] for one in posted["inbound"].values()}
    statuses = {
        ":".join(one["form"].get(part, "") for part in ("MessageSid", "MessageStatus", "ErrorCode"))
        for one in posted["status"].values()
    }
    assert set(rows) == messages | statuses
    for name, one in posted["inbound"].items():
        assert rows[one["form"]["MessageSid"]].channel == ("sms" if name in ON_SMS else "whatsapp")
    assert all(dict(parse_qsl(unpack(rows[key].body).decode()))["m"] == "91a7" for key in statuses)


def test_every_sample_is_read(posted: Schema) -> None:
    """Each message gives one reply, each status one receipt that names its row."""
    account = Account("AC0", (), BASE_URL)
    channels = {"whatsapp": whatsapp(account, ""), "sms": sms(account, "")}
    for name, one in posted["inbound"].items():
        body = urlencode(one["form"]).encode()
        [reply] = channels["sms" if name in ON_SMS else "whatsapp"].parse(body)
        assert isinstance(reply, Inbound)
        assert reply.address == one["form"]["From"].removeprefix("whatsapp:")
        assert reply.heard.text or reply.heard.press or reply.heard.media or reply.heard.location
    for name, one in posted["status"].items():
        body = to_keep(urlencode(one["form"]).encode(), "91a7")
        [receipt] = channels["sms" if name.startswith("sms") else "whatsapp"].parse(body)
        assert isinstance(receipt, Receipt)
        assert (receipt.reference, receipt.provider_id) == ("91a7", one["form"]["MessageSid"])
        failed = one["form"]["MessageStatus"] in {"failed", "undelivered", "canceled"}
        assert (receipt.state == "failed", receipt.failure is not None) == (failed, failed)


def test_every_signature_vector(specs: Path) -> None:
    """Valid ones pass, all others are SignatureErrors."""
    found = sample(specs, "twilio_signature_vectors.json")
    channel = whatsapp(Account("AC0", (found["auth_token"],), BASE_URL), "")
    for vector in found["vectors"]:
        body = urlencode(vector["form"]).encode()
        given = {"X-Twilio-Signature": vector["signature"]}
        if vector["valid"]:
            channel.verify(vector["url"], given, body)
            continue
        with pytest.raises(SignatureError):
            channel.verify(vector["url"], given, body)


def test_every_segment_vector(specs: Path) -> None:
    """Parts are counted as Twilio bills them."""
    for vector in sample(specs, "sms_segment_vectors.json")["vectors"]:
        counted = (
            "GSM-7" if is_gsm(vector["text"]) else "UCS-2",
            units(vector["text"]),
            parts(vector["text"]),
        )
        assert counted == (vector["encoding"], vector["units"], vector["segments"])


def check(call: Call, api: Schema) -> None:
    """Fail when the call, or the stand-in's answer to it, is not as published."""
    operation = api["paths"]["/2010-04-01/Accounts/{AccountSid}/Messages.json"][
        call.method.split()[0].lower()
    ]
    components = {"components": api["components"]}
    if "requestBody" in operation:
        form = operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
        unknown = set(call.fields) - set(form["properties"])
        assert not unknown, f"{call.method} has no {unknown}"
        Draft202012Validator({**form, **components}).validate(dict(call.fields))
    else:
        assert not set(call.fields) - {each["name"] for each in operation["parameters"]}
    answer = operation["responses"][str(call.status)]["content"]["application/json"]["schema"]
    Draft202012Validator(_nullable({**answer, **components})).validate(call.answer)


def _nullable(schema: Any) -> Any:
    """Return OpenAPI 3.0's `nullable` in JSON Schema's words."""
    if isinstance(schema, list):
        return [_nullable(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: _nullable(one) for name, one in schema.items()}
    if plain.pop("nullable", False) and isinstance(plain.get("type"), str):
        plain["type"] = [plain["type"], "null"]
    return plain


def test_every_call_is_as_published(provider: StandIn, messages_api: Schema) -> None:
    """Text, template and list: requests and the stand-in's answers validate against the schema."""
    account = Account(ACCOUNT_SID, (AUTH_TOKEN,), BASE_URL, api_url=provider.url)
    on_sms, on_whatsapp = sms(account, "+10000000002"), whatsapp(account, "+10000000001")
    out = Outgoing("+22370000001", Message("Which?", ("A", "ب"), token="t"), "17")
    on_sms.send(out)
    provider.hears("whatsapp:+22370000001")
    on_whatsapp.send(out)
    on_sms.find(out, datetime.now(UTC))
    serviced = sms(replace(account, service="MG" + "0" * 32), "")
    serviced.send(out)
    for channel in (on_sms, on_whatsapp, serviced):
        channel.close()
    assert [call.method for call in provider.record.calls] == ["POST Messages"] * 2 + [
        "GET Messages",
        "POST Messages",
    ]
    for call in provider.record.calls:
        check(call, messages_api)


def test_a_template_is_as_published(provider: StandIn, messages_api: Schema) -> None:
    """The call of a template is valid even where the account does not have it."""
    channel = whatsapp(Account(ACCOUNT_SID, (AUTH_TOKEN,), BASE_URL, api_url=provider.url), "+10000000001")
    message = Message("x", token="t", opening=Opening("prompt", "en", ("Amina",)))
    with pytest.raises(Exception, match="ContentSid"):
        channel.send(Outgoing("+22370000001", message, "17", "HX" + "f" * 32))
    channel.close()
    operation = messages_api["paths"]["/2010-04-01/Accounts/{AccountSid}/Messages.json"]["post"]
    form = operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    [call] = provider.record.calls
    Draft202012Validator({**form, "components": messages_api["components"]}).validate(dict(call.fields))


MEANING = {
    "retry_backoff": {Failure.THROTTLED, Failure.NOT_SENT, Failure.LATER},
    "ambiguous": {Failure.UNKNOWN},
    "mark_unreachable": {Failure.UNREACHABLE},
    "opt_out": {Failure.OPTED_OUT},
    "use_template": {Failure.WINDOW_CLOSED},
    "other_channel": {Failure.OTHER_CHANNEL},
    "delay_long": {Failure.LATER},
    "fix_request": {Failure.REJECTED},
    # not all of the channel is at fault: one template, one country, one tester
    "alert_operator": {Failure.MISCONFIGURED, Failure.TEMPLATE_REFUSED, Failure.OTHER_CHANNEL},
}


def test_every_listed_code_has_its_reaction(specs: Path) -> None:
    """Each published code ends in the failure that its reaction asks for, wherever it is told."""
    listed = json.loads((specs / "twilio_errors.json").read_text("utf-8"))["codes"]
    told = [one for one in listed if one["where"] != "console"]
    assert {one["code"] for one in told} == set(FAILURES)
    for one in told:
        code = str(one["code"])
        assert failure_of_answer(400, code) == failure_of_status(code)
        assert failure_of_status(code) in MEANING[one["reaction"]], one


def test_samples_are_as_described(specs: Path, posted: Schema) -> None:
    """The stand-in's own statuses have the fields of the published ones."""
    schema = json.loads((specs / "twilio_webhooks.schema.json").read_text("utf-8"))
    with StandIn() as provider:
        account = Account(ACCOUNT_SID, (AUTH_TOKEN,), BASE_URL, api_url=provider.url)
        channel = sms(account, "+10000000002")
        channel.send(Outgoing("+22370000001", Message("x"), "1"))
        channel.close()
        for one in provider.twilio.callbacks:
            form = dict(parse_qsl(one.body.decode()))
            Draft202012Validator({**schema["$defs"]["status"], "$defs": schema["$defs"]}).validate(form)
