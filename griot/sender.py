"""Messages leave here: claimed rows wait for their turn, then go out, many calls at once."""

import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from channels.base import (
    GIVEN_UP,
    NEVER_CALLED,
    Begins,
    Channel,
    Failure,
    Finds,
    Outgoing,
    SendError,
    begins,
)
from griot.invitations import with_links
from griot.rates import Pacer, Rate
from models.aside import DEFECT
from models.outbox import BULK, LIVE
from models.sending import Claimed
from models.slot import AHEAD

log = logging.getLogger(__name__)

NO_RATE = Rate()
FRESH = 0.3  # seconds after a claim within which nothing is looked at again before the call
DRAW_AGAIN = 0.1  # seconds until a slot is asked for again when there was none
PAUSED_AFTER = 2  # chats throttled at once: then the whole channel waits


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one call: the provider's id, or why not."""

    row: Claimed
    provider_id: str = ""
    error: SendError | None = None


@dataclass(slots=True)
class _Line:
    """The calls of one channel: so many of its own, so that a provider that hangs keeps no other waiting.

    They wait in the channel's own event loop where it has one, else in threads of the pool, which begins
    one only when it is needed.
    """

    pacer: Pacer
    channel: Channel
    pool: ThreadPoolExecutor
    calls: int  # at once
    most_held: int  # what the rate lets go before it was held too long
    held: list[Claimed] = field(default_factory=list)
    looked_at: dict[int, float] = field(default_factory=dict)  # when a held message was seen to be sendable
    in_flight: int = 0
    throttled: dict[str, float] = field(default_factory=dict)  # chats, and until when

    @property
    def idle_calls(self) -> int:
        return max(0, self.calls - self.in_flight)

    @property
    def room(self) -> int:
        """Return how many more messages may be claimed."""
        return max(0, min(self._free_calls, self.most_held - len(self.held)))

    @property
    def lane(self) -> int:
        """Return the last lane to claim from: half of the calls is kept for live replies."""
        return BULK if self._free_calls > self.calls // 2 else LIVE

    @property
    def _free_calls(self) -> int:
        """Return how many calls nothing is held for. Who waits for their own chat takes none."""
        now = time.monotonic()
        return self.idle_calls - sum(1 for row in self.held if self.pacer.chat_free_at(row.address) <= now)

    def lacks(self, more: int = 0) -> int:
        """Return how many slots are to be drawn: for what is held and may go soon, and so many more."""
        if not self.pacer.rate.per_second:
            return 0
        now = time.monotonic()
        soon = now + AHEAD.total_seconds()
        wanted = more + sum(1 for row in self.held if self.pacer.chat_free_at(row.address) <= soon)
        return max(0, wanted - self.pacer.slots_left(now))

    def due(self, now: float) -> tuple[list[Claimed], list[Claimed]]:
        """Return held messages that may go now, live before bulk, and those to be looked at again before.

        The first have used up their slots, the others not.
        """
        going: list[Claimed] = []
        stale: list[Claimed] = []
        for row in sorted(self.held, key=lambda row: row.lane):  # stable: order of arrival within a lane
            if len(going) == self.idle_calls or self.pacer.all_free_at(now) > now:
                break
            if self.pacer.chat_free_at(row.address) > now:
                continue
            if self.looked_at[row.id] < now - FRESH:
                stale.append(row)
            else:
                self.pacer.note(row.address, now)
                going.append(row)
        gone = {row.id for row in going}
        self.held = [row for row in self.held if row.id not in gone]
        return going, stale

    def next_at(self, now: float) -> float:
        """Return when a held message may go, or a slot may be drawn for it; infinite when none can."""
        if not self.idle_calls or not self.held:
            return float("inf")
        chat = min(self.pacer.chat_free_at(row.address) for row in self.held)
        slot = self.pacer.all_free_at(now)
        return max(chat, now + DRAW_AGAIN if slot == float("inf") else slot)


