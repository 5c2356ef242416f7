"""Run each job when it is due, whatever the clock does."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger
from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError, SQLAlchemyError

from bot.values import Clock
from models.base import Db
from models.db import Store, read, write
from models.worker import beat, lead, lead_ends, leads, leave
from scheduler.job import Job

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=20)  # of the leader at most: another leads within half a minute
SHORTEST_LEASE = timedelta(seconds=5)  # several ticks: a leader that lives must not lose it between two
BEATS = 4  # in a lease
MOST_RUNS = 1000  # of one job at one time; the rest at the next tick
STATEMENT_FAULTS = (DataError, IntegrityError, ProgrammingError)  # the job's own; others may go on
EACH_SECOND = "* * * * * *"
FIELDS = ("second", "minute", "hour", "day", "month", "day_of_week")


class NotLeadingError(Exception):
    """Another worker leads by now: what this one decided is not kept."""


class Planner:
    """The schedule of one worker. Each `tick` runs the jobs that fell due since the one before.

    Jobs that are led run only in the worker that leads, by the fencing number of its `lease`. `clock` is read
    inside each transaction: this process may have been frozen, or the database slow, since the tick.
    """

    def __init__(
        self, store: Store, jobs: Sequence[Job], zone: ZoneInfo, clock: Clock, lease: timedelta = LEASE
    ) -> None:
        self._store = store
        self._clock = clock
        self._lease = max(SHORTEST_LEASE, min(lease, LEASE))
        self._number: int | None = None  # of the lease, while this worker leads
        self._jobs = [(job, _Times(job, zone)) for job in jobs]
        self._worker_id = uuid4().hex
        self._ticked: datetime | None = None
        self._beaten: datetime | None = None
        self._awaited: datetime | None = None  # the end of another's lease, as first seen

    def tick(self, at: datetime) -> None:
        """Run what is due; the first tick runs every job, so that nothing waits after a restart.

        A job that raises is logged and tried again at its next time; the others go on.
        """
        before = self._ticked if self._ticked is not None and self._ticked <= at else None
        self._ticked = at
        try:
            self._beat(at)
            for job, times in self._jobs:
                if times.has_one(before, at):
                    self._run(job)
        except SQLAlchemyError as error:
            log.error("the database did not answer the schedule", exc_info=error)

    def lead_falls_free(self) -> datetime | None:
        """Return when a silent leader is replaced, or None when this worker leads or the leader lives.

        A leader that was killed cannot be told from one that lives until its lease has run out unrenewed.
        """
        if self._number is not None:
            return None
        ends = read(self._store, lead_ends)
        if ends is None or (self._awaited is not None and ends > self._awaited):
            return None
        self._awaited = ends
        return ends

    def end(self) -> None:
        """Note that this worker ended, so that another leads at once."""
        try:
            write(self._store, lambda db: leave(db, self._worker_id))
        except SQLAlchemyError as error:
            log.error("the database did not answer at the end", exc_info=error)

    def _beat(self, at: datetime) -> None:
        is_free = self._number is None and self._awaited is not None and self._awaited < at
        if (
            self._beaten is not None
            and timedelta(0) <= at - self._beaten < self._lease / BEATS
            and not is_free
        ):
            return
        self._number = write(self._store, lambda db: self._live(db, at))
        self._beaten = at

    def _live(self, db: Db, at: datetime) -> int | None:
        beat(db, self._worker_id, at)
        return lead(db, self._worker_id, at, self._lease)

    def _run(self, job: Job) -> None:
        if job.is_led and self._number is None:
            return
        try:
            for _ in range(MOST_RUNS):
                if job.look is not None and not self._sees(job.look):
                    return
                if not write(self._store, lambda db: self._done(db, job)):
                    return
                self._beat(self._clock())  # much work must not cost the lease
        except NotLeadingError:
            self._number = None
            log.warning("another worker leads the schedule now")
        except Exception as error:
            if isinstance(error, SQLAlchemyError) and not isinstance(error, STATEMENT_FAULTS):
                raise  # the database's trouble, not this job's
            log.error("a job raised", exc_info=error, extra={"job": job.name})

    def _sees(self, look: Callable[[Db, datetime], bool]) -> bool:
        return read(self._store, lambda db: look(db, self._clock()))

    def _done(self, db: Db, job: Job) -> int:
        """Run the job once; raise NotLeadingError when another worker leads, before or after it ran."""
        at = self._clock()
        if not job.is_led:
            return job.run(db, at)
        self._check_lead(db)
        done = job.run(db, at)
        if done:
            self._check_lead(db)
        return done

    def _check_lead(self, db: Db) -> None:
        number = self._number
        if number is None or not leads(db, self._worker_id, number, self._clock()):
            raise NotLeadingError


class _Times:
    """The times of one job. The next one is kept: to find it takes longer than most jobs look."""

    def __init__(self, job: Job, zone: ZoneInfo) -> None:
        fields = dict(zip(FIELDS, job.cron.split(), strict=True))
        self._trigger = CronTrigger(timezone=zone, **fields)
        self._is_each_second = job.cron == EACH_SECOND
        self._next: datetime | None = None  # after the last tick; None: never again

    def has_one(self, after: datetime | None, at: datetime) -> bool:
        """Tell whether one lies after the last tick, at `after`, up to `at`; so it is at the first tick."""
        if self._is_each_second:
            return after is None or int(after.timestamp()) < int(at.timestamp())
        is_due = after is None or (self._next is not None and self._next <= at)
        if is_due:
            self._next = self._trigger.get_next_fire_time(None, at + timedelta(microseconds=1))
        return is_due
