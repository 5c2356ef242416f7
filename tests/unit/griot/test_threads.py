"""The loop of the web process takes webhooks without a thread for each; all else is gunicorn's."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from selectors import DefaultSelector

import pytest
from flask import Flask
from gunicorn.config import Config
from sqlalchemy import func, select

from bot.values import Clock
from channels.telegram import Telegram
from griot.clock import now
from griot.server import Log
from griot.threads import POSTS, Threads
from models.base import Base, Db
from models.db import Store, open_store, read
from models.inbox import Inbox
from webhooks.intake import Intake
from webhooks.plain import Posts
from webhooks.routes import Webhooks

SECRET = "loop-secret_0123456789"
MANY = 40  # more than there are threads
PATIENCE = 20.0  # seconds


@dataclass
class Web:
    """A web process's loop in a thread, over a database whose transactions can be held."""

    store: Store
    may_commit: threading.Event = field(default_factory=threading.Event)
    commits: int = 0
    address: tuple[str, int] = ("", 0)

    def announce(self, db: Db) -> None:
        """Hold the transaction until it may commit."""
        self.commits += 1
        assert self.may_commit.wait(PATIENCE)

    def connect(self) -> socket.socket:
        """Return a connection."""
        return socket.create_connection(self.address, PATIENCE)

    def kept(self) -> int:
        """Return how many updates are kept."""
        return read(self.store, lambda db: db.scalar(select(func.count()).select_from(Inbox)) or 0)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    """Yield a web whose transactions commit at once."""
    store = open_store(f"sqlite:///{tmp_path / 'web.db'}")
    Base.metadata.create_all(store.engine)
    web = Web(store)
    web.may_commit.set()
    with serving(web):
        yield web
    store.close()


@contextmanager
def serving(web: Web, clock: Clock = now) -> Iterator[Threads]:
    """Serve the webhooks and one page until the end, which must come soon."""
    channels = {"telegram": Telegram("700100200:LOOP-token-of-nobody-0123456789abcdef", [SECRET])}
    intake = Intake(web.store, web.announce, lambda: None)
    hooks = Webhooks(
        channels, intake.keep, clock, "https://griot.example", lambda channel, status, seconds: None
    )
    app = Flask("loop")
    app.add_url_rule("/page", view_func=lambda: "a page")
    app.wsgi_app = hooks.around(app.wsgi_app)  # type: ignore[method-assign, assignment]  # as in griot/app.py
    app.extensions[POSTS] = Posts(partial(hooks.begin, intake.begin))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        web.address = listener.getsockname()
        worker = a_worker(app, listener)
        thread = threading.Thread(target=worker.run)
        thread.start()
        try:
            yield worker
        finally:
            web.may_commit.set()
            worker.handle_exit(15, None)
            thread.join(PATIENCE)
            worker.tmp.close()
    assert not thread.is_alive()


def a_worker(app: Flask, listener: socket.socket) -> Threads:
    """Return gunicorn's worker as it stands before it runs."""

    class Application:
        def wsgi(self) -> Flask:
            return app

    config = Config()
    config.set("threads", 4)
    config.set("keepalive", 75)  # seconds
    worker = Threads(1, os.getppid(), [listener], Application(), 60, config, Log(config))
    worker.tpool = worker.get_thread_pool()
    worker.poller = DefaultSelector()
    worker.method_queue.init()
    worker.load_wsgi()
    return worker


