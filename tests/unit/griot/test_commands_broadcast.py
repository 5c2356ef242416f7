"""`griot broadcast`: who gets it, and what is refused."""

from pathlib import Path

import pytest

from griot.clock import now
from models.base import Db
from models.consent import record_consent
from models.db import open_store, write
from models.person import add_person
from tests.unit.griot.conftest import Griot

BY = ("--by", "4")
TEXTS = "fr: Démo, le bureau est fermé.\nen: Demo, the office is closed.\n"


def a_person(db: Db, city: str, language: str, agreed: bool = True, **addresses: str) -> int:
    person = add_person(
        db,
        name="Demo",
        role="coordinator",
        city=city,
        language=language,
        addresses=addresses or {"telegram": f"6000{len(city)}"},
        at=now(),
    )
    consent = {"version": "1", "language": language, "channel": "chat", "how": "demo"}
    record_consent(db, person, agreed=agreed, **consent, at=now())
    return person


@pytest.fixture
def said(aston: Griot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file of texts; two coordinators have agreed and one refused, and person 4 is an officer."""
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "1:demo")
    store = open_store(aston.database)
    people = (("bamako", "fr", True), ("kampala", "en", True), ("nouakchott", "ar", False))
    write(store, lambda db: [a_person(db, *each) for each in people])
    officer = {"name": "Ada Exemple", "role": "officer", "city": None, "language": "en"}
    write(store, lambda db: add_person(db, **officer, at=now()))
    store.close()
    file = tmp_path / "said.yaml"
    file.write_text(TEXTS, "utf-8")
    return file


def test_everybody_who_agreed_gets_it_once(aston: Griot, said: Path) -> None:
    """In the language of each; the same name again adds nothing, another does."""
    found = aston.json("broadcast", "closed", said, *BY)
    assert found == {"name": "closed", "queued": 2, "people": 2, "missed": []}
    assert aston("broadcast", "closed", said, *BY).stdout == "0 queued, of 2 people who agreed\n"
    assert aston.json("broadcast", "open", said, *BY, "--city", "bamako")["queued"] == 1
    told = [row for row in aston.json("export", "messages") if row["kind"] == "broadcast"]
    assert [row["text"][:4] for row in told] == ["Démo", "Demo", "Démo"]
    assert {row["state"] for row in told} == {"queued"}


def test_a_trace_tells_by_whom(aston: Griot, said: Path) -> None:
    """By number, and by name where names are asked for; and of no message that nobody had sent."""
    aston("broadcast", "closed", said, *BY)
    told = aston("trace", "broadcast:closed:1").stdout
    assert "Person 4 had it sent." in told
    assert "Ada" not in told
    assert "Person 4 is Ada Exemple." in aston("trace", "broadcast:closed:1", "--names").stdout


def test_who_cannot_be_reached_is_listed(aston: Griot, said: Path) -> None:
    """No template says it: whose WhatsApp window is closed, and who has no other way, gets none."""
    store = open_store(aston.database)
    write(store, lambda db: a_person(db, "niamey", "fr", whatsapp="+2279000001"))
    store.close()
    told = aston("broadcast", "closed", said, *BY).stdout.splitlines()
    assert told == ["2 queued, of 3 people who agreed", "no way to person 5 of niamey: channel_off"]
    [missed] = aston.json("broadcast", "closed", said, *BY)["missed"]
    assert missed == {"person": 5, "city": "niamey", "reason": "channel_off"}


@pytest.mark.parametrize("by", ["1", "99"], ids=["a coordinator", "nobody"])
def test_an_officer_says_it(aston: Griot, said: Path, by: str) -> None:
    """Who had it sent is an officer or an admin."""
    assert "neither officer nor admin" in aston.refused("broadcast", "closed", said, "--by", by)


@pytest.mark.parametrize(
    ("words", "text", "told"),
    [
        pytest.param(("Closed!",), TEXTS, "no name", id="name"),
        pytest.param(("closed", "--city", "atlantis"), TEXTS, "no city", id="city"),
        pytest.param(("closed",), "fr: Démo\n", "reads en", id="a language is missing"),
        pytest.param(("closed",), "fr: Démo\nde: Demo\n", "each language", id="another language"),
        pytest.param(("closed",), "fr: ''\nen: Demo\n", "fr: a text", id="no text"),
        pytest.param(("closed",), "fr: [1]\nen: Demo\n", "fr: a text", id="a list"),
        pytest.param(("closed",), "Demo", "each language", id="no mapping"),
        pytest.param(("closed",), "fr: 'Demo", "YAML", id="syntax"),
        pytest.param(("closed",), "fr: " + 2000 * "a" + "\nen: Demo\n", "fr: a text", id="long"),
    ],
)
def test_what_is_refused(aston: Griot, said: Path, words: tuple[str, ...], text: str, told: str) -> None:
    """One line says what is wrong, and nothing is queued."""
    said.write_text(text, "utf-8")
    name, *more = words
    assert told in aston.refused("broadcast", name, said, *BY, *more)
    assert aston.json("export", "messages") == []
