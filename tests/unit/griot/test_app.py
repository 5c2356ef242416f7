"""The application behind gunicorn's own reading of requests."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Blueprint, Flask
from gunicorn.config import Config
from gunicorn.http import wsgi
from gunicorn.http.parser import RequestParser
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import select
from werkzeug.test import run_wsgi_app

from griot.app import PATIENCE
from models.db import open_store, read
from models.inbox import Inbox
from models.patience import seconds_left
from tests.console_stage import sqlite_stage, whole_app
from webhooks.door import MOST_BYTES

CHUNKED = """POST {path} HTTP/1.1
Host: 127.0.0.1:8000
Content-Type: application/x-www-form-urlencoded
Transfer-Encoding: chunked

""".replace("\n", "\r\n")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """Yield the whole application, with the channel `chat` among the webhooks."""
    stage = sqlite_stage(Path(tmp_path_factory.mktemp("app")))
    yield whole_app(stage)
    stage.store.close()


def status_of(app: Flask, path: str, chunks: bytes) -> int:
    """Return the status of a POST whose body is sent in chunks: gunicorn reads it, from bytes."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        source = [CHUNKED.format(path=path).encode() + chunks]
        request = next(RequestParser(Config(), source, ("127.0.0.1", 1)))
        _, environ = wsgi.create(request, ours, ("127.0.0.1", 1), ("127.0.0.1", 8000), Config())
        body, status, _ = run_wsgi_app(app, environ)
        b"".join(body)
    return int(status.split()[0])


def in_chunks(body: bytes, size: int = 60_000) -> bytes:
    """Return a body as chunks of this size."""
    pieces = (body[start : start + size] for start in range(0, len(body), size))
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


BROKEN = [
    pytest.param(b"zz\r\n{}\r\n0\r\n\r\n", id="a size that is no number"),
    pytest.param(b"-2\r\n{}\r\n0\r\n\r\n", id="a size below zero"),
    pytest.param(b"\r\n{}\r\n0\r\n\r\n", id="no size"),
    pytest.param(b"2\r\n{}0\r\n\r\n", id="no end of a chunk"),
    pytest.param(b"2\r\n{}\r\n0\r\n: x\r\n\r\n", id="a trailer without a name"),
    pytest.param(b"2\r\n{}\r\n", id="no last chunk"),
    pytest.param(b"9\r\n{}\r\n", id="a chunk that ends early"),
]


@pytest.mark.parametrize("path", ["/webhooks/chat", "/sign-in/abc"])
@pytest.mark.parametrize("chunks", BROKEN)
def test_broken_chunks_are_a_bad_request(app: Flask, path: str, chunks: bytes) -> None:
    """For programs and for pages: 400, never an error of ours."""
    assert status_of(app, path, chunks) == 400


@pytest.mark.parametrize(("length", "status"), [(MOST_BYTES, 403), (MOST_BYTES + 1, 413), (3_000_000, 413)])
def test_chunks_over_the_limit_are_refused(app: Flask, length: int, status: int) -> None:
    """A body without a Content-Length is measured too: it is never cut, and kept as if it were whole."""
    assert status_of(app, "/webhooks/chat", in_chunks(b"{" + b" " * (length - 2) + b"}")) == status


CHUNK = some.binary(max_size=20) | some.sampled_from([b"0", b"2", b"{}", b"\r\n", b";a=b", b"x: y", b"f"])


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=some.lists(CHUNK, max_size=8))
def test_random_chunks_never_break_it(app: Flask, pieces: list[bytes]) -> None:
    """Whatever comes, the answer is never 5xx."""
    assert status_of(app, "/webhooks/chat", b"".join(pieces)) < 500


def test_a_lost_database_is_503_with_a_time(tmp_path: Path) -> None:
    """A page says so in the reader's language, a program reads it plain; both learn when to come again."""
    stage = sqlite_stage(tmp_path)
    lost = replace(stage, store=open_store("postgresql://nobody@127.0.0.1:9/none"))
    programs = Blueprint("programs", __name__)
    programs.add_url_rule(
        "/rows", "rows", lambda: str(read(lost.store, lambda db: db.scalar(select(Inbox.id))))
    )
    client = lost.app(machines=(programs,)).test_client()
    page, plain = client.get("/sign-in/abc"), client.get("/rows")
    assert (page.status_code, plain.status_code) == (503, 503)
    assert int(page.headers["Retry-After"]) == int(plain.headers["Retry-After"]) > 0
    assert "<h1>Something went wrong on our side.</h1>" in page.text
    assert plain.text == "the database is unavailable\n"
    stage.store.close()
    lost.store.close()


def test_no_request_waits_for_ever_for_the_database(tmp_path: Path) -> None:
    """Whatever a request asks of the database has one limit."""
    stage = sqlite_stage(tmp_path)
    programs = Blueprint("programs", __name__)
    programs.add_url_rule("/left", "left", lambda: str(seconds_left()))
    client = stage.app(machines=(programs,)).test_client()
    assert 0 < float(client.get("/left").text) <= PATIENCE < seconds_left()
    stage.store.close()
