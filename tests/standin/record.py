"""What the stand-in took: each message with its time and chat, and each call with its answer."""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

MOST_CALLS = 50_000  # older calls are forgotten; messages never are


@dataclass(frozen=True, slots=True)
class Sent:
    """One message as the person sees it."""

    at: float  # seconds since the epoch when it was taken
    chat: str
    message_id: int
    text: str
    buttons: tuple[tuple[str, str], ...] = ()  # label and data, in order
    rows: tuple[int, ...] = ()  # buttons per row
    edited: bool = False
    is_list: bool = False  # the buttons are in a list that opens


@dataclass(frozen=True, slots=True)
class Call:
    """One request: what was asked and what was answered."""

    method: str
    fields: Mapping[str, str]
    status: int  # 0: no answer was given
    answer: Mapping[str, object]


class Messages(Protocol):
    """Where messages are read, in this process or from another."""

    def messages(self, chat: str | int) -> list[Sent]:
        """Return what the chat shows, edits in place, oldest first."""
        ...

    def wait(self, chat: str | int, count: int, seconds: float) -> list[Sent]:
        """Return the chat's messages and edits as taken, once there are `count` or the time is up."""
        ...


@dataclass
class Record:
    """All that was taken; written by the server's thread, read by any."""

    taken: dict[str, list[Sent]] = field(default_factory=lambda: defaultdict(list))
    calls: deque[Call] = field(default_factory=lambda: deque(maxlen=MOST_CALLS))
    changes: dict[str, threading.Condition] = field(default_factory=dict)  # one per chat
    count: int = 0

    def take(self, sent: Sent) -> None:
        """Keep a message or an edit."""
        changed = self._changed(sent.chat)
        with changed:
            self.taken[sent.chat].append(sent)
            self.count += 1
            changed.notify_all()

    def _changed(self, chat: str) -> threading.Condition:
        return self.changes.setdefault(chat, threading.Condition())

    def history(self, chat: str | int) -> list[Sent]:
        """Return messages and edits in the order taken."""
        return list(self.taken.get(str(chat), ()))

    def messages(self, chat: str | int) -> list[Sent]:
        """Return what the chat shows, edits in place, oldest first."""
        return list({sent.message_id: sent for sent in self.history(chat)}.values())

    def wait(self, chat: str | int, count: int, seconds: float) -> list[Sent]:
        """Return the chat's messages and edits as taken, once there are `count` or the time is up."""
        until = time.monotonic() + seconds
        changed = self._changed(str(chat))
        with changed:
            while len(self.history(chat)) < count and (left := until - time.monotonic()) > 0:
                changed.wait(left)
        return self.history(chat)

    def clear(self) -> None:
        """Forget everything."""
        self.taken.clear()
        self.calls.clear()
        self.count = 0
