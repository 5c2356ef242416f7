"""`griot audit verify` and `griot export audit`: is the chain whole, and can others reckon it themselves?"""

from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from griot import schema
from griot.clock import now
from models.db import Store, open_store, write
from tests.unit.griot.conftest import Griot

KEY = "backup-key-of-nobody-0123456789abcdef"
FREE = {
    "sqlite": ["DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete"],
    "postgresql": ["ALTER TABLE audit DISABLE TRIGGER ALL"],
}


def some_rows(griot: Griot) -> list[str]:
    """Leave three rows; return their hashes."""
    griot.json("person", "add", "--name", "Ada Exemple", "--role", "officer", "--language", "en")
    griot("person", "invite", "1")
    griot("person", "erase", "1")
    return [row["hash"] for row in griot.json("export", "audit")]


def tamper(griot: Griot, statement: str) -> None:
    store = open_store(griot.database)
    for each in (*FREE[store.engine.dialect.name], statement):
        write(store, lambda db: db.execute(text(each)))  # noqa: B023 - called at once
    store.close()


def test_a_whole_chain_is_told_with_its_head(griot: Griot) -> None:
    """One line, or JSON; a head that was kept is found."""
    hashes = some_rows(griot)
    told = griot("audit", "verify")
    assert told.exit_code == 0
    assert told.stdout.startswith("3 rows from 20")
    assert told.stdout.endswith(f"Head, to be kept elsewhere: {hashes[-1]}\n")
    found = griot.json("audit", "verify", "--head", hashes[1])
    assert (found["ok"], found["rows"], found["head"], found["fault"]) == (True, 3, hashes[-1], None)


def test_without_rows_there_is_nothing_wrong(griot: Griot) -> None:
    assert griot("audit", "verify").stdout.startswith("0 rows, whole.")


def test_a_row_alone_is_one_row(griot: Griot) -> None:
    griot("person", "add", "--name", "Ada Exemple", "--role", "officer", "--language", "en")
    assert griot("audit", "verify").stdout.startswith("1 row from 20")


@pytest.mark.parametrize(
    ("statement", "told", "fault"),
    [
        pytest.param("UPDATE audit SET who = 'x' WHERE number = 2", "Row 2 was", "changed", id="changed"),
        pytest.param("DELETE FROM audit WHERE number = 2", "Row 2 is missing.", "missing", id="missing"),
        pytest.param("DELETE FROM audit WHERE number = 3", "No row has the head", "cut", id="cut"),
    ],
)
def test_the_first_bad_row_is_named(griot: Griot, statement: str, told: str, fault: str) -> None:
    """On standard error, and exit code 1; with JSON too."""
    kept = some_rows(griot)[-1]
    tamper(griot, statement)
    assert told in griot.refused("audit", "verify", "--head", kept, exit_code=1)
    found = griot("audit", "verify", "--head", kept, "--json")
    assert found.exit_code == 1
    assert griot.parsed(found)["ok"] is False
    assert griot.parsed(found)["fault"] == fault


def test_a_head_is_64_digits(griot: Griot) -> None:
    assert "is no head" in griot.refused("audit", "verify", "--head", "abc")


def test_others_can_reckon_the_chain(griot: Griot) -> None:
    """From the export alone, as docs/operations.md says."""
    some_rows(griot)
    former = "0" * 64
    columns = ("former", "number", "at", "who", "what", "subject", "details")
    for number, row in enumerate(griot.json("export", "audit"), start=1):
        assert (row["number"], row["former"]) == (number, former)
        former = sha256("".join(f"{row[name]}\n" for name in columns).encode()).hexdigest()
        assert row["hash"] == former


def test_the_export_is_the_same_twice_and_since(griot: Griot) -> None:
    """It leaves no row itself: there is nobody in it."""
    some_rows(griot)
    assert griot("export", "audit").stdout == griot("export", "audit").stdout
    later = (now() + timedelta(hours=1)).isoformat()
    assert griot.json("export", "audit", "--since", later) == []


def test_a_person_sees_what_concerns_them(griot: Griot) -> None:
    """Who did what and when, in the export of one person."""
    griot.json("person", "add", "--name", "Ada Exemple", "--role", "officer", "--language", "en")
    [row] = griot.parsed(griot("person", "export", "1"))["audit"]
    assert (row["who"], row["what"], row["subject"]) == ("operator", "person.added", "person:1")


@pytest.fixture
def migrated(griot: Griot, empty_database: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Griot, Store]:
    """Return the command line on a migrated database that holds nothing, with a key for backups."""
    store = open_store(empty_database)
    schema.migrate(store)
    monkeypatch.setenv("DATABASE_URL", empty_database)
    monkeypatch.setenv("GRIOT_BACKUP_KEY", KEY)
    return Griot(empty_database), store


def test_a_restore_goes_on_with_the_chain(migrated: tuple[Griot, Store], tmp_path: Path) -> None:
    """Its row names the head that was thrown away, and whom it erased again; triggers are there as before."""
    griot, store = migrated
    some_rows(griot)
    griot.json("backup", "night.backup")
    griot.json("person", "add", "--name", "Bea Exemple", "--role", "officer", "--language", "en")
    lost = griot.json("audit", "verify")["head"]
    griot.json("restore", "night.backup", "--replace")
    rows = griot.json("export", "audit")
    assert [row["what"] for row in rows][3:] == ["backup.taken", "backup.restored"]
    assert f'"replaced":5,"replaced_head":"{lost}"' in rows[-1]["details"]
    assert griot.json("audit", "verify")["ok"]
    assert "No row has the head" in griot.refused("audit", "verify", "--head", lost, exit_code=1)
    with pytest.raises(DBAPIError, match="only added"):
        write(store, lambda db: db.execute(text("DELETE FROM audit")))
    store.close()


def test_an_older_schema_is_backed_up_all_the_same(migrated: tuple[Griot, Store]) -> None:
    """Whoever installed the new Griot first has no table of rows yet; the restore makes it."""
    griot, store = migrated
    schema.downgrade(store, "0016")
    griot.json("backup", "before.backup")
    griot.json("restore", "before.backup", "--replace")
    assert [row["what"] for row in griot.json("export", "audit")] == ["backup.restored"]
    store.close()
