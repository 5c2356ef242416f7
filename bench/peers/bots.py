"""The peers as bots that are measured: how each is set up, started, and what it has kept."""

import json
import os
import pickle
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.bots import rows_of
from bench.wires import VOICES, TelegramWire, TwilioWire, Wire
from tests.site import SECRET, TOKEN
from tests.standin.twilio import AUTH_TOKEN

PICKLE = "peer.pickle"


class ConversationHandlerPeer:
    """python-telegram-bot with its ConversationHandler, PicklePersistence and web server."""

    name = "ConversationHandler"
    reads_lines = False

    def __init__(self) -> None:
        self.wire: Wire = TelegramWire()

    def prepare(self, folder: Path, people: int, provider: str) -> None:
        """Write down who is known."""
        _write_people(folder, self.wire, people)

    def commands(self, folder: Path, port: int) -> Sequence[Sequence[str]]:
        """Return its one process."""
        return [[sys.executable, "-m", "bench.peers.conversation_handler", str(folder), str(port)]]

    def environment(self, folder: Path, port: int, provider: str) -> Mapping[str, str]:
        """Return what it reads."""
        return {
            **os.environ,
            "TELEGRAM_API_URL": provider,
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_WEBHOOK_SECRET": SECRET,
            "PEER_SYNCHRONOUS": "FULL",
        }

    def database(self, folder: Path) -> Path:
        """Return the file of finished reports."""
        return folder / "peer.db"

    def is_settled(self, folder: Path) -> bool:
        """Return True: what it has not handled it has forgotten."""
        return True

    def kept(self, folder: Path) -> Mapping[str, int]:
        """Return the answers of finished reports, and of those in the pickle as it was last written.

        A report that was sent since then counts twice, in the peer's favour.
        """
        kept = _answers(self.database(folder), "SELECT person, answers FROM report")
        for person, data in _unpickled(folder / PICKLE).items():
            kept[str(person)] = kept.get(str(person), 0) + len(data.get("answers", {}))
        return kept

    def mend(self, folder: Path) -> None:
        """Remove a pickle that was killed while it was written: with it the library does not start."""
        if not _unpickled(folder / PICKLE):
            (folder / PICKLE).unlink(missing_ok=True)


class FlaskPeer:
    """Flask with TwiML and the ORM, two synchronous workers of gunicorn."""

    name = "Flask, TwiML"
    reads_lines = False
    workers = 2  # of gunicorn

    def __init__(self) -> None:
        self.wire: Wire = TwilioWire()

    def prepare(self, folder: Path, people: int, provider: str) -> None:
        """Write down who is known."""
        _write_people(folder, self.wire, people)

    def commands(self, folder: Path, port: int) -> Sequence[Sequence[str]]:
        """Return gunicorn."""
        gunicorn = Path(sys.executable).parent / "gunicorn"
        workers = ["--workers", str(self.workers), "--worker-class", "sync", "--no-control-socket"]
        where = ["--bind", f"127.0.0.1:{port}", "--log-level", "warning"]
        return [[str(gunicorn), *workers, *where, "bench.peers.flask_twiml:application()"]]

    def environment(self, folder: Path, port: int, provider: str) -> Mapping[str, str]:
        """Return what it reads."""
        return {
            **os.environ,
            "BASE_URL": f"http://127.0.0.1:{port}",
            "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
            "PEER_FOLDER": str(folder),
            "PEER_SYNCHRONOUS": "FULL",
        }

    def database(self, folder: Path) -> Path:
        """Return its database."""
        return folder / "peer.db"

    def is_settled(self, folder: Path) -> bool:
        """Return True: it answers when all is stored."""
        return True

    def kept(self, folder: Path) -> Mapping[str, int]:
        """Return the answers of drafts and reports."""
        return _answers(
            self.database(folder),
            "SELECT address, answers FROM draft UNION ALL SELECT person, answers FROM report",
        )

    def mend(self, folder: Path) -> None:
        """Do nothing."""


def _unpickled(file: Path) -> Mapping[int, Mapping[str, Mapping[str, str]]]:
    """Return what each user's data hold; a file that was killed while it was written holds nothing."""
    try:
        found: Mapping[int, Mapping[str, Mapping[str, str]]] = pickle.loads(file.read_bytes())["user_data"]  # noqa: S301 - our own file
    except (FileNotFoundError, EOFError, pickle.UnpicklingError):
        return {}
    return found


def _write_people(folder: Path, wire: Wire, people: int) -> None:
    known = {wire.contact(number): VOICES[number % len(VOICES)] for number in range(people)}
    (folder / "people.json").write_text(json.dumps(known), encoding="utf-8")


def _answers(database: Path, query: str) -> dict[str, int]:
    kept: dict[str, int] = {}
    for address, answers in rows_of(database, query):
        kept[address] = kept.get(address, 0) + len(json.loads(answers))
    return kept
