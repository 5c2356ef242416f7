"""Wake the planner every second, also when the wall clock jumps."""

import threading
import time
from collections.abc import Callable

from apscheduler.schedulers.background import BackgroundScheduler

from bot.values import Clock

LOOK = 0.5  # seconds between two looks of the watchdog
JUMP = 1.5  # seconds by which wall and monotonic clock may part between two looks


class Ticker:
    """Call `tick` every second from a thread of APScheduler, which keeps nothing.

    It stops ticking after the wall clock jumped back; a watchdog then makes a new one.
    """

    def __init__(self, tick: Callable[[], None], clock: Clock) -> None:
        self._tick = tick
        self._clock = clock
        self._stop = threading.Event()
        self._scheduler = self._armed()
        self._watchdog = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._watchdog.start()

    def close(self) -> None:
        """Stop ticking; a tick under way ends first."""
        self._stop.set()
        self._watchdog.join()
        self._scheduler.shutdown(wait=True)

    def _armed(self) -> BackgroundScheduler:
        scheduler = BackgroundScheduler(timezone="UTC", daemon=True)
        scheduler.add_job(
            self._tick, "interval", seconds=1, max_instances=1, coalesce=True, misfire_grace_time=None
        )
        scheduler.start()
        return scheduler

    def _watch(self) -> None:
        apart = self._apart()
        while not self._stop.wait(LOOK):
            now_apart = self._apart()
            if abs(now_apart - apart) > JUMP:
                self._scheduler.shutdown(wait=False)
                self._scheduler = self._armed()
            apart = now_apart

    def _apart(self) -> float:
        return self._clock().timestamp() - time.monotonic()
