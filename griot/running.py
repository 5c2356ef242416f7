"""A worker that runs: its threads, begun and ended together."""

import logging
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.exc import SQLAlchemyError

from bot.values import Clock
from channels.base import Channel, Envelope, SendError, told_of
from channels.telegram import Telegram
from griot import alive
from griot.assembly import close_all, make_jobs, make_work, warm_up
from griot.clock import catch_up, now
from griot.metrics import Measures
from griot.settings import Settings
from griot.wake import Ear
from griot.worker import Work, Worker
from models.db import Store, read, write
from models.demo import is_demo
from models.inbox import receive
from models.programme import current_programme
from scheduler.loop import Ticker
from scheduler.planner import Planner

log = logging.getLogger(__name__)


class RunningWorker:
    """The threads of one worker: rounds, schedule, and the polling of Telegram without a public address."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        channels: Mapping[str, Channel],
        measures: Measures,
        ear: Ear,
        clock: Clock = now,
    ) -> None:
        self._ear = ear
        self._store = store
        self._is_demo = read(store, is_demo)
        self._channels = channels
        self._stop = threading.Event()
        self.is_prepared = threading.Event()  # set when all that turns need is loaded
        work = make_work(settings, store, channels, measures, clock)
        self._planner = make_planner(settings, store, channels, clock)
        self._planner.tick(clock())
        rounds = (Worker(work, ear), work, self._stop, self.is_prepared)
        self._rounds = threading.Thread(target=_run, args=rounds, name="rounds")
        self._rounds.start()
        alive.begin(self._stop, lambda: self.lives)
        self._ticker = Ticker(lambda: self._tick(clock()), clock)
        telegram = channels.get(Telegram.name)
        if settings.polls_telegram and isinstance(telegram, Telegram):
            polling = threading.Thread(
                target=_poll, args=(telegram, store, ear, self._stop), name="polling", daemon=True
            )
            polling.start()

    def stop(self) -> None:
        """Ask the threads to end; returns at once."""
        self._stop.set()
        self._ear.ring()

    def wait(self) -> None:
        """Return when calls under way have ended, at the latest after seven seconds."""
        self._rounds.join()
        self._ticker.close()
        self._planner.end()
        close_all(self._channels)
        self._ear.close()

    def _tick(self, at: datetime) -> None:
        """Keep the schedule and give a sign of life, as long as the rounds go on."""
        if self._is_demo:
            catch_up(self._store)
        if self.lives:
            self._planner.tick(at)

    @property
    def lives(self) -> bool:
        """Tell whether the rounds go on."""
        return self._rounds.is_alive()


def make_planner(
    settings: Settings, store: Store, channels: Mapping[str, Channel], clock: Clock = now
) -> Planner:
    """Return the schedule of one worker."""
    lease = timedelta(seconds=settings.griot_lease_seconds)
    return Planner(store, make_jobs(settings, channels), _zone_of(store), clock, lease)


def _run(worker: Worker, work: Work, stop: threading.Event, is_prepared: threading.Event) -> None:
    """Work until told to stop; libraries are imported before, else the first messages leave in a heap.

    So is all compiled that turns need: the first one would hold the database meanwhile.
    """
    warm_up(work.channels)
    try:
        work.prepare(work.store, work.clock())
    except Exception as error:  # a form that cannot be read is told by its own turns
        log.error("what turns need could not be prepared", exc_info=error)
    is_prepared.set()
    worker.run(stop)


def _zone_of(store: Store) -> ZoneInfo:
    """Return the programme's time zone: the Secretariat's; UTC before a programme is loaded."""
    try:
        return ZoneInfo(read(store, current_programme).secretariat.timezone)
    except LookupError:
        return ZoneInfo("UTC")


def _poll(telegram: Telegram, store: Store, ear: Ear, stop: threading.Event) -> None:
    """Fetch updates until told to stop, each kept before Telegram may forget it."""
    from channels.telegram_polling import Polling

    def keep(body: bytes, envelope: Envelope) -> None:
        sender = f"{telegram.name}:{envelope.sender or '-' + envelope.provider_id}"
        write(store, lambda db: receive(db, telegram.name, envelope.provider_id, sender, body, now()))
        ear.ring()

    Polling(telegram, keep).run(stop, _report)


def _report(error: Exception) -> None:
    """Log why updates could not be fetched or kept; they are fetched again."""
    match error:
        case SendError():
            log.error("Telegram could not be polled", extra=told_of(error))
        case SQLAlchemyError():
            log.error("the database did not keep what Telegram told", exc_info=error)
        case _:
            log.error("polling Telegram raised", exc_info=error)
