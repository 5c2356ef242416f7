"""The stand-in refuses what Telegram refuses, and goes wrong as it is told."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from urllib.parse import urlencode

import pytest

from tests.standin import Client, Fault, StandIn, Trouble
from tests.standin.server import TOKEN


def keyboard(*rows: list[dict[str, str]]) -> str:
    """Return an inline keyboard as a form field."""
    return json.dumps({"inline_keyboard": list(rows)})


def ask(
    origin: str, method: str, fields: Mapping[str, object], token: str = TOKEN
) -> tuple[int, Mapping[str, object]]:
    """Call a method; return status and answer."""
    request = urllib.request.Request(f"{origin}/bot{token}/{method}", urlencode(fields).encode())
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


BUTTON = {"text": "Yes", "callback_data": "t:1"}


@pytest.mark.parametrize(
    ("method", "fields", "said"),
    [
        ("sendMessage", {"text": "x"}, "chat_id is empty"),
        ("sendMessage", {"chat_id": "amina", "text": "x"}, "chat not found"),
        ("sendMessage", {"chat_id": 1}, "message text is empty"),
        ("sendMessage", {"chat_id": 1, "text": " \n"}, "message text is empty"),
        ("sendMessage", {"chat_id": 1, "text": "x" * 4097}, "message is too long"),
        ("sendMessage", {"chat_id": 1, "text": "ي" * 20_000}, "text is too long"),
        ("sendMessage", {"chat_id": 1, "text": "x", "reply_markup": "{"}, "can't parse reply_markup"),
        ("sendMessage", {"chat_id": 1, "text": "x", "reply_markup": "{}"}, "object expected"),
        (
            "sendMessage",
            {"chat_id": 1, "text": "x", "reply_markup": keyboard([BUTTON | {"callback_data": "ي" * 33}])},
            "BUTTON_DATA_INVALID",
        ),
        (
            "sendMessage",
            {"chat_id": 1, "text": "x", "reply_markup": keyboard([BUTTON | {"text": ""}])},
            "button text must be non-empty",
        ),
        ("sendMessage", {"chat_id": 1, "text": "x", "reply_markup": keyboard([BUTTON] * 9)}, "too long"),
        ("sendMessage", {"chat_id": 1, "text": "x", "reply_markup": keyboard(*[[BUTTON]] * 101)}, "too long"),
        ("editMessageText", {"chat_id": 1, "text": "x", "message_id": 5}, "message to edit not found"),
        ("answerCallbackQuery", {}, "query ID is invalid"),
        ("setWebhook", {"url": "http://griot.example.org"}, "HTTPS"),
        ("setWebhook", {"url": "https://griot.example.org", "secret_token": "é"}, "unallowed"),
        ("setMyCommands", {"commands": '[{"command":"Help","description":"x"}]'}, "BOT_COMMAND_INVALID"),
        ("setMyShortDescription", {"short_description": "x" * 121}, "too long"),
    ],
)
def test_rules(provider: StandIn, method: str, fields: Mapping[str, object], said: str) -> None:
    """A broken rule is answered as Telegram does, and nothing is taken."""
    status, answer = ask(provider.url, method, fields)
    assert (status, answer["ok"], answer["error_code"]) == (400, False, 400)
    assert said in str(answer["description"])
    assert provider.record.count == 0


@pytest.mark.parametrize(("token", "status"), [("700100200:another-token", 401), ("none", 404)])
def test_a_wrong_token(provider: StandIn, token: str, status: int) -> None:
    """A revoked token is unauthorized; what is no token at all is not found."""
    assert ask(provider.url, "getMe", {}, token)[0] == status


def test_an_unknown_method(provider: StandIn) -> None:
    """A method that nobody knows is not found."""
    assert ask(provider.url, "sendPigeon", {})[0] == 404


def test_a_trouble_passes(provider: StandIn) -> None:
    """A fault for two calls lets the third through; other chats are not concerned."""
    provider.trouble(1, Trouble(fault=Fault.BLOCKED, times=2))
    statuses = [ask(provider.url, "sendMessage", {"chat_id": chat, "text": "x"})[0] for chat in (1, 2, 1, 1)]
    assert statuses == [403, 200, 403, 200]


def test_from_another_process() -> None:
    """`python -m tests.standin` is read and set through its admin endpoint."""
    command = [sys.executable, "-m", "tests.standin"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        client = Client(process.stdout.readline().split()[-1])
        try:
            client.trouble(1, Trouble(fault=Fault.THROTTLED, value=3, times=1))
            hello = {"chat_id": 1, "text": "Hello", "reply_markup": keyboard([BUTTON])}
            assert ask(client.url, "sendMessage", hello)[1]["parameters"] == {"retry_after": 3}
            ask(client.url, "sendMessage", hello)
            [sent] = client.wait(1, 1)
            assert (sent.text, sent.buttons, client.count()) == ("Hello", (("Yes", "t:1"),), 1)
            assert client.messages(1) == [sent]
            assert [call["status"] for call in client.calls("sendMessage")] == [429, 200]
            client.clear()
            assert client.messages(1) == []
        finally:
            process.terminate()
