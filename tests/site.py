"""A whole site for journeys and measurements: web and worker as processes on a database of their own."""

import os
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from models.base import Db
from models.consent import record_consent
from models.db import open_store, write
from models.person import add_person
from tests.programmes import ASTON, BUDGET
from tests.starting import Running, run, start

TOKEN = "700100200:SITE-token-of-nobody-0123456789abcdef"
SECRET = "site-secret_0123456789abcdef0123456789"
SECRET_KEY = "site-key-0123456789abcdef0123456789abcdef"
FIRST_PERSON = 500_000_000


@dataclass(frozen=True, slots=True)
class Site:
    """The running processes and where they are reached."""

    url: str
    environment: Mapping[str, str]
    processes: tuple[psutil.Process, ...]
    started: tuple[Running, ...] = ()  # the same; these know the exit codes

    def griot(self, *arguments: str) -> str:
        """Return what a command of the site prints; raise CalledProcessError when it fails."""
        done = run(*arguments, env=self.environment)
        done.check_returncode()
        return done.stdout

    def cpu_seconds(self) -> float:
        """Return the processor time used until now by all processes and their children."""
        return sum(self.cpu_of_each())

    def cpu_of_each(self) -> list[float]:
        """Return the processor time used until now by each process and child."""
        times = (process.cpu_times() for process in self._all())
        return [each.user + each.system for each in times]

    def memory(self) -> int:
        """Return the bytes held in memory by all processes, shared ones counted once a process (PSS)."""
        return sum(process.memory_full_info().pss for process in self._all())

    def _all(self) -> list[psutil.Process]:
        return [each for process in self.processes for each in (process, *process.children(recursive=True))]


@contextmanager
def a_site(
    folder: Path, provider: str, people: Sequence[tuple[str, str]], database: str | None = None, **more: str
) -> Iterator[Site]:
    """Yield a site with so many coordinators, all known on Telegram and agreed.

    It runs on a database that was set up, else on one of its own.
    """
    port = free_port()
    url = database or f"sqlite:///{folder / 'site.db'}"
    if database is None:
        set_up(url)
    environment = site_environment(folder, provider, url, port) | more
    add_coordinators(url, people, [str(FIRST_PERSON + number) for number in range(len(people))])
    processes = [start(role, env=environment, start_new_session=True) for role in ("web", "worker")]
    try:
        wait_for(port)
        seen = tuple(psutil.Process(process.pid) for process in processes)
        yield Site(f"http://127.0.0.1:{port}", environment, seen, tuple(processes))
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            process.wait(15)


def site_environment(folder: Path, provider: str, url: str, port: int) -> dict[str, str]:
    """Return the environment of a site that listens at this port: Telegram only, and no limits."""
    return {
        **os.environ,
        "DATABASE_URL": url,
        "GRIOT_VAR": str(folder / "var"),
        "SECRET_KEY": SECRET_KEY,
        "BASE_URL": f"http://127.0.0.1:{port}",
        "PORT": str(port),
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_WEBHOOK_SECRET": SECRET,
        "TELEGRAM_API_URL": provider,
        "GRIOT_TELEGRAM_CHAT_INTERVAL": "0",
        "GRIOT_TELEGRAM_PER_SECOND": "0",
        "GRIOT_SENDER_PER_MINUTE": "0",
        "GRIOT_SENDER_PER_DAY": "0",
    }


def set_up(url: str) -> None:
    """Make the database of a site by the commands that a deployer runs; without a budget to keep."""
    environment = {**os.environ, "DATABASE_URL": url, "SECRET_KEY": SECRET_KEY}
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copytree(ASTON, Path(folder) / "aston", ignore=shutil.ignore_patterns(BUDGET))
        for command in (["migrate"], ["programme", "load", str(copy)]):
            run(*command, env=environment).check_returncode()


def free_port() -> int:
    """Return a port at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_for(port: int, seconds: float = 30.0) -> None:
    """Return once something listens at this port; raise TimeoutError when nothing does so soon."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError("the web process did not start")


def add_coordinators(
    url: str, people: Sequence[tuple[str, str]], addresses: Sequence[str], channel: str = "telegram"
) -> None:
    """Add coordinators who have agreed, each with city, language and an address on the channel."""
    store = open_store(url)
    write(store, lambda db: _add(db, people, addresses, channel, datetime.now(UTC)))
    store.close()


def _add(
    db: Db, people: Sequence[tuple[str, str]], addresses: Sequence[str], channel: str, at: datetime
) -> None:
    for number, ((city, language), address) in enumerate(zip(people, addresses, strict=True)):
        id = add_person(
            db,
            name=f"Demo {number}",
            role="coordinator",
            city=city,
            language=language,
            addresses={channel: address},
            at=at,
        )
        record_consent(
            db, id, agreed=True, version="test", language=language, channel=channel, how="test", at=at
        )
