"""`griot form`: XLSForm files in and out."""

from pathlib import Path

import openpyxl
import pytest

from bot.forms.places import place_of
from bot.forms.read import read_form
from tests.programmes import ASTON
from tests.unit.griot.conftest import Griot

DOCS = ASTON.parent.parent / "docs"
WEEKLY = ASTON / "forms" / "weekly_update.md"
TINY = """
| survey |
| | type | name | label::English (en) | label::French (fr) | required | relevant | constraint |
| | select_one yes_no | met | Did you meet? | Réunion ? | yes | | |
| | integer | people | How many? | Combien ? | ${met} = 'yes' | ${met} = 'yes' | . > 0 |
| | note | thanks | Thank you. | Merci. | | | |

| choices |
| | list_name | name | label::English (en) | label::French (fr) |
| | yes_no | yes | Yes | Oui |
| | yes_no | no | No | Non |

| settings |
| | form_title | form_id | version |
| | A tiny form | Tiny-Form | 7 |
"""


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """Return the path of a form with three rows."""
    file = tmp_path / "tiny.md"
    file.write_text(TINY, encoding="utf-8")
    return file


def test_check_says_what_a_form_holds(quick: Griot, tiny: Path) -> None:
    """Notes are no questions; the name is folded."""
    told = quick.json("form", "check", tiny)
    assert told == {
        "ok": True,
        "form": "tiny_form",
        "questions": 2,
        "languages": ["en", "fr"],
        "errors": [],
        "warnings": [],
        "coverage": told["coverage"],
        "weight": told["weight"],
    }


def test_the_documents_show_what_check_prints(quick: Griot) -> None:
    """docs/commands.md shows the command and its own words."""
    told = quick("form", "check", WEEKLY).stdout
    shown = (DOCS / "commands.md").read_text(encoding="utf-8")
    assert f"$ griot form check programmes/aston/forms/weekly_update.md\n{told}$ griot form export" in shown


def test_parts_of_sms_are_those_that_leave(quick: Griot, tiny: Path) -> None:
    """Accents that would cost a part are left out there, as the channel does; Arabic has no such letters."""

    def parts(label: str) -> int:
        tiny.write_text(TINY.replace("Combien ?", label), encoding="utf-8")
        questions = quick.json("form", "check", tiny)["weight"]["languages"]["fr"]["questions"]
        found: int = next(one["parts"] for one in questions if one["path"] == "people")
        return found

    assert (parts("ê" * 90), parts("كم" * 45)) == (1, 2)


def test_check_names_every_fault(quick: Griot, tiny: Path) -> None:
    """Sheet, row and column as the author sees them; exit 2 and one line a fault without --json."""
    tiny.write_text(TINY.replace(". > 0", ". > tody()").replace("${met} = 'yes' |", "${mett} = 'yes' |", 1))
    result = quick("form", "check", tiny)
    assert (result.exit_code, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) >= 2
    told = quick("form", "check", tiny, "--json")
    assert told.exit_code == 2
    places = {(error["sheet"], error["row"]) for error in quick.parsed(told)["errors"]}
    assert places == {("survey", 3)}
    assert {error["column"] for error in quick.parsed(told)["errors"]} >= {"constraint"}
    assert all(error["mend"] for error in quick.parsed(told)["errors"])


def test_add_then_list_and_show(griot: Griot, tiny: Path) -> None:
    """The printed name is the one that other commands take."""
    assert griot.json("form", "add", tiny, "--fallback", "en") == {"name": "tiny_form", "version": "7"}
    assert griot.json("form", "list") == [
        {
            "name": "tiny_form",
            "title": "A tiny form",
            "version": "7",
            "languages": ["en", "fr"],
            "retired": False,
            "versions": ["7"],
        }
    ]
    shown = griot.json("form", "show", "tiny_form")
    assert set(shown) == {"name", "title", "version", "languages", "questions"}
    met, people, thanks = shown["questions"]
    assert met == {
        "path": "met",
        "type": "select_one",
        "label": {"en": "Did you meet?", "fr": "Réunion ?"},
        "required": True,
        "relevant": None,
        "constraint": None,
        "choices": [
            {"name": "yes", "label": {"en": "Yes", "fr": "Oui"}},
            {"name": "no", "label": {"en": "No", "fr": "Non"}},
        ],
    }
    assert people["required"] not in {True, False}
    assert people["relevant"]
    assert people["constraint"]
    assert (thanks["type"], thanks["required"]) == ("note", False)


