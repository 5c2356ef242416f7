"""Templates at Twilio's Content API, by its rules and, with GRIOT_SPECS, as it is published."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from bot.programme import open_programme
from bot.templates import TemplateText, tapped_texts, texts_of
from channels.base import Failure, SendError
from channels.twilio_contents import Contents, is_same
from tests.programmes import ASTON, files_of
from tests.standin import Call, Fault, StandIn, Trouble
from tests.standin.twilio_content import ACCOUNT_SID, AUTH_TOKEN

TEXTS = {text.name: text for text in texts_of(open_programme(files_of(ASTON)))}
PROMPT = TEXTS["griot_prompt_fr_v1"]


@pytest.fixture
def contents(provider: StandIn) -> Iterator[Contents]:
    """Return the account's contents, with none in it."""
    provider.content.contents.clear()
    provider.content.page = 1000
    found = Contents(ACCOUNT_SID, AUTH_TOKEN, provider.url, timeout=1.0)
    yield found
    found.close()


def test_a_template_goes_from_text_to_approval(provider: StandIn, contents: Contents) -> None:
    sid = contents.create(PROMPT)
    unsubmitted = contents.state(PROMPT.name, sid)
    assert unsubmitted is not None
    assert (unsubmitted.status, unsubmitted.content_sid) == ("unsubmitted", sid)
    assert contents.submit(PROMPT, sid).status == "received"
    provider.content.settle("rejected", reason="INVALID_FORMAT")
    [state] = contents.states()
    assert (state.kind, state.language, state.version) == ("prompt", "fr", 1)
    assert (state.status, state.reason) == ("rejected", "INVALID_FORMAT")
    created = provider.content.contents[sid]
    assert (created.language, created.name, created.category) == ("fr", PROMPT.name, "UTILITY")


def test_a_template_reads_as_filled(provider: StandIn, contents: Contents) -> None:
    """Values in order, then the token, which every button answers with."""
    sid = contents.create(TEXTS["griot_reminder_en_v1"])
    values = {"1": "Awa", "2": "Action plan", "3": "Bamako", "4": "15 September 2026", "5": "t77"}
    text, buttons = provider.content.contents[sid].render(values)
    assert text == (
        "Hello Awa. Reminder of a deadline: Action plan, Bamako, due 15 September 2026."
        " You can send it here or ask for more time."
    )
    assert buttons == (("Send it now", "t77:1"), ("Ask for more time", "t77:2"), ("Say what blocks", "t77:3"))


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_every_template_of_aston_is_taken(text: TemplateText, provider: StandIn, contents: Contents) -> None:
    sid = contents.create(text)
    assert contents.submit(text, sid).status == "received", provider.content.contents[sid].reason
    [listed] = contents.listed()
    assert is_same(text, listed)


@pytest.mark.parametrize("text", tapped_texts(), ids=lambda text: text.kind)
def test_buttons_of_the_window_need_no_approval(
    text: TemplateText, provider: StandIn, contents: Contents
) -> None:
    """They are ready once they are there; nobody is asked about them."""
    sid = contents.create(text)
    [listed] = contents.listed()
    assert is_same(text, listed)
    [state] = contents.states()
    assert (state.kind, state.status, state.content_sid) == (text.kind, "ready", sid)
    assert not provider.calls(f"GET /v1/Content/{sid}/ApprovalRequests")


def test_long_lists_are_read_to_their_end(provider: StandIn, contents: Contents) -> None:
    """The next page's address names Twilio's own origin; the one of the settings is asked."""
    provider.content.page = 2
    for text in list(TEXTS.values())[:5]:
        contents.create(text)
    assert len(contents.listed()) == 5


def test_contents_of_others_are_no_templates(provider: StandIn, contents: Contents) -> None:
    sid = contents.create(PROMPT)
    for name in ("griot_prompt_fr_v0", "griot_greeting_fr_v1", "welcome", "", "griot_prompt_fr_v1_old"):
        provider.content.contents[sid].friendly_name = name
        assert contents.states() == []


@pytest.mark.parametrize(
    ("trouble", "failure"),
    [
        pytest.param(Trouble(fault=Fault.DROP), Failure.UNKNOWN, id="dropped"),
        pytest.param(Trouble(fault=Fault.STALL), Failure.UNKNOWN, id="silent"),
        pytest.param(Trouble(fault=Fault.HTML), Failure.UNKNOWN, id="a page"),
        pytest.param(Trouble(fault=Fault.THROTTLED, value=3), Failure.THROTTLED, id="throttled"),
        pytest.param(Trouble(fault=Fault.UNAUTHORIZED), Failure.MISCONFIGURED, id="not ours"),
    ],
)
def test_trouble_is_told_by_class(
    trouble: Trouble, failure: Failure, provider: StandIn, contents: Contents
) -> None:
    provider.trouble("content", trouble)
    with pytest.raises(SendError) as error:
        contents.listed()
    assert error.value.failure is failure


def test_a_wrong_token_is_told(provider: StandIn) -> None:
    other = Contents(ACCOUNT_SID, "another-token", provider.url, timeout=1.0)
    with pytest.raises(SendError, match="Authenticate") as error:
        other.listed()
    assert error.value.failure is Failure.MISCONFIGURED
    other.close()


def test_every_call_is_as_published(provider: StandIn, contents: Contents, specs: Path) -> None:
    """What is asked and what the stand-in answers validate against the Content API's description."""
    sid = contents.create(PROMPT)
    contents.submit(PROMPT, sid)
    contents.states()
    for text in tapped_texts():
        contents.create(text)
    described = json.loads((specs / "twilio_content.openapi.json").read_text("utf-8"))
    calls = list(provider.record.calls)
    assert len(calls) == 4 + len(tapped_texts())
    for call in calls:
        _check(call, described)


def _check(call: Call, described: dict[str, Any]) -> None:
    method, path = call.method.split(" ")
    found = next(each for each in described["paths"] if _is_path(each, path))
    operation = described["paths"][found][method.lower()]
    status = {"GET": "200", "POST": "201"}[method]
    if method == "POST":
        _validate(json.loads(call.fields["body"]), operation["requestBody"], described)
    _validate(call.answer, operation["responses"][status], described)


def _is_path(pattern: str, path: str) -> bool:
    parts, given = pattern.split("/"), path.split("/")
    return len(parts) == len(given) and all(
        part in (word, "{Sid}", "{ContentSid}") and not (part == "Content" and word != part)
        for part, word in zip(parts, given, strict=True)
    )


def _validate(value: object, place: dict[str, Any], described: dict[str, Any]) -> None:
    schema = place["content"]["application/json"]["schema"]
    components = _as_json_schema(described["components"])
    Draft202012Validator(_as_json_schema(schema) | {"components": components}).validate(value)


def _as_json_schema(schema: Any) -> Any:
    """Return an OpenAPI 3.0 schema with `nullable` written as JSON Schema has it."""
    if isinstance(schema, list):
        return [_as_json_schema(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    read = {key: _as_json_schema(value) for key, value in schema.items() if key != "nullable"}
    return {"anyOf": [read, {"type": "null"}]} if schema.get("nullable") is True else read
