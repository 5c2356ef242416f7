"""Calls of the Bot API from any thread, through one event loop with its own connections."""

import asyncio
import json
import logging
import re
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar
from urllib.parse import quote, urlsplit

from bot.values import Message
from channels.base import (
    GIVEN_UP,
    NEVER_CALLED,
    Failure,
    Fetched,
    FetchError,
    Lack,
    Limits,
    Outgoing,
    SendError,
    always,
    too_large,
)
from channels.fetching import Sources, download
from channels.fitting import beside_its_button, fit, one_line, shorten
from channels.telegram_http import FOREIGN, Http, Refused, Unanswered, failure_of
from channels.telegram_updates import FETCHED

if TYPE_CHECKING:
    from channels.telegram_account import Account

T = TypeVar("T")
Button: TypeAlias = dict[str, str]  # Bot API, InlineKeyboardButton

USUAL = "https://api.telegram.org"
CALLBACK_BYTES = 64  # Bot API, InlineKeyboardButton, callback_data: 1 to 64 bytes
_ONE_COLUMN = 20  # characters of a label from which on two buttons do not fit side by side
_ARABIC = re.compile("[\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufeff]")
_NO_PREVIEW = '{"is_disabled":true}'  # Bot API, LinkPreviewOptions
_FETCHED = {FETCHED: True}
_ADDRESS = re.compile(r"-?[0-9]{1,19}")
_GONE = ("message to edit not found", "message can't be edited", "message_id_invalid")


def sources_of(api_url: str) -> Sources:
    """Return where files come from: Telegram itself as any host, one that the operator named as it is."""
    host = (urlsplit(api_url).hostname or "").lower()
    return Sources((host,)) if api_url == USUAL else Sources((), frozenset({host}))


class Calls:
    """The Bot API as plain functions: each waits for the answer and raises SendError.

    One daemon thread runs one event loop for as long as this lives; any number of threads may call.
    """

    def __init__(self, token: str, api_url: str, timeout: float) -> None:
        for name in ("telegram", "httpx", "httpcore"):  # at DEBUG and INFO they log texts, secrets and URLs
            logging.getLogger(name).setLevel(logging.WARNING)
        self._timeout = timeout
        self._loop = asyncio.new_event_loop()
        self._http = Http(timeout)
        self._token = token
        self._api_url = api_url
        self._url = f"{api_url}/bot{token}"
        self._files = f"{api_url}/file/bot{token}"
        self._sources = sources_of(api_url)
        self._username = ""
        self._thread = threading.Thread(target=self._loop.run_forever, name="telegram", daemon=True)
        self._thread.start()

    @cached_property
    def account(self) -> "Account":
        """Return the calls of the library's bot; importing it takes 8 MiB, which no worker needs."""
        from channels.telegram_account import Account

        return Account(self._token, self._api_url, self._http)

    def close(self) -> None:
        """Give up calls under way, close the connections and end the thread."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(self._timeout)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(self._timeout)
        self._loop.close()

    async def _end(self) -> None:
        calls = asyncio.all_tasks() - {asyncio.current_task()}
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        await self._http.close()

    def _wait(self, asked: Coroutine[Any, Any, T], more_seconds: float = 0) -> T:
        """Return the result of a call; raise SendError."""
        future = asyncio.run_coroutine_threadsafe(asked, self._loop)
        try:
            return future.result(self._timeout + more_seconds + 5)  # the request's own deadline comes first
        except (Refused, Unanswered) as error:
            raise failure_of(error) from None
        except TimeoutError:
            future.cancel()
            raise SendError(Failure.UNKNOWN, "no answer in time") from None
        except CancelledError:
            raise SendError(Failure.UNKNOWN, GIVEN_UP) from None

    async def _ask(self, method: str, fields: Mapping[str, str], more_seconds: float = 0) -> Any:
        return await self._http.call(f"{self._url}/{method}", fields, more_seconds)

    def begin(self, out: Outgoing, limits: Limits, may_leave: Callable[[], bool]) -> Future[str]:
        """Return at once what will be `<chat>:<message>` of the message sent or replaced, or a SendError."""
        return asyncio.run_coroutine_threadsafe(self._send(out, limits, may_leave), self._loop)

    def send(self, out: Outgoing, limits: Limits) -> str:
        """Return `<chat>:<message>` of the message sent or replaced; raise SendError."""
        return self._wait(self._send(out, limits, always))

    async def _send(self, out: Outgoing, limits: Limits, may_leave: Callable[[], bool]) -> str:
        fields = fields_of(out, limits)
        if not may_leave():
            raise SendError(Failure.NOT_SENT, NEVER_CALLED)
        replaced = _message_id(out.message.replaces, out.address)
        try:
            if replaced and await self._edit(fields | {"message_id": replaced}):
                return out.message.replaces
            sent = await self._ask("sendMessage", fields)
        except (Refused, Unanswered) as error:
            raise failure_of(error) from None
        if not isinstance(sent, dict) or "message_id" not in sent:
            raise SendError(Failure.UNKNOWN, FOREIGN, code="200")
        return f"{fields['chat_id']}:{sent['message_id']}"

    async def _edit(self, fields: Mapping[str, str]) -> bool:
        """Tell whether the old message now reads so; False when it is gone."""
        try:
            await self._ask("editMessageText", fields)
        except Refused as error:
            said = str(error).lower()
            if error.status == 400 and "message is not modified" in said:
                return True
            if error.status == 400 and any(gone in said for gone in _GONE):
                return False
            raise
        return True

    def fetch(self, file_id: str, most_bytes: int) -> Fetched:
        """Return a file that was sent to the bot (getFile, then its path); raise FetchError."""
        try:
            found = self._wait(self._ask("getFile", {"file_id": file_id}))
        except SendError as error:
            raise _lack_of(error) from None
        path, size = (found.get("file_path"), found.get("file_size")) if isinstance(found, dict) else ("", 0)
        if not isinstance(path, str) or not path or ".." in path:
            raise FetchError(Lack.LATER, FOREIGN)
        if isinstance(size, int) and size > most_bytes:
            raise too_large(most_bytes)
        url = f"{self._files}/{quote(path)}"
        try:
            return self._wait(download(url, self._sources, most_bytes, self._timeout))
        except SendError as error:
            raise FetchError(Lack.LATER, error.detail) from None

    def username(self) -> str:
        """Return the bot's user name (getMe), asked once; raise SendError."""
        if not self._username:
            self._username = self._wait(self.account.username())
        return self._username

    def set_webhook(self, url: str, secret: str, kinds: Sequence[str], connections: int) -> None:
        """Register the webhook (setWebhook); raise SendError."""
        self._wait(self.account.set_webhook(url, secret, kinds, connections))

    def delete_webhook(self) -> None:
        """Remove the webhook (deleteWebhook); raise SendError."""
        self._wait(self._ask("deleteWebhook", {}))

    def webhook_info(self) -> Mapping[str, Any]:
        """Return the webhook's state (Bot API, WebhookInfo); raise SendError."""
        found = self._wait(self._ask("getWebhookInfo", {}))
        if not isinstance(found, dict):
            raise SendError(Failure.UNKNOWN, FOREIGN, code="200")
        return found

    def describe(self, language: str, commands: Sequence[tuple[str, str]], long: str, short: str) -> None:
        """Set commands and descriptions in one language ("": for all others); raise SendError."""
        self._wait(self.account.describe(language, commands, long, short))

    def updates(self, offset: int, seconds: int, kinds: Sequence[str]) -> list[tuple[int, bytes]]:
        """Return id and JSON of waiting updates from `offset` on, marked as fetched (getUpdates).

        Raise SendError, also for an answer that is no list of updates.
        """
        fields = {"offset": str(offset), "timeout": str(seconds), "allowed_updates": json.dumps(list(kinds))}
        found = self._wait(self._ask("getUpdates", fields, more_seconds=seconds), more_seconds=seconds)
        try:
            return [
                (int(update["update_id"]), json.dumps(update | _FETCHED, separators=(",", ":")).encode())
                for update in found
            ]
        except (TypeError, KeyError, ValueError):
            raise SendError(Failure.UNKNOWN, FOREIGN, code="200") from None

    def end_spinner(self, tap: str) -> None:
        """Answer a tap (answerCallbackQuery); raise SendError."""
        self._wait(self._ask("answerCallbackQuery", {"callback_query_id": tap}))


