"""Messages leave here: claimed rows wait for their turn, then go out from a pool of threads."""

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from channels.base import Channel, Failure, Finds, Outgoing, SendError
from griot.logs import trace_of
from griot.rates import Pacer, Rate
from models.outbox import BULK, LIVE
from models.sending import Claimed

log = logging.getLogger(__name__)

NO_RATE = Rate()
NEVER_CALLED = "held until its lease could not cover a call"
DEFECT = "defect"  # the code of a call that raised what no provider says
PAUSED_AFTER = 2  # chats throttled at once: then the whole channel waits


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one call: the provider's id, or why not."""

    row: Claimed
    provider_id: str = ""
    error: SendError | None = None


class Sender:
    """The calls of one worker. Only the worker's own thread touches it, but for the calls themselves.

    `measure(channel, outcome, seconds)` is told of each call; `ring` when one has ended. No call is made
    for a row that was claimed more than `longest_wait` seconds ago: the rest of its lease must cover it.
    """

    def __init__(
        self,
        channels: Mapping[str, Channel],
        rates: Mapping[str, Rate],
        threads: int,
        longest_wait: float,
        ring: Callable[[], None],
        measure: Callable[[str, str, float], None],
    ) -> None:
        self._channels = channels
        self._threads = threads
        self._longest_wait = longest_wait
        self._ring = ring
        self._measure = measure
        self._pacers = {name: Pacer(rates.get(name, NO_RATE)) for name in channels}
        self._throttled: dict[str, dict[str, float]] = {name: {} for name in channels}
        self._held: list[Claimed] = []
        self._claimed_at: dict[int, float] = {}
        self._in_flight = 0
        self._ended: deque[Outcome] = deque()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="send")

    @property
    def throttled(self) -> Mapping[str, float]:
        """Return the channels that throttle several chats at once, and for how many seconds from now."""
        now = time.monotonic()
        found = {
            name: [until for until in chats.values() if until > now]
            for name, chats in self._throttled.items()
        }
        return {name: max(until) - now for name, until in found.items() if len(until) >= PAUSED_AFTER}

    @property
    def room(self) -> int:
        """Return how many more messages may be claimed. Who waits for their own chat takes none."""
        now = time.monotonic()
        waiting = sum(1 for row in self._held if self._pacers[row.channel].chat_free_at(row.address) <= now)
        return max(0, self._threads - self._in_flight - waiting)

    @property
    def lane(self) -> int:
        """Return the last lane to claim from: half of the calls is kept for live replies."""
        return BULK if self.room > self._threads // 2 else LIVE

    @property
    def is_idle(self) -> bool:
        """Tell whether no message is claimed."""
        return not self._held and not self._in_flight and not self._ended

    def hold(self, rows: Sequence[Claimed], claimed_at: float) -> None:
        """Take over messages claimed at this monotonic time; `due` names them when they may go."""
        self._held.extend(rows)
        self._claimed_at.update((row.id, claimed_at) for row in rows)

    def due(self) -> list[Claimed]:
        """Return held messages that the provider's limits and the threads let go now.

        Live ones pass bulk, else first come, first served.
        """
        now = time.monotonic()
        going: list[Claimed] = []
        for row in sorted(self._held, key=lambda row: row.lane):  # stable: order of arrival within a lane
            if len(going) == self._idle_threads:
                break
            pacer = self._pacers[row.channel]
            if max(pacer.chat_free_at(row.address), pacer.all_free_at()) <= now:
                pacer.note(row.address, now)
                going.append(row)
        gone = {row.id for row in going}
        self._held = [row for row in self._held if row.id not in gone]
        return going

    def next_at(self, now: float) -> float:
        """Return in how many seconds a held message may go; infinite when none can."""
        if not self._idle_threads:
            return float("inf")
        return min((self._free_at(row) - now for row in self._held), default=float("inf"))

    def is_late(self, row: Claimed) -> bool:
        """Tell whether this message was claimed too long ago to be sent under its lease."""
        return time.monotonic() - self._claimed_at[row.id] > self._longest_wait

    def send(self, rows: Sequence[Claimed], at: datetime) -> None:
        """Call the provider for these messages, each in a thread of the pool."""
        for row in rows:
            self._in_flight += 1
            self._pool.submit(self._call, row, at)

    def take_ended(self) -> list[Outcome]:
        """Return what ended since; what cannot be stored comes back by `put_ended`."""
        ended = [self._ended.popleft() for _ in range(len(self._ended))]
        self._in_flight -= len(ended)
        for outcome in ended:
            self._learn(outcome)
            self._claimed_at.pop(outcome.row.id, None)
        return ended

    def put_ended(self, outcomes: Sequence[Outcome]) -> None:
        """Take outcomes back that were not stored."""
        self._in_flight += len(outcomes)
        self._ended.extendleft(reversed(outcomes))

    def forget(self, rows: Sequence[Claimed]) -> None:
        """Let go of messages that `due` named and that were given back or closed."""
        for row in rows:
            self._claimed_at.pop(row.id, None)

    def take_back(self, rows: Sequence[Claimed]) -> None:
        """Hold messages again that `due` named but that could not be released."""
        self._held.extend(rows)

    def drop_held(self) -> list[Claimed]:
        """Return every held message, no longer held: to be given back."""
        rows, self._held = self._held, []
        self.forget(rows)
        return rows

    def close(self) -> None:
        """End the threads once their calls ended."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    @property
    def _idle_threads(self) -> int:
        return max(0, self._threads - self._in_flight)

    def _free_at(self, row: Claimed) -> float:
        pacer = self._pacers[row.channel]
        return max(pacer.chat_free_at(row.address), pacer.all_free_at())

    def _call(self, row: Claimed, at: datetime) -> None:
        began = time.perf_counter()
        outcome = self._outcome(row, at)
        failure = outcome.error.failure if outcome.error else "accepted"
        self._measure(row.channel, str(failure), time.perf_counter() - began)
        self._ended.append(outcome)
        self._ring()

    def _outcome(self, row: Claimed, at: datetime) -> Outcome:
        if self.is_late(row):  # the process was frozen, or waited long for its turn
            return Outcome(row, error=SendError(Failure.NOT_SENT, NEVER_CALLED))
        try:
            sent = self._sent(row, at)
        except SendError as error:
            return Outcome(row, error=error)
        except Exception as error:  # noqa: BLE001 - a defect of ours must not stop the queue; it may have left
            log.error("sending outbox row %s raised %s", row.id, trace_of(error))
            return Outcome(row, error=SendError(Failure.UNKNOWN, type(error).__name__, code=DEFECT))
        return Outcome(row, provider_id=sent)

    def _sent(self, row: Claimed, at: datetime) -> str:
        """Return the provider's id of the message; before a repeat ask the provider whether it has it."""
        channel = self._channels[row.channel]
        valid_for = max(1, int((row.not_after - at).total_seconds())) if row.not_after else 0
        out = Outgoing(row.address, row.message, str(row.id), row.content_sid, row.is_tapped, valid_for)
        found = channel.find(out, row.created_at) if row.repeats and isinstance(channel, Finds) else None
        return found or channel.send(out)

    def _learn(self, outcome: Outcome) -> None:
        """Keep the chat's interval from the end of the call, and which chats are throttled."""
        now = time.monotonic()
        channel, address = outcome.row.channel, outcome.row.address
        self._pacers[channel].note_end(address, now)
        chats = self._throttled[channel]
        if outcome.error is None:
            chats.pop(address, None)
        elif outcome.error.failure == Failure.THROTTLED:
            chats[address] = now + (outcome.error.retry_after or 1.0)
            self._throttled[channel] = {chat: until for chat, until in chats.items() if until > now}
