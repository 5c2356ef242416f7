"""Requests so plain that their bytes alone say everything: read without a thread that waits for the rest."""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from webhooks.door import Answer

MOST_HEAD = 8190  # bytes of the line and all headers; gunicorn's own limit for each of them
_LINE = re.compile(rb"POST (/webhooks/[a-z/]+)(?:\?([!\"$-~]*))? HTTP/1\.1")
_HEADER = re.compile(
    rb"([A-Za-z0-9-]+):[ \t]*([\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?[ \t]*"
)
# What changes how a request is read, or who sent it: gunicorn knows the rules.
_ODD = frozenset(
    {"TRANSFER_ENCODING", "EXPECT", "UPGRADE", "HTTP2_SETTINGS", "TRAILER", "TE", "CONTENT_ENCODING"}
)


def read_plain(data: bytes) -> "WSGIEnvironment | None":
    """Return one whole POST to a webhook as WSGI has it (PEP 3333); None for all else, which gunicorn reads.

    `data` is all that has come. More than one request, less than one, and whatever is odd is None.
    """
    head, end, body = data.partition(b"\r\n\r\n")
    line, *headers = head.split(b"\r\n")
    found = _LINE.fullmatch(line)
    if not end or found is None or len(head) > MOST_HEAD:
        return None
    environ: WSGIEnvironment = {}
    for header in headers:
        pair = _HEADER.fullmatch(header)
        if pair is None:
            return None
        name = pair[1].decode().upper().replace("-", "_")
        key = name if name in _BARE else f"HTTP_{name}"
        if name in _ODD or key in environ:
            return None
        environ[key] = (pair[2] or b"").decode("latin-1")
    length = environ.get("CONTENT_LENGTH", "")
    if not _LENGTH.fullmatch(length) or int(length) != len(body) or "HTTP_HOST" not in environ:
        return None
    environ["REQUEST_METHOD"] = "POST"
    environ["PATH_INFO"] = found[1].decode()
    environ["QUERY_STRING"] = (found[2] or b"").decode()
    environ["wsgi.input"] = io.BytesIO(body)
    return environ


_BARE = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH"})  # without HTTP_ (PEP 3333)
_LENGTH = re.compile("[0-9]{1,7}")


@dataclass(frozen=True, slots=True)
class Post:
    """One whole POST to a webhook."""

    environ: "WSGIEnvironment"

    @property
    def is_last(self) -> bool:
        """Tell whether the connection ends with it (RFC 9112, section 9.3)."""
        return "close" in self.environ.get("HTTP_CONNECTION", "").lower()


@dataclass(frozen=True, slots=True)
class Posts:
    """What a server that has bytes needs to take webhooks.

    `begin` returns at once and replies when the update is kept, or is not.
    """

    begin: "Callable[[WSGIEnvironment, Callable[[Answer], None]], None]"

    def read(self, data: bytes) -> Post | None:
        """Return what `read_plain` does."""
        environ = read_plain(data)
        return None if environ is None else Post(environ)
