"""Calls of Twilio's API from any thread, through one event loop with its own connections."""

import asyncio
import json
import re
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import aiohttp

from channels.base import GIVEN_UP, NEVER_CALLED, Failure, Fetched, FetchError, Lack, SendError
from channels.fetching import Sources, download
from channels.twilio_errors import failure_of_answer, is_for_operator

CONNECTIONS = 256  # more than there are sender threads: no call waits for a connection
LONGEST_WAIT = 3600  # seconds that Twilio is believed when it wants to be left alone
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_JSON = {"Content-Type": "application/json"}
_NOTHING: Mapping[str, str] = {}
_FOREIGN = "an answer that is not Twilio's"
_NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
# SIDs and numbers: never in a log or an error
_PERSONAL = re.compile(r"\b[A-Z]{2}[0-9a-fA-F]{32}\b|\+[0-9]{7,15}")


# Where an attachment's address redirects to: Twilio's own names, and the store behind the older ones.
_MEDIA_HOSTS = (
    "api.twilio.com",
    "mcs.us1.twilio.com",
    "*.twiliocdn.com",
    "s3-external-1.amazonaws.com/media.twiliocdn.com/",
)
_API = "api.twilio.com"
_MEDIA = re.compile(
    r"/2010-04-01/Accounts/AC[0-9a-f]{32}/Messages/([A-Z]{2}[0-9a-f]{32})/Media/(ME[0-9a-f]{32})"
)
_NO_LONGER_THERE = frozenset({"404", "20404"})


@dataclass(frozen=True, slots=True)
class Origins:
    """Where the two interfaces are reached."""

    api: str = "https://api.twilio.com"
    content: str = "https://content.twilio.com"


