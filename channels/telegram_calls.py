"""Calls of the Bot API from any thread, through one event loop with one bot and its own connections."""

import asyncio
import json
import logging
import re
import threading
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import CancelledError
from typing import Any, TypeAlias, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import aiohttp
from telegram import Bot, BotCommand, WebhookInfo
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

from bot.values import Message
from channels.base import Failure, Fetched, FetchError, Lack, Limits, Outgoing, SendError, too_large
from channels.fetching import Sources, download
from channels.fitting import fit, one_line, shorten

T = TypeVar("T")
Button: TypeAlias = dict[str, str]  # Bot API, InlineKeyboardButton

TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]{30,}")  # what a bot's token looks like; never in a log or an error
USUAL = "https://api.telegram.org"
CONNECTIONS = 256  # more than there are sender threads: no call waits for a connection
LONGEST_WAIT = 3600  # seconds that Telegram is believed when it wants to be left alone
CALLBACK_BYTES = 64  # Bot API, InlineKeyboardButton, callback_data: 1 to 64 bytes
_ONE_COLUMN = 20  # characters of a label from which on two buttons do not fit side by side
_ARABIC = re.compile("[\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufeff]")
_NO_PREVIEW = '{"is_disabled":true}'  # Bot API, LinkPreviewOptions
_FOREIGN = "an answer that is not the Bot API's"
_ADDRESS = re.compile(r"-?[0-9]{1,19}")
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)


def sources_of(api_url: str) -> Sources:
    """Return where files come from: Telegram itself as any host, one that the operator named as it is."""
    host = (urlsplit(api_url).hostname or "").lower()
    return Sources((host,)) if api_url == USUAL else Sources((), frozenset({host}))


class Refused(TelegramError):
    """Telegram answered, and not with a result: HTTP status, description, and what it says to do."""

    def __init__(self, status: int, description: str, retry_after: float | None, moved_to: str) -> None:
        super().__init__(description)
        self.status = status
        self.retry_after = retry_after  # seconds
        self.moved_to = moved_to  # the chat's new id


class AiohttpRequest(BaseRequest):
    """HTTP for the library's bot: form-encoded POSTs over kept connections, one deadline for a whole call."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        """Return the seconds that a call may take."""
        return self._timeout

    async def initialize(self) -> None:
        """Open the session; runs inside the loop that will use it."""
        connector = aiohttp.TCPConnector(limit=CONNECTIONS, limit_per_host=CONNECTIONS)
        self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    async def shutdown(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Return status and body of a result; raise Refused, TimedOut or NetworkError."""
        seconds = self._timeout if read_timeout is BaseRequest.DEFAULT_NONE else read_timeout
        body = request_data.url_encoded_parameters().encode() if request_data else b""
        return 200, await self._answer_to(url, method, body, seconds)

    async def call(self, url: str, fields: Mapping[str, str], more_seconds: float = 0) -> Any:
        """Return the result of one call without building the library's objects: less than half the CPU.

        The two calls on the way of every turn go through here, and the one whose result is kept as it
        came; all others go through the library's bot.
        """
        seconds = self._timeout + more_seconds
        answer = await self._answer_to(url, "POST", urlencode(fields).encode(), seconds)
        return self.parse_json_payload(answer)["result"]

    async def _answer_to(self, url: str, method: str, body: bytes, seconds: float) -> bytes:
        """Return the body of a result; raise Refused for any other answer.

        Raise TimedOut or NetworkError, with the cause, when there was no answer. URLs hold the token:
        no exception raised here carries one in its own text.
        """
        try:
            status, headers, answer = await self._exchange(url, method, body, seconds)
        except TimeoutError as error:
            raise TimedOut("no answer in time") from error
        except (aiohttp.ClientError, OSError) as error:
            raise NetworkError(f"no answer: the connection failed ({type(error).__name__})") from error
        if status != 200:
            raise _refusal(status, headers.get("Retry-After", ""), answer)
        return answer

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Return the answer of a call; raise Refused, and log nothing, for one without a result."""
        try:
            answer = json.loads(payload)
        except (ValueError, RecursionError):
            answer = {}
        if not isinstance(answer, dict) or "result" not in answer:
            raise Refused(200, _FOREIGN, None, "")
        return answer

    async def _exchange(self, url: str, method: str, body: bytes, seconds: float) -> tuple[int, Any, bytes]:
        if self._session is None:
            await self.initialize()
            return await self._exchange(url, method, body, seconds)
        timeout = aiohttp.ClientTimeout(total=seconds, connect=seconds / 2)
        async with self._session.request(
            method, url, data=body, headers=_FORM, timeout=timeout, allow_redirects=False
        ) as response:
            return response.status, response.headers, await response.read()


def _refusal(status: int, retry_after: str, answer: bytes) -> Refused:
    """Return what Telegram objects to; a page that is not Telegram's has no description."""
    try:
        said = json.loads(answer)
        parameters = said.get("parameters") or {}
        wait, moved_to = parameters.get("retry_after"), parameters.get("migrate_to_chat_id")
        return Refused(status, str(said.get("description") or status), _seconds(wait), str(moved_to or ""))
    except (ValueError, AttributeError):
        wait = int(retry_after) if retry_after.isdecimal() else None
        return Refused(status, _FOREIGN, _seconds(wait), "")


