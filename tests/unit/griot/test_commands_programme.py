"""`griot programme`: every fault at once, and loading again changes nothing."""

import shutil
from pathlib import Path

from tests.programmes import ASTON, ORCHARD
from tests.unit.griot.conftest import Griot


def test_the_default_programme_loads(griot: Griot) -> None:
    """Without a folder the one of GRIOT_PROGRAMME is loaded; twice is as good as once."""
    first = griot.json("programme", "load")
    assert first == {
        "ok": True,
        "programme": "aston",
        "cities": 11,
        "milestones": 16,
        "forms": 9,
        "rules": first["rules"],
        "errors": [],
    }
    cities = griot.json("export", "cities")
    assert griot.json("programme", "load") == first
    assert griot.json("export", "cities") == cities
    assert [row["city"] for row in cities][:2] == ["bamako", "benguerir"]
    assert {row["state"] for row in cities} == {"active"}


def test_another_folder_can_be_named(griot: Griot) -> None:
    """Nothing of ASToN is in the code."""
    assert griot.json("programme", "check", ORCHARD)["ok"] is True
    assert griot("programme", "load", ORCHARD).exit_code == 0
    assert len(griot.json("form", "list")) >= 1


def test_faults_are_named_all_at_once(griot: Griot, tmp_path: Path) -> None:
    """Each has its file, place and mend, one line each; nothing is loaded."""
    folder = tmp_path / "broken"
    shutil.copytree(ASTON, folder)
    cities = (folder / "cities.yaml").read_text(encoding="utf-8")
    broken = cities.replace("timezone: Africa/Bamako", "timezone: Africa/Nowhere").replace(
        "code: KLA", "code: x"
    )
    assert broken != cities
    (folder / "cities.yaml").write_text(broken, encoding="utf-8")
    result = griot("programme", "load", folder)
    assert (result.exit_code, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) >= 2
    assert all("cities.yaml" in line for line in result.stderr.splitlines())
    assert griot.json("export", "cities") == []


def test_a_form_that_stays_behind_a_newer_one_is_noted(griot: Griot, tmp_path: Path) -> None:
    """The load is a success all the same, and its JSON is only on standard output."""
    assert griot("programme", "load", ORCHARD).stderr == ""
    newer = (ORCHARD / "forms" / "harvest_note.md").read_text(encoding="utf-8")
    (tmp_path / "harvest_note.md").write_text(newer.replace("_note | 1 |", "_note | 2 |"), encoding="utf-8")
    added = griot("form", "add", tmp_path / "harvest_note.md", "--fallback", "fr")  # it has two languages
    assert added.exit_code == 0
    result = griot("programme", "load", ORCHARD, "--json")
    assert (result.exit_code, griot.parsed(result)["ok"]) == (0, True)
    assert result.stderr == (
        "note: forms/harvest_note.md is version 1 of harvest_note; version 2 stays the current one.\n"
    )


def test_a_missing_folder_is_one_line(griot: Griot, tmp_path: Path) -> None:
    """The folder is named."""
    assert "nowhere" in griot.refused("programme", "check", tmp_path / "nowhere")
