"""A bot that is measured, and Griot as one: how it is set up, started, and what it has kept."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

from bench.load import Target
from bench.wires import SENDER, VOICES, Wire
from tests.site import (
    SECRET,
    SECRET_KEY,
    TOKEN,
    add_coordinators,
    free_port,
    set_up,
)
from tests.standin.twilio import ACCOUNT_SID, AUTH_TOKEN
from tests.starting import ROOT, griot_command

UNLIMITED = (
    "GRIOT_TELEGRAM_CHAT_INTERVAL",
    "GRIOT_TELEGRAM_PER_SECOND",
    "GRIOT_WHATSAPP_PER_SECOND",
    "GRIOT_SENDER_PER_MINUTE",
    "GRIOT_SENDER_PER_DAY",
)


class Bot(Protocol):
    """A bot that can be set up in a folder and run from it."""

    name: str
    wire: Wire
    reads_lines: bool  # several answers in one message

    def prepare(self, folder: Path, people: int, provider: str) -> None:
        """Set a folder up in which so many people are known."""
        ...

    def commands(self, folder: Path, port: int) -> Sequence[Sequence[str]]:
        """Return the command of each process."""
        ...

    def environment(self, folder: Path, port: int, provider: str) -> Mapping[str, str]:
        """Return the variables of the processes."""
        ...

    def database(self, folder: Path) -> Path:
        """Return the SQLite file."""
        ...

    def is_settled(self, folder: Path) -> bool:
        """Tell whether everything that was acknowledged has been handled, as far as that is stored."""
        ...

    def kept(self, folder: Path) -> Mapping[str, int]:
        """Return how many answers are stored, by contact."""
        ...

    def mend(self, folder: Path) -> None:
        """Do what must be done by hand before it can start again after a kill."""
        ...


class Griot:
    """Griot with one web and one worker; `synchronous` is FULL, or NORMAL for a comparison."""

    reads_lines = True

    def __init__(self, wire: Wire, synchronous: str = "FULL") -> None:
        self.name = f"Griot, {wire.channel}" + ("" if synchronous == "FULL" else f", {synchronous}")
        self.wire = wire
        self._command = (
            [griot_command()] if synchronous == "FULL" else [sys.executable, "-m", "bench.relaxed"]
        )

    def prepare(self, folder: Path, people: int, provider: str) -> None:
        """Load the programme unless it lies there, add the people: coordinators who have agreed.

        What the schedule has to decide about them is decided, so that no turn waits for it.
        """
        url = f"sqlite:///{self.database(folder)}"
        if not self.database(folder).exists():
            set_up(url)
        addresses = [self.wire.contact(number) for number in range(people)]
        who = [VOICES[number % len(VOICES)] for number in range(people)]
        add_coordinators(url, who, addresses, self.wire.channel)
        environment = self.environment(folder, free_port(), provider)
        subprocess.run([griot_command(), "worker", "--once"], env=environment, cwd=ROOT, check=True)

    def commands(self, folder: Path, port: int) -> Sequence[Sequence[str]]:
        """Return web and worker."""
        return [[*self._command, role] for role in ("web", "worker")]

    def environment(self, folder: Path, port: int, provider: str) -> Mapping[str, str]:
        """Return a complete configuration of the one channel, its limits off."""
        telegram = {
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_WEBHOOK_SECRET": SECRET,
            "TELEGRAM_API_URL": provider,
        }
        twilio = {
            "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
            "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
            "TWILIO_WHATSAPP_FROM": SENDER,
            "TWILIO_API_URL": provider,
            "TWILIO_CONTENT_URL": provider,
        }
        return {
            **os.environ,
            **(telegram if self.wire.channel == "telegram" else twilio),
            **dict.fromkeys(UNLIMITED, "0"),
            "DATABASE_URL": f"sqlite:///{self.database(folder)}",
            "GRIOT_VAR": str(folder / "var"),
            "SECRET_KEY": SECRET_KEY,
            "BASE_URL": f"http://127.0.0.1:{port}",
            "PORT": str(port),
        }

    def database(self, folder: Path) -> Path:
        """Return Griot's database."""
        return folder / "site.db"

    def is_settled(self, folder: Path) -> bool:
        """Tell whether no inbox row is open."""
        return not rows_of(self.database(folder), "SELECT 1 FROM inbox WHERE state = 'open' LIMIT 1")

    def kept(self, folder: Path) -> Mapping[str, int]:
        """Return the current answers of all reports of each person, drafts included."""
        return dict(
            rows_of(
                self.database(folder),
                "SELECT address.value, count(*) FROM answer JOIN submission ON submission.id = submission_id"
                " JOIN address ON address.person_id = submission.person_id WHERE is_current GROUP BY 1",
            )
        )

    def mend(self, folder: Path) -> None:
        """Do nothing."""


def target_of(bot: Bot, port: int) -> Target:
    """Return where a bot is reached."""
    return Target(f"http://127.0.0.1:{port}", bot.wire)


def rows_of(database: Path, query: str) -> list[tuple[Any, ...]]:
    """Return what a query finds in an SQLite file that others may be writing."""
    with closing(sqlite3.connect(database, timeout=30)) as connection:
        return connection.execute(query).fetchall()
