"""How one request of a provider is taken: authenticated, bounded, kept."""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from gunicorn.http.errors import ParseException

from bot.values import Clock
from channels.base import BodyError, Channel, Envelope, SignatureError
from models.inbox import Update, sender_key
from webhooks.intake import NotKeptError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

MOST_BYTES = 1 << 20
RETRY_AFTER = "5"  # seconds; Telegram honours it (platforms.md T5)
TEXT = "text/plain; charset=utf-8"

log = logging.getLogger(__name__)


class TooLargeError(Exception):
    """The body is over 1 MiB."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request gets: a status, a body and its kind, and what else the headers say."""

    status: int
    body: bytes = b""
    kind: str = TEXT
    more: tuple[tuple[str, str], ...] = ()

    @property
    def line(self) -> str:
        """Return the status as WSGI wants it: `200 OK`."""
        return f"{self.status} {HTTPStatus(self.status).phrase}"

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Return the headers; a 204 has no body to tell of (RFC 9110, section 8.6)."""
        if self.status == HTTPStatus.NO_CONTENT:
            return list(self.more)
        length = ("Content-Length", str(len(self.body)))
        return [("Content-Type", self.kind), length, *self.more]

    def written(self, date: str, *, keeps: bool) -> bytes:
        """Return the answer as HTTP with its date; `keeps` tells that the connection stays."""
        lines = [
            f"HTTP/1.1 {self.line}",
            f"Date: {date}",
            f"Connection: {'keep-alive' if keeps else 'close'}",
        ]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join((*lines, "", "")).encode("latin-1") + self.body


class Request:
    """A request as WSGI hands it over (PEP 3333); the body is read once."""

    def __init__(self, environ: "WSGIEnvironment") -> None:
        """Keep what the server knows; nothing is read yet."""
        self._environ = environ
        self.method: str = environ["REQUEST_METHOD"]
        self.path: str = environ["PATH_INFO"]
        self.query: str = environ.get("QUERY_STRING", "")
        self.headers = Headers(environ)
        self._body: bytes | None = None

    def body(self) -> bytes:
        """Return the whole body, the same at each call; raise TooLargeError, or BodyError when it is cut."""
        if self._body is None:
            self._body = self._read()
        return self._body

    def asked(self, name: str) -> str:
        """Return a value of the query, "" for none."""
        return parse_qs(self.query).get(name, [""])[0]

    def _read(self) -> bytes:
        told = self._environ.get("CONTENT_LENGTH") or ""
        length = int(told) if told.isdecimal() and len(told) < 20 else None
        if length is not None and length > MOST_BYTES:
            raise TooLargeError
        is_chunked = length is None and self._environ.get("wsgi.input_terminated", False)
        wanted = MOST_BYTES + 1 if is_chunked else length or 0
        try:
            body: bytes = self._environ["wsgi.input"].read(wanted)
        except (ParseException, OSError) as error:  # chunks that cannot be told apart; a lost connection
            raise BodyError("the body cannot be read") from error
        if len(body) > MOST_BYTES:
            raise TooLargeError
        if length is not None and len(body) < length:
            raise BodyError("the body ended early")
        return body


class Headers(Mapping[str, str]):
    """The headers of a request by their names."""

    def __init__(self, environ: "WSGIEnvironment") -> None:
        """Keep where they stand."""
        self._environ = environ

    def __getitem__(self, name: str) -> str:
        """Return a header; raise KeyError when it was not sent."""
        key = name.upper().replace("-", "_")
        found: str = self._environ[key if key in _BARE else f"HTTP_{key}"]
        return found

    def __iter__(self) -> Iterator[str]:
        """Return the names, in capitals."""
        known = (
            key.removeprefix("HTTP_") for key in self._environ if key.startswith("HTTP_") or key in _BARE
        )
        return (key.replace("_", "-") for key in known)

    def __len__(self) -> int:
        """Return how many there are."""
        return sum(1 for _ in self)


_BARE = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH"})  # without HTTP_ (PEP 3333)


@dataclass(frozen=True, slots=True)
class Welcome:
    """An update that is the provider's, and what is answered once it is kept."""

    update: Update
    answer: Answer


def unavailable(channel: str, error: NotKeptError) -> Answer:
    """Log why an update was not kept, and return what asks the provider to send it again."""
    log.error("an update was not kept", exc_info=error, extra={"channel": channel})
    return Answer(503, b"the database is unavailable\n", more=(("Retry-After", RETRY_AFTER),))


@dataclass(frozen=True, slots=True)
class Door:
    """The way in."""

    clock: Clock
    base_url: str

    def look(
        self,
        request: Request,
        channel: Channel,
        welcome: Callable[[Envelope], Answer],
        note: Callable[[bytes], bytes] = bytes,
    ) -> Welcome | Answer:
        """Return what is to be kept and then answered, else the refusal of contract section 2.

        `note` adds what must be kept with the body.
        """
        try:
            body = request.body()
            channel.verify(self._public_url(request), request.headers, body)
            envelope = channel.envelope(body)
            return Welcome(self._update(channel.name, envelope, note(body)), welcome(envelope))
        except TooLargeError:
            return Answer(413, b"over 1 MiB\n")
        except SignatureError:
            return Answer(403, b"not from the provider\n")
        except BodyError as error:
            return Answer(400, f"{error}\n".encode())

    def _public_url(self, request: Request) -> str:
        """Return the address the provider called: what a proxy changed on the way does not count."""
        return self.base_url.rstrip("/") + request.path + (f"?{request.query}" if request.query else "")

    def _update(self, channel: str, envelope: Envelope, body: bytes) -> Update:
        sender = sender_key(channel, envelope.sender, envelope.provider_id)
        return Update(channel, envelope.provider_id, sender, body, self.clock())
