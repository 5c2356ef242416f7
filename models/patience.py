"""How long a thread waits for the database, whatever hangs."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

LONGEST = 35.0  # seconds for one statement: PostgreSQL itself ends it after thirty, unless it hangs

_end: ContextVar[float] = ContextVar("end", default=float("inf"))  # monotonic seconds


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Bound all that this thread asks of the database in the block, together."""
    token = _end.set(min(_end.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _end.reset(token)


def seconds_left() -> float:
    """Return how long the next statement may take; 0 when the time is over."""
    return max(0.0, min(LONGEST, _end.get() - time.monotonic()))
