"""Small forms that would keep their reader busy or fill it: refused or harmless, and quick."""

import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from io import BytesIO
from random import Random
from resource import RUSAGE_CHILDREN, getrusage
from struct import pack

import pytest

from bot import asking
from bot.forms.read import Reading
from channels.chat import Chat
from channels.fitting import fit, length
from griot.reading import read_apart
from reports.tables import workbook
from tests.filling import a_filling
from tests.xlsform import choices, form_of, sheet_of, survey

SECONDS = 1  # of the processor, beyond what a small form takes
COLUMNS = "type | name | label | relevant | constraint"
OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # how an .xls begins
LONGEST = 4_000  # characters of an expression


def seconds_of(file: bytes, name: str) -> tuple[float, Reading]:
    """Return what a file is, and the seconds of the processor that its reader took."""
    before = getrusage(RUSAGE_CHILDREN)
    reading = read_apart({name: file})[name]
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, reading


def relevant(expression: str) -> bytes:
    """Return a form with a question that is asked when the expression says so."""
    return survey("text | a | A | |", f"text | b | B | {expression} |", columns=COLUMNS).encode()


def nested(kind: str) -> bytes:
    """Return a form of 500 groups, each inside the one before."""
    begin = (f"begin_{kind} | g{number} | G" for number in range(500))
    return survey(*begin, "text | a | A", *[f"end_{kind} | |"] * 500).encode()


def without_sheets() -> bytes:
    """Return a workbook that names no sheet."""
    made, source = BytesIO(), zipfile.ZipFile(BytesIO(workbook({"survey": [["type"]]})))
    with source, zipfile.ZipFile(made, "w") as written:
        for name in source.namelist():
            if not name.startswith("xl/worksheets"):
                written.writestr(name, re.sub(b"<sheets>.*</sheets>", b"<sheets/>", source.read(name)))
    return made.getvalue()


def many_entries() -> bytes:
    """Return a zip file whose directory has 40,000 lines."""
    one = without_sheets()
    first = one.index(b"PK\x01\x02")
    line, number = one[first : one.find(b"PK\x01\x02", first + 1)], 40_000
    listed = line * number
    return one[:first] + listed + pack("<4s4H2LH", b"PK\x05\x06", 0, 0, number, number, len(listed), first, 0)


@pytest.fixture(scope="module")
def small() -> float:
    """Return the seconds of the processor that reading the smallest form takes."""
    return min(seconds_of(survey("text | a | A").encode(), "f.md")[0] for _ in range(2))


@pytest.mark.parametrize(
    ("file", "name", "code"),
    [
        pytest.param(
            relevant("count(//*[count(//*[count(//*) > 0]) > 0]) > 0"),
            "f.md",
            "expression_unsafe",
            id="every node of every node",
        ),
        pytest.param(relevant("(" * 2_000), "f.md", "expression_too_deep", id="open parentheses"),
        pytest.param(
            relevant("(" * 2_000 + "1" + ")" * 2_000), "f.md", "expression_too_long", id="parentheses"
        ),
        pytest.param(relevant("not(" * 500 + "1" + ")" * 500), "f.md", "expression_too_deep", id="calls"),
        pytest.param(relevant("[" * 3_000), "f.md", "expression_syntax", id="brackets"),
        pytest.param(relevant("'" * 3_999), "f.md", "expression_syntax", id="quotes"),
        pytest.param(
            relevant("1" + " " * (LONGEST - 1) + "1"), "f.md", "expression_too_long", id="4,001 characters"
        ),
        pytest.param(nested("group"), "f.md", "too_large", id="groups"),
        pytest.param(nested("repeat"), "f.md", "too_large", id="repeats"),
        pytest.param(b"no form at all " * 2_000, "f.xls", "file_broken", id="a text as an old workbook"),
        pytest.param(
            OLD_OFFICE + Random(1).randbytes(500_000), "f.xls", "file_broken", id="a broken old workbook"
        ),
        pytest.param(without_sheets(), "f.xlsx", "xlsform", id="a workbook without sheets"),
    ],
)
def test_what_would_keep_the_reader_busy_is_refused(file: bytes, name: str, code: str, small: float) -> None:
    """One fault is told, and found before it can cost anything."""
    spent, reading = seconds_of(file, name)
    assert [problem.code for problem in reading.problems] == [code]
    assert reading.form is None
    assert spent - small < SECONDS


