"""A bot that runs: its processes started, measured, ended or killed."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import psutil

from bench.bots import Bot, target_of
from bench.load import Target
from tests.site import Site, free_port, wait_for
from tests.starting import ROOT

STARTING = 120.0  # seconds to start in, several processes at once on a busy machine
ENDING = 15.0  # seconds to end in
SETTLING = 60.0  # seconds for what was acknowledged to be handled after a restart


class Running:
    """The processes of one bot on one folder."""

    def __init__(self, bot: Bot, folder: Path, provider: str) -> None:
        self.bot, self.folder = bot, folder
        self._port = free_port()
        self._environment = {**bot.environment(folder, self._port, provider), "PYTHONWARNINGS": "ignore"}
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def target(self) -> Target:
        """Return where it is reached."""
        return target_of(self.bot, self._port)

    async def start(self) -> None:
        """Start every process; return when the web answers. The provider answers meanwhile."""
        self._processes = [
            subprocess.Popen(
                command, env=self._environment, cwd=ROOT, start_new_session=True, stdout=subprocess.DEVNULL
            )
            for command in self.bot.commands(self.folder, self._port)
        ]
        await asyncio.to_thread(wait_for, self._port, STARTING)

    def stop(self) -> None:
        """Ask every process to end; kill what has not ended in time: gunicorn may be deaf while it starts."""
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
        for process in self._processes:
            try:
                process.wait(ENDING)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self._processes = []

    def kill(self) -> None:
        """Kill every process and its children with signal 9, all at the same moment."""
        for process in self._processes:
            os.killpg(process.pid, signal.SIGKILL)
        for process in self._processes:
            process.wait()
        self._processes = []

    def cpu_seconds(self) -> float:
        """Return the processor time that all processes and their children have used."""
        return self._site().cpu_seconds()

    def cpu_of_each(self) -> list[float]:
        """Return the processor time of each process and of its children, one by one."""
        return self._site().cpu_of_each()

    def memory(self) -> int:
        """Return the bytes in memory of all processes (PSS)."""
        return self._site().memory()

    async def settle(self) -> None:
        """Wait until what was acknowledged is handled; raise TimeoutError after a minute."""
        until = time.monotonic() + SETTLING
        while not self.bot.is_settled(self.folder):
            if time.monotonic() > until:
                raise TimeoutError(f"{self.bot.name} does not come to an end")
            await asyncio.sleep(0.05)

    def _site(self) -> Site:
        known = tuple(psutil.Process(process.pid) for process in self._processes)
        return Site(self.target.url, self._environment, known)


def database_bytes(path: Path) -> int:
    """Return the size of an SQLite file, its write-ahead log put back into it; nothing may have it open."""
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.stat().st_size


@asynccontextmanager
async def running(bot: Bot, folder: Path, provider: str) -> AsyncIterator[Running]:
    """Yield the bot, started; it ends with the block."""
    made = Running(bot, folder, provider)
    try:
        await made.start()
        yield made
    finally:
        await asyncio.to_thread(made.stop)