def _seconds(wait: object) -> float | None:
    """Return for how long Telegram wants to be left alone, an hour at most; None where it does not say."""
    return float(min(wait, LONGEST_WAIT)) if isinstance(wait, int | float) and wait >= 0 else None


def failure_of(error: TelegramError) -> SendError:
    """Return what a failed call means for the message (the table of errors in docs/channels/telegram.md)."""
    detail = TOKEN.sub("<token>", str(error))
    if not isinstance(error, Refused):
        never_sent = isinstance(error.__cause__, _NEVER_SENT)
        return SendError(Failure.NOT_SENT if never_sent else Failure.UNKNOWN, detail)
    return SendError(
        _failure(error.status, detail.lower(), error.moved_to),
        detail,
        code=str(error.status),
        retry_after=error.retry_after,
        moved_to=error.moved_to,
    )


def _failure(status: int, description: str, moved_to: str) -> Failure:
    """Return the kind of failure; descriptions are matched without regard to case."""
    match status:
        case 429:
            return Failure.THROTTLED
        case 400 if moved_to or "chat not found" in description:
            return Failure.UNREACHABLE
        case 403 if "blocked" in description or "kicked" in description:
            return Failure.BLOCKED
        case 403:
            return Failure.UNREACHABLE
        case 401 | 404 | 409:
            return Failure.MISCONFIGURED
        case 400 | 413:
            return Failure.REJECTED
        case 503:  # nothing was done
            return Failure.NOT_SENT
        case _:  # other 5xx, a page of somebody else, 200 without a result
            return Failure.UNKNOWN


