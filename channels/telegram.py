"""Telegram: how an update is verified, read and answered (Bot API 10.0)."""

import hmac
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from channels.base import (
    BodyError,
    Envelope,
    Failure,
    Fetched,
    Inbound,
    Limits,
    Outgoing,
    Receipt,
    SendError,
    SignatureError,
)
from channels.telegram_updates import read_update

if TYPE_CHECKING:
    from channels.telegram_calls import Calls

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - a header's name
KINDS = ("message", "edited_message", "callback_query", "my_chat_member")  # allowed_updates
DEEPEST = 64  # levels of JSON; Telegram's own updates have about ten
MOST_CONNECTIONS = 10  # platforms: 4 to 10 for this load; Telegram's default is 40
_GREATEST_ID = 2**63


@dataclass(frozen=True, slots=True)
class Profile:
    """What Telegram shows of the bot in one language."""

    commands: Sequence[tuple[str, str]]  # name ([a-z0-9_], 1 to 32) and what it does (1 to 256), at most 100
    description: str  # before Start is pressed; at most 512 characters
    short_description: str  # on the bot's page; at most 120 characters


@dataclass(frozen=True, slots=True)
class Registration:
    """What Telegram says of the webhook."""

    url: str  # "" when none is set
    pending: int  # updates that wait for a 2xx
    last_error: str = ""
    last_error_at: datetime | None = None  # aware


