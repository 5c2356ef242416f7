"""Tables: the same values in four formats, nothing that a spreadsheet would run."""

import csv
import io
import json
import zipfile
from collections.abc import Callable, Sequence

import openpyxl
import pytest

from reports.tables import FORMATS, Cell, Row, table, workbook

COLUMNS = ("reference", "nothing", "answers")
ROWS: list[Row] = [
    {
        "reference": "BKO-2026-W48-1",
        "nothing": False,
        "answers": {
            "status": "on_track",
            "people": 24,
            "spent": 12.5,
            "met_on": "2026-11-24",
            "help": ["call", "tool"],
            "photo": {"type": "image/jpeg", "name": "a.jpg", "size": 1200},
            "lines": [{"line": "staff", "spent": 3}, {"line": "travel", "spent": None}],
            "success": None,
        },
    },
    {"reference": "KLA-2026-W48-1", "nothing": True, "answers": {}},
]
FLAT = [
    "reference",
    "nothing",
    "answers/status",
    "answers/people",
    "answers/spent",
    "answers/met_on",
    "answers/help",
    "answers/photo/type",
    "answers/photo/name",
    "answers/photo/size",
    "answers/lines[1]/line",
    "answers/lines[1]/spent",
    "answers/lines[2]/line",
    "answers/lines[2]/spent",
    "answers/success",
]
NASTY = ["=1+1", "+22370000001", "-1", "@SUM(A1)", "\t=1", "http://example.org", "0012", "_x0041_", "{=1}"]


def cells(file: bytes) -> list[tuple[object, ...]]:
    sheet = openpyxl.load_workbook(io.BytesIO(file)).worksheets[0]
    return list(sheet.iter_rows(values_only=True))


def lines(file: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(file.decode(), newline="")))


def test_json_and_jsonl_keep_the_shapes() -> None:
    """Programs get the rows as they are."""
    assert json.loads(FORMATS["json"](ROWS, COLUMNS)) == ROWS
    assert [json.loads(line) for line in FORMATS["jsonl"](ROWS, COLUMNS).splitlines()] == ROWS
    assert json.loads(FORMATS["json"]([], COLUMNS)) == []
    assert FORMATS["jsonl"]([], COLUMNS) == b""


def test_a_flat_table_has_a_column_per_path() -> None:
    """Objects, repeats and lists find their place in columns named by path."""
    head, first, second = table(ROWS, COLUMNS)
    assert head == FLAT
    assert dict(zip(head, first, strict=True))["answers/help"] == "call tool"
    assert dict(zip(head, first, strict=True))["answers/lines[2]/line"] == "travel"
    assert second == ["KLA-2026-W48-1", True, *[None] * 13]


@pytest.mark.parametrize(
    ("rows", "head"),
    [
        pytest.param([], ["id", "answers"], id="no rows"),
        pytest.param([{"id": 1, "answers": {}}], ["id", "answers"], id="no answers"),
        pytest.param(
            [{"id": 1, "answers": {"a": 1, "c": 1}}, {"id": 2, "answers": {"a": 1, "b": 1, "c": 1, "d": 1}}],
            ["id", "answers/a", "answers/b", "answers/c", "answers/d"],
            id="a later version has more questions",
        ),
        pytest.param(
            [{"id": 1, "answers": None}, {"id": 2, "answers": {"a": 1}}],
            ["id", "answers/a"],
            id="once null, once an object",
        ),
    ],
)
def test_columns_are_merged(rows: list[Row], head: list[str]) -> None:
    """All versions of a form share one table, questions in the form's order."""
    assert table(rows, ("id", "answers"))[0] == head


