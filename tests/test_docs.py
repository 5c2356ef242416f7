"""The documents name everything that exists, and their links lead somewhere."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from bot.questions import TYPES
from bot.values import Message
from griot.cli import COMMANDS, griot
from griot.variables import variables
from models.audit import What
from models.form import FormShelf
from models.programme import ProgrammeShelf
from scheduler.jobs import jobs
from scheduler.parts import Parts

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"


PARTS = Parts(
    forms=FormShelf(),
    programmes=ProgrammeShelf(),
    voices={},
    channels=(),
    ceiling=0,
    digest=lambda *_: Message(""),
)
EVERY_PROMISE = "## Every promise"  # of docs/reliability.md: a table whose rows name their tests
PAGES = [*sorted(DOCS.rglob("*.md")), ROOT / "README.md"]


def _read(*names: str) -> str:
    return "\n".join((DOCS / name).read_text(encoding="utf-8") for name in names)


def _everything() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(DOCS.rglob("*.md")))


def _missing(names: Iterable[str], text: str) -> list[str]:
    return [name for name in names if f"`{name}" not in text]


def test_every_setting_is_explained() -> None:
    """docs/configuration.md names every variable with its default."""
    text = _read("configuration.md")
    assert _missing(variables(), text) == []


def test_every_command_is_explained() -> None:
    """docs/commands.md names every command and sub-command."""
    names = []
    for name in COMMANDS:
        command = griot.get_command(None, name)  # type: ignore[arg-type] # the context is not used
        inner = getattr(command, "commands", {})
        names += [f"griot {name} {sub}" for sub in inner] or [f"griot {name}"]
    assert _missing(names, _read("commands.md")) == []


def test_every_question_type_is_explained() -> None:
    """docs/xlsform-support.md names every type that is asked."""
    assert _missing([name for name in TYPES if name != "another"], _read("xlsform-support.md")) == []


def test_every_channel_has_a_page() -> None:
    """Each channel that writes to people has its page in docs/channels."""
    channels = {path.stem for path in (DOCS / "channels").glob("*.md")}
    assert {"email", "sms", "telegram", "whatsapp"} <= channels


def test_every_job_is_explained() -> None:
    """The documents name every job of the scheduler."""
    assert _missing([job.name for job in jobs(PARTS)], _everything()) == []


def test_everything_recorded_is_explained() -> None:
    """docs/operations.md names all that leaves a row of who did what."""
    assert _missing(What, _read("operations.md")) == []


def test_every_package_is_explained() -> None:
    """docs/dependencies.md has a line for every package that Griot asks for."""
    text = _read("dependencies.md")
    asked = [
        re.split(r"[\[<>=;]", line)[0].strip()
        for line in (ROOT / "requirements" / "run.in").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    assert [name for name in asked if not re.search(rf"[| ,]{re.escape(name)}[ ,|]", text)] == []


def test_every_named_test_exists() -> None:
    """A test that a document names is there, under that name; a promise names its test."""
    named = re.findall(r"`(tests/[\w/.-]+)(?:::(\w+))?`", _everything())
    missing = [f"{path}::{test}" for path, test in named if not _is_there(ROOT / path, test)]
    assert missing == []
    rows = re.findall(r"^\| .+ \|$", _read("reliability.md").partition(EVERY_PROMISE)[2], re.MULTILINE)
    heads = ("| what happens |", "| --- |")
    assert [row for row in rows if not row.startswith(heads) and "`tests/" not in row] == []


def _is_there(path: Path, test: str) -> bool:
    return path.exists() and (not test or f"\ndef {test}(" in path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    """Every relative link of a document leads to a file."""
    links = re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []
