"""The command `griot` as it is installed: one line for an error, and the exit code."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from tests.starting import griot_command, run
from tests.unit.griot.conftest import Griot


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("person", "show", "x"), "not a valid integer", id="no number"),
        pytest.param(("person", "add", "--name"), "requires an argument", id="no value"),
        pytest.param(("export", "secrets"), "Use one of submissions", id="unknown table"),
        pytest.param(("form", "add", "missing.md"), "missing.md", id="missing file"),
        pytest.param(("nothing",), "nothing", id="unknown command"),
        pytest.param(("digest", "--week", "2027-W53"), "not a week", id="a week that the year has not"),
        pytest.param(("digest", "--week", "0000-W01"), "not a week", id="a year that is none"),
        pytest.param(("digest", "--week", "9999-W52"), "not a week", id="a week that never ends"),
        pytest.param(("person", "show", "9" * 20), "There is no person", id="a number that no row has"),
        pytest.param(("person", "pause", str(2**31)), "There is no person", id="a number too long"),
        pytest.param(("chat", "--as", "0"), "There is no person", id="nobody's phone"),
        pytest.param(
            ("export", "people", "--since", "0001-01-01T00:00:00+14:00"), "not a time", id="before all time"
        ),
    ],
)
def test_an_error_is_one_line(quick: Griot, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    """Nothing on standard output, one line on standard error, exit 2."""
    done = _run(tmp_path, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr


def test_an_output_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    """A full disk is told, exit 1."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [griot_command(), "--help"],
            cwd=tmp_path,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, "Error: No space left on device\n")


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://u:hidden@127.0.0.1:1/x?password=hidden",
        "mysql://u:hidden@h/x",
        "postgresql://u:hidden@h:p/x",
    ],
)
def test_the_doctor_shows_no_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Of an address only where it leads."""
    monkeypatch.setenv("DATABASE_URL", address)
    for words in (("doctor",), ("doctor", "--json")):
        done = _run(tmp_path, *words)
        assert "hidden" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [
        pytest.param(("form", "check", "faulty.md"), 2, id="form check"),
        pytest.param(("form", "add", "faulty.md"), 2, id="form add"),
        pytest.param(("programme", "check", "."), 2, id="programme check"),
        pytest.param(("programme", "load", "."), 2, id="programme load"),
        pytest.param(("doctor",), 1, id="doctor"),
        pytest.param(("form", "list"), 0, id="done"),
        pytest.param(("form", "--help"), 0, id="help"),
    ],
)
def test_the_exit_code_tells_of_faults(
    quick: Griot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: tuple[str, ...], code: int
) -> None:
    """A command that has shown its faults does not end as if there were none."""
    monkeypatch.delenv("SECRET_KEY", raising=False)
    (tmp_path / "faulty.md").write_text("| survey |\n| | type | name |\n| | unheard | of |\n")
    assert _run(tmp_path, *words).returncode == code


@pytest.mark.parametrize("words", [("migrate",), ("person", "list"), ("run", "--demo")])
def test_a_folder_that_cannot_be_made_is_one_line(
    quick: Griot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """The database's folder is named, with the reason."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/file/griot.db")
    done = _run(tmp_path, *words)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert f"the folder {tmp_path}/file cannot be made" in done.stderr


def test_a_port_in_use_is_one_line(quick: Griot, tmp_path: Path) -> None:
    """The start ends at once, with the mend; an address that is none is bad input."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        taken = _run(tmp_path, "run", "--demo", "--port", port)
    nowhere = _run(tmp_path, "run", "--demo", "--host", "999.1.1.1")
    assert (taken.returncode, len(taken.stderr.splitlines())) == (1, 1), taken.stderr
    assert f"Port {port} of 127.0.0.1" in taken.stderr
    assert "--port" in taken.stderr
    assert (nowhere.returncode, len(nowhere.stderr.splitlines())) == (2, 1), nowhere.stderr


def _run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return run(*words, env=os.environ, cwd=folder)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"SMTP_URL": "smtp://127.0.0.1"}, id="no sender of mail"),
        pytest.param({"MAIL_FROM": "griot@example.org"}, id="no mail server"),
        pytest.param({"TWILIO_ACCOUNT_SID": "AC1"}, id="an account alone"),
        pytest.param({"TWILIO_SMS_FROM": "+10000000001"}, id="a sender alone"),
    ],
)
def test_the_doctor_has_one_line_for_what_is_half_set(
    quick: Griot, monkeypatch: pytest.MonkeyPatch, given: dict[str, str]
) -> None:
    """What is missing, and no second line that says the channel is off."""
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    found = quick.parsed(quick("doctor", "--json"))
    name = "Twilio" if "TWILIO" in next(iter(given)) else "e-mail"
    channel = "SMS" if name == "Twilio" else "E-mail"
    assert [each for each in found["problems"] if f"{name} is half configured" in each["mend"]]
    assert not [each for each in found["notes"] if channel in each["what"]]
