"""A person with WhatsApp or with text messages alone, behind Twilio."""

import itertools
import secrets
from collections.abc import Callable, Mapping
from contextlib import closing
from http.client import HTTPConnection
from typing import Protocol
from urllib.parse import urlsplit

from tests.standin.record import Messages, Sent
from tests.standin.twilio import ACCOUNT_SID, AUTH_TOKEN, WHATSAPP, signed

Post = Callable[[str, bytes, Mapping[str, str]], tuple[int, bytes]]
"""Delivers a webhook to a path; returns the status and the body of the answer."""

PATH = "/webhooks/twilio"


class Provider(Messages, Protocol):
    """The stand-in: it knows when a person last wrote."""

    def hears(self, address: str) -> None:
        """Note that a person writes now."""
        ...


def twilio_webhook(base_url: str) -> Post:
    """Return a way to post webhooks to the product at `base_url`, a connection each."""
    target = urlsplit(base_url)

    def post(path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        with closing(HTTPConnection(target.hostname or "", target.port, timeout=30)) as connection:
            connection.request("POST", path, body, dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read()

    return post


class TwilioPhone:
    """One person: says, presses; waits for replies. `base_url` is the one that webhooks are signed for."""

    def __init__(
        self,
        post: Post,
        provider: Provider,
        address: str,
        base_url: str,
        *,
        channel: str = "whatsapp",
        token: str = AUTH_TOKEN,
        name: str = "Demo",
    ) -> None:
        self.address = (WHATSAPP if channel == "whatsapp" else "") + address
        self.last: tuple[bytes, Mapping[str, str]] = (b"", {})
        self._post = post
        self._provider = provider
        self._url = base_url.rstrip("/") + PATH
        self._token = token
        self._name = name
        self._numbers = itertools.count(1)
        self._read = 0  # messages already waited for

    def say(self, text: str, **more: str) -> str:
        """Write a text; return its SID. `more`: further form fields, such as OptOutType="STOP"."""
        return self.send(Body=text, MessageType="text", **more)

    def send(self, **fields: str) -> str:
        """Send anything a webhook may hold; return its SID."""
        sid = f"SM{secrets.token_hex(16)}"
        whatsapp = {"ProfileName": self._name, "WaId": self.address.rpartition("+")[2]}
        form = {
            "AccountSid": ACCOUNT_SID,
            "ApiVersion": "2010-04-01",
            "Body": "",
            "From": self.address,
            "MessageSid": sid,
            "NumMedia": "0",
            "NumSegments": "1",
            "SmsMessageSid": sid,
            "SmsSid": sid,
            "SmsStatus": "received",
            "To": "whatsapp:+10000000001" if self.address.startswith(WHATSAPP) else "+10000000001",
            **(whatsapp if self.address.startswith(WHATSAPP) else {}),
            **fields,
        }
        headers, body = signed(self._url, form, self._token)
        self.last = body, headers
        self._provider.hears(self.address)
        self.deliver_again()
        return sid

    def deliver_again(self) -> None:
        """Deliver the newest webhook once more; fail unless the product answers 200."""
        status, answer = self._post(PATH, *self.last)
        assert status == 200, f"the webhook answered {status}: {answer[:200]!r}"

    def press(self, option: str | int, message: Sent | None = None) -> str:
        """Tap a button or a list's item, by number or start of its label: of `message`, else the newest."""
        shown = message or next(sent for sent in reversed(self.messages()) if sent.buttons)
        if isinstance(option, int):
            label, data = shown.buttons[option - 1]
        else:
            label, data = next(button for button in shown.buttons if button[0].startswith(option))
        if shown.is_list:
            return self.send(Body=label, ListId=data, ListTitle=label, MessageType="interactive")
        return self.send(Body=label, ButtonText=label, ButtonPayload=data, MessageType="button")

    def messages(self) -> list[Sent]:
        """Return what the screen shows of Griot's messages, oldest first."""
        return self._provider.messages(self.address)

    def wait_for_reply(self, seconds: float = 10.0) -> Sent:
        """Return the next message not waited for yet; fail when none comes."""
        taken = self._provider.wait(self.address, self._read + 1, seconds)
        assert len(taken) > self._read, f"no reply to {self.address} within {seconds} s"
        self._read += 1
        return taken[self._read - 1]

    def ask(self, text: str, seconds: float = 10.0) -> str:
        """Say the text; return the text of the next reply."""
        self.say(text)
        return self.wait_for_reply(seconds).text
