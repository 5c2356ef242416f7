"""`griot form preview`: a form as each channel would show it; nothing is stored."""

import re
from pathlib import Path

import pytest

from bot.questions import TYPES
from tests.programmes import ASTON
from tests.unit.griot.conftest import Griot

DOCS = ASTON.parents[1] / "docs"
MEETING = ASTON / "forms" / "lag_meeting.md"


def test_every_language_of_the_form_is_shown(quick: Griot) -> None:
    told = quick("form", "preview", MEETING).stdout
    assert told.count("== lag_meeting, version") == 4
    assert "1/9 Date of the meeting?" in told
    assert "1/9 ما تاريخ الاجتماع؟" in told


def test_a_channel_is_shown_as_it_would_show_it(quick: Griot) -> None:
    """Buttons on Telegram, parts and characters by SMS; a text is printed once."""
    told = quick("form", "preview", MEETING, "--language", "fr").stdout
    asked = told.split("-- mode (select_one)\n")[1].split("\n\n")[0].splitlines()
    assert asked[0] == "[telegram] 3 boutons"
    assert asked[-2] == "[whatsapp] comme sur telegram"
    assert asked[-1].startswith("[sms] 1 partie, ")


def test_a_last_button_is_shown(quick: Griot) -> None:
    """One that skips, in place of the words that a channel without buttons has."""
    form = ("form", "preview", ASTON / "forms" / "weekly_update.md", "--language", "fr")
    told = quick(*form).stdout.split("-- success (text)\n")[1].split("\n\n")[0].splitlines()
    assert (told[0], told[2]) == ("[telegram] 1 bouton", "[Passer]")
    assert told[4].endswith("(- pour passer)")
    asked = {one["path"]: one["channels"] for one in quick.json(*form)["languages"]["fr"]}
    assert (asked["success"]["telegram"]["last"], asked["success"]["sms"]["last"]) == ("Passer", "")


def test_one_language_and_channel_as_json(quick: Griot) -> None:
    shown = quick.json("form", "preview", MEETING, "--language", "pt", "--channel", "sms")
    assert (shown["form"], list(shown["languages"])) == ("lag_meeting", ["pt"])
    first = shown["languages"]["pt"][0]
    assert (first["path"], first["type"], first["conditional"]) == ("met_on", "date", False)
    assert list(first["channels"]) == ["sms"]
    assert first["channels"]["sms"]["text"].startswith("1/9 Data da reuni")


@pytest.mark.parametrize("name", ["broken.md", "missing.md"])
def test_a_form_that_cannot_be_read_is_refused(quick: Griot, tmp_path: Path, name: str) -> None:
    (tmp_path / "broken.md").write_text("| survey |\n| | type | name |\n| | unheard | q |\n")
    told = quick("form", "preview", tmp_path / name)
    assert (told.exit_code, told.stdout) == (2, "")
    assert len(told.stderr.splitlines()) == 1


def test_a_list_that_is_attached_is_offered(quick: Griot, tmp_path: Path) -> None:
    """From another folder too; without it the question is asked as text."""
    head = "| survey |\n| | type | name | label |\n"
    file, towns = tmp_path / "town.md", tmp_path / "lists" / "towns.csv"
    file.write_text(f"{head}| | select_one_from_file towns.csv | town | Which town? |\n", encoding="utf-8")
    towns.parent.mkdir()
    towns.write_text("name,label\nbko,Bamako\n", encoding="utf-8")
    assert "Bamako" in quick("form", "preview", file, "--attach", towns).stdout
    assert "Bamako" not in quick("form", "preview", file).stdout


def test_faults_are_told_in_the_language_that_is_asked_for(quick: Griot, tmp_path: Path) -> None:
    (tmp_path / "f.md").write_text("| survey |\n| | type | name |\n| | unheard | q |\n", encoding="utf-8")
    told = quick("form", "preview", tmp_path / "f.md", "--language", "fr").stderr
    assert told.startswith("feuille survey, ligne 2, colonne type")


def test_the_example_of_the_guide_is_complete(quick: Griot) -> None:
    """Every question type of docs/forms.md stands in it, in four languages, without a warning."""
    form = DOCS / "examples" / "market_visit.md"
    checked = quick.json("form", "check", form)
    assert (checked["ok"], checked["languages"], checked["warnings"]) == (True, ["en", "fr", "pt", "ar"], [])
    shown = quick.json("form", "preview", form, "--language", "fr", "--channel", "sms")
    types = {each["type"] for each in shown["languages"]["fr"]}
    assert types >= set(TYPES)


@pytest.mark.parametrize("guide", ["forms.md", "forms.fr.md"])
def test_every_picture_of_the_guide_is_of_a_phone(guide: str) -> None:
    """Both guides show the same questions, each in its language."""
    shown = re.findall(r"\]\((pictures/forms/\w+/\w+\.png)\)", (DOCS / guide).read_text(encoding="utf-8"))
    assert len(shown) >= len(TYPES)
    assert {(DOCS / each).read_bytes()[:4] for each in shown} == {b"\x89PNG"}
