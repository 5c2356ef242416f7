"""Web and worker processes that are killed, frozen, and started again whenever they end."""

import os
import random
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.request import urlopen

import psutil

from tests.site import free_port
from tests.starting import Running, start

UNLIMITED = resource.RLIM_INFINITY
START = 120.0  # seconds that a start may take where many other things run
READY = 6.0  # seconds until a process that was started is surely at work, where the machine is quiet


class Member:
    """One process of a role, as often as it is started."""

    def __init__(self, role: str, environment: Mapping[str, str], log: Path) -> None:
        self.role = role
        self.port = int(environment["PORT"])
        self.started = 0.0  # monotonic seconds
        self._environment = dict(environment)
        self._log = log
        self._process: Running | None = None

    @property
    def url(self) -> str:
        """Return where a web process is reached."""
        return f"http://127.0.0.1:{self.port}"

    def is_ready(self) -> bool:
        """Tell whether a web process serves, the database answers and a worker lives."""
        try:
            with urlopen(f"{self.url}/readyz", timeout=5) as answer:
                return bool(answer.status == HTTPStatus.OK)
        except OSError:
            return False

    def start(self) -> None:
        """Start the process."""
        with self._log.open("ab") as log:
            self._process = start(self.role, env=self._environment, stdout=log, stderr=log)
        self.started = time.monotonic()

    def kill(self) -> None:
        """Kill the process and its children with SIGKILL."""
        family = self.family()
        for one in family:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        psutil.wait_procs(family, timeout=10)
        if self._process is not None:
            self._process.wait(10)

    def family(self) -> list[psutil.Process]:
        """Return the process and its children."""
        if self._process is None:
            return []
        with suppress(psutil.NoSuchProcess):
            first = psutil.Process(self._process.pid)
            return [first, *first.children(recursive=True)]
        return []

    def tell(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, number)

    def memory(self) -> int:
        """Return the bytes in memory, shared ones counted once a process (PSS)."""
        return sum(one.memory_full_info().pss for one in self.family())

    @contextmanager
    def without_disk(self) -> Iterator[None]:
        """Let every write to a file fail in the block, as if the disk were full."""
        family = self.family()
        for one in family:
            one.rlimit(psutil.RLIMIT_FSIZE, (1, UNLIMITED))
        try:
            yield
        finally:
            for one in family:
                one.rlimit(psutil.RLIMIT_FSIZE, (UNLIMITED, UNLIMITED))


class Fleet:
    """So many web and worker processes of one site."""

    def __init__(self, environment: Mapping[str, str], folder: Path, webs: int, workers: int) -> None:
        self.log = folder / "fleet.log"
        ports = [int(environment["PORT"]), *(free_port() for _ in range(webs - 1))]
        self.webs = [Member("web", {**environment, "PORT": str(port)}, self.log) for port in ports]
        self.workers = [Member("worker", environment, self.log) for _ in range(workers)]

    def __enter__(self) -> Self:
        try:
            for member in self.all:
                member.start()
            until = time.monotonic() + START
            while not all(web.is_ready() for web in self.webs):
                if time.monotonic() > until:
                    raise TimeoutError("the processes did not start")
                time.sleep(0.1)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        for member in self.all:
            member.tell(signal.SIGCONT)
            member.tell(signal.SIGTERM)
        time.sleep(0.5)
        for member in self.all:
            psutil.wait_procs(member.family(), timeout=12)
            member.kill()

    @property
    def all(self) -> list[Member]:
        """Return every process."""
        return [*self.webs, *self.workers]

    @property
    def urls(self) -> list[str]:
        """Return where the web processes are reached."""
        return [web.url for web in self.webs]


class Mischief:
    """Kill processes at random moments; freeze workers in between.

    `is_time` tells whether the writing has come as far as so many kills.
    """

    def __init__(
        self,
        fleet: Fleet,
        kills: int,
        is_time: Callable[[int], bool],
        chance: random.Random,
        longest_freeze: float,
    ) -> None:
        self.killed = self.frozen = 0
        self.is_over = threading.Event()
        self._fleet = fleet
        self._kills = kills
        self._is_time = is_time
        self._chance = chance
        self._longest_freeze = longest_freeze
        self._thread = threading.Thread(target=self._run, name="mischief", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wait(self) -> None:
        """Return when the last kill was done and its process started again."""
        self._thread.join()

    def end(self) -> None:
        """Kill no more; return when what was killed is started again."""
        self._kills = 0
        self._thread.join()

    def _run(self) -> None:
        order: list[Member] = []
        try:
            while self.killed < self._kills:
                order = order or self._chance.sample(self._fleet.all, len(self._fleet.all))
                while self._kills and not self._is_time(self.killed):
                    time.sleep(0.05)
                self._kill(order.pop())
        finally:
            self.is_over.set()

    def _kill(self, member: Member) -> None:
        """Kill a process at any moment of its life, its start included."""
        age = self._chance.uniform(0, READY)
        time.sleep(max(0.0, member.started + age - time.monotonic()))
        if self._chance.random() < 0.15:
            self._freeze(self._chance.choice(self._fleet.workers))
        member.kill()
        member.start()
        self.killed += 1

    def _freeze(self, worker: Member) -> None:
        """Stop a worker for a while, others being killed meanwhile."""
        self.frozen += 1
        worker.tell(signal.SIGSTOP)
        thaw = threading.Timer(
            self._chance.uniform(0.5, self._longest_freeze), worker.tell, (signal.SIGCONT,)
        )
        thaw.daemon = True
        thaw.start()
