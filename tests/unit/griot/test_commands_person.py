"""`griot person`: what the Secretariat does with people, as JSON and as exit codes."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from griot.clock import now
from models.base import Json
from models.db import open_store, read, write
from models.invite import Outcome, redeem
from models.known_person import person_of
from tests.programmes import ORCHARD
from tests.unit.griot.conftest import Griot

FATOU = ("--name", "Fatou Exemple", "--role", "coordinator", "--city", "bamako", "--language", "fr")


def added(griot: Griot, *more: str) -> Json:
    return griot.json("person", "add", *FATOU, *more)


def test_add_prints_id_and_invite(aston: Griot) -> None:
    """Without a channel there is a code and no link; the code binds the phone that sends it."""
    made = added(aston)
    assert set(made) == {"id", "invite"}
    assert made["invite"] == {"code": made["invite"]["code"], "telegram_url": None, "whatsapp_url": None}
    assert re.fullmatch("[0-9A-HJKMNP-TV-Z]{10}", made["invite"]["code"])
    store = open_store(aston.database)
    done = write(store, lambda db: redeem(db, made["invite"]["code"], "telegram", "40000001", now()))
    assert (done.outcome, done.person_id) == (Outcome.BOUND, made["id"])
    store.close()


def test_an_address_given_is_bound_at_once(aston: Griot) -> None:
    """And consent given elsewhere makes the person active."""
    made = added(
        aston, "--telegram", "40000001", "--whatsapp", "+223 70 00 00 01", "--consent", "letter of 3 May"
    )
    shown = aston.json("person", "show", str(made["id"]))
    assert shown["addresses"] == [
        {"channel": "telegram", "value": "40000001", "reachable": True},
        {"channel": "whatsapp", "value": "+22370000001", "reachable": True},
    ]
    assert shown["state"] == "active"
    assert shown["consent"]["how"] == "letter of 3 May"
    assert shown["calendar_url"].startswith("http://127.0.0.1:8000/calendar/")
    assert aston.json("person", "list") == [shown]
    store = open_store(aston.database)
    known = read(store, lambda db: person_of(db, "telegram", "40000001"))
    assert known is not None
    assert known.id == made["id"]
    store.close()


def test_links_lead_to_the_chat(quick: Griot, monkeypatch: pytest.MonkeyPatch) -> None:
    """WhatsApp's link has the code typed already."""
    monkeypatch.setenv("TWILIO_WHATSAPP_FROM", "+10000000000")
    invite = added(quick)["invite"]
    assert invite["whatsapp_url"] == f"https://wa.me/10000000000?text=JOIN%20{invite['code']}"


def test_a_silent_telegram_gives_no_link(quick: Griot, monkeypatch: pytest.MonkeyPatch) -> None:
    """The person is added all the same; why there is no link is said on standard error."""
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "100:fictitious")
    monkeypatch.setenv("TELEGRAM_API_URL", "http://127.0.0.1:9")
    result = quick("person", "add", *FATOU, "--json")
    assert result.exit_code == 0
    assert '"telegram_url": null' in result.stdout
    assert "No Telegram link" in result.stderr


def test_a_person_speaks_a_language_of_the_programme(griot: Griot) -> None:
    """Before a programme is loaded any language that Griot speaks will do."""
    officer = ("person", "add", "--name", "Fatou", "--role", "officer", "--language")
    assert griot(*officer, "ar").exit_code == 0
    assert griot("programme", "load", ORCHARD).exit_code == 0
    assert "Use one of fr, en." in griot.refused(*officer, "ar")
    assert griot(*officer, "en").exit_code == 0


def test_a_new_invite_is_a_new_code(aston: Griot) -> None:
    """`invite` prints what `add` printed, with another code."""
    made = added(aston)
    again = aston.json("person", "invite", str(made["id"]))
    assert again["id"] == made["id"]
    assert again["invite"]["code"] != made["invite"]["code"]


def test_pause_and_resume(aston: Griot) -> None:
    """A pause shows in the state until it is resumed."""
    id = str(added(aston, "--consent", "letter")["id"])
    until = str(now().date() + timedelta(days=30))
    assert aston.json("person", "pause", id, "--until", until)["state"] == "paused"
    assert aston.json("person", "resume", id)["state"] == "active"
    assert aston.json("person", "pause", id)["state"] == "paused"


def test_export_and_erase(aston: Griot) -> None:
    """Everything is told, then everything is gone."""
    id = str(added(aston, "--telegram", "40000001")["id"])
    told = aston.json("person", "export", id)
    assert told["person"]["name"] == "Fatou Exemple"
    assert len(told["invites"]) == 1
    erased = aston.json("person", "erase", id)
    assert (erased["state"], erased["name"], erased["addresses"]) == ("erased", "", [])
    assert "was erased" in aston.refused("person", "invite", id)


def test_a_sign_in_address_is_printed(quick: Griot, monkeypatch: pytest.MonkeyPatch) -> None:
    """It lies under BASE_URL."""
    monkeypatch.setenv("BASE_URL", "https://griot.example")
    id = str(added(quick)["id"])
    assert quick("person", "login-link", id).stdout.startswith("https://griot.example/sign-in/")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("--city", "atlantis"), "Use one of bamako", id="unknown city"),
        pytest.param(("--name", " "), "name is empty", id="no name"),
        pytest.param(("--telegram", "fatou"), "Write it like 40000001", id="no Telegram id"),
        pytest.param(("--whatsapp", "70000001"), "Write it like +223", id="no country code"),
        pytest.param(("--email", "fatou"), "Write it like a@example.org", id="no e-mail"),
    ],
)
def test_bad_input_is_one_line_and_adds_nobody(quick: Griot, words: tuple[str, ...], said: str) -> None:
    """The line says what is wrong and what would be right."""
    assert said in quick.refused("person", "add", *FATOU, *words)
    assert quick.json("person", "list") == []


@pytest.mark.parametrize("command", ["show", "invite", "pause", "resume", "export", "erase", "login-link"])
def test_unknown_people_are_refused(quick: Griot, command: str) -> None:
    """Every command names the number."""
    assert "no person 99" in quick.refused("person", command, "99")


def test_a_pause_that_is_over_is_refused(quick: Griot) -> None:
    """The last day must be to come."""
    id = str(added(quick)["id"])
    assert "2020-01-01" in quick.refused("person", "pause", id, "--until", "2020-01-01")


def test_a_database_without_tables_is_named(
    quick: Griot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The line says what to do."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'empty.db'}")
    assert "griot migrate" in quick.refused("person", "list", exit_code=1)
    monkeypatch.setenv("DATABASE_URL", "mysql://host/name")
    assert "DATABASE_URL" in quick.refused("person", "list")


def test_a_setting_that_is_no_value_is_named(quick: Griot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands that print data check what they use, and say which variable is wrong."""
    monkeypatch.setenv("PORT", "high")
    assert "PORT" in quick.refused("person", "list")
