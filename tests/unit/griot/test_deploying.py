"""What lies in deploy/: every command, figure and variable that it names exists."""

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from griot.cli import COMMANDS
from griot.schema import revisions
from griot.variables import variables
from tests.databases import Databases, load_aston
from tests.unit.griot.conftest import Griot
from tests.unit.griot.test_health import READING

ROOT = Path(__file__).resolve().parents[3]
DEPLOY, OPERATIONS = ROOT / "deploy", ROOT / "docs" / "operations.md"
AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
CONTRACT = (  # name and labels that the outer contract promises
    'griot_inbox_rows{state="open"}',
    'griot_inbox_rows{state="done"}',
    'griot_inbox_rows{state="quarantined"}',
    'griot_outbox_rows{channel="telegram",state="queued"}',
    'griot_outbox_rows{channel="telegram",state="sent"}',
    "griot_outbox_oldest_seconds",
    "griot_turn_seconds_bucket",
    'griot_send_seconds_bucket{channel="telegram"',
    'griot_webhook_seconds_bucket{channel="telegram"',
    "griot_scheduler_leader",
)


@pytest.fixture(scope="module")
def page(sqlite_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield what a reader of /metrics gets of a site on which nothing happened yet."""
    address = sqlite_databases.copy_of("aston", load_aston)
    folder = tmp_path_factory.mktemp("metrics")
    reading = [sys.executable, "-c", READING, str(folder), address]
    yield subprocess.run(reading, check=True, stdout=subprocess.PIPE, text=True).stdout
    sqlite_databases.drop(address)


@pytest.mark.parametrize("figure", CONTRACT)
def test_every_promised_figure_is_there(page: str, figure: str) -> None:
    """From the first minute on, with its labels; and it is explained."""
    assert f"\n{figure}" in page
    name = re.sub(r"_bucket$", "", figure.partition("{")[0])
    assert f"`{name}" in OPERATIONS.read_text(encoding="utf-8")


def test_every_figure_is_explained(page: str) -> None:
    """docs/operations.md names each with its labels."""
    text = OPERATIONS.read_text(encoding="utf-8")
    names = re.findall(r"^# TYPE (\w+)", page, re.MULTILINE)
    assert len(names) > 10
    assert [name for name in names if f"`{name}" not in text] == []


def test_alerts_read_figures_that_exist(page: str) -> None:
    """Also their labels; and each alert is explained, no other is."""
    [group] = yaml.safe_load((DEPLOY / "prometheus" / "griot.rules.yml").read_text())["groups"]
    names = {rule["alert"] for rule in group["rules"]}
    typed = dict(re.findall(r"^# TYPE (\w+) (\w+)", page, re.MULTILINE))
    for rule in group["rules"]:
        for name in re.findall(r"griot_\w+", rule["expr"]):
            plain = re.sub(r"_(bucket|count)$", "", name)
            kind = "counter" if name.endswith("_total") else "gauge" if name == plain else "histogram"
            assert typed[plain] == kind, rule
        for label, value in re.findall(r'(\w+)="(\w+)"', rule["expr"]):
            assert f'{label}="{value}"' in page or value == "griot"
    assert names == set(re.findall(r"`(Griot[A-Z]\w+)`", OPERATIONS.read_text(encoding="utf-8")))


UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_units_start_what_exists(unit: Path) -> None:
    """A command of Griot, or the line of the Procfile; and every unit is closed as far as the others."""
    text = unit.read_text()
    web = re.search(r"^web: gunicorn (.*)$", (ROOT / "Procfile").read_text(), re.MULTILINE)
    assert web is not None
    commands = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
    assert commands
    for command in commands:
        if found := re.search(r"/opt/griot/.venv/bin/griot (\w+)", command):
            assert found[1] in COMMANDS
        else:
            assert command.replace("--bind 127.0.0.1:8000 ", "").replace('"', "'").endswith(web[1])
    others = [other.read_text() for other in UNITS]
    closed = [set(re.findall(r"^(?:Protect|Private|Restrict|System|No)\w+=.*$", one, re.M)) for one in others]
    assert len(closed[0]) > 15
    assert closed[1:] == closed[:-1]


def test_settings_shown_exist() -> None:
    """Every variable in the example of the settings is one."""
    text = OPERATIONS.read_text(encoding="utf-8")
    shown = re.findall(r"^([A-Z][A-Z_]+)=", text, re.MULTILINE)
    assert len(shown) > 5
    assert set(shown) <= set(variables())


def test_the_schema_goes_back(empty_database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By one revision and forward again; to one that nobody knows never."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", empty_database)
    griot, known = Griot(empty_database), revisions()
    assert griot("migrate").exit_code == 0
    assert "There is no revision 9999" in griot.refused("migrate", "--to", "9999")
    back = griot("migrate", "--to", known[-2])
    assert (back.exit_code, back.stdout) == (0, f"The schema is at revision {known[-2]}.\n")
    assert "is behind" in griot.refused("migrate", "--to", known[-2], exit_code=1)
    assert griot("migrate").stdout == f"The schema is at revision {known[-1]}.\n"
