"""Forms in languages and versions: what is missing, what weighs, what changed, what is no longer used."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest

from models.base import Db
from models.db import open_store, write
from models.person import add_person
from tests.unit.griot.conftest import Griot
from tests.unit.models.test_export import a_submission

FIRST = """
| survey |
| | type | name | label::English (en) | label::French (fr) | required | relevant |
| | select_one yes_no | met | Did you meet? | Réunion ? | yes | |
| | integer | people | How many? | | | ${met} = 'yes' |
| | text | place | Where? | Où ? | | |

| choices |
| | list_name | name | label::English (en) | label::French (fr) |
| | yes_no | yes | Yes | Oui |
| | yes_no | no | No | Non |

| settings |
| | form_title | form_id | version |
| | Meeting | meet | 1 |
"""
SECOND = (
    FIRST.replace("| meet | 1 |", "| meet | 2 |")
    .replace(
        "| | text | place | Where? | Où ? | | |\n", "| | text | topic | About what? | Sur quoi ? | yes | |\n"
    )
    .replace("Did you meet?", "Was there a meeting?")
    .replace("| | yes_no | no |", "| | yes_no | later | Later | Plus tard |\n| | yes_no | no |")
)
REORDERED = """
| survey |
| | type | name | label::English (en) | label::French (fr) |
| | text | topic | About what? | Sur quoi ? |
| | integer | people | How many? | Combien ? |
| | select_one yes_no | met | Did you meet? | Réunion ? |

| choices |
| | list_name | name | label::English (en) | label::French (fr) |
| | yes_no | yes | Yes | Oui |
| | yes_no | no | No | Non |

| settings |
| | form_title | form_id | version |
| | Meeting | meet | 2 |
"""
AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@pytest.fixture
def meet(tmp_path: Path) -> Path:
    """Return the path of the first version."""
    file = tmp_path / "meet.md"
    file.write_text(FIRST, encoding="utf-8")
    return file


def test_check_counts_what_each_language_lacks(quick: Griot, meet: Path) -> None:
    """With the rows: a table that the author can work through."""
    covered = quick.json("form", "check", meet)["coverage"]
    assert covered["en"]["labels"] == {"texts": 3, "missing": []}
    assert covered["fr"]["labels"] == {
        "texts": 3,
        "missing": [{"sheet": "survey", "row": 3, "column": "label"}],
    }
    assert covered["ar"]["choices"]["texts"] == len(covered["ar"]["choices"]["missing"]) == 2


def test_check_weighs_a_form(quick: Griot, meet: Path) -> None:
    """Messages of the shortest and longest way, and for each question what it takes on a phone."""
    meet.write_text(FIRST.replace("Where?", "W" * 161), encoding="utf-8")
    weight = quick.json("form", "check", meet)["weight"]
    assert weight["messages"] == {"shortest": 2, "longest": 3}
    met, _, place = weight["languages"]["en"]["questions"]
    text = "Did you meet?\n1. Yes\n2. No"
    sizes = {"label": 13, "characters": len(text), "bytes": len(text), "parts": 1, "over": False}
    assert met == {"path": "met", **sizes}
    assert (place["label"], place["parts"], place["over"]) == (161, 2, True)
    assert "place" in quick("form", "check", meet).stdout


def test_faults_are_told_in_the_officers_language(quick: Griot, meet: Path) -> None:
    """The same faults at the same places."""
    meet.write_text(FIRST.replace("${met} = 'yes'", "tody()"), encoding="utf-8")
    told = {
        language: quick.parsed(quick("form", "check", meet, "--json", "--language", language))["errors"]
        for language in ("en", "fr", "pt", "ar")
    }
    assert len({errors[0]["message"] for errors in told.values()}) == 4
    assert {(errors[0]["row"], errors[0]["column"]) for errors in told.values()} == {(3, "relevant")}
    assert all("tody" in errors[0]["message"] for errors in told.values())


def test_a_form_is_complete_or_has_a_fallback(griot: Griot, meet: Path) -> None:
    """Without a programme that records one, the officer names it; the first missing place of each is told."""
    result = griot("form", "add", meet)
    assert (result.exit_code, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 3
    assert "--fallback" in result.stderr
    assert "sw" in griot.refused("form", "add", meet, "--fallback", "sw")
    added = griot("form", "add", meet, "--fallback", "en")
    assert added.exit_code == 0
    assert added.stderr.count("warning:") == 3
    assert griot.json("form", "show", "meet")["version"] == "1"


def test_the_programme_may_record_the_fallback(quick: Griot, meet: Path) -> None:
    """ASToN's is English."""
    added = quick("form", "add", meet)
    assert added.exit_code == 0
    assert "English" in added.stderr


def test_what_changed_between_two_versions_is_shown(griot: Griot, meet: Path) -> None:
    """When it is added, and later."""
    griot("form", "add", meet, "--fallback", "en")
    first = griot("form", "changes", "meet", "--language", "pt")
    assert first.stdout.splitlines() == ["meet: a versão 1 é a primeira."]
    meet.write_text(SECOND, encoding="utf-8")
    added = griot("form", "add", meet, "--fallback", "en")
    assert added.stdout.splitlines()[0] == "meet, version 2"
    told = griot.json("form", "changes", "meet")
    assert (told["from"], told["to"]) == ("1", "2")
    assert [(one["change"], one["question"]) for one in told["changes"]] == [
        ("label", "met"),
        ("choice_added", "met"),
        ("added", "topic"),
        ("removed", "place"),
    ]
    assert told["changes"][0] == {
        "change": "label",
        "question": "met",
        "language": "en",
        "from": "Did you meet?",
        "to": "Was there a meeting?",
    }
    assert len(added.stdout.splitlines()) == 5
    again = griot("form", "changes", "meet", "--from", "1", "--to", "1", "--language", "fr")
    assert again.stdout.splitlines() == ["meet : de la version 1 à la version 1", "Rien n'a changé."]
    assert "9" in griot.refused("form", "changes", "meet", "--to", "9")


