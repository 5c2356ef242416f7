"""The worker: turns are taken, messages leave, outcomes are stored; one transaction a round."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bot.values import Clock
from channels.base import Channel
from griot import fetcher
from griot.circuits import Circuits
from griot.claiming import Claiming
from griot.fetcher import Arrival, Fetcher, Settled
from griot.outcomes import Policy, settle
from griot.rates import Rate
from griot.scanning import tell_unsafe
from griot.sender import Outcome, Sender
from griot.wake import Ear
from griot.ways import Ways
from models import circuit, inbox, media, sending, settling, silence, slot
from models.base import Db
from models.db import Store, is_blocked, is_transient, read, write
from models.glance import Glances
from models.inbox import InboxState, Taken
from models.jumps import settle_jumps
from models.media import Wanted
from models.media_files import MediaFiles
from models.outbox import BULK
from models.pace import PaceLimits, too_early
from models.queues import Due, look
from models.savepoint import savepoint
from models.sending import Claimed

log = logging.getLogger(__name__)

BATCH = 32  # turns a transaction at most: they share its statements and its commit
BATCH_SECONDS = 0.08  # what a transaction's turns may last on SQLite: webhooks wait for it
LONG_BATCH_SECONDS = 0.25  # the same on PostgreSQL: only these people wait
TEXTS = 8  # taken for finished in a transaction at most, each by itself
IDLE = 1.0  # seconds until a quiet worker looks again
LOOK_AGAIN = 0.1  # seconds between two looks of `--once`: what is due may wait for a throttled channel
AFTER_ERROR = 1.0  # seconds until it looks again when the database did not answer
AFTER_LOCK = timedelta(seconds=5)  # until a turn that waited in vain for a lock is taken again
AFTER_OTHERS = timedelta(seconds=0.05)  # until the turn of a person whom another worker holds is taken
AFTER_FAULT = timedelta(minutes=5)  # until a text that could not be stored is tried again
SOON = timedelta(seconds=30)  # `--once` waits for what is due this soon
LONGEST_WAIT = 60.0  # seconds that `--once` waits for nothing
LONGEST_LAG = 2.0  # seconds that drawn slots lie ahead at most, because transactions take so long
ENDING = 7.0  # seconds that calls under way get at the end

Turn = Callable[[Db, Taken, datetime], None]
Plan = Callable[[], datetime | None]  # what falls due; until when the schedule is another's, who may be dead
Turns = Callable[[Db, Sequence[Taken], datetime], Sequence[Taken]]  # returns those that were handled
Silence = Callable[[Db, int, datetime], None]  # of the person with this id


@dataclass(frozen=True, slots=True)
class Work:
    """What a worker is made of, given by the composition root.

    `apologise` tells the person that a message was set aside, `busy` that many messages wait: each enqueues
    one notice. `end_text` takes a text in several messages for finished. `ways` lead on from what fails.
    `measure_turn(seconds)`, `measure_send(channel, outcome, seconds)` feed the metrics.
    """

    store: Store
    channels: Mapping[str, Channel]
    clock: Clock
    take_turns: Turns
    apologise: Turn
    busy: Turn
    end_text: Silence
    ways: Ways
    limits: PaceLimits
    rates: Mapping[str, Rate]
    lease: timedelta
    senders: int
    files: MediaFiles
    measure_turn: Callable[[float], None]
    measure_send: Callable[[str, str, float], None]
    check_file: Callable[[bytes], None] = lambda content: None  # raises FetchError for what is not kept
    prepare: Callable[[Store, datetime], None] = lambda store, at: None  # what a turn would else do


@dataclass(slots=True)
class Round:
    """What one transaction did."""

    claimed: list[Claimed] = field(default_factory=list)
    wanted: list[Wanted] = field(default_factory=list)  # attachments to fetch
    fetched: Settled = field(default_factory=Settled)
    released: list[Claimed] = field(default_factory=list)
    slots: dict[str, list[datetime]] = field(default_factory=dict)  # by channel, when messages may leave
    sent_before: dict[int, datetime] = field(default_factory=dict)  # by claimed message, to the same person
    drawn_at: float = 0.0  # monotonic, when the slots were drawn
    turns: int = 0
    failed: int = 0

    @property
    def did_something(self) -> bool:
        """Tell whether another round may find more."""
        return bool(self.turns or self.claimed or self.wanted)


class Worker:
    """One worker's thread: `run` until told to stop, or `once` until nothing is due."""

    def __init__(self, work: Work, ear: Ear) -> None:
        self._work = work
        self._ear = ear
        self._policy = Policy(work.lease)
        self._claiming = Claiming(work.ways, work.lease)
        self._batch = 1  # the first turn takes longest: what it uses is compiled
        self._longest_batch = BATCH_SECONDS if work.store.is_sqlite else LONG_BATCH_SECONDS
        longest_wait = work.lease.total_seconds() / 4  # the rest of the lease must cover the call
        self._sender = Sender(
            work.channels, work.rates, work.senders, longest_wait, ear.ring, work.measure_send
        )
        self._lag = 0.0  # seconds from drawing slots until they can be used
        self._circuits = Circuits(work.channels)
        self._fetcher = Fetcher(work.channels, work.files, ear.ring, work.check_file)
        self._glances = Glances(work.store)

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; then let calls under way end, and give the rest back."""
        self._fetcher.sweep(self._work.store)
        while not stop.is_set():
            self._ear.clear()
            if not self._work_once().did_something:
                self._ear.wait(min(IDLE, max(0.0, self._sender.next_at(time.monotonic()))))
        self._end()

    def once(self, plan: Plan = lambda: None, longest_wait: float = LONGEST_WAIT) -> int:
        """Do all that is due within half a minute; `plan` is called first, and again while it waits.

        It ends where nothing happens for `longest_wait` seconds: its clock may stand still. Return how many
        messages failed for good, and how many channels refuse every call.
        """
        failed = 0
        plan()
        self._settle_lost()
        patience = time.monotonic() + longest_wait
        while True:
            self._ear.clear()
            done = self._work_once()
            failed += done.failed
            if done.did_something:
                patience = time.monotonic() + longest_wait
                continue
            if not (self._sender.is_idle and self._fetcher.is_idle):
                self._ear.wait(min(IDLE, max(0.0, self._sender.next_at(time.monotonic()))))
                continue
            until = min((at for at in (plan(), self._next_due()) if at), default=None)
            if until is None or time.monotonic() > patience:
                self._close()
                return failed + len(self._work.channels) - len(self._circuits.working)
            self._settle_lost()
            self._ear.wait(min(IDLE, max(LOOK_AGAIN, (until - self._work.clock()).total_seconds())))

    def _work_once(self) -> Round:
        """Run one transaction and hand its messages to the sender; nothing is lost when it fails."""
        ended, waiting = self._sender.take_ended(), self._sender.send_due(self._work.clock())
        arrived = self._fetcher.take_ended()
        began = time.monotonic()
        try:
            due, is_wanted = seen = self._glances.take(self._look)
            is_due = is_wanted or due.updates or due.silences or self._may_send(due)
            if not (ended or waiting or arrived or is_due or self._sender.is_lacking):
                return Round()
            done = write(self._work.store, lambda db: self._round(db, seen, ended, waiting, arrived))
        except Exception as error:  # whatever it is, others go on
            log.error("a round failed", exc_info=error)
            self._claiming.round_failed(error)
            self._sender.put_ended(ended)
            self._fetcher.put_ended(arrived)
            self._ear.wait(AFTER_ERROR)
            return Round()
        done.failed += self._claiming.round_ended()
        released = {row.id for row in done.released}
        self._sender.let_go([row for row in waiting if row.id not in released])
        at = self._work.clock()
        self._circuits.ended(ended)
        self._sender.looked_at(done.released)
        self._sender.hold(done.claimed, began)
        self._pace(done, at)
        self._sender.send_due(at)
        self._fetcher.tidy(done.fetched)
        self._fetcher.fetch(done.wanted)
        return done

    def _pace(self, done: Round, at: datetime) -> None:
        """Hand the slots to the sender, and when the chats of what it holds were last written to."""
        now = time.monotonic()
        if done.slots:
            self._lag = min(LONGEST_LAG, now - done.drawn_at)
        for channel, slots in done.slots.items():
            self._sender.grant(channel, [now + (slot - at).total_seconds() for slot in slots])
        for row in done.claimed:
            if row.id in done.sent_before:
                self._sender.note_sent(row, now - (at - done.sent_before[row.id]).total_seconds())

    def _look(self, db: Db) -> tuple[Due, bool]:
        """Return what is due in either queue, and whether there is an attachment to fetch."""
        at, fetcher = self._work.clock(), self._fetcher
        self._circuits.look(db)
        return look(db, at), bool(fetcher.room) and media.is_due(db, fetcher.channels, at)

    def _may_send(self, due: Due) -> bool:
        return due.messages and bool(self._sender.room)

    def _round(
        self,
        db: Db,
        seen: tuple[Due, bool],
        ended: Sequence[Outcome],
        waiting: Sequence[Claimed],
        arrived: Sequence[Arrival],
    ) -> Round:
        at, (due, is_wanted) = self._work.clock(), seen
        done = Round(failed=self._settle(db, ended, at))
        done.fetched = fetcher.settle(db, arrived, at)
        tell_unsafe(db, done.fetched.unsafe, self._work.ways, at)
        done.turns = self._take_turns(db, at) if due.updates else 0
        done.turns += self._end_texts(db, at) if due.silences else 0
        done.released = self._release(db, waiting, at)
        has_failed = any(each.error for each in ended)  # it may be queued again at once
        if self._sender.room and (due.messages or done.turns or has_failed):
            done.claimed = self._claim(db, at)
        self._draw(db, done)
        if is_wanted and (free := self._fetcher.room):
            done.wanted = media.claim(db, free, at, self._work.lease, self._fetcher.channels)
        return done

    def _settle(self, db: Db, ended: Sequence[Outcome], at: datetime) -> int:
        """Store what became of calls, also what they say of their channels; return how many failed."""
        failed = settle(db, ended, self._policy, self._work.ways, at)
        self._circuits.note(db, ended, self._sender.throttled, at)
        return failed

    def _claim(self, db: Db, at: datetime) -> list[Claimed]:
        """Return messages of the channels that work, and one of each that is to be probed."""
        claimed: list[Claimed] = []
        for (room, lane), channels in self._sender.rooms(self._circuits.closed).items():
            claimed += self._claiming.claim(db, room, at, channels, lane)
        for channel in self._circuits.to_probe(at):
            if circuit.take_probe(db, channel, at, at + self._work.lease):
                claimed += self._probe(db, channel, at)
        return claimed

    def _draw(self, db: Db, done: Round) -> None:
        """Draw slots for what is held and claimed; ask when these chats were last written to."""
        distant = [row for row in done.claimed if self._sender.keeps_distance(row.channel)]
        done.sent_before = slot.sent_before(db, distant)
        for channel, (n, per_second) in self._sender.lacking(done.claimed).items():
            earliest = self._work.clock() + timedelta(seconds=self._lag)
            done.slots[channel] = slot.take_slots(db, channel, n, per_second, earliest)
        done.drawn_at = time.monotonic()

    def _probe(self, db: Db, channel: str, at: datetime) -> list[Claimed]:
        """Return the one message that tries whether the channel works again; none when none waits."""
        probe = self._claiming.claim(db, 1, at, [channel], BULK)
        for row in probe:
            self._circuits.probing(row.id)
        if not probe:
            circuit.give_probe_back(db, channel, at)
        return probe

    def _release(self, db: Db, waiting: Sequence[Claimed], at: datetime) -> list[Claimed]:
        """Return the messages that may still leave after they were held; give back the others.

        Those were held too long, or their channel is left alone since.
        """
        late = [row for row in waiting if self._sender.is_late(row) or not self._circuits.may_leave(row)]
        sending.give_back(db, late, at)
        return self._work.ways.leaving(db, [row for row in waiting if row not in late], at)

    def _take_turns(self, db: Db, at: datetime) -> int:
        rows = inbox.take(db, self._batch, at)
        early = {one.row.id: one for one in too_early(db, rows, self._work.limits, at)}
        for one in early.values():
            inbox.hold(db, one.row.id, one.until)
            if one.is_first:
                self._tell(db, self._work.busy, one.row, at)
        began = time.monotonic()
        taken = [row for row in rows if row.id not in early]
        if taken and self._take_all(db, taken, at):
            self._batch = _next_batch((time.monotonic() - began) / len(taken), self._longest_batch)
        return len(rows)

    def _take_all(self, db: Db, rows: Sequence[Taken], at: datetime) -> bool:
        """Take these turns together, each by itself where one raises; return whether none met a lock.

        One that meets a lock waits, uncounted, and what follows it is left to the next round.
        """
        began = time.perf_counter()
        try:
            with savepoint(db):
                handled = {row.id for row in self._work.take_turns(db, rows, at)}
        except Exception as error:
            if isinstance(error, DBAPIError) and is_transient(error) and not is_blocked(error):
                raise  # the database's trouble, not a row's
            if len(rows) > 1:
                return all(self._take_all(db, [row], at) for row in rows)
            return self._not_taken(db, rows[0], error, at)
        inbox.finish(db, sorted(handled), at)
        for row in rows:
            if row.id in handled:
                self._work.measure_turn((time.perf_counter() - began) / len(handled))
            else:
                inbox.hold(db, row.id, self._work.clock() + AFTER_OTHERS)
        return True

    def _not_taken(self, db: Db, row: Taken, error: Exception, at: datetime) -> bool:
        """Count a turn that raised, which left nothing behind; return False for one that met a lock."""
        if isinstance(error, DBAPIError) and is_blocked(error):
            log.error("a turn waited in vain for a lock", extra={"inbox": row.id})
            inbox.hold(db, row.id, self._work.clock() + AFTER_LOCK)  # `at` is older than the wait
            return False
        log.error("a turn raised", exc_info=error, extra={"inbox": row.id})
        if inbox.fail(db, row, f"{type(error).__name__}: {error}", at) == InboxState.QUARANTINED:
            self._tell(db, self._work.apologise, row, at)
        return True

    def _end_texts(self, db: Db, at: datetime) -> int:
        """Take texts for finished after a silence; one whose turn raises is kept, and tried again later."""
        people = silence.silent(db, TEXTS, at)
        for person_id in people:
            try:
                with db.begin_nested():
                    self._work.end_text(db, person_id, at)
            except Exception as error:
                if isinstance(error, DBAPIError) and is_transient(error):
                    raise
                log.error("the end of a text raised", exc_info=error, extra={"person": person_id})
                silence.wait_on(db, person_id, at + AFTER_FAULT)
        return len(people)

    def _tell(self, db: Db, notice: Turn, row: Taken, at: datetime) -> None:
        """Enqueue a notice about a row; when even that raises, the row itself matters more."""
        try:
            with db.begin_nested():
                notice(db, row, at)
        except Exception as error:
            if isinstance(error, DBAPIError) and is_transient(error) and not is_blocked(error):
                raise
            log.error("the notice about an update raised", exc_info=error, extra={"inbox": row.id})

    def _next_due(self) -> datetime | None:
        """Return when something is due within half a minute, or when a lost send is settled; else None."""
        soon = self._work.clock() + SOON
        handled = read(self._work.store, inbox.next_due)
        channels = self._circuits.open_within(self._work.clock(), SOON.total_seconds())
        sent = read(self._work.store, lambda db: sending.next_due(db, soon, channels))
        fetched = read(self._work.store, lambda db: media.next_due(db, soon, self._fetcher.channels))
        due = (handled if handled and handled <= soon else None, sent, fetched)
        found = [at for at in due if at is not None]
        return min(found, default=None)

    def _settle_lost(self) -> None:
        at = self._work.clock()
        write(self._work.store, lambda db: settle_jumps(db, at) + settling.settle_lost(db, at))

    def _end(self) -> None:
        """Store what calls under way come to; what was only held goes back at once."""
        held = self._sender.drop_held()
        ended: list[Outcome] = []
        until = time.monotonic() + ENDING
        while not (self._sender.is_idle and self._fetcher.is_done) and time.monotonic() < until:
            self._ear.clear()
            ended += self._sender.take_ended()
            self._ear.wait(0.05)
        ended += self._sender.take_ended()
        try:
            arrived = self._fetcher.take_ended()
            settled = write(self._work.store, lambda db: self._store_end(db, ended, held, arrived))
            self._fetcher.tidy(settled)
        except SQLAlchemyError as error:
            log.error("the database did not answer at the end", exc_info=error)
        self._close()

    def _store_end(
        self, db: Db, ended: Sequence[Outcome], held: Sequence[Claimed], arrived: Sequence[Arrival]
    ) -> Settled:
        at = self._work.clock()
        self._settle(db, ended, at)
        sending.give_back(db, held, at)
        return fetcher.settle(db, arrived, at)

    def _close(self) -> None:
        self._sender.close()
        self._fetcher.close()
        self._glances.close()


def _next_batch(seconds: float, longest: float) -> int:
    """Return how many turns of so many seconds fit into a transaction that may last so long."""
    return max(1, min(BATCH, round(longest / seconds)))
