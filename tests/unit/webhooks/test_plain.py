"""A webhook is read from its bytes as gunicorn would read it, or left to gunicorn."""

import socket

import pytest
from gunicorn.config import Config
from gunicorn.http import wsgi
from gunicorn.http.errors import ParseException
from gunicorn.http.parser import RequestParser
from hypothesis import given, settings
from hypothesis import strategies as some

from webhooks.door import Request
from webhooks.plain import Posts, read_plain

Seen = tuple[str, str, str, dict[str, str], bytes]
HEAD = b"POST /webhooks/telegram HTTP/1.1\r\nHost: griot.example\r\n"
WHOLE = HEAD + b"Content-Length: 2\r\n\r\n{}"


def plainly(data: bytes) -> Seen | None:
    """Return what the webhooks see of a request that is read from its bytes."""
    environ = read_plain(data)
    return None if environ is None else seen(Request(environ))


def by_gunicorn(data: bytes) -> Seen | None:
    """Return what the webhooks see of a request that gunicorn read, None when it refuses."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        try:
            request = next(RequestParser(Config(), [data], ("127.0.0.1", 1)))
            _, environ = wsgi.create(request, ours, ("127.0.0.1", 1), ("127.0.0.1", 8000), Config())
        except (ParseException, StopIteration):
            return None
        return seen(Request(environ))


def seen(request: Request) -> Seen:
    """Return all of a request; the address of the peer, which gunicorn adds, is no header."""
    headers = {name: request.headers[name] for name in request.headers}
    return request.method, request.path, request.query, headers, request.body()


NAMES = some.sampled_from(
    (
        "X-Telegram-Bot-Api-Secret-Token",
        "x-twilio-signature",
        "Content-Type",
        "Accept",
        "Content-Length",
        "X_Y",
        "",
    )
)
VALUES = some.text(some.characters(min_codepoint=1, max_codepoint=255), max_size=8) | some.sampled_from(
    ("2", " 2 ", "application/json", "a\tb", "+2", "02")
)
LINES = some.sampled_from(
    (
        "POST /webhooks/telegram HTTP/1.1",
        "POST /webhooks/twilio/status?m=17&x=%20 HTTP/1.1",
        "POST /webhooks/twilio?a?b HTTP/1.1",
        "POST /webhooks/telegram HTTP/1.0",
        "POST /webhooks/%74elegram HTTP/1.1",
        "POST //webhooks/telegram HTTP/1.1",
        "POST /webhooks/telegram#x HTTP/1.1",
        "post /webhooks/telegram HTTP/1.1",
        "GET /webhooks/telegram HTTP/1.1",
    )
)


@settings(max_examples=500, deadline=None)
@given(line=LINES, pairs=some.lists(some.tuples(NAMES, VALUES), max_size=3), body=some.binary(max_size=4))
def test_what_is_read_is_what_gunicorn_reads(line: str, pairs: list[tuple[str, str]], body: bytes) -> None:
    """Method, path, query, headers and body are the same; what gunicorn refuses is never read."""
    told = (("Host", "griot.example"), ("Content-Length", str(len(body))), *pairs)
    head = "\r\n".join((line, *(f"{name}: {value}" for name, value in told), "", ""))
    data = head.encode("latin-1") + body
    found = plainly(data)
    if found is not None:
        assert found == by_gunicorn(data)


ODD = [
    pytest.param(WHOLE[:-1], id="less than one request"),
    pytest.param(HEAD, id="half a head"),
    pytest.param(WHOLE + WHOLE, id="two requests"),
    pytest.param(b"", id="nothing"),
    pytest.param(HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", id="chunks"),
    pytest.param(HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}", id="two lengths"),
    pytest.param(HEAD + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", id="a length twice"),
    pytest.param(HEAD + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}", id="who waits to be asked"),
    pytest.param(HEAD + b"Upgrade: h2c\r\nContent-Length: 2\r\n\r\n{}", id="another protocol"),
    pytest.param(HEAD + b"X: a\r\n b\r\nContent-Length: 2\r\n\r\n{}", id="a folded header"),
    pytest.param(HEAD + b"X : a\r\nContent-Length: 2\r\n\r\n{}", id="a space before the colon"),
    pytest.param(HEAD + b"X: a\nY: b\r\nContent-Length: 2\r\n\r\n{}", id="a bare line feed"),
    pytest.param(WHOLE.replace(b"Host: griot.example\r\n", b""), id="no host"),
    pytest.param(WHOLE.replace(b"1.1", b"1.0"), id="HTTP/1.0"),
    pytest.param(WHOLE.replace(b"/webhooks/telegram", b"/sign-in"), id="a page"),
    pytest.param(HEAD + b"X: " + b"x" * 9000 + b"\r\nContent-Length: 2\r\n\r\n{}", id="a long head"),
]


@pytest.mark.parametrize("data", ODD)
def test_whatever_is_odd_is_left_to_gunicorn(data: bytes) -> None:
    """One whole plain request alone is read."""
    assert read_plain(data) is None


def test_a_plain_webhook_is_read() -> None:
    """And whether its connection ends with it."""
    assert plainly(WHOLE) == by_gunicorn(WHOLE) is not None
    posts = Posts(lambda environ, reply: None)
    post, last = posts.read(WHOLE), posts.read(WHOLE.replace(b"Host", b"Connection: Close\r\nHost"))
    assert post is not None
    assert last is not None
    assert (post.is_last, last.is_last) == (False, True)
