"""What was worked out a moment ago, kept to be worked on: little of it, and not for long."""

from datetime import datetime, timedelta
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")

KEPT_FOR = timedelta(minutes=30)  # answers are personal data


class Recent(Generic[T]):
    """A few values by key, the latest last; safe to use from several threads."""

    def __init__(self) -> None:
        """Begin with none."""
        self._kept: dict[object, tuple[datetime, T]] = {}
        self._lock = Lock()

    def get(self, key: object) -> T | None:
        """Return the value kept under the key, else the latest of all; None when there is none."""
        with self._lock:
            kept = self._kept.get(key) or next(reversed(self._kept.values()), None)
            return kept[1] if kept else None

    def keep(self, key: object, at: datetime, value: T, most: int) -> None:
        """Keep a value, and drop what is too old or more than `most`."""
        with self._lock:
            self._kept.pop(key, None)
            self._kept[key] = at, value
            while self._has_too_much(at, most):
                del self._kept[next(iter(self._kept))]

    def _has_too_much(self, at: datetime, most: int) -> bool:
        since, _ = next(iter(self._kept.values()))
        return at - since > KEPT_FOR or len(self._kept) > most
