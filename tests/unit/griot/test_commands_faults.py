"""`griot doctor` tells what the processes met that only an operator can mend."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.faults import FaultKind
from griot.schema import migrate
from models.base import Db
from models.circuit import OPENS_AFTER, Setback, note_setback
from models.db import open_store, write
from models.fault import Trouble, raise_fault
from tests.unit.griot.conftest import Griot


def break_things(db: Db) -> None:
    """Let SMS be refused and WhatsApp be down since a moment."""
    at = datetime.now(UTC)
    raise_fault(db, Trouble(FaultKind.REFUSED, "sms", "Authenticate", "20003"), at)
    note_setback(db, Setback("whatsapp", OPENS_AFTER, "unknown", "500", "Internal Server Error"), at)


def test_faults_are_problems_and_pauses_are_notes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick: Griot
) -> None:
    """A channel that is left alone for a moment mends itself; a refused account does not."""
    address = f"sqlite:///{tmp_path / 'migrated.db'}"
    monkeypatch.setenv("DATABASE_URL", address)
    store = open_store(address)
    migrate(store)
    write(store, break_things)
    store.close()
    told = quick.parsed(quick("doctor", "--json"))
    assert not told["ok"]
    [problem] = [one for one in told["problems"] if "SMS" in one["what"]]
    assert problem["what"] == "SMS: every message is refused (20003 Authenticate). Messages wait."
    assert "griot doctor" in problem["mend"]
    [note] = [one for one in told["notes"] if "left alone" in one["what"]]
    assert note["what"].startswith("The channel whatsapp is left alone")
