"""How a phone's words reach a bot: Telegram's updates with their secret, Twilio's signed forms."""

import itertools
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import Protocol

from tests.site import FIRST_PERSON, SECRET
from tests.standin.twilio import ACCOUNT_SID, AUTH_TOKEN, signed

VOICES = (("bamako", "fr"), ("bizerte", "ar"), ("kampala", "en"), ("matola", "pt"))
"""City and language of the people, in turn."""
WHATSAPP = "whatsapp"
SENDER = "+10000000001"  # Griot's number; fictitious, as every other
_TEXT = re.compile(r"<Message[^>]*>(.*?)</Message>", re.DOTALL)


def as_telegram_writes(update: Mapping[str, object]) -> bytes:
    """Return an update as Telegram sends it: without a space between names and values."""
    return json.dumps(update, separators=(",", ":")).encode()


class Wire(Protocol):
    """One provider's webhooks."""

    channel: str
    path: str

    def address(self, person: int) -> str:
        """Return the address of a person on the channel, as replies name it."""
        ...

    def contact(self, person: int) -> str:
        """Return the address as `griot person add` takes it."""
        ...

    def webhook(self, url: str, person: int, text: str) -> tuple[Mapping[str, str], bytes]:
        """Return headers and body that bring a text to `url`, never the same twice."""
        ...

    def replied(self, body: bytes) -> str | None:
        """Return the reply that the answer to a webhook itself holds, None when it holds none."""
        ...


@dataclass
class TelegramWire:
    """Updates of private chats."""

    channel: str = "telegram"
    path: str = "/webhooks/telegram"
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def address(self, person: int) -> str:
        """Return the number of the chat."""
        return str(FIRST_PERSON + person)

    def contact(self, person: int) -> str:
        """Return the number of the chat."""
        return self.address(person)

    def webhook(self, url: str, person: int, text: str) -> tuple[Mapping[str, str], bytes]:
        """Return an update with the secret; a command is marked as Telegram does."""
        number, chat = next(self._numbers), FIRST_PERSON + person
        language = VOICES[person % len(VOICES)][1]
        user = {"id": chat, "is_bot": False, "first_name": "Demo", "language_code": language}
        message: dict[str, object] = {
            "message_id": number,
            "from": user,
            "chat": {"id": chat, "first_name": "Demo", "type": "private"},
            "date": int(time.time()),
            "text": text,
        }
        if text.startswith("/"):
            message["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text)}]
        headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET, "Content-Type": "application/json"}
        return headers, as_telegram_writes({"update_id": number, "message": message})

    def replied(self, body: bytes) -> str | None:
        """Return None: what is said comes by a call."""
        return None


@dataclass
class TwilioWire:
    """Forms that bring WhatsApp messages."""

    channel: str = WHATSAPP
    path: str = "/webhooks/twilio"
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def address(self, person: int) -> str:
        """Return the number, in the form of Twilio's WhatsApp addresses."""
        return f"{WHATSAPP}:{self.contact(person)}"

    def contact(self, person: int) -> str:
        """Return the number."""
        return f"+2237{person:07}"

    def webhook(self, url: str, person: int, text: str) -> tuple[Mapping[str, str], bytes]:
        """Return a form, signed for `url`."""
        sid, sender = f"SM{next(self._numbers):032x}", self.address(person)
        form = {
            "AccountSid": ACCOUNT_SID,
            "ApiVersion": "2010-04-01",
            "Body": text,
            "From": sender,
            "MessageSid": sid,
            "MessageType": "text",
            "NumMedia": "0",
            "NumSegments": "1",
            "ProfileName": "Demo",
            "SmsMessageSid": sid,
            "SmsSid": sid,
            "SmsStatus": "received",
            "To": f"{WHATSAPP}:{SENDER}",
            "WaId": sender.rpartition("+")[2],
        }
        return signed(url, form, AUTH_TOKEN)

    def replied(self, body: bytes) -> str | None:
        """Return the text of the TwiML's message."""
        found = _TEXT.search(body.decode())
        return unescape(found[1]) if found else None
