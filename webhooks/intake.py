"""Updates that arrive together are kept in one transaction: one commit for all the threads that wait."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from models.base import Db
from models.db import Store, write_first
from models.inbox import Update, receive_all
from models.patience import within

log = logging.getLogger(__name__)

PATIENCE = 5.0  # seconds; a provider hangs up after 15 (Twilio) or more


class NotKeptError(Exception):
    """The database did not take the update: the provider must send it again."""


@dataclass(slots=True)
class _Waiting:
    update: Update
    is_kept: bool = False
    error: Exception | None = None


class Intake:
    """The way into the inbox for the threads of one process.

    `announce` runs in the transaction and `wake` after it: both tell workers that there is something to do.
    `patience` is how many seconds a thread waits for others, and again for the database.
    """

    def __init__(
        self,
        store: Store,
        announce: Callable[[Db], None],
        wake: Callable[[], None],
        patience: float = PATIENCE,
    ) -> None:
        self._store = store
        self._announce = announce
        self._wake = wake
        self._patience = patience
        self._guard = threading.Lock()
        self._writing = threading.Lock()
        self._queue: list[_Waiting] = []

    def keep(self, update: Update) -> None:
        """Return when the update is durable, also when it was before; raise NotKeptError."""
        waiting = _Waiting(update)
        with self._guard:
            self._queue.append(waiting)
        if not self._writing.acquire(timeout=self._patience):
            raise NotKeptError("others are writing for too long")
        try:  # whoever comes first writes for all who came meanwhile
            if not waiting.is_kept and waiting.error is None:
                self._write_all()
        finally:
            self._writing.release()
        if not waiting.is_kept:
            raise NotKeptError(type(waiting.error).__name__) from waiting.error

    def _write_all(self) -> None:
        with self._guard:
            batch, self._queue = self._queue, []
        try:
            with within(self._patience):
                write_first(self._store, lambda db: self._insert(db, batch))
        except Exception as error:  # whatever it is, nothing of the batch was kept
            if not isinstance(error, SQLAlchemyError):
                log.error("keeping updates raised", exc_info=error)
            for waiting in batch:
                waiting.error = error
            return
        for waiting in batch:
            waiting.is_kept = True
        self._wake()

    def _insert(self, db: Db, batch: list[_Waiting]) -> None:
        receive_all(db, [waiting.update for waiting in batch])
        self._announce(db)
