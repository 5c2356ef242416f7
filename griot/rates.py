"""How fast one channel may send: in one chat and in all, measured on a clock that never jumps."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

MOST_CHATS = 10_000  # remembered before those long free are forgotten
LATEST_USE = 0.15  # seconds after which a slot is given up: less than the slack between slots


@dataclass(frozen=True, slots=True)
class Rate:
    """What a provider allows; 0 switches a limit off."""

    chat_interval: float = 0.0  # seconds between two messages in one chat
    per_second: int = 0  # messages in all, of all workers together


class Pacer:
    """Say when the next message may leave on one channel. Times are seconds of a monotonic clock.

    Where the channel has a limit each message needs a slot that was drawn for it (models/slot.py).
    """

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._last: dict[str, float] = {}
        self._slots: deque[float] = deque()

    @property
    def rate(self) -> Rate:
        """Return the limits."""
        return self._rate

    def chat_free_at(self, address: str) -> float:
        """Return from when on this chat may get a message."""
        return self._last.get(address, float("-inf")) + self._rate.chat_interval

    def grant(self, slots: Iterable[float]) -> None:
        """Take over slots, the earliest first."""
        self._slots.extend(slots)

    def slots_left(self, now: float) -> int:
        """Return how many slots may still be used; 0 also where none is needed."""
        while self._slots and self._slots[0] < now - LATEST_USE:
            self._slots.popleft()
        return len(self._slots)

    def all_free_at(self, now: float) -> float:
        """Return from when on the channel may send; infinite while no slot is drawn."""
        if not self._rate.per_second:
            return float("-inf")
        return self._slots[0] if self.slots_left(now) else float("inf")

    def note(self, address: str, now: float) -> None:
        """Note that a message leaves now."""
        self.note_end(address, now)
        if self._rate.per_second and self.slots_left(now):
            self._slots.popleft()

    def note_end(self, address: str, at: float) -> None:
        """Note that a call for a chat ended then: its interval begins anew, however long the call took."""
        if not self._rate.chat_interval:
            return
        self._last[address] = max(at, self._last.get(address, float("-inf")))
        if len(self._last) > MOST_CHATS:
            begun = at - self._rate.chat_interval
            self._last = {chat: last for chat, last in self._last.items() if last > begun}