def _lack_of(error: SendError) -> FetchError:
    """Return what a refusal of getFile means for the file."""
    said = error.detail.lower()
    if "file is too big" in said:
        return FetchError(Lack.REFUSED, error.detail)
    is_final = error.code == "400" and "temporarily" not in said
    return FetchError(Lack.GONE if is_final else Lack.LATER, error.detail, retry_after=error.retry_after)


def fields_of(out: Outgoing, limits: Limits) -> dict[str, str]:
    """Return the form fields of sendMessage; raise SendError for a message that no rule would let pass.

    The text is plain (no parse_mode), 1 to 4096 characters; nested values are JSON inside the form.
    """
    text = fit(beside_its_button(out.message), limits)
    if not text:
        raise SendError(Failure.REJECTED, "the message is empty")
    if not _ADDRESS.fullmatch(out.address):
        raise SendError(Failure.UNREACHABLE, "the address is not a Telegram id")
    fields = {"chat_id": out.address, "text": text, "link_preview_options": _NO_PREVIEW}
    rows = keyboard_of(out.message, limits)
    return fields | ({"reply_markup": json.dumps({"inline_keyboard": rows})} if rows else {})


def _message_id(provider_id: str, address: str) -> str:
    """Return the message's number when it is one of this chat, else ""."""
    chat, _, message = provider_id.partition(":")
    return message if chat == address and message.isdecimal() else ""


def keyboard_of(message: Message, limits: Limits) -> list[list[Button]]:
    """Return a button per option, two a row unless a label is long or Arabic, and the last in a row below.

    Raise SendError when the token of the options is too long.
    """
    most = limits.buttons - bool(message.last)
    labels = [shorten(one_line(label), limits.label) for label in message.options[:most]]
    buttons = [_button(label, number, message.token) for number, label in enumerate(labels, start=1)]
    narrow = all(len(label) <= _ONE_COLUMN and not _ARABIC.search(label) for label in labels)
    width = 2 if narrow else 1
    rows = [buttons[at : at + width] for at in range(0, len(buttons), width)]
    if message.last:
        rows.append([_button(one_line(message.last), len(message.labels), message.token)])
    return rows


def _button(label: str, number: int, token: str) -> Button:
    data = f"{token}:{number}"
    if len(data.encode()) > CALLBACK_BYTES:
        raise SendError(
            Failure.REJECTED, f"the token of the options is longer than {CALLBACK_BYTES} bytes allow"
        )
    return {"text": label or str(number), "callback_data": data}
