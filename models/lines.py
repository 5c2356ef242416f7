"""Standing in line for the one writer that SQLite allows: among threads, and among processes."""

import fcntl
import os
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import TimeoutError as WaitedTooLong

MOST_LET_BY = 2  # who go first that one process lets by before it writes itself


class Line:
    """A lock whose waiters get it in the order they came: Python's own may starve one of them."""

    def __init__(self, patience: float) -> None:
        self._patience = patience  # seconds
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._is_held = False

    @contextmanager
    def alone(self, *, goes_first: bool = False) -> Iterator[None]:
        """Hold the lock, before all who wait if this one `goes_first`; raise SQLAlchemy's TimeoutError.

        It is raised when patience ends before the lock is free.
        """
        self._acquire(goes_first)
        try:
            yield
        finally:
            self._release()

    def _acquire(self, goes_first: bool) -> None:
        with self._guard:
            if not self._is_held:
                self._is_held = True
                return
            mine = threading.Lock()
            mine.acquire()
            self._waiting.insert(0 if goes_first else len(self._waiting), mine)
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
        try:
            fcntl.flock(self._opened(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def is_taken(self) -> bool:
        """Tell whether another process holds the lock."""
        try:
            fcntl.flock(self._opened(), fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        self.leave()
        return False

    def leave(self) -> None:
        """Free the lock, if it is held."""
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Free the lock and close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _opened(self) -> int:
        if self._file is None:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        return self._file


class FileLine:
    """The processes that wait for SQLite's lock: the one whose place is next tries to take it.

    Who goes first passes all others but the one that writes; it waits for one transaction, not for several.
    """

    def __init__(self, path: str) -> None:
        self._next = FileLock(f"{path}-line")
        self._first = FileLock(f"{path}-first")

    def place(self, *, goes_first: bool) -> "Place":
        """Return a place in the line; leave it once the wait is over."""
        return Place(self._next, self._first, goes_first)

    def close(self) -> None:
        """Close both files."""
        self._next.close()
        self._first.close()


class Place:
    """One process's place in the line."""

    def __init__(self, next: FileLock, first: FileLock, goes_first: bool) -> None:
        self._next = next
        self._first = first
        self._goes_first = goes_first
        self._let_by = 0  # how many who go first
        self._stood_back = False  # at the last look

    def is_next(self) -> bool:
        """Tell whether it is this one's turn to try; never wait."""
        if self._goes_first:
            self._first.take()  # one tells for all of them
        elif self._stands_back():
            self._next.leave()
            return False
        return self._next.take()

    def leave(self) -> None:
        """Make room for the next one."""
        self._next.leave()
        self._first.leave()

    def _stands_back(self) -> bool:
        if self._let_by == MOST_LET_BY:
            return False
        stands_back = self._first.is_taken()
        if self._stood_back and not stands_back:
            self._let_by += 1
        self._stood_back = stands_back
        return stands_back
