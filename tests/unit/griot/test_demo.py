"""A database that holds a demonstration says so wherever it is opened."""

import os
import signal
import socket
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from griot.demo import load_demo
from models.base import Db
from models.consent import consent_of
from models.db import open_store, read, write
from models.demo import mark_demo
from models.form import FormShelf
from models.person import Address
from models.privacy import erase
from models.programme import current_programme
from models.timetable import upcoming
from tests.databases import LOADED_AT
from tests.programmes import ASTON, files_of
from tests.starting import run, start
from tests.unit.griot.conftest import Griot


def mark(address: str) -> None:
    """Make the database one of a demonstration."""
    store = open_store(address)
    write(store, lambda db: mark_demo(db, LOADED_AT))
    store.close()


def test_the_doctor_tells_of_a_demonstration(
    quick: Griot, monkeypatch: pytest.MonkeyPatch, empty_database: str
) -> None:
    """It is good to know and nothing to mend."""
    monkeypatch.setenv("DATABASE_URL", empty_database)
    assert quick("migrate").exit_code == 0

    def notes() -> str:
        return str(quick.parsed(quick("doctor", "--json"))["notes"])

    assert "demonstration" not in notes()
    mark(empty_database)
    assert "demonstration" in notes()


@pytest.mark.parametrize("role", ["run", "web", "worker"])
def test_a_process_that_starts_on_a_demonstration_says_so(tmp_path: Path, role: str) -> None:
    """Also without --demo, as for real work."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"sqlite:///{tmp_path / 'griot.db'}"
    environment = os.environ | {"DATABASE_URL": address, "PORT": str(port), "SECRET_KEY": "k" * 32}
    run("migrate", env=environment, cwd=tmp_path).check_returncode()
    mark(address)
    with (tmp_path / "log").open("wb+") as log:
        process = start(role, env=environment, cwd=tmp_path, stderr=log)
        until = time.monotonic() + 20
        while b"this database holds a demonstration" not in (tmp_path / "log").read_bytes():
            assert time.monotonic() < until
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        process.wait(15)


def test_officers_get_nothing_of_last_week(aston_database: str) -> None:
    """On a Thursday the first digest is tomorrow's; coordinators are asked for the week that goes on."""
    store, shelf = open_store(aston_database), FormShelf()
    thursday = datetime(2026, 11, 26, 6, tzinfo=UTC)
    write(store, lambda db: load_demo(db, files_of(ASTON)["demo.yaml"], shelf, thursday))
    found = read(store, lambda db: upcoming(db, current_programme(db), ("chat",), 3, thursday, 2))
    leaving = [each.occurrence for each in found if each.leaves]
    assert {each.period for each in leaving if each.kind == "digest"} == {"2026-W48"}
    assert {each.period for each in leaving if each.kind == "prompt"} == {"2026-W48"}
    store.close()


def test_a_demonstration_made_before_gets_the_people_who_are_new(aston_database: str) -> None:
    """They can be written to at once; who was erased does not come back."""
    data, later = files_of(ASTON)["demo.yaml"], LOADED_AT + timedelta(days=120)
    store, shelf = open_store(aston_database), FormShelf()
    old = b"\n".join(line for line in data.splitlines() if b"Nora" not in line)

    def addresses(db: Db) -> dict[int, str]:
        chat = select(Address.person_id, Address.value).where(Address.channel == "chat")
        return dict(db.execute(chat).all())

    assert write(store, lambda db: load_demo(db, old, shelf, later))
    before = read(store, addresses)
    write(store, lambda db: erase(db, max(before), later))
    assert not write(store, lambda db: load_demo(db, data, shelf, later))
    assert not write(store, lambda db: load_demo(db, data, shelf, later))
    after = read(store, addresses)
    (new,) = after.keys() - before.keys()
    assert after[new] == str(new)
    assert read(store, lambda db: consent_of(db, new)) is not None
    store.close()
