"""Telegram as its published schema and sample updates describe it; skipped without GRIOT_SPECS."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from sqlalchemy import select

from bot.values import Message
from channels.base import Failure, Inbound, Outgoing, Receipt, SendError
from channels.telegram import SECRET_HEADER, Profile, Telegram
from models.db import open_store, read
from models.inbox import Inbox
from tests.contract.conftest import SECRET
from tests.standin import Call, Fault, StandIn, Trouble
from tests.standin.server import TOKEN
from webhooks.intake import Intake
from webhooks.routes import Webhooks

Schema = dict[str, Any]
Samples = Mapping[str, dict[str, Any]]


@pytest.fixture
def client(database: str) -> Iterator[tuple[FlaskClient, str]]:
    """Yield the product's own route over a real database, and the database's address."""
    store = open_store(database)
    intake = Intake(store, lambda db: None, lambda: None)
    app = Flask(__name__)
    channel = Telegram(TOKEN, [SECRET])
    clock, channels = partial(datetime.now, UTC), {"telegram": channel}
    hooks = Webhooks(channels, intake.keep, clock, "", lambda channel, status, seconds: None)
    app.wsgi_app = hooks.around(app.wsgi_app)
    yield app.test_client(), database
    store.close()


def decoded(fields: Mapping[str, str], parameters: Schema) -> dict[str, object]:
    """Return the form's fields with nested values decoded, as the server reads them."""
    return {
        name: value if parameters["properties"][name].get("type") == "string" else json.loads(value)
        for name, value in fields.items()
    }


def check(call: Call, bot_api: Schema) -> None:
    """Fail when the call, or the stand-in's answer to it, is not as published."""
    method = bot_api["methods"][call.method]
    unknown = set(call.fields) - set(method["params"]["properties"])
    assert not unknown, f"{call.method} has no {unknown}"
    definitions = {"$defs": bot_api["$defs"]}
    Draft202012Validator(method["params"] | definitions).validate(decoded(call.fields, method["params"]))
    Draft202012Validator(method["returns"] | definitions).validate(call.answer["result"])


def test_every_call_is_as_published(provider: StandIn, telegram: Telegram, bot_api: Schema) -> None:
    """All methods that Griot calls, and the stand-in's answers, validate against the Bot API's schema."""
    first = telegram.send(Outgoing("500000001", Message("Which?", ("A", "ب"), finish="Done", token="t")))
    telegram.send(Outgoing("500000001", Message("Which?", ("✓ A",), token="t", replaces=first)))
    telegram.set_up("https://griot.example.org", {"fr": Profile((("aide", "Aide"),), "Long", "Court")})
    telegram.take_down()
    telegram.calls.updates(0, 0, ["message"])
    telegram.end_spinner(telegram.envelope(b'{"update_id":1,"callback_query":{"id":"77"}}'))
    telegram.health()
    telegram.username()
    assert {call.method for call in provider.record.calls} == {
        "sendMessage",
        "editMessageText",
        "setWebhook",
        "setMyCommands",
        "setMyDescription",
        "setMyShortDescription",
        "deleteWebhook",
        "getUpdates",
        "answerCallbackQuery",
        "getWebhookInfo",
        "getMe",
    }
    for call in provider.record.calls:
        check(call, bot_api)


def test_every_sample_is_read(samples: Samples) -> None:
    """Each sample gives one reply or one news, but the two that Griot has no use for."""
    telegram = Telegram(TOKEN, [SECRET])
    unused = {name for name, update in samples.items() if not telegram.parse(json.dumps(update).encode())}
    assert unused == {"tg_group_migrated", "tg_unknown_update_type"}


def test_the_samples_say_what_they_say(samples: Samples) -> None:
    """A few facts of the samples: deep link, language, edit, block, group."""
    telegram = Telegram(TOKEN, [SECRET])
    read_as = {name: telegram.parse(json.dumps(update).encode()) for name, update in samples.items()}
    replies = {name: found[0] for name, found in read_as.items() if found}
    link, pt, edit = (replies[name] for name in ("tg_start_deep_link", "tg_text_pt", "tg_edited_message"))
    assert isinstance(link, Inbound)
    assert isinstance(pt, Inbound)
    assert isinstance(edit, Inbound)
    assert (link.heard.text, pt.language) == ("/start inv_7Qh2xK9-Tm4", "pt")
    assert (edit.heard.edited, edit.heard.source) == (True, "500000001:101")
    assert isinstance(replies["tg_my_chat_member_blocked"], Receipt)
    group = replies["tg_group_message"]
    assert isinstance(group, Inbound)
    assert not group.is_private


def test_every_sample_passes_the_real_route(client: tuple[FlaskClient, str], samples: Samples) -> None:
    """Each answers 200, a tap with its acknowledgement; the duplicate is one row."""
    http, database = client
    for update in samples.values():
        answer = http.post("/webhooks/telegram", json=update, headers={SECRET_HEADER: SECRET})
        assert answer.status_code == 200
        assert bool(answer.data) == ("callback_query" in update)
        assert http.post("/webhooks/telegram", json=update).status_code == 403
    store = open_store(database)
    kept = read(store, lambda db: db.scalars(select(Inbox.provider_id)).all())
    store.close()
    assert sorted(kept) == sorted({f"700100200:{update['update_id']}" for update in samples.values()})


MEANING = {
    "retry_after": {Failure.THROTTLED},
    "mark_unreachable": {Failure.BLOCKED, Failure.UNREACHABLE},
    "migrate_chat": {Failure.UNREACHABLE},
    "fix_request": {Failure.REJECTED},
    "ignore": {Failure.REJECTED},  # harmless where it belongs; a message that meets it was not taken
    "retry_backoff": {Failure.REJECTED},  # the one of getFile
    "alert_operator": {Failure.MISCONFIGURED},
    "config": {Failure.MISCONFIGURED},
    "ambiguous": {Failure.UNKNOWN},
}


def test_every_listed_answer_has_its_reaction(provider: StandIn, telegram: Telegram, specs: Path) -> None:
    """Each published refusal ends in the failure that its reaction asks for."""
    listed = json.loads((specs / "telegram_errors.json").read_text("utf-8"))["errors"]
    answers = [one for one in listed if one["http"] not in {None, 200}]
    assert len(answers) > 30
    for one in answers:
        fault = Fault.MIGRATED if one["reaction"] == "migrate_chat" else Fault.REFUSED
        provider.trouble(1, Trouble(fault=fault, value=one["http"], text=one["match"]))
        with pytest.raises(SendError) as raised:
            telegram.send(Outgoing("1", Message("x")))
        assert raised.value.failure in MEANING[one["reaction"]], one["match"]