class Sender:
    """The calls of one worker. Only the worker's own thread touches it, but for the calls themselves.

    Each channel has so many `calls` at once of its own. `measure(channel, outcome, seconds)` is told of each
    call; `ring` when one has ended. No call is made for a row that was claimed more than `longest_wait`
    seconds ago: the rest of its lease must cover it.
    """

    def __init__(
        self,
        channels: Mapping[str, Channel],
        rates: Mapping[str, Rate],
        calls: int,
        longest_wait: float,
        ring: Callable[[], None],
        measure: Callable[[str, str, float], None],
    ) -> None:
        self._longest_wait = longest_wait
        self._ring = ring
        self._measure = measure
        self._lines = {
            name: _line(channel, rates.get(name, NO_RATE), calls, longest_wait)
            for name, channel in channels.items()
        }
        self._claimed_at: dict[int, float] = {}
        self._ended: deque[Outcome] = deque()

    @property
    def throttled(self) -> Mapping[str, float]:
        """Return the channels that throttle several chats at once, and for how many seconds from now."""
        now = time.monotonic()
        found = {
            name: [until for until in line.throttled.values() if until > now]
            for name, line in self._lines.items()
        }
        return {name: max(until) - now for name, until in found.items() if len(until) >= PAUSED_AFTER}

    def rooms(self, channels: Collection[str]) -> Mapping[tuple[int, int], Sequence[str]]:
        """Return which of these channels may be claimed for alike: how many messages, up to which lane."""
        rooms: dict[tuple[int, int], list[str]] = {}
        for name in channels:
            line = self._lines[name]
            if line.room:
                rooms.setdefault((line.room, line.lane), []).append(name)
        return rooms

    @property
    def room(self) -> int:
        """Return how many messages may be claimed for the channel that has most calls left."""
        return max((line.room for line in self._lines.values()), default=0)

    def lacking(self, claimed: Sequence[Claimed]) -> Mapping[str, tuple[int, int]]:
        """Return how many slots are to be drawn a channel, these messages being held too, and its rate."""
        more = Counter(row.channel for row in claimed)
        wanted = {name: line.lacks(more[name]) for name, line in self._lines.items()}
        return {name: (n, self._lines[name].pacer.rate.per_second) for name, n in wanted.items() if n}

    @property
    def is_lacking(self) -> bool:
        """Tell whether a held message waits for a slot that is not drawn yet."""
        return any(line.held and line.idle_calls and line.lacks() for line in self._lines.values())

    def grant(self, channel: str, slots: Iterable[float]) -> None:
        """Take over slots of a channel, as monotonic times."""
        self._lines[channel].pacer.grant(slots)

    def keeps_distance(self, channel: str) -> bool:
        """Tell whether messages of one chat keep a distance on this channel."""
        return bool(self._lines[channel].pacer.rate.chat_interval)

    def note_sent(self, row: Claimed, at: float) -> None:
        """Note when, in monotonic time, any worker wrote to the chat of this message last."""
        self._lines[row.channel].pacer.note_end(row.address, at)

    @property
    def is_idle(self) -> bool:
        """Tell whether no message is claimed."""
        return not self._ended and not any(line.held or line.in_flight for line in self._lines.values())

    def hold(self, rows: Sequence[Claimed], claimed_at: float) -> None:
        """Take over messages claimed at this monotonic time; `send_due` sends them when they may go."""
        self._claimed_at.update((row.id, claimed_at) for row in rows)
        for row in rows:
            self._lines[row.channel].held.append(row)
        self.looked_at(rows)

    def send_due(self, at: datetime) -> list[Claimed]:
        """Call the provider for held messages that its limits let go now.

        Live ones pass bulk, else first come, first served. Return those that were held so long that they
        must be looked at again first; they are held on until `let_go`.
        """
        now = time.monotonic()
        stale = []
        for line in self._lines.values():
            going, old = line.due(now)
            self._send(going, at)
            stale += old
        return stale

    def looked_at(self, rows: Sequence[Claimed]) -> None:
        """Note that these held messages may still leave, as they are now."""
        now = time.monotonic()
        as_now = {row.id: row for row in rows}
        for line in self._lines.values():
            line.held = [as_now.get(row.id, row) for row in line.held]
        for row in rows:
            self._lines[row.channel].looked_at[row.id] = now

    def next_at(self, now: float) -> float:
        """Return in how many seconds a held message may go; infinite when none can."""
        return min((line.next_at(now) - now for line in self._lines.values()), default=float("inf"))

    def is_late(self, row: Claimed) -> bool:
        """Tell whether this message was claimed too long ago to be sent under its lease."""
        return time.monotonic() - self._claimed_at[row.id] > self._longest_wait

    def _send(self, rows: Sequence[Claimed], at: datetime) -> None:
        for row in rows:
            line = self._lines[row.channel]
            line.looked_at.pop(row.id, None)
            line.in_flight += 1
            self._begin(line, row, _outgoing(row, at))

    def take_ended(self) -> list[Outcome]:
        """Return what ended since; what cannot be stored comes back by `put_ended`."""
        ended = [self._ended.popleft() for _ in range(len(self._ended))]
        for outcome in ended:
            self._lines[outcome.row.channel].in_flight -= 1
            self._learn(outcome)
            self._claimed_at.pop(outcome.row.id, None)
        return ended

    def put_ended(self, outcomes: Sequence[Outcome]) -> None:
        """Take outcomes back that were not stored."""
        for outcome in outcomes:
            self._lines[outcome.row.channel].in_flight += 1
        self._ended.extendleft(reversed(outcomes))

    def let_go(self, rows: Sequence[Claimed]) -> None:
        """Hold messages no longer that were given back or closed."""
        gone = {row.id for row in rows}
        for line in self._lines.values():
            line.held = [row for row in line.held if row.id not in gone]
        for row in rows:
            self._claimed_at.pop(row.id, None)
            self._lines[row.channel].looked_at.pop(row.id, None)

    def drop_held(self) -> list[Claimed]:
        """Return every held message, no longer held: to be given back."""
        rows = [row for line in self._lines.values() for row in line.held]
        self.let_go(rows)
        return rows

    def close(self) -> None:
        """End the threads once their calls ended."""
        for line in self._lines.values():
            line.pool.shutdown(wait=False, cancel_futures=True)

    def _begin(self, line: _Line, row: Claimed, out: Outgoing) -> None:
        """Begin the call; before a repeat the provider is asked whether it has the message.

        That takes a thread, and so do the links of an invitation.
        """
        channel, began = line.channel, time.perf_counter()
        has_to_wait = row.message.invitation is not None or (row.repeats and isinstance(channel, Finds))
        if begins(channel) and not has_to_wait:
            call = _begun(channel, out, lambda: not self.is_late(row))
        else:
            call = line.pool.submit(self._sent, channel, row, out)
        call.add_done_callback(partial(self._called, row, began))

    def _sent(self, channel: Channel, row: Claimed, out: Outgoing) -> str:
        if self.is_late(row):  # the process was frozen, or waited long for its turn
            raise SendError(Failure.NOT_SENT, NEVER_CALLED)
        found = channel.find(out, row.created_at) if row.repeats and isinstance(channel, Finds) else None
        others = [line.channel for line in self._lines.values()]
        return found or channel.send(replace(out, message=with_links(out.message, others)))

    def _called(self, row: Claimed, began: float, call: Future[str]) -> None:
        """Keep what became of a call; runs where the call ended, in a thread or an event loop."""
        outcome = _outcome(row, call)
        failure = outcome.error.failure if outcome.error else "accepted"
        self._measure(row.channel, str(failure), time.perf_counter() - began)
        self._ended.append(outcome)
        self._ring()

    def _learn(self, outcome: Outcome) -> None:
        """Keep the chat's interval from the end of the call, and which chats are throttled."""
        now = time.monotonic()
        line, address, error = self._lines[outcome.row.channel], outcome.row.address, outcome.error
        if error is None or error.detail != NEVER_CALLED:
            line.pacer.note_end(address, now)
        if error is None:
            line.throttled.pop(address, None)
        elif error.failure == Failure.THROTTLED:
            chats = line.throttled | {address: now + (error.retry_after or 1.0)}
            line.throttled = {chat: until for chat, until in chats.items() if until > now}


