"""`griot broadcast`: who gets it, and what is refused."""

from pathlib import Path

import pytest

from griot.clock import now
from models.base import Db
from models.consent import record_consent
from models.db import open_store, write
from models.person import add_person
from tests.unit.griot.conftest import Griot

TEXTS = "fr: Démo, le bureau est fermé.\nen: Demo, the office is closed.\n"


def a_person(db: Db, city: str, language: str, agreed: bool = True) -> int:
    person = add_person(
        db,
        name="Demo",
        role="coordinator",
        city=city,
        language=language,
        addresses={"telegram": f"6000{len(city)}"},
        at=now(),
    )
    consent = {"version": "1", "language": language, "channel": "chat", "how": "demo"}
    record_consent(db, person, agreed=agreed, **consent, at=now())
    return person


@pytest.fixture
def said(aston: Griot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file of texts; two coordinators have agreed and one refused."""
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "1:demo")
    store = open_store(aston.database)
    people = (("bamako", "fr", True), ("kampala", "en", True), ("nouakchott", "ar", False))
    write(store, lambda db: [a_person(db, *each) for each in people])
    store.close()
    file = tmp_path / "said.yaml"
    file.write_text(TEXTS, "utf-8")
    return file


def test_everybody_who_agreed_gets_it_once(aston: Griot, said: Path) -> None:
    """In the language of each; the same name again adds nothing, another does."""
    assert aston.json("broadcast", "closed", said) == {"name": "closed", "queued": 2, "people": 2}
    assert aston("broadcast", "closed", said).stdout == "0 queued, of 2 people who agreed\n"
    assert aston.json("broadcast", "open", said, "--city", "bamako")["queued"] == 1
    told = [row for row in aston.json("export", "messages") if row["kind"] == "broadcast"]
    assert [row["text"][:4] for row in told] == ["Démo", "Demo", "Démo"]
    assert {row["state"] for row in told} == {"queued"}


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
    assert told in aston.refused("broadcast", name, said, *more)
    assert aston.json("export", "messages") == []