def test_a_published_version_never_changes(griot: Griot, tiny: Path) -> None:
    """The same file again is fine; other content under the same version is refused."""
    griot.json("form", "add", tiny, "--fallback", "en")
    griot.json("form", "add", tiny, "--fallback", "en")
    tiny.write_text(TINY.replace("How many?", "How many came?"), encoding="utf-8")
    assert "version" in griot.refused("form", "add", tiny, "--fallback", "en")
    tiny.write_text(TINY.replace("| 7 |", "| 8 |"), encoding="utf-8")
    assert griot.json("form", "add", tiny, "--fallback", "en")["version"] == "8"
    assert griot.json("form", "show", "tiny_form")["version"] == "8"


def test_export_writes_a_spreadsheet_of_texts(quick: Griot, tmp_path: Path) -> None:
    """The three sheets of XLSForm, every cell a text, and the same form when it is read again."""
    file = tmp_path / "weekly.xlsx"
    assert quick("form", "export", "weekly_update", "--output", file).exit_code == 0
    book = openpyxl.load_workbook(file)
    assert book.sheetnames == ["survey", "choices", "settings"]
    kinds = {cell.data_type for row in book["choices"].iter_rows() for cell in row if cell.value is not None}
    assert kinds == {"s"}
    original = read_form(WEEKLY.read_bytes(), WEEKLY.name)
    again = read_form(file.read_bytes(), file.name)
    assert (again, again.questions, again.languages) == (original, original.questions, original.languages)
    second = tmp_path / "again.xlsx"
    quick("form", "export", "weekly_update", "--output", second)
    assert second.read_bytes() == file.read_bytes()


def test_an_exported_form_is_the_same_form(quick: Griot, tmp_path: Path) -> None:
    """Given back untouched it is the version that is published; with a change it is refused."""
    file = tmp_path / "weekly.xlsx"
    quick("form", "export", "weekly_update", "--output", file)
    assert quick.json("form", "add", file) == {"name": "weekly_update", "version": "2"}
    book = openpyxl.load_workbook(file)
    book["choices"]["C2"] = "Another label"
    book.save(file)
    assert "other content" in quick.refused("form", "add", file)


def test_a_stored_workbook_comes_back_as_it_was(quick: Griot, tiny: Path, tmp_path: Path) -> None:
    """What somebody made in a spreadsheet program keeps its looks."""
    quick.json("form", "add", tiny)
    quick("form", "export", "tiny_form", "--output", tmp_path / "made.xlsx")
    book = openpyxl.load_workbook(tmp_path / "made.xlsx")
    book["settings"]["C2"] = "8"
    book.save(tmp_path / "changed.xlsx")
    assert quick.json("form", "add", tmp_path / "changed.xlsx") == {"name": "tiny_form", "version": "8"}
    quick("form", "export", "tiny_form", "--output", tmp_path / "back.xlsx")
    assert (tmp_path / "back.xlsx").read_bytes() == (tmp_path / "changed.xlsx").read_bytes()


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("form", "show", "nothing"), id="show"),
        pytest.param(("form", "export", "nothing", "--output", "x.xlsx"), id="export"),
        pytest.param(("form", "check", "nothing.md"), id="check"),
        pytest.param(("form", "add", "nothing.md"), id="add"),
        pytest.param(("form", "add", "."), id="a folder"),
    ],
)
def test_unknown_names_are_one_line(quick: Griot, words: tuple[str, ...]) -> None:
    """What is not there is named."""
    assert words[2] in quick.refused(*words)


def test_a_file_that_cannot_be_written_is_a_failure(quick: Griot, tmp_path: Path) -> None:
    """The reason is the system's own."""
    missing = tmp_path / "missing" / "f.xlsx"
    assert "No such file" in quick.refused(
        "form", "export", "weekly_update", "--output", missing, exit_code=1
    )


@pytest.mark.parametrize(
    ("where", "place"),
    [
        pytest.param("survey, row 5, relevant", ("survey", 5, "relevant"), id="a cell"),
        pytest.param("survey, row 34", ("survey", 34, None), id="a row"),
        pytest.param("choices", ("choices", None, None), id="a sheet"),
        pytest.param(
            "f.md, sheet settings, column version", ("settings", None, "version"), id="with the file"
        ),
        pytest.param("file", (None, None, None), id="the file"),
        pytest.param("form", (None, None, None), id="the form"),
    ],
)
def test_places_are_taken_apart(where: str, place: tuple[str | None, int | None, str | None]) -> None:
    """What a problem calls its place becomes sheet, row and column."""
    assert place_of(where) == place
