"""The command line on a database with the ASToN programme."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from griot.cli import griot as command_line
from models.base import Db, Json
from models.db import open_store
from tests.databases import Databases, load_aston


@dataclass(frozen=True, slots=True)
class Griot:
    """Runs `griot` commands in this process."""

    database: str

    def __call__(self, *words: str | Path) -> Result:
        """Return the result, whatever it is; exceptions that are not click's are raised."""
        result = CliRunner().invoke(command_line, [str(word) for word in words])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def json(self, *words: str | Path) -> Json:
        """Return what a command that must succeed prints with --json."""
        result = self(*words, "--json")
        assert result.exit_code == 0, result.stderr
        return self.parsed(result)

    def parsed(self, result: Result) -> Json:
        """Return the JSON that a command printed."""
        return json.loads(result.stdout)

    def refused(self, *words: str | Path, exit_code: int = 2) -> str:
        """Return the one line on standard error of a command that must fail."""
        result = self(*words)
        assert (result.exit_code, result.stdout) == (exit_code, ""), result.output
        assert len(result.stderr.splitlines()) == 1, result.stderr
        return result.stderr


@pytest.fixture
def db(database: str) -> Iterator[Db]:
    """Yield a session on each database with every table, rolled back."""
    store = open_store(database)
    with store.writers() as session:
        yield session
    store.close()


@pytest.fixture
def griot(database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Griot:
    """Return the command line on a database with nothing in it, without any other setting."""
    return _at(database, monkeypatch, tmp_path)


@pytest.fixture
def aston(aston_database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Griot:
    """Return the command line on a database with the ASToN programme."""
    return _at(aston_database, monkeypatch, tmp_path)


@pytest.fixture
def quick(sqlite_databases: Databases, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Griot:
    """Return the command line with the ASToN programme on SQLite only: where the database does not matter."""
    return _at(sqlite_databases.copy_of("aston", load_aston), monkeypatch, tmp_path)


def _at(database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Griot:
    monkeypatch.chdir(tmp_path)
    for name in ("TELEGRAM_BOT_TOKEN", "TWILIO_WHATSAPP_FROM", "BASE_URL", "GRIOT_PROGRAMME", "PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", database)
    return Griot(database)