def test_xlsx_keeps_types() -> None:
    """Numbers are numbers, booleans booleans, texts texts, what is missing is empty."""
    head, first, second = cells(FORMATS["xlsx"](ROWS, COLUMNS))
    assert list(head) == FLAT
    read = dict(zip(FLAT, first, strict=True))
    assert read["answers/people"] == 24
    assert read["answers/spent"] == 12.5
    assert read["answers/met_on"] == "2026-11-24"
    assert read["nothing"] is False
    assert read["answers/success"] is None
    assert second[1] is True


def test_csv_is_plain_utf_8() -> None:
    """No byte order mark, lines end as RFC 4180 has them, booleans as in JSON."""
    file = FORMATS["csv"]([{"reference": "é مرحبا", "nothing": False}], ("reference", "nothing"))
    assert file == "reference,nothing\r\né مرحبا,false\r\n".encode()


@pytest.mark.parametrize("text", NASTY)
def test_no_text_becomes_a_formula_or_a_link(text: str) -> None:
    """What a person wrote is text in every cell, letter by letter."""
    file = FORMATS["xlsx"]([{"text": text}], ("text",))
    cell = openpyxl.load_workbook(io.BytesIO(file)).worksheets[0]["A2"]
    assert (cell.data_type, cell.hyperlink, cell.value) == ("s", None, text)


@pytest.mark.parametrize("text", NASTY[:5])
def test_csv_guards_texts_that_look_like_formulas(text: str) -> None:
    """An apostrophe before = + - @ and tab; negative numbers stay numbers."""
    rows = lines(FORMATS["csv"]([{"text": text, "number": -5}], ("text", "number")))
    assert rows[1] == [f"'{text}", "-5"]


def test_head_cells_are_guarded_too() -> None:
    """A question's name cannot smuggle a formula in."""
    assert lines(FORMATS["csv"]([{"=1+1": "a"}], ()))[0] == ["'=1+1"]
    assert cells(FORMATS["xlsx"]([{"=1+1": "a"}], ()))[0] == ("=1+1",)


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_the_same_rows_are_the_same_bytes(name: str) -> None:
    """An export made twice is one file."""
    assert FORMATS[name](ROWS, COLUMNS) == FORMATS[name](ROWS, COLUMNS)


def test_a_workbook_does_not_tell_when_it_was_made() -> None:
    """No time of day inside: neither in the archive nor in the document's properties."""
    with zipfile.ZipFile(io.BytesIO(FORMATS["xlsx"](ROWS, COLUMNS))) as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}
        assert b"2000-01-01T00:00:00Z" in archive.read("docProps/core.xml")


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_control_characters_are_removed(name: str) -> None:
    """Tab and newline stay, everything else that cannot be seen goes; lone surrogates too."""
    file = FORMATS[name]([{"text": "a\x00b\x1b\tc\nd\ud800\x85"}], ("text",))
    read: dict[str, Callable[[], object]] = {
        "csv": lambda: lines(file)[1][0],
        "xlsx": lambda: cells(file)[1][0],
        "json": lambda: json.loads(file)[0]["text"],
        "jsonl": lambda: json.loads(file)["text"],
    }
    assert read[name]() == "ab\tc\nd"


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        pytest.param(10**15 - 1, 10**15 - 1, id="15 digits"),
        pytest.param(10**15, "1000000000000000", id="16 digits would be rounded"),
        pytest.param(-(10**20), "-100000000000000000000", id="negative"),
    ],
)
def test_long_numbers_lose_no_digit(value: int, stored: Cell) -> None:
    """Excel keeps 15 digits; a longer number is written as text."""
    assert cells(FORMATS["xlsx"]([{"n": value}], ("n",)))[1] == (stored,)


def test_a_workbook_has_the_sheets_given() -> None:
    """Several sheets in one file, in order."""
    sheets: dict[str, Sequence[Sequence[Cell]]] = {"survey": [["type"], ["text"]], "settings": [["form_id"]]}
    book = openpyxl.load_workbook(io.BytesIO(workbook(sheets)))
    assert book.sheetnames == ["survey", "settings"]
    assert book["survey"]["A2"].value == "text"
