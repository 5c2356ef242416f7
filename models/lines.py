"""Standing in line for the one writer that SQLite allows: among threads, and among processes."""

import fcntl
import os
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import TimeoutError as WaitedTooLong


class Line:
    """A lock whose waiters get it in the order they came: Python's own may starve one of them."""

    def __init__(self, patience: float) -> None:
        self._patience = patience  # seconds
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._is_held = False

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the lock; raise SQLAlchemy's TimeoutError when patience ends first."""
        self._acquire()
        try:
            yield
        finally:
            self._release()

    def _acquire(self) -> None:
        with self._guard:
            if not self._is_held:
                self._is_held = True
                return
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        if mine.acquire(timeout=self._patience):  # released by the one before, who hands the lock over
            return
        with self._guard:
            if mine in self._waiting:
                self._waiting.remove(mine)
                raise WaitedTooLong("other threads have been writing for too long")

    def _release(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_held = False


class FileLock:
    """A lock of the operating system on a file, freed when its process ends however it ends."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file: int | None = None

    def take(self) -> bool:
        """Tell whether the lock is held now; never wait."""
        if self._file is None:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def leave(self) -> None:
        """Free the lock, if it is held."""
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Free the lock and close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
