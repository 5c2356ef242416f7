"""How fast one channel may send: in one chat and in all, measured on a clock that never jumps."""

from collections import deque
from dataclasses import dataclass

MOST_CHATS = 10_000  # remembered before those long free are forgotten


@dataclass(frozen=True, slots=True)
class Rate:
    """What a provider allows; 0 switches a limit off."""

    chat_interval: float = 0.0  # seconds between two messages in one chat
    per_second: int = 0  # messages in all


class Pacer:
    """Say when the next message may leave on one channel. Times are seconds of a monotonic clock."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._last: dict[str, float] = {}
        self._recent: deque[float] = deque()

    def chat_free_at(self, address: str) -> float:
        """Return from when on this chat may get a message."""
        return self._last.get(address, float("-inf")) + self._rate.chat_interval

    def all_free_at(self) -> float:
        """Return from when on the channel may send."""
        if not self._rate.per_second or len(self._recent) < self._rate.per_second:
            return float("-inf")
        return self._recent[0] + 1.0

    def note(self, address: str, now: float) -> None:
        """Note that a message leaves now."""
        self.note_end(address, now)
        if self._rate.per_second:
            self._recent.append(now)
            while len(self._recent) > self._rate.per_second:
                self._recent.popleft()

    def note_end(self, address: str, now: float) -> None:
        """Note that the call for a chat ended now: its interval begins anew, however long the call took."""
        if not self._rate.chat_interval:
            return
        self._last[address] = now
        if len(self._last) > MOST_CHATS:
            begun = now - self._rate.chat_interval
            self._last = {chat: at for chat, at in self._last.items() if at > begun}