def _line(channel: Channel, rate: Rate, calls: int, longest_wait: float) -> _Line:
    pool = ThreadPoolExecutor(calls, thread_name_prefix=f"send-{channel.name}")
    most_held = max(1, int(rate.per_second * longest_wait / 2)) if rate.per_second else calls * 100
    return _Line(Pacer(rate), channel, pool, calls, most_held)


def _begun(channel: Begins, out: Outgoing, may_leave: Callable[[], bool]) -> Future[str]:
    try:
        return channel.begin(out, may_leave)
    except Exception as error:  # noqa: BLE001 - a defect of ours must not stop the queue
        broken: Future[str] = Future()
        broken.set_exception(error)
        return broken


def _outgoing(row: Claimed, at: datetime) -> Outgoing:
    valid_for = max(1, int((row.not_after - at).total_seconds())) if row.not_after else 0
    return Outgoing(row.address, row.message, str(row.id), row.content_sid, row.is_tapped, valid_for)


def _outcome(row: Claimed, call: Future[str]) -> Outcome:
    try:
        return Outcome(row, provider_id=call.result())
    except SendError as error:
        return Outcome(row, error=error)
    except CancelledError:
        return Outcome(row, error=SendError(Failure.UNKNOWN, GIVEN_UP))
    except Exception as error:  # a defect of ours must not stop the queue; it may have left
        log.error("sending a message raised", exc_info=error, extra={"outbox": row.id})
        return Outcome(row, error=SendError(Failure.UNKNOWN, type(error).__name__, code=DEFECT))