class Telegram:
    """The channel `telegram`: webhooks in, calls of the Bot API out.

    Commands alone import the library (24 MB): neither reading an update nor sending needs it.
    """

    name = "telegram"
    limits = Limits(characters=4096, buttons=100, label=200)  # Bot API, sendMessage; 100 buttons in all

    def __init__(
        self,
        token: str,
        secrets: Sequence[str],
        api_url: str = "https://api.telegram.org",
        timeout: float = 20.0,
    ) -> None:
        """Keep token and secrets; Telegram is told the first secret, an update may bear any."""
        self._bot_id = token.partition(":")[0]
        self._secrets = tuple(secret.encode() for secret in secrets if secret)
        self._token = token
        self._api_url = api_url.rstrip("/")
        self._timeout = timeout  # seconds for a whole call
        self._opening = threading.Lock()
        self._calls: Calls | None = None

    def verify(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Return when the header is one of our secrets; raise SignatureError (setWebhook, secret_token)."""
        given = headers.get(SECRET_HEADER, "").encode("utf-8", "surrogatepass")
        if not any(hmac.compare_digest(given, secret) for secret in self._secrets):
            raise SignatureError("the secret token is missing or wrong")

    def envelope(self, body: bytes) -> Envelope:
        """Return `<bot id>:<update_id>`, the chat's id and, for a tap, the body that ends its spinner.

        Raise BodyError for what is not JSON, is deeper than 64 levels or has no integer `update_id`.
        """
        update = _read_json(body)
        update_id = update.get("update_id") if isinstance(update, dict) else None
        if not _is_id(update_id):
            raise BodyError("no integer update_id")
        return Envelope(f"{self._bot_id}:{update_id}", _sender(update), _acknowledgement(update))

    def parse(self, body: bytes) -> list[Inbound | Receipt]:
        """Return the reply or the news of a block; [] for kinds and service messages Griot does not use."""
        return read_update(_read_json(body))

    def send(self, out: Outgoing) -> str:
        """Return `<chat>:<message>` of the message sent or put in place of another; raise SendError."""
        return self.calls.send(out, self.limits)

    def begin(self, out: Outgoing, may_leave: Callable[[], bool]) -> Future[str]:
        """Return at once what `send` will come to."""
        return self.calls.begin(out, self.limits, may_leave)

    def fetch(self, ref: str, most_bytes: int) -> Fetched:
        """Return the file of this file_id; raise FetchError (Bot API, getFile: at most 20 MB)."""
        return self.calls.fetch(ref, most_bytes)

    @property
    def calls(self) -> "Calls":
        """Return the calls of the Bot API; their thread starts at the first one (after a fork)."""
        from channels.telegram_calls import Calls  # the web process never needs it

        with self._opening:
            if self._calls is None:
                self._calls = Calls(self._token, self._api_url, self._timeout)
            return self._calls

    def close(self) -> None:
        """Close the connections; a later call opens them again."""
        with self._opening:
            if self._calls is not None:
                self._calls.close()
                self._calls = None

    def username(self) -> str:
        """Return the bot's user name, for links `https://t.me/<name>?start=<code>`; raise SendError."""
        return self.calls.username()

    def invite_url(self, code: str) -> str:
        """Return the deep link that sends `/start CODE` (Bot features, Deep linking); raise SendError."""
        return f"https://t.me/{self.username()}?start={code}"

    def set_up(self, base_url: str, profiles: Mapping[str, Profile]) -> None:
        """Register the webhook under `base_url`, and commands and descriptions per language ("": default).

        Raise SendError with what Telegram objects to. Doing it again changes nothing.
        """
        url = base_url.rstrip("/") + "/webhooks/telegram"
        secret = self._secrets[0].decode() if self._secrets else ""
        self.calls.set_webhook(url, secret, KINDS, MOST_CONNECTIONS)
        for language, profile in profiles.items():
            self.calls.describe(language, profile.commands, profile.description, profile.short_description)

    def end_spinner(self, envelope: Envelope) -> None:
        """Answer a tap by a call of its own, where there is no webhook to answer; a late one is no error."""
        tap = json.loads(envelope.acknowledge)["callback_query_id"]
        try:
            self.calls.end_spinner(tap)
        except SendError as error:
            if error.code != "400":  # "query is too old" and the like: the spinner has ended by itself
                raise

    def take_down(self) -> None:
        """Remove the webhook, so that updates can be fetched; raise SendError."""
        self.calls.delete_webhook()

    def health(self) -> Registration:
        """Return what Telegram says of the webhook (getWebhookInfo); raise SendError."""
        info = self.calls.webhook_info()
        try:
            failed = int(info.get("last_error_date") or 0)
            return Registration(
                str(info.get("url") or ""),
                int(info.get("pending_update_count") or 0),
                str(info.get("last_error_message") or ""),
                datetime.fromtimestamp(failed, UTC) if failed else None,
            )
        except (TypeError, ValueError, OverflowError, OSError):
            raise SendError(Failure.UNKNOWN, "an answer that is not the Bot API's", code="200") from None


def _read_json(body: bytes) -> Any:
    """Return the body's JSON; raise BodyError."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BodyError("the body is not JSON") from error
    if body.count(b"{") + body.count(b"[") > DEEPEST and _is_deep(value):
        raise BodyError(f"JSON deeper than {DEEPEST} levels")
    return value


def _is_deep(value: object) -> bool:
    """Tell whether containers lie in one another more than 64 levels deep."""
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _inner(outer)]
        if not level:
            return False
    return any(isinstance(one, dict | list) for one in level)


def _inner(value: object) -> Sequence[object]:
    match value:
        case dict():
            return list(value.values())
        case list():
            return value
        case _:
            return ()


def _is_id(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _GREATEST_ID


def _sender(update: Mapping[str, Any]) -> str:
    """Return the chat's id (a private chat's is the person's), else the id of who tapped, else ""."""
    for kind in KINDS:
        event = _child(update, kind)
        chat = _child(event, "chat") or _child(_child(event, "message"), "chat")
        for owner in (chat, _child(event, "from")):
            if _is_id(owner.get("id")):
                return str(owner["id"])
    return ""


def _child(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    inner = value.get(name)
    return inner if isinstance(inner, dict) else {}


def _acknowledgement(update: Mapping[str, Any]) -> str:
    """Return a call of answerCallbackQuery as the body of the 200: the spinner ends, nothing is sent."""
    tap = _child(update, "callback_query").get("id")
    if not isinstance(tap, str) or not tap:
        return ""
    return json.dumps({"method": "answerCallbackQuery", "callback_query_id": tap})
