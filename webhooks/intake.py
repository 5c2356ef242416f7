"""Updates that arrive together are kept in one transaction: one thread writes for all who wait."""

import logging
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TypeAlias

from sqlalchemy.exc import SQLAlchemyError

from models.base import Db
from models.db import Store, write_first
from models.inbox import Update, receive_all
from models.patience import within

log = logging.getLogger(__name__)

PATIENCE = 5.0  # seconds; a provider hangs up after 15 (Twilio) or more
ATTEMPTS = 3  # so many times its patience a thread waits: for those before it, for its own, and to spare


class NotKeptError(Exception):
    """The database did not take the update: the provider must send it again."""


Told = Callable[[NotKeptError | None], None]


@dataclass(frozen=True, slots=True)
class _Waiting:
    update: Update
    told: Told


_Queue: TypeAlias = SimpleQueue[_Waiting | None]  # None ends the thread that reads it


class Intake:
    """The way into the inbox for the threads of one process; its own thread ends when nobody holds it.

    `announce` runs in the transaction and `wake` after it: both tell workers that there is something to do.
    `patience` is how many seconds the database may take for one transaction.
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
        self._queue: _Queue = SimpleQueue()
        self._starting = threading.Lock()
        self._writer: threading.Thread | None = None

    def begin(self, update: Update, told: Told) -> None:
        """Return at once. `told` gets None when the update is durable, also when it was before, or why not.

        The writing thread calls it: it must not wait.
        """
        self._queue.put(_Waiting(update, told))
        if self._writer is None:  # not before: the process may still fork
            self._start()

    def keep(self, update: Update) -> None:
        """Return when the update is durable, also when it was before; raise NotKeptError."""
        answers: SimpleQueue[NotKeptError | None] = SimpleQueue()
        self.begin(update, answers.put)
        try:
            error = answers.get(timeout=ATTEMPTS * self._patience)
        except Empty:
            raise NotKeptError("others are writing for too long") from None
        if error is not None:
            raise error

    def _start(self) -> None:
        with self._starting:
            if self._writer is None:
                weakref.finalize(self, self._queue.put, None)
                its = (self._queue, weakref.ref(self))
                self._writer = threading.Thread(target=_write_on, args=its, name="intake", daemon=True)
                self._writer.start()

    def write(self, batch: list[_Waiting]) -> None:
        """Keep a batch and whoever came until its transaction began; tell each of them."""
        self._join(batch)  # all who wait now share its fate
        why: Exception | None = None
        try:
            with within(self._patience):
                write_first(self._store, lambda db: self._insert(db, batch))
        except Exception as error:  # whatever it is, nothing of the batch was kept
            if not isinstance(error, SQLAlchemyError):
                log.error("keeping updates raised", exc_info=error)
            why = error
        else:
            self._wake()
        for waiting in batch:
            _tell(waiting, why)

    def _insert(self, db: Db, batch: list[_Waiting]) -> None:
        self._join(batch)
        receive_all(db, [waiting.update for waiting in batch])
        self._announce(db)

    def _join(self, batch: list[_Waiting]) -> None:
        try:
            while (waiting := self._queue.get_nowait()) is not None:
                batch.append(waiting)
        except Empty:
            return


def _write_on(queue: _Queue, intake: "weakref.ref[Intake]") -> None:
    while (first := queue.get()) is not None:
        held = intake()
        if held is None:
            return
        held.write([first])
        del first, held


def _tell(waiting: _Waiting, why: Exception | None) -> None:
    error = None
    if why is not None:
        error = NotKeptError(type(why).__name__)
        error.__cause__ = why
    try:
        waiting.told(error)
    except Exception as raised:  # the thread that writes goes on for all others
        log.error("answering a webhook raised", exc_info=raised)
