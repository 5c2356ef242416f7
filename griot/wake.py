"""How a worker learns at once that there is something to do."""

import os
import select
import sqlite3
import threading
import time
from contextlib import suppress
from math import ceil
from typing import Protocol, cast

from sqlalchemy import text

from griot.watching import Watch
from models.base import Db
from models.db import Store, is_postgres

NOTIFY = "griot"  # PostgreSQL's notification channel
LOOK = 0.002  # seconds between two looks at an SQLite file that other processes write
RARE_LOOK = 0.02  # the same when nothing happened for a while, or when web or system tell of news
CLOSE_LOOK = 0.0003  # the same while somebody writes, then a sixth of the wait until then
WRITING = 0.015  # seconds from writing to having committed: what the disk takes
BUSY = 500  # looks without news until they become rare
RECONNECT = 2.0  # seconds after a lost connection


class Ear(Protocol):
    """What a worker listens with."""

    def ring(self) -> None:
        """Wake the worker of this process."""
        ...

    def clear(self) -> None:
        """Forget what happened until now; call before looking into the database."""
        ...

    def wait(self, seconds: float) -> None:
        """Return when something may be due, at the latest after so many seconds."""
        ...

    def close(self) -> None:
        """Stop listening."""
        ...


def announce(db: Db) -> None:
    """Tell the workers of other processes, when this transaction commits; SQLite's look by themselves."""
    if is_postgres(db):
        db.connection().execute(text(f"NOTIFY {NOTIFY}"))


def ear(store: Store, *, is_alone: bool) -> Ear:
    """Return what this database offers; `is_alone`: the web lives in the same process."""
    if not store.is_sqlite:
        return NotifiedEar(store)
    if is_alone:
        return FileEar(store, RARE_LOOK)
    commits = Commits(store)  # opens the file, and so its log
    try:
        return WatchingEar(commits, Watch(log_of(store)))
    except OSError:  # another system, or too many watch already
        commits.close()
        return FileEar(store, LOOK)


def log_of(store: Store) -> str:
    """Return the path of an SQLite file's write-ahead log."""
    return f"{os.path.realpath(str(store.engine.url.database))}-wal"


class Commits:
    """Whether other connections changed an SQLite file."""

    def __init__(self, store: Store) -> None:
        self._pooled = store.engine.raw_connection()
        self._file = cast(sqlite3.Connection, self._pooled.driver_connection)
        self._seen = self._version()

    def forget(self) -> None:
        """Count from now on."""
        self._seen = self._version()

    def are_new(self) -> bool:
        """Tell whether there was a commit since."""
        return self._version() != self._seen

    def close(self) -> None:
        """Give the connection back."""
        self._pooled.close()

    def _version(self) -> int:
        # the pragma changes when another connection commits (sqlite.org, PRAGMA data_version)
        return cast(int, self._file.execute("PRAGMA data_version").fetchone()[0])


class WatchingEar:
    """Be told by the system when another process begins to write SQLite's log; look closely until it has.

    It looks now and then besides: a file system may not tell of everybody who writes.
    """

    def __init__(self, commits: Commits, watch: Watch, look: float = RARE_LOOK) -> None:
        self._look = look  # seconds
        self._commits = commits
        self._watch = watch
        self._heard, self._rope = os.pipe()
        os.set_blocking(self._heard, False)
        os.set_blocking(self._rope, False)
        self._guard = threading.Lock()
        self._is_closed = False
        self._poll = select.poll()
        self._poll.register(self._heard, select.POLLIN)
        self._poll.register(watch, select.POLLIN)

    def ring(self) -> None:
        """Wake the worker of this process."""
        with self._guard, suppress(BlockingIOError):  # full: it was rung often enough
            if not self._is_closed:
                os.write(self._rope, b"!")

    def clear(self) -> None:
        """Forget what happened until now, but for a commit that is under way."""
        with suppress(BlockingIOError):
            os.read(self._heard, select.PIPE_BUF)
        self._commits.forget()

    def wait(self, seconds: float) -> None:
        """Return when the file changed or somebody rang."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            told = [place for place, _ in self._poll.poll(ceil(min(left, self._look) * 1000))]
            if self._watch.fileno() in told:
                self._watch.forget()
            if self._heard in told or self._commits.are_new() or (told and self._committed()):
                return

    def close(self) -> None:
        """Stop listening."""
        with self._guard:
            self._is_closed = True
            os.close(self._rope)
        os.close(self._heard)
        self._watch.close()
        self._commits.close()

    def _committed(self) -> bool:
        """Return True once what is being written is committed, or somebody rang; False if it never is."""
        began, waited = time.monotonic(), 0.0
        while waited < WRITING:
            time.sleep(max(CLOSE_LOOK, waited / 6))
            is_rung = any(place == self._heard for place, _ in self._poll.poll(0))
            if is_rung or self._commits.are_new():
                return True
            waited = time.monotonic() - began
        return False


class FileEar:
    """Look every few milliseconds whether another connection changed the SQLite file."""

    def __init__(self, store: Store, look: float) -> None:
        self._event = threading.Event()
        self._look = look
        self._quiet = 0  # looks without news
        self._commits = Commits(store)

    def ring(self) -> None:
        """Wake the worker of this process."""
        self._event.set()

    def clear(self) -> None:
        """Forget what happened until now."""
        self._event.clear()
        self._commits.forget()

    def wait(self, seconds: float) -> None:
        """Return when the file changed or somebody rang."""
        left = seconds
        while left > 0:
            look = RARE_LOOK if self._quiet > BUSY else self._look
            if self._event.wait(look) or self._commits.are_new():
                self._quiet = 0
                return
            self._quiet += 1
            left -= look

    def close(self) -> None:
        """Give the connection back."""
        self._commits.close()


class NotifiedEar:
    """Listen for PostgreSQL's notifications in a thread of its own."""

    def __init__(self, store: Store) -> None:
        self._event = threading.Event()
        self._stopping = threading.Event()
        url = store.engine.url.set(drivername="postgresql")
        self._address = url.render_as_string(hide_password=False)
        self._thread = threading.Thread(target=self._listen, name="wake", daemon=True)
        self._thread.start()

    def ring(self) -> None:
        """Wake the worker of this process."""
        self._event.set()

    def clear(self) -> None:
        """Forget what happened until now."""
        self._event.clear()

    def wait(self, seconds: float) -> None:
        """Return when notified or rung."""
        self._event.wait(seconds)

    def close(self) -> None:
        """End the thread."""
        self._stopping.set()
        self._thread.join(RECONNECT)

    def _listen(self) -> None:
        import psycopg  # 0.1 s: not where the database is SQLite

        while not self._stopping.is_set():
            try:
                self._hear_out()
            except psycopg.Error:
                self._event.set()  # something may have been missed
                time.sleep(RECONNECT)

    def _hear_out(self) -> None:
        import psycopg

        with psycopg.connect(self._address, autocommit=True, connect_timeout=5) as connection:
            connection.execute(f"LISTEN {NOTIFY}")
            self._event.set()
            while not self._stopping.is_set():
                for _ in connection.notifies(timeout=1.0, stop_after=1):
                    self._event.set()
