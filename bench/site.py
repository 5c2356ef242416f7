"""A site to measure: web and worker as processes of their own on a database of their own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from models.consent import record_consent
from models.db import open_store, write
from models.person import add_person

ROOT = Path(__file__).resolve().parent.parent
TOKEN = "700100200:BENCH-token-of-nobody-0123456789abcdef"
SECRET = "bench-secret_0123456789abcdef0123456789"
FIRST_PERSON = 500_000_000


@dataclass(frozen=True, slots=True)
class Site:
    """The running processes and where they are reached."""

    url: str
    database: str
    processes: tuple[psutil.Process, ...]

    def cpu_seconds(self) -> float:
        """Return the processor time used until now by all processes and their children."""
        total = 0.0
        for process in self._all():
            times = process.cpu_times()
            total += times.user + times.system
        return total

    def memory(self) -> int:
        """Return the bytes held in memory by all processes, shared ones counted once a process (PSS)."""
        return sum(process.memory_full_info().pss for process in self._all())

    def _all(self) -> list[psutil.Process]:
        return [each for process in self.processes for each in (process, *process.children(recursive=True))]


@contextmanager
def a_site(
    folder: Path, provider: str, people: int, database: str | None = None, **more: str
) -> Iterator[Site]:
    """Yield a site with so many coordinators, all known on Telegram and agreed."""
    port = _free_port()
    url = database or f"sqlite:///{folder / 'bench.db'}"
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "GRIOT_VAR": str(folder / "var"),
        "SECRET_KEY": "bench-key-0123456789abcdef0123456789abcdef",
        "BASE_URL": f"http://127.0.0.1:{port}",
        "PORT": str(port),
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_WEBHOOK_SECRET": SECRET,
        "TELEGRAM_API_URL": provider,
        "GRIOT_TELEGRAM_CHAT_INTERVAL": "0",
        "GRIOT_TELEGRAM_PER_SECOND": "0",
        "GRIOT_SENDER_PER_MINUTE": "0",
        "GRIOT_SENDER_PER_DAY": "0",
        **more,
    }
    for command in (["migrate"], ["programme", "load"]):
        subprocess.run([_griot(), *command], env=environment, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    _add_people(url, people)
    processes = [
        subprocess.Popen([_griot(), role], env=environment, cwd=ROOT, start_new_session=True)
        for role in ("web", "worker")
    ]
    try:
        _wait_for(port)
        yield Site(f"http://127.0.0.1:{port}", url, tuple(psutil.Process(p.pid) for p in processes))
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            process.wait(15)


def _griot() -> str:
    return shutil.which("griot", path=str(Path(sys.executable).parent)) or "griot"


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait_for(port: int) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError("the web process did not start")


def _add_people(url: str, people: int) -> None:
    """Add coordinators of eleven cities in four languages; Telegram ids count from FIRST_PERSON."""
    store = open_store(url)
    at = datetime.now(UTC)
    cities = ("bamako", "bizerte", "kampala", "matola")
    languages = ("fr", "ar", "en", "pt")

    def work(db) -> None:  # type: ignore[no-untyped-def]
        for number in range(people):
            language = languages[number % 4]
            id = add_person(
                db,
                name=f"Demo {number}",
                role="coordinator",
                city=cities[number % 4],
                language=language,
                addresses={"telegram": str(FIRST_PERSON + number)},
                at=at,
            )
            record_consent(
                db,
                id,
                agreed=True,
                version="bench",
                language=language,
                channel="telegram",
                how="bench",
                at=at,
            )

    write(store, work)
    store.close()
