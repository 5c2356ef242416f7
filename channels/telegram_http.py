"""HTTP to the Bot API: form-encoded POSTs over kept connections, and what a refusal means.

What a worker asks goes through here without the library: less than half the CPU, and 8 MiB less.
"""

import json
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

import aiohttp

from channels.base import Failure, SendError

TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]{30,}")  # what a bot's token looks like; never in a log or an error
CONNECTIONS = 256  # more than there are calls in flight: none waits for a connection
LONGEST_WAIT = 3600  # seconds that Telegram is believed when it wants to be left alone
FOREIGN = "an answer that is not the Bot API's"
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)


class Refused(Exception):
    """Telegram answered, and not with a result: HTTP status, description, and what it says to do."""

    def __init__(self, status: int, description: str, retry_after: float | None, moved_to: str) -> None:
        super().__init__(description)
        self.status = status
        self.retry_after = retry_after  # seconds
        self.moved_to = moved_to  # the chat's new id


class Unanswered(Exception):
    """There was no answer; the call may have been carried out unless it was `never_sent`."""

    def __init__(self, detail: str, *, never_sent: bool) -> None:
        super().__init__(detail)
        self.never_sent = never_sent


class Http:
    """The connections of one event loop. One deadline (seconds) covers a whole call; none is repeated.

    URLs hold the token: no exception raised here carries one in its text.
    """

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout

    @cached_property
    def _session(self) -> aiohttp.ClientSession:  # first used inside the loop
        connector = aiohttp.TCPConnector(limit=CONNECTIONS, limit_per_host=CONNECTIONS)
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def call(self, url: str, fields: Mapping[str, str], more_seconds: float = 0) -> Any:
        """Return the result of one call; raise Refused or Unanswered."""
        body = urlencode(fields).encode()
        return result_of(await self.answer(url, "POST", body, self.timeout + more_seconds))

    async def answer(self, url: str, method: str, body: bytes, seconds: float) -> bytes:
        """Return the body of a 200; raise Refused for any other answer, Unanswered without one."""
        timeout = aiohttp.ClientTimeout(total=seconds, connect=seconds / 2)
        try:
            async with self._session.request(
                method, url, data=body, headers=_FORM, timeout=timeout, allow_redirects=False
            ) as response:
                status, wait = response.status, response.headers.get("Retry-After", "")
                answer = await response.read()
        except (aiohttp.ClientError, OSError) as error:  # a TimeoutError is an OSError
            raise Unanswered(_lack(error), never_sent=isinstance(error, _NEVER_SENT)) from None
        if status != 200:
            raise _refusal(status, wait, answer)
        return answer


def result_of(answer: bytes) -> Any:
    """Return the result that an answer holds; raise Refused for one without."""
    try:
        said = json.loads(answer)
    except (ValueError, RecursionError):
        said = {}
    if not isinstance(said, dict) or "result" not in said:
        raise Refused(200, FOREIGN, None, "")
    return said["result"]


def _lack(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return f"no answer: the connection failed ({type(error).__name__})"


def _refusal(status: int, retry_after: str, answer: bytes) -> Refused:
    """Return what Telegram objects to; a page that is not Telegram's has no description."""
    try:
        said = json.loads(answer)
        parameters = said.get("parameters") or {}
        wait, moved_to = parameters.get("retry_after"), parameters.get("migrate_to_chat_id")
        return Refused(status, str(said.get("description") or status), _seconds(wait), str(moved_to or ""))
    except (ValueError, AttributeError):
        wait = int(retry_after) if retry_after.isdecimal() else None
        return Refused(status, FOREIGN, _seconds(wait), "")


def _seconds(wait: object) -> float | None:
    """Return for how long Telegram wants to be left alone, an hour at most; None where it does not say."""
    return float(min(wait, LONGEST_WAIT)) if isinstance(wait, int | float) and wait >= 0 else None


def failure_of(error: Refused | Unanswered) -> SendError:
    """Return what a failed call means for the message (the table of errors in docs/channels/telegram.md)."""
    detail = TOKEN.sub("<token>", str(error))
    if isinstance(error, Unanswered):
        return SendError(Failure.NOT_SENT if error.never_sent else Failure.UNKNOWN, detail)
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
