"""Text files of forms, whatever program wrote them."""

import codecs

import pytest

from bot.forms.decoding import text_of_file
from bot.forms.form import FormError

TABLE = "survey\n,type,name,label\n,text,a,Où ?\n"
SEMICOLONS = TABLE.replace(",", ";")


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(TABLE.encode(), id="UTF-8"),
        pytest.param(codecs.BOM_UTF8 + TABLE.encode(), id="a byte order mark"),
        pytest.param(codecs.BOM_UTF16_LE + TABLE.encode("utf-16-le"), id="UTF-16, as Excel's Unicode text"),
        pytest.param(codecs.BOM_UTF16_BE + TABLE.encode("utf-16-be"), id="UTF-16, the other way round"),
        pytest.param(SEMICOLONS.encode(), id="semicolons"),
        pytest.param(SEMICOLONS.replace("survey", "survey;;;").encode(), id="semicolons to the end"),
        pytest.param(TABLE.replace(",", "\t").encode(), id="tabs"),
    ],
)
def test_a_table_is_the_same_however_it_is_written(file: bytes) -> None:
    """Cells stand between commas, and accents are whole."""
    rows = [line.rstrip(",") for line in text_of_file(file, ".csv").splitlines()]
    assert rows == TABLE.splitlines()


@pytest.mark.parametrize("encoding", ["cp1252", "mac_roman"])
def test_a_file_of_an_old_encoding_is_refused_with_the_mend(encoding: str) -> None:
    """Guessing would put wrong letters on phones."""
    with pytest.raises(FormError) as refused:
        text_of_file(TABLE.encode(encoding), ".csv")
    (problem,) = refused.value.problems
    assert problem.code == "not_utf8"
    assert "CSV UTF-8" in problem.mend


@pytest.mark.parametrize(
    "cell",
    [
        pytest.param("regex(., 'a|b')", id="in quotes"),
        pytest.param("yes|no", id="without spaces"),
        pytest.param(r"regex(., 'a\|b')", id="escaped already"),
    ],
)
def test_a_bare_bar_is_kept_inside_its_cell(cell: str) -> None:
    """A border has a space beside it."""
    head = "| survey |\n| | type | name | constraint |\n"
    text = text_of_file(f"{head}| | text | a | {cell} |\n".encode(), ".md")
    escaped = cell if "\\|" in cell else cell.replace("|", "\\|")
    assert f"| {escaped} |" in text


def test_a_row_with_too_many_cells_is_refused_by_its_number() -> None:
    """When nothing tells which bar is text."""
    with pytest.raises(FormError) as refused:
        text_of_file(b"| survey |\n| | type | name |\n| | text | a | b | c |\n", ".md")
    (problem,) = refused.value.problems
    assert (problem.code, problem.where) == ("cells", "survey, row 2")


def test_rows_of_markdown_may_begin_at_once() -> None:
    """Where the head has no blank cell under the sheet's name; a sheet of its own keeps its form."""
    written = (
        "| survey |\n| type | name | label |\n|---|---|---|\n| text | a | A |\n| | b | B |\n\n"
        "| settings |\n| | form_id |\n| | f |\n"
    )
    assert text_of_file(written.encode(), ".md").splitlines() == [
        "| survey |",
        "| | type | name | label |",
        "| |---|---|---|",
        "| | text | a | A |",
        "| | | b | B |",
        "",
        "| settings |",
        "| | form_id |",
        "| | f |",
    ]
