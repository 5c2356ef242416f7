"""Ask providers that do not insist what people wrote meanwhile, and keep what never arrived."""

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue

from bot.faults import FaultKind
from channels.base import SendError, told_of
from models.base import Db
from models.fault import Trouble, end_faults, raise_fault
from models.inbox import Update, receive
from scheduler.job import Job

log = logging.getLogger(__name__)

EVERY = timedelta(minutes=15)
UNDER_WAY = timedelta(minutes=1)  # a younger message may yet arrive by itself, and more of it: the next time
BACK = timedelta(days=1)  # how far back is looked at the start; and how long a provider may be away
CHANNELS = ("whatsapp", "sms")
LATE = "messages come only when they are asked for"

Ask = Callable[[datetime], Sequence[Update]]  # what people wrote since then; raises SendError


def missed_messages(ask: Ask | None) -> Job:
    """Return the job; without anybody to ask it does nothing."""
    if ask is None:
        return Job("missed_messages", "0 */15 * * * *", lambda db, at: 0)
    poll = _Poll(ask)
    return Job("missed_messages", "*/5 * * * * *", poll.run, is_led=True, look=poll.look)


class _Poll:
    """Asks in a thread of its own and keeps the answer at a later run: no call inside a transaction.

    An answer is held until it is seen to be kept: a transaction may be repeated.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._answers: SimpleQueue[Sequence[Update] | None] = SimpleQueue()  # None: there was none
        self._asked_at: datetime | None = None
        self._updates: Sequence[Update] | None = None
        self._told_until: datetime | None = None  # what was written before is kept
        self._next: datetime | None = None
        self._late: set[str] = set()  # channels of which something had not arrived by itself
        self._late_before: set[str] = set()  # likewise, when it was asked before

    def look(self, db: Db, at: datetime) -> bool:
        """Tell whether it is time to ask, or there is an answer."""
        if self._asked_at is None:
            return self._is_due(at)
        return self._updates is not None or not self._answers.empty()

    def run(self, db: Db, at: datetime) -> int:
        """Return how many messages had been missed; ask when it is time."""
        if self._asked_at is None:
            if self._is_due(at):
                self._asked_at = at
                since = max(self._told_until or at - BACK, at - BACK)
                threading.Thread(target=self._fetch, args=(since,), name="missed", daemon=True).start()
            return 0
        if self._updates is None:
            try:
                self._updates = self._answers.get_nowait()
            except Empty:
                return 0
        old = [one for one in self._updates or () if one.at <= self._asked_at - UNDER_WAY]
        missed = [one.channel for one in old if _keep(db, one, at)]
        self._late |= set(missed)
        if not missed:
            if self._updates is not None:
                self._told_until = self._asked_at - EVERY
                self._judge(db, at)
            self._next = at + EVERY
            self._asked_at = self._updates = None
        return len(missed)

    def _judge(self, db: Db, at: datetime) -> None:
        """Raise a fault of a channel whose messages came only when asked for, twice in a row; else end it.

        Once is what an outage of ours leaves behind.
        """
        for channel in CHANNELS:
            if channel in self._late & self._late_before:
                raise_fault(db, Trouble(FaultKind.WEBHOOK, channel, LATE, "missed"), at)
            elif channel not in self._late:
                end_faults(db, {FaultKind.WEBHOOK}, channel)
        self._late_before, self._late = self._late, set()

    def _is_due(self, at: datetime) -> bool:
        """Tell whether it is time; also after the clock was put back."""
        return self._next is None or not at < self._next <= at + EVERY

    def _fetch(self, since: datetime) -> None:
        updates = None
        try:
            updates = self._ask(since)
        except SendError as error:
            log.warning("what was missed could not be asked for", extra=told_of(error))
        finally:
            self._answers.put(updates)


def _keep(db: Db, one: Update, at: datetime) -> bool:
    is_new = receive(db, one.channel, one.provider_id, one.sender, one.body, min(one.at, at))
    if is_new:
        log.warning("a message had not arrived: it is handled now", extra={"channel": one.channel})
    return is_new
