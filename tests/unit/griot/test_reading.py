"""Form files are read in a process of its own: what would hurt it is refused, what it says comes back."""

import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from io import BytesIO
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from struct import pack

import psutil
import pytest

from bot.forms.read import read_file
from bot.forms.sheet import NOTHING, Sheet
from bot.sentence import Sentence
from griot.reading import MOST_KNOWN, read_apart, read_once
from reports.tables import workbook
from tests.xlsform import choices, survey

OLD_ROWS = [["type", "name", "label"], *(["text", f"q{n}", "Q"] for n in range(1, 30_000))]
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


def shared_text() -> bytes:
    """Return a workbook of 35 kB with a text of 30,000 characters in each of 1,900 labels."""
    rows = [["text", f"q{number}", "x" * 30_000] for number in range(1_900)]
    return workbook({"survey": [["type", "name", "label"], *rows]})


def old_workbook(rows: Iterable[Sequence[str]]) -> bytes:
    """Return an .xls with a sheet survey: its records alone, as Excel 97 writes them (MS-XLS, 2.1.4)."""

    def record(kind: int, content: bytes) -> bytes:
        return pack("<HH", kind, len(content)) + content

    def cell(row: int, column: int, text: str) -> bytes:
        return record(0x204, pack("<HHHHB", row, column, 0, len(text), 0) + text.encode("latin-1"))

    begin = [record(0x809, pack("<HHHHII", 0x600, kind, 0, 1997, 0, 0)) for kind in (5, 16)]
    end, name = record(0x0A, b""), pack("<BB", len("survey"), 0) + b"survey"
    at = len(begin[0]) + 4 + 6 + len(name) + len(end)
    sheet = record(0x85, pack("<IBB", at, 0, 0) + name)
    cells = b"".join(cell(r, c, text) for r, row in enumerate(rows) for c, text in enumerate(row))
    return begin[0] + sheet + end + begin[1] + cells + end


def long_list_everywhere() -> bytes:
    """Return 2,000 questions over one list of 19,000 choices: small to write, large to hold."""
    questions = survey(*(f"select_one big | q{number} | Q" for number in range(2_000)))
    return (questions + choices(*(f"big | c{number} | C" for number in range(19_000)))).encode()


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
        pytest.param(entities, "f.xlsx", "entities", id="entities"),
        pytest.param(shared_text, "f.xlsx", "too_large", id="a text in many cells"),
        pytest.param(lambda: old_workbook(OLD_ROWS), "f.xls", "too_large", id="rows of an old workbook"),
        pytest.param(many_lines, "f.md", "too_large", id="lines"),
        pytest.param(many_bars, "f.md", "too_large", id="bars"),
        pytest.param(lambda: b"\0" * 3_000_000, "f.xls", "too_large", id="an old workbook"),
    ],
)
def test_a_bomb_is_refused_in_a_second_and_costs_this_process_nothing(
    bomb: Callable[[], bytes], name: str, code: str
) -> None:
    """The sizes are read before anything is opened; what is opened is opened elsewhere.

    The seconds are those of the processor: others may be at work on the machine.
    """
    file = bomb()
    before, spent = psutil.Process().memory_info().rss, _processor_seconds()
    reading = read_apart({name: file})[name]
    grown = psutil.Process().memory_info().rss - before
    assert [problem.code for problem in reading.problems] == [code]
    assert grown < 20 * 1024 * 1024
    assert _processor_seconds() - spent < 1


def _processor_seconds() -> float:
    return sum(getrusage(whose)[part] for whose in (RUSAGE_SELF, RUSAGE_CHILDREN) for part in (0, 1))


def test_an_old_workbook_of_a_few_rows_is_read() -> None:
    """What the bomb of rows is made of is a workbook that both readers take."""
    read = read_apart({"f.xls": old_workbook([*OLD_ROWS[:3]])})["f.xls"]
    assert read.form is not None
    assert [question.path for question in read.form.questions] == ["q1", "q2"]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        pytest.param("text | b | B | count(//*) > 0 |", "expression_unsafe", id="every node of the form"),
        pytest.param(f"text | b | B | {'(' * 500}1{')' * 500} |", "expression_too_deep", id="parentheses"),
        pytest.param(f"text | b | B | {'1 + ' * 5_000}1 |", "expression_too_long", id="a long sum"),
        pytest.param(
            r"text | b | B | | regex(., '(?=a)(a\|aa)+$')", "regex_unsupported", id="a slow pattern"
        ),
    ],
)
def test_an_expression_that_would_keep_the_bot_busy_is_refused(row: str, code: str) -> None:
    """Most of the time goes into starting the reader of forms."""
    spent = _processor_seconds()
    file = survey("text | a | A | |", row, columns="type | name | label | relevant | constraint")
    assert [problem.code for problem in read_apart({"f.md": file.encode()})["f.md"].problems] == [code]
    assert _processor_seconds() - spent < 2


def test_a_pattern_that_is_slow_elsewhere_is_quick_here() -> None:
    """`(a+)+` is taken: RE2 answers in linear time, where other engines need years."""
    row = "text | a | A | regex(., '(a+)+')"
    file = survey(row, columns="type | name | label | constraint")
    form = read_apart({"f.md": file.encode()})["f.md"].form
    assert form is not None
    spent = _processor_seconds()
    sheet = Sheet(form, {"a": None}, NOTHING, datetime(2026, 12, 1, tzinfo=UTC))
    assert not sheet.accepts("a", "a" * 4_000 + "!")
    assert _processor_seconds() - spent < 0.5


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
    """Its neighbours are read by the next process; three seconds of the processor are enough for them."""
    good = survey("text | a | A").encode()
    read = read_apart({"a.md": good, "b.md": long_list_everywhere(), "c.md": good}, seconds=3)
    assert [read[name].form is not None for name in ("a.md", "c.md")] == [True, True]
    assert [problem.code for problem in read["b.md"].problems] == ["too_large"]


def test_a_file_is_read_once() -> None:
    """As long as its name, its content and the lists beside it are the same, and not if it was refused."""
    files = {"a.md": survey("select_one_from_file towns.csv | town | Town").encode()}
    first = read_once(files, {"towns.csv": b"name,label\nbko,Bamako\n"})["a.md"]
    assert read_once(files, {"towns.csv": b"name,label\nbko,Bamako\n"})["a.md"] is first
    assert read_once(files, {"towns.csv": b"name,label\nkla,Kampala\n"})["a.md"].form != first.form
    faulty = {"a.md": survey("txt | town | Town").encode()}
    refused = read_once(faulty)["a.md"]
    assert (refused.form, read_once(faulty)["a.md"] is refused) == (None, False)


def test_a_process_remembers_few_files() -> None:
    """The oldest are forgotten."""
    files = {f"{number}.md": survey("text | q | Q").encode() for number in range(MOST_KNOWN + 1)}
    read = read_once(files)
    again = read_once({name: files[name] for name in ("0.md", "1.md")})
    assert (again["0.md"] is read["0.md"], again["1.md"] is read["1.md"]) == (False, True)


def test_this_process_never_imports_the_reader_of_others() -> None:
    """It costs 12 MiB and a second, and what it does with a file is not ours."""
    program = (
        "import sys\nfrom griot.reading import read_apart\n"
        f"read = read_apart({{'f.md': {survey('text | a | A').encode()!r}}})['f.md']\n"
        "assert read.form is not None\nassert 'pyxform' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