@pytest.mark.parametrize(
    "expression",
    ["1" + " " * (LONGEST - 2) + "1", "-" * (LONGEST - 1) + "1", "../" * 1_300 + "a", "1" + "-1" * 1_999],
    ids=["spaces", "signs", "steps", "terms"],
)
def test_the_longest_expression_costs_little(expression: str, small: float) -> None:
    """Whether it is one or not: reading it, and laying a form out with it."""
    spent, reading = seconds_of(relevant(expression), "f.md")
    assert spent - small < SECONDS
    form = reading.form
    if form is not None:
        assert _seconds(lambda: sheet_of(form, {"a": "x"}).steps()) < SECONDS


@pytest.mark.parametrize("pattern", ["(a+)+", "(a+)+$", "(a|a)*b", "((a*)*)*"])
def test_a_pattern_answers_at_once_whatever_it_is(pattern: str, small: float) -> None:
    """Another engine goes through 2^26 ways to read an answer of 26 letters."""
    row = f"text | a | A | | regex(., '^{pattern}$')".replace("(a|a)", "(a\\|a)")
    spent, reading = seconds_of(survey(row, columns=COLUMNS).encode(), "f.md")
    assert spent - small < SECONDS
    form = reading.form
    assert form is not None
    assert _seconds(lambda: sheet_of(form).accepts("a", "a" * 25 + "!")) < 0.2


def test_a_label_of_100_kb_is_cut_where_it_is_sent(small: float) -> None:
    """A note may be long; a message may not."""
    spent, reading = seconds_of(survey(f"text | a | {'long ' * 20_000}").encode(), "f.md")
    assert spent - small < SECONDS
    assert reading.form is not None
    message = asking.ask(a_filling(reading.form))
    assert message is not None
    limits = Chat().limits
    assert 0 < length(fit(message, limits)) <= limits.characters


def test_a_filter_over_20_000_choices_is_quick_at_every_turn() -> None:
    """The reader needs seconds for such a list, once; a reply must not."""
    file = survey(
        "select_one region | r | Region?", "select_one town | t | Town?", columns="type | name | label"
    )
    file = file.replace("| label |", "| label | choice_filter |").replace("Town? |", "Town? | in = ${r} |")
    towns = (f"town | t{number} | Town {number} | r{number % 500}" for number in range(19_500))
    regions = (f"region | r{number} | Region {number} |" for number in range(500))
    form = form_of(file + choices(*regions, *towns, columns="list_name | name | label | in"))
    sheet = sheet_of(form, {"r": "r7"})
    assert _seconds(lambda: sheet.choices("t")) < SECONDS
    assert len(sheet.choices("t")) == 39


def test_the_process_of_the_web_does_not_grow() -> None:
    """Its highest mark is measured, in a process that begins with this: what was freed again counts too."""
    done = subprocess.run(
        [sys.executable, "-c", _GROWTH], check=True, timeout=120, capture_output=True, text=True
    )
    assert int(done.stdout) < 20 * 1024  # kB


def _seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


_GROWTH = """
from pathlib import Path
from channels.chat import Chat
from channels.fitting import fit, length
from griot.reading import read_apart
from tests.unit.griot import test_bombs, test_reading

def highest():
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])

files = {
    "entities.xlsx": test_reading.entities(),
    "cells.xlsx": test_reading.shared_text(),
    "nodes.md": test_bombs.relevant("count(//*[count(//*) > 0]) > 0"),
    "groups.md": test_bombs.nested("group"),
    "empty.xlsx": test_bombs.without_sheets(),
    "broken.xls": test_bombs.OLD_OFFICE + bytes(500_000),
    "bars.md": b"ab|" * 690_000,
    "lines.md": b"ab\\n" * 690_000,
    "entries.xlsx": test_bombs.many_entries(),
    "label.md": test_bombs.survey("text | a | " + "long " * 20_000).encode(),
}
before = highest()
for name, file in files.items():
    read_apart({name: file})
print(highest() - before)
"""