class Calls:
    """The Bot API as plain functions: each waits for the answer and raises SendError.

    One daemon thread runs one event loop for as long as this lives; any number of threads may call.
    """

    def __init__(self, token: str, api_url: str, timeout: float) -> None:
        for name in ("telegram", "httpx", "httpcore"):  # at DEBUG and INFO they log texts, secrets and URLs
            logging.getLogger(name).setLevel(logging.WARNING)
        self._timeout = timeout
        self._loop = asyncio.new_event_loop()
        self._request = AiohttpRequest(timeout)
        self._url = f"{api_url}/bot{token}"
        self._files = f"{api_url}/file/bot{token}"
        self._sources = sources_of(api_url)
        self._bot = Bot(
            token or "none",  # the library refuses ""; Telegram answers 404 to this
            base_url=f"{api_url}/bot",
            base_file_url=f"{api_url}/file/bot",
            request=self._request,
            get_updates_request=self._request,
        )
        self._username = ""
        self._thread = threading.Thread(target=self._loop.run_forever, name="telegram", daemon=True)
        self._thread.start()

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
        await self._request.shutdown()

    def _call(self, asked: Coroutine[Any, Any, T], more_seconds: float = 0) -> T:
        """Return the result; raise SendError without the cause, whose text may hold the token."""
        future = asyncio.run_coroutine_threadsafe(asked, self._loop)
        try:
            return future.result(self._timeout + more_seconds + 5)  # the request's own deadline comes first
        except TelegramError as error:
            raise failure_of(error) from None
        except TimeoutError:
            future.cancel()
            raise SendError(Failure.UNKNOWN, "no answer in time") from None
        except CancelledError:
            raise SendError(Failure.UNKNOWN, "given up: the process ends") from None

    def send(self, out: Outgoing, limits: Limits) -> str:
        """Return `<chat>:<message>` of the message sent or replaced; raise SendError."""
        fields = fields_of(out, limits)
        replaced = _message_id(out.message.replaces, out.address)
        if replaced and self._edit(fields | {"message_id": replaced}):
            return out.message.replaces
        sent = self._call(self._request.call(f"{self._url}/sendMessage", fields))
        if not isinstance(sent, dict) or "message_id" not in sent:
            raise SendError(Failure.UNKNOWN, _FOREIGN, code="200")
        return f"{fields['chat_id']}:{sent['message_id']}"

    def _edit(self, fields: Mapping[str, str]) -> bool:
        """Tell whether the old message now reads so; False when it is gone."""
        try:
            self._call(self._request.call(f"{self._url}/editMessageText", fields))
        except SendError as error:
            said = error.detail.lower()
            if error.code == "400" and "message is not modified" in said:
                return True
            if error.code == "400" and any(gone in said for gone in _GONE):
                return False
            raise
        return True

    def fetch(self, file_id: str, most_bytes: int) -> Fetched:
        """Return a file that was sent to the bot (getFile, then its path); raise FetchError."""
        try:
            found = self._call(self._request.call(f"{self._url}/getFile", {"file_id": file_id}))
        except SendError as error:
            raise _lack_of(error) from None
        path, size = (found.get("file_path"), found.get("file_size")) if isinstance(found, dict) else ("", 0)
        if not isinstance(path, str) or not path or ".." in path:
            raise FetchError(Lack.LATER, _FOREIGN)
        if isinstance(size, int) and size > most_bytes:
            raise too_large(most_bytes)
        url = f"{self._files}/{quote(path)}"
        try:
            return self._call(download(url, self._sources, most_bytes, self._timeout))
        except SendError as error:
            raise FetchError(Lack.LATER, error.detail) from None

    def username(self) -> str:
        """Return the bot's user name (getMe), asked once; raise SendError."""
        if not self._username:
            self._username = self._call(self._bot.get_me()).username or ""
        return self._username

    def set_webhook(self, url: str, secret: str, kinds: Sequence[str], connections: int) -> None:
        """Register the webhook (setWebhook); raise SendError."""
        self._call(
            self._bot.set_webhook(
                url, secret_token=secret, allowed_updates=list(kinds), max_connections=connections
            )
        )

    def delete_webhook(self) -> None:
        """Remove the webhook (deleteWebhook); raise SendError."""
        self._call(self._bot.delete_webhook())

    def webhook_info(self) -> WebhookInfo:
        """Return the webhook's state (getWebhookInfo); raise SendError."""
        return self._call(self._bot.get_webhook_info())

    def describe(self, language: str, commands: Sequence[tuple[str, str]], long: str, short: str) -> None:
        """Set commands and descriptions in one language ("": for all others); raise SendError."""
        code = language or None
        named = [BotCommand(name, description) for name, description in commands]
        self._call(self._bot.set_my_commands(named, language_code=code))
        self._call(self._bot.set_my_description(long, language_code=code))
        self._call(self._bot.set_my_short_description(short, language_code=code))

    def updates(self, offset: int, seconds: int, kinds: Sequence[str]) -> list[tuple[int, bytes]]:
        """Return id and JSON of waiting updates from `offset` on, as they came (getUpdates).

        Raise SendError, also for an answer that is no list of updates.
        """
        fields = {"offset": str(offset), "timeout": str(seconds), "allowed_updates": json.dumps(list(kinds))}
        asked = self._request.call(f"{self._url}/getUpdates", fields, more_seconds=seconds)
        found = self._call(asked, more_seconds=seconds)
        try:
            return [
                (int(update["update_id"]), json.dumps(update, separators=(",", ":")).encode())
                for update in found
            ]
        except (TypeError, KeyError, ValueError):
            raise SendError(Failure.UNKNOWN, _FOREIGN, code="200") from None

    def end_spinner(self, tap: str) -> None:
        """Answer a tap (answerCallbackQuery); raise SendError."""
        self._call(self._bot.answer_callback_query(tap))


def _lack_of(error: SendError) -> FetchError:
    """Return what a refusal of getFile means for the file."""
    said = error.detail.lower()
    if "file is too big" in said:
        return FetchError(Lack.REFUSED, error.detail)
    is_final = error.code == "400" and "temporarily" not in said
    return FetchError(Lack.GONE if is_final else Lack.LATER, error.detail, retry_after=error.retry_after)


_GONE = ("message to edit not found", "message can't be edited", "message_id_invalid")


def fields_of(out: Outgoing, limits: Limits) -> dict[str, str]:
    """Return the form fields of sendMessage; raise SendError for a message that no rule would let pass.

    The text is plain (no parse_mode), 1 to 4096 characters; nested values are JSON inside the form.
    """
    text = fit(out.message, limits)
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
    """Return a button per option, two a row unless a label is long or Arabic, and the finish in a row below.

    Raise SendError when the token of the options is too long.
    """
    most = limits.buttons - bool(message.finish)
    labels = [shorten(one_line(label), limits.label) for label in message.options[:most]]
    buttons = [_button(label, number, message.token) for number, label in enumerate(labels, start=1)]
    narrow = all(len(label) <= _ONE_COLUMN and not _ARABIC.search(label) for label in labels)
    width = 2 if narrow else 1
    rows = [buttons[at : at + width] for at in range(0, len(buttons), width)]
    if message.finish:
        rows.append([_button(one_line(message.finish), len(message.options) + 1, message.token)])
    return rows


def _button(label: str, number: int, token: str) -> Button:
    data = f"{token}:{number}"
    if len(data.encode()) > CALLBACK_BYTES:
        raise SendError(
            Failure.REJECTED, f"the token of the options is longer than {CALLBACK_BYTES} bytes allow"
        )
    return {"text": label or str(number), "callback_data": data}