class Calls:
    """Twilio's API as plain functions: each waits for the answer and raises SendError.

    One daemon thread runs one event loop for as long as this lives; any number of threads may call. The
    deadline (seconds) covers a whole call. No call is repeated here.
    """

    def __init__(self, account: str, token: str, origins: Origins, timeout: float) -> None:
        self._timeout = timeout
        self._origins = origins
        self._account = f"{origins.api.rstrip('/')}/2010-04-01/Accounts/{account}"
        self._headers = {
            "Authorization": aiohttp.encode_basic_auth(account, token),
            "Accept": "application/json",
        }
        self._sources = Sources(_MEDIA_HOSTS, _named_hosts(origins))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="twilio", daemon=True)
        self._thread.start()

    def messages(self, query: Mapping[str, str], most: int, page: int) -> list[Mapping[str, Any]]:
        """Return the messages that this query names (Messages resource, list), the newest first.

        At most `most`, asked `page` at a time; each as Twilio describes it. Raise SendError.
        """
        return self._listed("Messages.json", "messages", query, most, page)

    def attachments(self, message: str, most: int) -> list[Mapping[str, Any]]:
        """Return what came with the message of this SID, as Twilio describes it; raise SendError."""
        return self._listed(f"Messages/{quote(message)}/Media.json", "media_list", {}, most, most)

    def content(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Mapping[str, Any]:
        """Return what the Content API answers, which takes JSON; raise SendError."""
        url = f"{self._origins.content.rstrip('/')}{path}"
        said: Mapping[str, Any] = self._wait(
            self._said(method, url, json.dumps(body).encode() if body else None, _JSON)
        )
        if not said:
            raise SendError(Failure.UNKNOWN, _FOREIGN, code="200")
        return said

    def create(self, fields: Mapping[str, str]) -> str:
        """Return the SID of the message that Twilio took; raise SendError."""
        sid: str = self._wait(self._create(fields))
        return sid

    def begin(self, fields: Callable[[], Mapping[str, str]], may_leave: Callable[[], bool]) -> Future[str]:
        """Return at once what will be the SID of the message, or a SendError."""
        return asyncio.run_coroutine_threadsafe(self._create_later(fields, may_leave), self._loop)

    async def _create_later(
        self, fields: Callable[[], Mapping[str, str]], may_leave: Callable[[], bool]
    ) -> str:
        asked = fields()
        if not may_leave():
            raise SendError(Failure.NOT_SENT, NEVER_CALLED)
        return await self._create(asked)

    async def _create(self, fields: Mapping[str, str]) -> str:
        url = f"{self._account}/Messages.json"
        said = await self._said("POST", url, urlencode(fields).encode(), _FORM)
        if not said.get("sid"):
            raise SendError(Failure.UNKNOWN, "an answer without the message's SID", code="200")
        return str(said["sid"])

    def fetch(self, url: str, most_bytes: int) -> Fetched:
        """Return the attachment at this address; only the API gets the credentials. Raise FetchError."""
        api = urlsplit(self._origins.api)
        parts = urlsplit(url)
        if parts.hostname == _API and parts.scheme == "https":  # the API may be reached elsewhere
            url = parts._replace(scheme=api.scheme, netloc=api.netloc).geturl()
        is_api = urlsplit(url)[:2] == (api.scheme, api.netloc)
        headers = {"Authorization": self._headers["Authorization"]} if is_api else {}
        asked = download(url, self._sources, most_bytes, self._timeout, headers)
        try:
            found: Fetched = self._wait(asked)
        except SendError as error:
            raise FetchError(Lack.LATER, error.detail) from None
        return found

    def forget(self, url: str) -> None:
        """Delete the attachment at this address; one that is gone is no error. Raise SendError."""
        found = _MEDIA.fullmatch(urlsplit(url).path)
        if found is None:
            return
        message, media = found.groups()
        try:
            self._wait(self._said("DELETE", f"{self._account}/Messages/{message}/Media/{media}.json"))
        except SendError as error:
            if error.code not in _NO_LONGER_THERE:
                raise

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
        await self._session.close()

    def _listed(
        self, path: str, name: str, query: Mapping[str, str], most: int, page: int
    ) -> list[Mapping[str, Any]]:
        """Return the first of a list of the account, page after page; raise SendError."""
        found: list[Mapping[str, Any]] = []
        url = f"{self._account}/{path}?{urlencode({**query, 'PageSize': min(most, page)})}"
        while len(found) < most:
            said = self._wait(self._said("GET", url))
            shown = said.get(name)
            if not (isinstance(shown, list) and all(isinstance(one, dict) and "sid" in one for one in shown)):
                raise SendError(Failure.UNKNOWN, _FOREIGN, code="200")
            found += shown
            following = path_of(said.get("next_page_uri"))
            if not (shown and following):
                break
            url = f"{self._origins.api.rstrip('/')}{following}"
        return found[:most]

    @cached_property
    def _session(self) -> aiohttp.ClientSession:  # first used inside the loop
        connector = aiohttp.TCPConnector(limit=CONNECTIONS, limit_per_host=CONNECTIONS)
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    async def _said(
        self, method: str, url: str, body: bytes | None = None, more: Mapping[str, str] = _NOTHING
    ) -> Mapping[str, Any]:
        """Return the object that is answered, {} for an empty answer; raise SendError for any other."""
        timeout = aiohttp.ClientTimeout(total=self._timeout, connect=self._timeout / 2)
        headers = {**self._headers, **more}
        try:
            async with self._session.request(
                method, url, data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                status, wait, text = answer.status, answer.headers.get("Retry-After", ""), await answer.read()
        except _NEVER_SENT as error:
            raise SendError(Failure.NOT_SENT, f"no connection ({type(error).__name__})") from None
        except TimeoutError:
            raise SendError(Failure.UNKNOWN, "no answer in time") from None
        except (aiohttp.ClientError, OSError) as error:
            detail = f"no answer: the connection failed ({type(error).__name__})"
            raise SendError(Failure.UNKNOWN, detail) from None
        said = _json(text)
        if not 200 <= status < 300:
            raise refusal(status, said, wait)
        if said is None and text:
            raise SendError(Failure.UNKNOWN, _FOREIGN, code=str(status))
        return said or {}

    def _wait(self, asked: Any) -> Any:
        """Return the result of a coroutine run on the loop; raise SendError."""
        future = asyncio.run_coroutine_threadsafe(asked, self._loop)
        try:
            return future.result(self._timeout + 5)  # the request's own deadline comes first
        except TimeoutError:
            future.cancel()
            raise SendError(Failure.UNKNOWN, "no answer in time") from None
        except CancelledError:
            raise SendError(Failure.UNKNOWN, GIVEN_UP) from None


def path_of(url: object) -> str:
    """Return path and query of Twilio's address, "" without one: the origin is ours to choose."""
    parts = urlsplit(str(url or ""))
    return f"{parts.path}?{parts.query}" if parts.path else ""


def _named_hosts(origins: Origins) -> frozenset[str]:
    """Return the hosts that the operator named in place of Twilio's."""
    usual = Origins()
    named = {origins.api, origins.content} - {usual.api, usual.content}
    return frozenset((urlsplit(origin).hostname or "").lower() for origin in named)


def _json(text: bytes) -> Mapping[str, Any] | None:
    """Return the object that the answer holds, or None."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def refusal(status: int, said: Mapping[str, Any] | None, wait: str) -> SendError:
    """Return what a refusal means: Twilio's code and words in either of its two forms, or the status."""
    answer = said or {}
    code = answer.get("code")
    known = str(code) if isinstance(code, int) and not isinstance(code, bool) else ""
    words = answer.get("message") or answer.get("detail") or answer.get("title")
    detail = _PERSONAL.sub("…", str(words))[:300] if words else _FOREIGN
    failure = failure_of_answer(status, known)
    seconds = float(min(int(wait), LONGEST_WAIT)) if wait.isascii() and wait.isdecimal() else None
    retry_after = seconds if failure in {Failure.THROTTLED, Failure.NOT_SENT} else None
    for_operator = is_for_operator(known, failure)
    return SendError(
        failure, detail, code=known or str(status), retry_after=retry_after, for_operator=for_operator
    )
