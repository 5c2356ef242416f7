"""Every command that changes or takes out something leaves a row of who did what, without anybody's words."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest

from griot.cli import COMMANDS
from griot.cli import griot as command_line
from models.audit import Audit, rows_in, verify
from models.db import Store, open_store
from tests.databases import Databases
from tests.programmes import ASTON, ORCHARD
from tests.site import set_up
from tests.standin import StandIn
from tests.standin.twilio_content import ACCOUNT_SID, AUTH_TOKEN
from tests.unit.griot.conftest import Griot

CANARY = "canary"
LATER = (datetime.now(UTC) + timedelta(days=9)).date().isoformat()

# Each in its turn, on one database: what is called, and the rows that it leaves.
STEPS = (
    (
        "person add",
        "--name Canary-Exemple --role coordinator --city bamako --language fr --telegram 60000001"
        " --consent canary-on-paper",
        {"person.added"},
    ),
    (
        "person add",
        "--name Canary-Officer --role officer --language en --email o@canary.example",
        {"person.added"},
    ),
    ("person list", "", {"data.exported"}),
    ("person invite", "1", {"person.invited"}),
    ("person pause", f"1 --until {LATER}", {"person.paused"}),
    ("person resume", "1", {"person.resumed"}),
    ("person export", "1", {"person.exported"}),
    ("person login-link", "2", {"sign_in.given"}),
    ("chat", "--as 1 --json", {"phone.held"}),
    ("city pause", f"bamako --until {LATER} --reason canary", {"city.paused"}),
    ("city excuse", f"bamako --until {LATER} --reason canary", {"city.excused"}),
    ("city resume", "bamako --reason canary", {"city.resumed"}),
    ("milestone extend", "bamako M16 --to 2028-02-15 --reason canary", {"milestone.extended"}),
    ("milestone waive", "bamako M15 --reason canary", {"milestone.waived"}),
    ("form add", f"{ORCHARD}/forms/harvest_note.md --fallback en", {"form.added"}),
    ("form retire", "harvest_note", {"form.retired"}),
    ("form reopen", "harvest_note", {"form.reopened"}),
    ("broadcast", "closed said.yaml --by 2 --city bamako", {"broadcast.sent"}),
    ("digest", "--send", {"digest.sent"}),
    ("trace", "broadcast:closed:1 --names --texts", {"message.read"}),
    ("templates push", "", {"template.pushed"}),
    ("export", "people --output people.csv", {"data.exported"}),
    ("backup", "night.backup", {"backup.taken"}),
    ("restore", "night.backup --replace", {"backup.restored"}),
    ("person erase", "1", {"person.erased"}),
    ("programme load", f"{ORCHARD} --unapproved", {"programme.loaded"}),
)
NOTHING_CHANGES = "it shows what is stored and changes nothing"
EXCEPTIONS: Mapping[str, str] = {
    "run": "a process; what it loads at its start is recorded as `programme load` is",
    "web": "a process; what is done in the console is recorded there",
    "worker": "a process; what it does follows from what was recorded or written",
    "migrate": "tables, not what they hold; there may be no table of rows yet",
    "programme check": "files only",
    "doctor": NOTHING_CHANGES,
    "webhooks set": "settings told to Telegram; the database is not asked",
    "templates status": "what Twilio says of them is noted",
    "form check": "files only",
    "form preview": "files only",
    "form changes": "questionnaires are public",
    "form list": "questionnaires are public",
    "form show": "questionnaires are public",
    "form export": "questionnaires are public",
    "person show": "one person on the screen, as after every change of them",
    "milestone list": NOTHING_CHANGES,
    "schedule": NOTHING_CHANGES,
    "budget": NOTHING_CHANGES,
    "audit verify": NOTHING_CHANGES,
}


@pytest.fixture(scope="module")
def provider() -> Iterator[StandIn]:
    """Yield a Twilio that takes templates."""
    with StandIn() as found:
        yield found


@pytest.fixture
def here(
    sqlite_databases: Databases, provider: StandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Griot:
    """Return the command line on a set-up site: a key for backups, Telegram, and an account at Twilio."""
    address = sqlite_databases.copy_of("site", set_up)
    monkeypatch.chdir(tmp_path)
    values = {
        "DATABASE_URL": address,
        "GRIOT_BACKUP_KEY": "backup-key-of-nobody-0123456789abcdef",
        "TELEGRAM_BOT_TOKEN": "1:demo",
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "TWILIO_CONTENT_URL": provider.url,
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "said.yaml").write_text("fr: Un canary.\nen: A canary.\n", "utf-8")
    return Griot(address)


def every_command() -> set[str]:
    """Return every command by all of its words."""
    found = set()
    for name in COMMANDS:
        command = command_line.get_command(click.Context(command_line), name)
        inner = command.commands if isinstance(command, click.Group) else {}
        found |= {f"{name} {each}" for each in inner} or {name}
    return found


def rows(store: Store) -> list[Audit]:
    return list(rows_in(store))


def test_no_command_is_forgotten() -> None:
    """A new one is done below, or has a reason not to be recorded."""
    assert every_command() == {name for name, _, _ in STEPS} | set(EXCEPTIONS)


def test_every_command_leaves_its_row(here: Griot) -> None:
    """By the operator, in one chain through erasure and restore; no name, number, address or word in it."""
    store = open_store(here.database)
    for name, words, expected in STEPS:
        before = {row.hash for row in rows(store)}
        done = here(*name.split(), *words.split())
        assert done.exit_code == 0, (name, done.output)
        added = [row for row in rows(store) if row.hash not in before]
        assert {row.what for row in added} == expected, name
        assert {row.who for row in added} == {"operator"}
        assert verify(rows_in(store)).fault is None
    told = "\n".join(" ".join((row.who, row.subject, row.details)) for row in rows(store))
    for word in (CANARY, "Exemple", "60000001", "@", "said.yaml"):
        assert word.lower() not in told.lower()
    assert '"city":"bamako"' in told
    store.close()


def test_a_load_that_changes_nothing_leaves_none(quick: Griot) -> None:
    store = open_store(quick.database)
    counts = []
    for _ in range(2):
        assert quick("programme", "load", ASTON).exit_code == 0
        counts.append(len(rows(store)))
    assert counts[0] == counts[1]
    store.close()


def test_a_command_that_is_refused_leaves_none(quick: Griot) -> None:
    """Nothing was done, so nothing is told."""
    store = open_store(quick.database)
    before = len(rows(store))
    quick.refused("person", "erase", "99")
    quick.refused("city", "pause", "atlantis", "--reason", "none")
    quick.refused("form", "retire", "atlantis")
    assert len(rows(store)) == before
    store.close()
