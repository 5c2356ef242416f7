"""`griot digest`: what it prints, and what leaves with --send."""

import socket

import pytest

from tests.unit.griot.conftest import Griot

WEEK = "2026-W48"
OFFICER = ("person", "add", "--name", "Ana Example", "--role", "officer", "--language", "fr")
MAIL = {"SMTP_URL": "smtp://griot:not-a-password@127.0.0.1:{port}", "MAIL_FROM": "griot@example.org"}


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> int:
    """Return a port without a mail server, which the settings name."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        number: int = unused.getsockname()[1]
    for name, value in MAIL.items():
        monkeypatch.setenv(name, value.format(port=number))
    return number


def test_the_json_is_the_digest(quick: Griot) -> None:
    """Text, counts, every city with its state, and details by city."""
    found = quick.json("digest", "--week", WEEK, "--language", "pt")
    assert set(found) == {"week", "language", "text", "details", "expected", "answered", "cities"}
    assert (found["week"], found["language"], found["expected"], found["answered"]) == (WEEK, "pt", 11, 0)
    assert found["cities"][0] == {"city": "bamako", "state": "silent", "reference": None, "status": None}
    assert found["details"][0]["city"] == "bamako"
    assert found["text"].startswith("Síntese, semana 48.")


def test_it_leaves_once(quick: Griot, port: int) -> None:
    """To the address of each officer; the digest itself is printed as ever."""
    quick.json(*OFFICER, "--email", "ana@example.org")
    first, second = quick("digest", "--week", WEEK, "--send"), quick("digest", "--week", WEEK, "--send")
    assert (first.exit_code, first.stderr) == (0, "Messages leaving now: 1.\n")
    assert (second.exit_code, second.stderr) == (0, "Messages leaving now: 0.\n")
    assert first.stdout == second.stdout
    (message,) = quick.json("export", "messages")
    wanted = {"kind": "digest", "channel": "email", "state": "queued", "key": f"dig:{WEEK}:1:email"}
    assert {name: message[name] for name in wanted} == wanted


def test_the_doctor_tries_the_mail_server(quick: Griot, port: int) -> None:
    """And says what it objects to, without the password."""
    result = quick("doctor", "--json")
    (problem,) = [one for one in quick.parsed(result)["problems"] if "E-mail" in one["what"]]
    assert "cannot be reached" in problem["what"]
    assert "SMTP_URL" in problem["mend"]
    assert "not-a-password" not in result.output
