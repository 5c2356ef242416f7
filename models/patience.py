"""How long a thread waits for the database, whatever hangs."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

LONGEST = 35.0  # seconds for one statement: PostgreSQL itself ends it after thirty, unless it hangs
# What PostgreSQL is told where a statement may last; other limits of a connection stay.
UNHURRIED = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"

_end: ContextVar[float] = ContextVar("end", default=float("inf"))  # monotonic seconds
_longest: ContextVar[float] = ContextVar("longest", default=LONGEST)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Bound all that this thread asks of the database in the block, together."""
    token = _end.set(min(_end.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _end.reset(token)


@contextmanager
def unhurried() -> Iterator[None]:
    """Let a statement of this thread last as long as it needs in the block, as an index of a large table."""
    token = _longest.set(float("inf"))
    try:
        yield
    finally:
        _longest.reset(token)


def seconds_left() -> float:
    """Return how long the next statement may take; 0 when the time is over, infinite where none ends it."""
    return max(0.0, min(_longest.get(), _end.get() - time.monotonic()))
