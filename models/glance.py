"""Looks that one thread takes again and again: on SQLite at one kept connection, without a transaction."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.orm import Session

from models.base import Db
from models.db import GLANCE, Store, read

T = TypeVar("T")


class Glances:
    """What one thread sees of a database; nothing may be written, and no object of the ORM be read.

    On SQLite each statement sees the newest commit. Opening a session, a connection and a transaction for a
    look cost five times the look. On PostgreSQL each look takes a connection of the pool, which knows one
    that the server has closed.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: Session | None = None

    def take(self, look: Callable[[Db], T]) -> T:
        """Return what `look` reads; after an error the next look begins on another connection."""
        if not self._store.is_sqlite:
            return read(self._store, look)
        try:
            return look(self._session())
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give the connection back; a later look takes one again."""
        if self._kept is not None:
            kept, self._kept = self._kept, None
            kept.close()

    def _session(self) -> Session:
        if self._kept is None:
            self._kept = Session(self._store.engine.execution_options(**GLANCE))
        return self._kept
