"""Providers on a bad day: calls for one person after another go wrong, each in another way."""

import random
import threading
import time
from collections import Counter

from tests.chaos.crowd import Crowd
from tests.standin.server import StandIn
from tests.standin.trouble import Fault, Trouble

TROUBLES = (
    lambda: Trouble(fault=Fault.STALL, accepts=True),
    lambda: Trouble(fault=Fault.STALL),
    lambda: Trouble(fault=Fault.DROP, accepts=True),
    lambda: Trouble(fault=Fault.DROP),
    lambda: Trouble(fault=Fault.HTML, accepts=True),
    lambda: Trouble(fault=Fault.SERVER_ERROR, accepts=True),
    lambda: Trouble(fault=Fault.SERVER_ERROR),
    lambda: Trouble(fault=Fault.BAD_GATEWAY, accepts=True),
    lambda: Trouble(fault=Fault.UNAVAILABLE),
    lambda: Trouble(fault=Fault.THROTTLED, value=1),
    lambda: Trouble(delay=1.0),
)

SHARE = 0.3  # of those who write: a provider on which every call fails is another fault


class Weather:
    """Trouble for people who are writing, until it is `calm`ed."""

    def __init__(self, provider: StandIn, crowd: Crowd, chance: random.Random, pause: float) -> None:
        self.seen: Counter[str] = Counter()
        self._provider = provider
        self._crowd = crowd
        self._chance = chance
        self._pause = pause
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="weather", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def calm(self) -> None:
        """End, and take away what was prepared."""
        self._over.set()
        self._thread.join()
        self._provider.troubles.clear()

    def _run(self) -> None:
        while not self._over.is_set():
            time.sleep(self._chance.uniform(0, 2 * self._pause))
            writing = sorted(self._crowd.active)
            if not writing or len(self._provider.troubles) > SHARE * len(writing):
                continue
            trouble = self._chance.choice(TROUBLES)()
            trouble.times = self._chance.choice((1, 1, 1, 2))
            self.seen[f"{trouble.fault or 'slow'}{', accepted' if trouble.accepts else ''}"] += 1
            self._provider.trouble(self._chance.choice(writing), trouble)
