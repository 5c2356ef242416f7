"""How a worker learns at once that there is something to do."""

import sqlite3
import threading
import time
from typing import Protocol, cast

from sqlalchemy import text

from models.base import Db
from models.db import Store, is_postgres

NOTIFY = "griot"  # PostgreSQL's notification channel
LOOK = 0.002  # seconds between two looks at an SQLite file that other processes write
RARE_LOOK = 0.02  # the same when nothing happened for a while, or when the web rings by itself
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
    return FileEar(store, RARE_LOOK if is_alone else LOOK) if store.is_sqlite else NotifiedEar(store)


class FileEar:
    """Look every few milliseconds whether another connection changed the SQLite file."""

    def __init__(self, store: Store, look: float) -> None:
        self._event = threading.Event()
        self._look = look
        self._quiet = 0  # looks without news
        self._pooled = store.engine.raw_connection()
        self._file = cast(sqlite3.Connection, self._pooled.driver_connection)
        self._seen = self._version()

    def ring(self) -> None:
        """Wake the worker of this process."""
        self._event.set()

    def clear(self) -> None:
        """Forget what happened until now."""
        self._event.clear()
        self._seen = self._version()

    def wait(self, seconds: float) -> None:
        """Return when the file changed or somebody rang."""
        left = seconds
        while left > 0:
            look = RARE_LOOK if self._quiet > BUSY else self._look
            if self._event.wait(look) or self._version() != self._seen:
                self._quiet = 0
                return
            self._quiet += 1
            left -= look

    def close(self) -> None:
        """Give the connection back."""
        self._pooled.close()

    def _version(self) -> int:
        # the pragma changes when another connection commits (sqlite.org, PRAGMA data_version)
        return cast(int, self._file.execute("PRAGMA data_version").fetchone()[0])


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
