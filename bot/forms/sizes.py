"""How much a form may be, told before its file is opened: a small file can hold a very large one."""

import re
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import PurePath

from bot.forms.rows import Sheets
from bot.sentence import sentence
from bot.values import Problem

LARGEST_FILE = 2 * 1024 * 1024  # bytes
LARGEST_UNZIPPED = 20 * 1024 * 1024  # bytes
MOST_ENTRIES = 200  # files inside a workbook
MOST_QUESTIONS = 2000  # rows of the survey sheet
MOST_CHOICES = 20000  # rows of the choices sheet
MOST_CELLS = 400_000  # of a workbook, or bars of a text: the reader takes a second for 100,000
SUFFIXES = (".md", ".csv", ".xlsx", ".xls")

_ROW = re.compile(rb"<(?:\w+:)?row[\s/>]")
_CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")
_WRITTEN = re.compile(rb"<(?:\w+:)?(?:v|is)[\s>]")  # a cell with a value; styled empty rows count nothing
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml")
_NAMED = re.compile(rb'<(?:\w+:)?sheet\s[^>]*?name="([^"]*)"[^>]*?r:id="([^"]*)"')
_TARGET = re.compile(rb'(?=[^>]*Id="([^"]*)")[^>]*Target="([^"]*)"')
_BROKEN = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OSError)


def file_problems(file: bytes, file_name: str) -> Iterator[Problem]:
    """Yield what forbids to open a file at all: its kind, its size, what its directory promises. Quick."""
    suffix = PurePath(file_name).suffix.lower()
    if suffix not in SUFFIXES:
        message = sentence("This is not an XLSForm file.")
        yield Problem("file_type", "file", sentence("Save it as .xlsx, .xls, .csv or .md."), message)
    elif len(file) > LARGEST_FILE:
        size, most = len(file), LARGEST_FILE
        yield too_large(
            "file", sentence("The file has {size} bytes; {most} are allowed.", size=size, most=most)
        )
    elif suffix == ".xlsx":
        yield from _workbook_problems(file)
    elif suffix in (".md", ".csv"):
        yield from _text_problems(file)


def row_problems(sheets: Sheets) -> Iterator[Problem]:
    """Yield each sheet that has too many rows."""
    for sheet, rows, most in (
        ("survey", sheets.survey, MOST_QUESTIONS),
        ("choices", sheets.choices, MOST_CHOICES),
    ):
        if len(rows) > most:
            yield _too_many_rows(sheet, len(rows), most)


def too_large(where: str, message: str) -> Problem:
    """Return the refusal of what is too large."""
    return Problem("too_large", where, sentence("Make the form smaller, or two forms."), message)


def took_too_much(seconds: int, megabytes: int) -> Problem:
    """Return the refusal of a form that was given up while it was read."""
    message = sentence(
        "Reading the form takes more than {seconds} seconds or {size} MB.", seconds=seconds, size=megabytes
    )
    return too_large("file", message)


def reader_stopped() -> Problem:
    """Return the refusal of a file whose reader ended without a word."""
    message = sentence("The file cannot be read: {reason}.", reason="reader stopped")
    return Problem("xlsform", "file", sentence("Correct the form and read it again."), message)


def _too_many_rows(sheet: str, rows: int, most: int) -> Problem:
    message = sentence("The sheet has {rows} rows; {most} are allowed.", rows=rows, most=most)
    return too_large(sheet, message)


def _text_problems(file: bytes) -> Iterator[Problem]:
    lines = len(file.splitlines())
    most = MOST_QUESTIONS + MOST_CHOICES + 1000  # and heads, comments, settings
    if lines > most:
        message = sentence("The file has {lines} lines; {most} are allowed.", lines=lines, most=most)
        yield too_large("file", message)
    elif max(len(file.split(sign)) for sign in (b"|", b",", b";", b"\t")) > MOST_CELLS:
        yield _too_many_cells()


def _too_many_cells() -> Problem:
    return too_large("file", sentence("The file has more than {most} cells.", most=MOST_CELLS))


def _workbook_problems(file: bytes) -> Iterator[Problem]:
    try:
        with zipfile.ZipFile(BytesIO(file)) as workbook:
            entries = workbook.infolist()
    except _BROKEN as error:
        yield _broken(error)
        return
    size = sum(entry.file_size for entry in entries)
    if size > LARGEST_UNZIPPED or len(entries) > MOST_ENTRIES:
        message = sentence(
            "The workbook holds {entries} files and {size} bytes; {most} and {largest} are allowed.",
            entries=len(entries),
            size=size,
            most=MOST_ENTRIES,
            largest=LARGEST_UNZIPPED,
        )
        yield too_large("file", message)


def sheet_problems(file: bytes) -> Iterator[Problem]:
    """Yield what forbids to read the sheets of a workbook whose directory promises little."""
    try:
        with zipfile.ZipFile(BytesIO(file)) as workbook:
            yield from _sheet_problems(workbook)
    except _BROKEN as error:
        yield _broken(error)


def _broken(error: Exception) -> Problem:
    message = sentence("The file cannot be opened: {reason}.", reason=str(error))
    return Problem("file_broken", "file", sentence("Save the workbook again."), message)


def _sheet_problems(workbook: zipfile.ZipFile) -> Iterator[Problem]:
    names, cells = _sheet_names(workbook), 0
    for entry in workbook.namelist():
        if not _SHEET.fullmatch(entry):
            continue
        content = workbook.read(entry)
        cells += len(_CELL.findall(content))
        rows = _ROW.split(content)[1:]
        written = sum(_WRITTEN.search(row) is not None for row in rows)
        name = names.get(entry, "")
        most = MOST_QUESTIONS if name == "survey" else MOST_CHOICES
        if written > most + 1 or len(rows) > MOST_CHOICES + 1:  # and the head
            yield _too_many_rows(name or "file", max(written, len(rows)) - 1, most)
    if cells > MOST_CELLS:
        yield _too_many_cells()


def _sheet_names(workbook: zipfile.ZipFile) -> dict[str, str]:
    """Return the name of each sheet by its file, for those that can be told."""
    try:
        book, links = workbook.read("xl/workbook.xml"), workbook.read("xl/_rels/workbook.xml.rels")
    except KeyError:
        return {}
    targets = dict(_TARGET.findall(links))
    return {
        f"xl/{targets.get(identity, b'').decode('utf-8', 'replace').removeprefix('/xl/')}": name.decode(
            "utf-8", "replace"
        )
        .strip()
        .lower()
        for name, identity in _NAMED.findall(book)
    }