def test_columns_of_two_versions_merge_by_name(aston: Griot, meet: Path, tmp_path: Path) -> None:
    """In the newer order, though people answered in another; what was removed keeps its column at the end."""
    aston("form", "add", meet)
    meet.write_text(REORDERED, encoding="utf-8")
    assert aston("form", "add", meet).exit_code == 0

    def fill(db: Db) -> None:
        id = add_person(db, name="Awa Exemple", role="coordinator", language="fr", city="bamako", at=AT)
        for version, answers in (
            ("1", {"met": "yes", "people": 5, "place": "Hall"}),
            ("2", {"topic": "Roads", "people": 6, "met": "no"}),
        ):
            reference = f"BKO-2026-W48-{version}"
            a_submission(
                db, id, form="meet", form_version=version, reference=reference, period=None, answers=answers
            )

    store = open_store(aston.database)
    write(store, fill)
    store.close()
    head, *rows = csv.reader(aston("export", "submissions", "--format", "csv").stdout.splitlines())
    first = head.index("answers/topic")
    assert head[first:] == ["answers/topic", "answers/people", "answers/met", "answers/place"]
    assert [row[first:] for row in rows] == [["", "5", "yes", "Hall"], ["Roads", "6", "no", ""]]
    file = tmp_path / "all.xlsx"
    aston("export", "submissions", "--format", "xlsx", "--output", file)
    cells = list(openpyxl.load_workbook(file)["data"].iter_rows(values_only=True))
    assert [row[first:] for row in cells] == [
        tuple(head[first:]),
        (None, 5, "yes", "Hall"),
        ("Roads", 6, "no", None),
    ]


def test_any_stored_version_comes_back(griot: Griot, meet: Path, tmp_path: Path) -> None:
    """The original of each is kept."""
    griot("form", "add", meet, "--fallback", "en")
    meet.write_text(SECOND, encoding="utf-8")
    griot("form", "add", meet, "--fallback", "en")
    for version, question in (("1", "place"), ("2", "topic")):
        file = tmp_path / f"{version}.xlsx"
        assert griot("form", "export", "meet", "--version", version, "--output", file).exit_code == 0
        weight = griot.json("form", "check", file)["weight"]
        names = [one["path"] for one in weight["languages"]["en"]["questions"]]
        assert question in names
    assert "9" in griot.refused("form", "export", "meet", "--version", "9", "--output", tmp_path / "9.xlsx")


def test_a_form_can_be_retired_and_reopened(griot: Griot, meet: Path) -> None:
    """One of the rhythm cannot: it would be asked for all the same."""
    griot("programme", "load")
    griot("form", "add", meet)
    assert griot("form", "retire", "meet").exit_code == 0
    retired = {row["name"]: row["retired"] for row in griot.json("form", "list")}
    assert (retired["meet"], retired["weekly_update"]) == (True, False)
    assert griot("form", "reopen", "meet").exit_code == 0
    assert not any(row["retired"] for row in griot.json("form", "list"))
    assert "rhythm" in griot.refused("form", "retire", "weekly_update")
    assert "nothing" in griot.refused("form", "retire", "nothing")


@pytest.mark.parametrize("command", ["check", "add", "preview"])
def test_a_file_that_the_form_does_not_read_is_told(quick: Griot, tmp_path: Path, command: str) -> None:
    """As a warning with the mend, in the officer's language; the form is taken."""
    file, towns = tmp_path / "name.md", tmp_path / "lists" / "towns.csv"
    file.write_text("| survey |\n| | type | name | label |\n| | text | who | Who? |\n", encoding="utf-8")
    towns.parent.mkdir()
    towns.write_text("name,label\nbko,Bamako\n", encoding="utf-8")
    for language, said in (("en", "The form reads no towns.csv."), ("fr", "Le formulaire ne lit aucun")):
        result = quick("form", command, file, "--attach", towns, "--language", language)
        assert result.exit_code == 0
        (told,) = (line for line in result.stderr.splitlines() if "towns.csv" in line)
        assert said in told
    file.write_text("| survey |\n| | type | name |\n| | txt | who |\n", encoding="utf-8")
    assert "towns.csv" not in quick("form", command, file, "--attach", towns).stderr


def test_lists_beside_a_form_are_taken(quick: Griot, tmp_path: Path) -> None:
    """By the name that the form gives; others stay where they are."""
    file = tmp_path / "towns.md"
    file.write_text(
        "| survey |\n| | type | name | label |\n| | select_one_from_file towns.csv | town | Which town? |\n",
        encoding="utf-8",
    )
    (tmp_path / "towns.csv").write_text("name,label\nbko,Bamako\nkla,Kampala\n", encoding="utf-8")
    (tmp_path / "other.csv").write_text("no list at all", encoding="utf-8")
    added = quick("form", "add", file)
    assert added.exit_code == 0, added.stderr
    assert "with towns.csv" in added.stderr
    checked = quick("form", "check", file, "--language", "fr")
    assert checked.stderr.splitlines()[0] == "avec towns.csv, du même dossier"
    assert "other" not in added.stderr
    (town,) = quick.json("form", "show", "towns")["questions"]
    assert [choice["name"] for choice in town["choices"]] == ["bko", "kla"]
