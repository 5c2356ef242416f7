"""Form files are read in a process of its own: what would hurt it is refused, what it says comes back."""

import subprocess
import sys
import zipfile
from collections.abc import Callable
from io import BytesIO

import psutil
import pytest

from bot.forms.read import read_file
from bot.sentence import Sentence
from griot.reading import FileReader, read_apart
from reports.tables import workbook
from tests.programmes import ASTON, files_of
from tests.xlsform import choices, survey

CONTENT = (
    b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%b'
    b"</sheetData></worksheet>"
)


def with_sheet(content: bytes) -> bytes:
    """Return a workbook whose one sheet is these bytes."""
    made = BytesIO()
    source = zipfile.ZipFile(BytesIO(workbook({"survey": [["type"]]})))
    with source, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as written:
        for entry in source.infolist():
            is_sheet = entry.filename == "xl/worksheets/sheet1.xml"
            written.writestr(entry.filename, content if is_sheet else source.read(entry))
    return made.getvalue()


def a_row(number: int, *texts: bytes) -> bytes:
    """Return a row of inline texts."""
    cells = b"".join(
        b'<c r="%c%d" t="inlineStr"><is><t>%b</t></is></c>' % (65 + column, number, text)
        for column, text in enumerate(texts)
    )
    return b'<row r="%d">%b</row>' % (number, cells)


def large_cell() -> bytes:
    """Return a workbook with one cell of 60 MB, in a file of 60 kB."""
    return with_sheet(CONTENT % a_row(1, b"x" * 60_000_000))


def many_rows() -> bytes:
    """Return a workbook of 100,000 questions."""
    return with_sheet(CONTENT % b"".join(a_row(n, b"text", b"q", b"Q") for n in range(1, 100_001)))


def many_questions() -> bytes:
    """Return a workbook of 15,000 questions: the size would do for choices."""
    return with_sheet(CONTENT % b"".join(a_row(n, b"text", b"q", b"Q") for n in range(1, 15_001)))


def entities() -> bytes:
    """Return a workbook whose sheet declares entities that grow."""
    nested = b"".join(b'<!ENTITY e%d "%b">' % (n, b"&e%d;" % (n - 1) * 10) for n in range(1, 9))
    return with_sheet(
        b'<!DOCTYPE x [<!ENTITY e0 "aaaaaaaaaa">%b]>' % nested + CONTENT % a_row(1, b"type", b"&e8;")
    )


def repeated_text() -> bytes:
    """Return a workbook with one text of 30,000 characters in 30,000 cells: it is stored once."""
    text = "a  b\u00a0" * 6_000  # the reader makes a copy of each, with single spaces
    languages = [f"label::{number}" for number in range(30)]
    rows = [["text", f"q{number}", *[text] * 30] for number in range(1_000)]
    return workbook({"survey": [["type", "name", *languages], *rows]})


def many_lines() -> bytes:
    """Return a Markdown table of 40,000 lines."""
    return survey(*("text | q | Q" for _ in range(40_000))).encode()


def many_bars() -> bytes:
    """Return a Markdown table with one line of 2 million bars."""
    return b"| survey |\n" + b"|" * 2_000_000


@pytest.mark.parametrize(
    ("bomb", "name", "code"),
    [
        pytest.param(large_cell, "f.xlsx", "too_large", id="a cell"),
        pytest.param(many_rows, "f.xlsx", "too_large", id="rows"),
        pytest.param(many_questions, "f.xlsx", "too_large", id="questions"),
        pytest.param(entities, "f.xlsx", "xlsform", id="entities"),
        pytest.param(many_lines, "f.md", "too_large", id="lines"),
        pytest.param(many_bars, "f.md", "too_large", id="bars"),
        pytest.param(lambda: b"\0" * 3_000_000, "f.xls", "too_large", id="an old workbook"),
    ],
)
def test_a_bomb_is_refused_and_costs_this_process_nothing(
    bomb: Callable[[], bytes], name: str, code: str
) -> None:
    """The sizes are read before anything is opened; what is opened is opened elsewhere."""
    file = bomb()
    before = psutil.Process().memory_info().rss
    reading = read_apart({name: file})[name]
    grown = psutil.Process().memory_info().rss - before
    assert [problem.code for problem in reading.problems] == [code]
    assert grown < 20 * 1024 * 1024


def test_what_is_read_apart_is_what_is_read_here() -> None:
    """Forms, warnings, faults and outlines come back whole; sentences can still be said in any language."""
    wrong = survey("text | a | A | tody()", "txt | b | B |", columns="type | name | label | relevant")
    right = survey("select_one yn | a | A", "geotrace | b | B") + choices("yn | y | Yes")
    files = {"right.md": right.encode(), "wrong.md": wrong.encode()}
    apart = read_apart({**files, "none.pdf": b""})
    for name, content in files.items():
        here, there = read_file(content, name), apart[name]
        assert (there.form, there.problems) == (here.form, here.problems)
        assert here.outline is not None
        assert there.outline is not None
        assert (there.outline.texts, there.outline.choices) == (here.outline.texts, here.outline.choices)
        assert there.outline.fault("tody()") == here.outline.fault("tody()") is not None
    assert read_file(right.encode(), "right.md").form is not None
    assert apart["right.md"].form is not None
    assert "asked as text" in str(apart["right.md"].form.warnings)
    (problem,) = apart["none.pdf"].problems
    assert isinstance(problem.message, Sentence)


def test_a_form_that_kills_its_reader_is_the_only_one_refused() -> None:
    """Its neighbours are read by the next process."""
    good = survey("text | a | A").encode()
    read = read_apart({"a.md": good, "b.xlsx": repeated_text(), "c.md": good})
    assert [read[name].form is not None for name in ("a.md", "c.md")] == [True, True]
    assert [problem.code for problem in read["b.xlsx"].problems] == ["too_large"]


def test_a_reader_reads_each_file_once() -> None:
    """The programme's forms are asked for twice: when they are checked, and when they are loaded."""
    reader, files = FileReader(), {"forms/weekly_update.md": files_of(ASTON)["forms/weekly_update.md"]}
    first = reader(files)
    assert reader(files)["forms/weekly_update.md"] is first["forms/weekly_update.md"]


def test_this_process_never_imports_the_reader_of_others() -> None:
    """It costs 12 MiB and a second, and what it does with a file is not ours."""
    program = (
        "import sys\nfrom griot.reading import read_apart\n"
        f"read = read_apart({{'f.md': {survey('text | a | A').encode()!r}}})['f.md']\n"
        "assert read.form is not None\nassert 'pyxform' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
