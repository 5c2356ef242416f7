"""The command `griot` as it is installed: one line for an error, and the exit code."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.griot.conftest import Griot


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("person", "show", "x"), "not a valid integer", id="no number"),
        pytest.param(("person", "add", "--name"), "requires an argument", id="no value"),
        pytest.param(("export", "secrets"), "Use one of submissions", id="unknown table"),
        pytest.param(("form", "add", "missing.md"), "missing.md", id="missing file"),
        pytest.param(("nothing",), "nothing", id="unknown command"),
    ],
)
def test_an_error_is_one_line(quick: Griot, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    """Nothing on standard output, one line on standard error, exit 2."""
    command = [sys.executable, "-c", "from griot.cli import main; main()", *words]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr
