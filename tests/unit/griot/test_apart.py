"""An arbiter imports nothing that serving processes alone need, and asks a child what it must know."""

import os
import subprocess
import sys

import pytest

from griot.apart import asked_apart
from griot.commands.refusals import BadInput, Failed

HEAVY = ("asyncio", "bot", "channels", "flask", "models", "pydantic", "sqlalchemy")
ARBITERS = ("griot.cli, griot.commands.serving, griot.server", "griot.procfile")


def test_what_a_child_returns_is_returned() -> None:
    """The answer comes from another process, as JSON carries it."""
    parent = os.getpid()
    assert asked_apart(lambda: [os.getppid(), "text", None]) == [parent, "text", None]


@pytest.mark.parametrize("kind", [BadInput, Failed])
def test_a_refusal_is_raised_here(kind: type[BadInput] | type[Failed]) -> None:
    """It keeps its line and its exit code."""

    def refuse() -> None:
        raise kind("Give another.")

    with pytest.raises(kind, match=r"^Give another\.$"):
        asked_apart(refuse)


def test_a_defect_ends_both(capfd: pytest.CaptureFixture[str]) -> None:
    """The child tells it once, the parent exits with a code that is none of success."""

    def break_down() -> None:
        raise LookupError("nowhere")

    with pytest.raises(SystemExit) as ended:
        asked_apart(break_down)
    assert ended.value.code == 1
    assert capfd.readouterr().err.count("LookupError: nowhere") == 1


@pytest.mark.parametrize("modules", ARBITERS)
def test_an_arbiter_imports_nothing_heavy(modules: str) -> None:
    """`griot web`, `griot run` and the Procfile: what an arbiter holds is held besides what serves."""
    found = f"import sys, {modules}; print(*sorted({set(HEAVY)!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", found], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize(
    ("modules", "others"),
    [
        pytest.param(
            "griot.app, griot.assembly, griot.health, webhooks.plain", "aiohttp griot.worker", id="web"
        ),
        pytest.param("griot.running, griot.turn, scheduler.jobs", "console flask jinja2", id="worker"),
    ],
)
def test_a_process_imports_what_it_uses(modules: str, others: str) -> None:
    """Code is most of what a process holds: none of the other's, none for the one mail of a week."""
    found = f"import sys, {modules}; print(*sorted({set(others.split())!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", found], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []
