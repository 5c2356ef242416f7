"""gunicorn's threads, and its loop that takes whole webhooks without any: all may wait for one commit."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ
from types import FrameType
from typing import TYPE_CHECKING, Any

from gunicorn.util import http_date
from gunicorn.workers.gthread import TConn, ThreadWorker

if TYPE_CHECKING:
    from webhooks.door import Answer
    from webhooks.plain import Post, Posts

POSTS = "griot posts"  # among the application's extensions: what takes webhooks without waiting
MOST_PEEKED = 1 << 16  # bytes of a request; larger ones are read by a thread
LOOK = 1.0  # seconds between two looks for connections that are idle for too long

ENDINGS: list[Callable[[], None]] = []  # called in the serving process as soon as SIGTERM arrives


class Connection(TConn):  # type: ignore[misc]  # gunicorn is untyped
    """A connection; while it `waits` for its answer nothing more is read from it."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._guard = threading.Lock()
        self._waits = False
        self._is_paused = False

    @property
    def waits(self) -> bool:
        """Tell whether a webhook of it is being kept."""
        return self._waits

    def begin_wait(self) -> None:
        """Let it wait for its answer."""
        self._waits = True

    def pause(self) -> bool:
        """Return whether it waits: who sends more meanwhile, or hangs up, is looked at after the answer."""
        with self._guard:
            self._is_paused = self._waits
            return self._waits

    def end_wait(self) -> bool:
        """Return whether it was paused while it waited."""
        with self._guard:
            was_paused, self._waits, self._is_paused = self._is_paused, False, False
            return was_paused

    @property
    def has_read_ahead(self) -> bool:
        """Tell whether gunicorn holds bytes of a further request."""
        return self.parser is not None and bool(self.parser.unreader.buf.getvalue())


class Threads(ThreadWorker):  # type: ignore[misc]  # gunicorn is untyped
    """gunicorn's worker with threads, but for whole plain webhooks: the loop itself takes them.

    A thread for each webhook that waits for the database would be sixteen webhooks a commit. It also tells
    the worker in this process at once that the end has come.
    """

    _posts: "Posts | None" = None
    _next_look = 0.0  # monotonic seconds

    def load_wsgi(self) -> None:
        """Load the application and what takes its webhooks."""
        super().load_wsgi()
        self._posts = getattr(self.wsgi, "extensions", {}).get(POSTS)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin the end: no new requests, no new rounds."""
        for end in ENDINGS:
            end()
        super().handle_exit(sig, frame)

    def accept(self, listener: socket.socket) -> None:
        """Take a new connection and look at it when something has come: no thread waits for that."""
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        self.nr_conns += 1
        conn = Connection(self.cfg, client, address, listener.getsockname())
        conn.set_timeout()
        self.pending_conns.append(conn)
        self.poller.register(client, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def on_pending_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        """Take a webhook, or leave the first request of a connection to a thread."""
        post = self._taken(conn)
        if post is None:
            super().on_pending_socket_readable(conn, client)
            return
        self.pending_conns.remove(conn)
        conn.data_ready = True  # a thread that gets it later need not wait
        self.keepalived_conns.append(conn)
        self.poller.modify(client, EVENT_READ, partial(self.on_client_socket_readable, conn))
        self._answer_later(conn, post)

    def on_client_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        """Take a webhook, or leave a further request to a thread."""
        if conn.waits and conn.pause():
            self.poller.unregister(client)
            return
        post = self._taken(conn)
        if post is None:
            super().on_client_socket_readable(conn, client)
        else:
            self._answer_later(conn, post)

    def murder_keepalived(self, force: bool = False) -> None:
        """Close what was idle for too long; who waits for an answer is not idle."""
        now = time.monotonic()
        if now < self._next_look and not force:
            return
        self._next_look = now + LOOK
        for conn in list(self.keepalived_conns):
            if force or (conn.timeout <= now and not conn.waits):
                self._drop(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        """Close idle connections by `deadline`, those too that have not sent anything yet."""
        for conn in (*self.keepalived_conns, *self.pending_conns):
            conn.timeout = min(conn.timeout, deadline)

    def _taken(self, conn: Connection) -> "Post | None":
        """Return the webhook that has come, taken from the socket; None for any other request."""
        if self._posts is None or conn.has_read_ahead:
            return None
        try:
            data = conn.sock.recv(MOST_PEEKED, socket.MSG_PEEK)
            post = self._posts.read(data)
            if post is not None:
                conn.sock.recv(len(data))
        except OSError:
            return None  # a thread will meet the same error
        return post

    def _answer_later(self, conn: Connection, post: "Post") -> None:
        self.nr += 1
        if self.nr >= self.max_requests:
            self.alive = False  # as gunicorn ends a process after so many requests
        conn.set_timeout()
        conn.begin_wait()
        reply = partial(self._reply, conn, post.is_last)
        assert self._posts is not None  # noqa: S101 - a post was read
        self._posts.begin(post.environ, reply)

    def _reply(self, conn: Connection, is_last: bool, answer: "Answer") -> None:
        """Answer, in whatever thread; only the loop touches what it looks at."""
        keeps = self.alive and not is_last and len(self.keepalived_conns) <= self.max_keepalived
        written = answer.written(http_date(), keeps=keeps)
        try:
            is_whole = conn.sock.send(written) == len(written)  # a few hundred bytes: the kernel takes them
        except OSError:
            is_whole = False
        was_paused = conn.end_wait()
        if not (keeps and is_whole):
            self.method_queue.defer(self._drop, conn)
        elif was_paused:
            self.method_queue.defer(self._resume, conn)

    def _resume(self, conn: Connection) -> None:
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_client_socket_readable, conn))

    def _drop(self, conn: Connection) -> None:
        """Close a connection that no thread has."""
        self.keepalived_conns.remove(conn)
        with suppress(KeyError, ValueError, OSError):  # paused, or closed
            self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()
