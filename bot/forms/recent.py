"""What was worked out a moment ago, kept to be worked on: little of it, and not for long."""

from datetime import datetime, timedelta
from typing import Generic, TypeVar

T = TypeVar("T")

KEPT_FOR = timedelta(minutes=30)  # answers are personal data


class Recent(Generic[T]):
    """A few values by key, the latest last; safe to use from several threads."""

    def __init__(self) -> None:
        """Begin with none."""
        self._kept: dict[object, tuple[datetime, T]] = {}

    def get(self, key: object) -> T | None:
        """Return the value kept under the key, else the latest of all; None when there is none."""
        kept = self._kept.get(key) or next(reversed(self._kept.copy().values()), None)
        return kept[1] if kept else None

    def keep(self, key: object, at: datetime, value: T, most: int) -> None:
        """Keep a value, and drop what is too old or more than `most`."""
        self._kept.pop(key, None)
        self._kept[key] = at, value
        for old, (since, _) in list(self._kept.items()):
            if at - since <= KEPT_FOR and len(self._kept) <= most:
                return
            self._kept.pop(old, None)