def a_post(number: int, secret: str = SECRET, more: str = "") -> bytes:
    """Return the request that brings an update."""
    body = f'{{"update_id":{number}}}'
    return (
        f"POST /webhooks/telegram HTTP/1.1\r\nHost: griot.example\r\n{more}"
        f"X-Telegram-Bot-Api-Secret-Token: {secret}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


PAGE = b"GET /page HTTP/1.1\r\nHost: griot.example\r\n\r\n"


def answered(conn: socket.socket) -> tuple[int, bytes]:
    """Return status and head of one answer; its body is read too."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = conn.recv(4096)
        if not more:
            raise EOFError(data)
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length:"))
    while len(body) < length:
        body += conn.recv(4096)
    assert len(body) == length
    return int(head.split()[1]), head


def until(is_so: Callable[[], bool]) -> None:
    """Wait until it is so."""
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_one_connection_brings_webhooks_and_pages(web: Web) -> None:
    """In any order; refusals leave it open as well."""
    with web.connect() as conn:
        said = []
        for request in (a_post(1), a_post(2), PAGE, a_post(3, "wrong"), a_post(2), PAGE, a_post(4)):
            conn.sendall(request)
            said.append(answered(conn)[0])
    assert said == [200, 200, 200, 403, 200, 200, 200]
    assert web.kept() == 3


def test_all_who_wait_are_kept_in_one_transaction(web: Web) -> None:
    """And meanwhile pages are served, however many wait."""
    web.may_commit.clear()
    waiting = [web.connect() for _ in range(MANY + 1)]
    waiting[0].sendall(a_post(1))
    until(lambda: web.commits == 1)
    for number, conn in enumerate(waiting[1:], start=2):
        conn.sendall(a_post(number))
    with web.connect() as other:
        other.sendall(PAGE)
        assert answered(other)[0] == 200
    web.may_commit.set()
    assert [answered(conn)[0] for conn in waiting] == [200] * (MANY + 1)
    assert web.kept() == MANY + 1
    assert web.commits <= 3
    for conn in waiting:
        conn.close()


def test_pieces_and_chunks_are_read_by_a_thread(web: Web) -> None:
    """What the loop cannot read at once."""
    whole = a_post(1)
    with web.connect() as conn:
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        conn.sendall(whole[:-4])
        time.sleep(0.05)
        conn.sendall(whole[-4:])
        assert answered(conn)[0] == 200
        head = a_post(2).partition(b"Content-Length")[0]
        conn.sendall(head + b'Transfer-Encoding: chunked\r\n\r\nf\r\n{"update_id":2}\r\n0\r\n\r\n')
        assert answered(conn)[0] == 200
        conn.sendall(a_post(3))
        assert answered(conn)[0] == 200
    assert web.kept() == 3


def test_who_sends_more_before_the_answer_gets_it_after(web: Web) -> None:
    """A further request of one connection waits for the first; both answers come in their order."""
    web.may_commit.clear()
    with web.connect() as conn:
        conn.sendall(a_post(1))
        until(lambda: web.commits == 1)
        conn.sendall(a_post(2, "wrong"))
        time.sleep(0.05)
        web.may_commit.set()
        data = b""
        while data.count(b"HTTP/1.1 ") < 2:
            data += conn.recv(4096)
        assert data.index(b"HTTP/1.1 200") < data.index(b"HTTP/1.1 403")
        conn.sendall(a_post(3))
        until(lambda: web.kept() == 2)


def test_who_hangs_up_harms_nobody(web: Web) -> None:
    """What was kept is kept; the next one is served."""
    web.may_commit.clear()
    with web.connect() as conn:
        conn.sendall(a_post(1))
        until(lambda: web.commits == 1)
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # a reset
    web.may_commit.set()
    with web.connect() as conn:
        conn.sendall(a_post(2, more="Connection: close\r\n"))
        status, head = answered(conn)
        assert (status, conn.recv(1)) == (200, b"")
        assert b"Connection: close" in head
    assert web.kept() == 2


def test_the_end_waits_for_answers_but_not_for_idle_connections(web: Web) -> None:
    """Who waits gets 200 and learns that the connection closes; the silent one is not waited for."""
    other = Web(web.store)
    with serving(other) as worker, other.connect() as silent, other.connect() as conn:
        conn.sendall(a_post(7))
        until(lambda: other.commits == 1)
        began = time.monotonic()
        worker.handle_exit(15, None)
        time.sleep(0.05)
        other.may_commit.set()
        assert b"Connection: close" in answered(conn)[1]
        assert silent.recv(1) == b""
        assert time.monotonic() - began < 6
