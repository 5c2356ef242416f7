"""How much a form may be, told before its file is opened: a small file can hold a very large one."""

import re
import zipfile
from collections.abc import Iterator
from io import BytesIO, StringIO
from pathlib import PurePath
from typing import TYPE_CHECKING

from bot.sentence import sentence
from bot.values import Problem

if TYPE_CHECKING:
    from bot.forms.rows import Sheets  # imports much, and sizes are asked before anything is imported

LARGEST_FILE = 2 * 1024 * 1024  # bytes
LARGEST_UNZIPPED = 20 * 1024 * 1024  # bytes
MOST_ENTRIES = 200  # files inside a workbook
MOST_QUESTIONS = 2000  # rows of the survey sheet
MOST_CHOICES = 20000  # rows of the choices sheet
MOST_CELLS = 400_000  # of a workbook, or bars of a text: the reader takes a second for 100,000
MOST_TEXT = 8 * 1024 * 1024  # bytes of all cells: a text that is stored once may stand in thousands
LONGEST_CELL = 4 * 32_767  # bytes; Excel: 32,767 characters
SUFFIXES = (".md", ".csv", ".xlsx", ".xls")

# Of the XML of a workbook; none goes back over what it has read, whatever the file holds.
_ROW = re.compile(rb"<(?:\w+:)?row[\s/>]")
_CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")
_WRITTEN = re.compile(rb"<(?:\w+:)?(?:v|is)[\s>]")  # a cell with a value; styled empty rows count nothing
_SHARED = re.compile(rb"<(?:\w+:)?c\s([^<>]*)>\s*<(?:\w+:)?v>(\d{1,9})<")  # maybe: when its type is s
_ITEM = re.compile(rb"<(?:\w+:)?si[\s>]")
_TEXT = re.compile(rb">([^<>]+)")
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml")
_NAMED = re.compile(rb"<(?:\w+:)?sheet\s[^<>]*>")
_LINK = re.compile(rb"<(?:\w+:)?Relationship\s[^<>]*>")
_DECLARED = re.compile(rb"<!(?:DOCTYPE|ENTITY)")
_ENTRY = b"PK\x01\x02"  # APPNOTE 4.3.12: begins each line of a zip file's directory
_LOCKED = "EncryptedPackage".encode("utf-16-le")  # [MS-OFFCRYPTO] 2.3.4.4: a workbook under a password
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


def row_problems(sheets: "Sheets") -> Iterator[Problem]:
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
    message = sentence("The reader of the file stopped without a word.")
    return Problem("xlsform", "file", sentence("Correct the form and read it again."), message)


def _too_many_rows(sheet: str, rows: int, most: int) -> Problem:
    message = sentence("The sheet has {rows} rows; {most} are allowed.", rows=rows, most=most)
    return too_large(sheet, message)


def _text_problems(file: bytes) -> Iterator[Problem]:
    lines = max(file.count(end) for end in (b"\n", b"\r"))
    most = MOST_QUESTIONS + MOST_CHOICES + 1000  # and heads, comments, settings
    if lines > most:
        message = sentence("The file has {lines} lines; {most} are allowed.", lines=lines, most=most)
        yield too_large("file", message)
    elif max(file.count(sign) for sign in (b"|", b",", b";", b"\t")) > MOST_CELLS:
        yield _too_many_cells()


def _most_rows(sheet: str) -> int:
    return MOST_QUESTIONS if sheet == "survey" else MOST_CHOICES


def _too_much_text() -> Problem:
    message = sentence(
        "The cells hold more than {size} bytes, or one more than {most}.", size=MOST_TEXT, most=LONGEST_CELL
    )
    return too_large("file", message)


def _entities() -> Problem:
    message = sentence("The workbook declares entities, which no spreadsheet program writes.")
    return Problem("entities", "file", sentence("Save the workbook again."), message)


def _too_many_cells() -> Problem:
    return too_large("file", sentence("The file has more than {most} cells.", most=MOST_CELLS))


def _workbook_problems(file: bytes) -> Iterator[Problem]:
    listed = file.count(_ENTRY)  # in workbooks inside it too
    if listed > 10 * MOST_ENTRIES:  # before they are made objects
        yield _holds_too_much(listed, len(file))
        return
    try:
        with zipfile.ZipFile(BytesIO(file)) as workbook:
            entries = workbook.infolist()
    except _BROKEN:
        yield broken(".xlsx", is_locked=_LOCKED in file)
        return
    size = sum(entry.file_size for entry in entries)
    if size > LARGEST_UNZIPPED or len(entries) > MOST_ENTRIES:
        yield _holds_too_much(len(entries), size)


def _holds_too_much(entries: int, size: int) -> Problem:
    message = sentence(
        "The workbook holds {entries} files and {size} bytes; {most} and {largest} are allowed.",
        entries=entries,
        size=size,
        most=MOST_ENTRIES,
        largest=LARGEST_UNZIPPED,
    )
    return too_large("file", message)


def content_problems(file: bytes, file_name: str) -> Iterator[Problem]:
    """Yield what forbids to read a file whose outside promises little: how much its sheets hold."""
    match PurePath(file_name).suffix.lower():
        case ".xlsx":
            yield from _content_of_workbook(file)
        case ".xls":
            yield from _content_of_old_workbook(file)


def _content_of_workbook(file: bytes) -> Iterator[Problem]:
    try:
        with zipfile.ZipFile(BytesIO(file)) as workbook:
            yield from _sheet_problems(workbook)
    except _BROKEN:
        yield broken(".xlsx", is_locked=_LOCKED in file)


def _content_of_old_workbook(file: bytes) -> Iterator[Problem]:
    """Yield what of an .xls is too large, or that it cannot be opened."""
    import xlrd

    try:
        sheets = xlrd.open_workbook(file_contents=file, logfile=StringIO()).sheets()
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - the reader is others' code and the bytes are anyone's
        yield broken(".xls", is_locked="encrypted" in str(error))
        return
    cells = text = 0
    for sheet in sheets:
        most = _most_rows(sheet.name.strip().lower())
        if sheet.nrows > most + 1:  # and the head
            yield _too_many_rows(sheet.name, sheet.nrows - 1, most)
            return
        values = [value for row in range(sheet.nrows) for value in sheet.row_values(row) if value != ""]
        cells += len(values)
        text += sum(len(value) for value in values if isinstance(value, str))
    if cells > MOST_CELLS:
        yield _too_many_cells()
    elif text > MOST_TEXT:
        yield _too_much_text()


def broken(suffix: str, *, is_locked: bool = False) -> Problem:
    """Return the refusal of a file that is no workbook, or one that nobody can open."""
    message = sentence("The file is damaged, or is no {suffix} workbook inside.", suffix=suffix)
    mend = sentence("Open it in a spreadsheet program and save it as .xlsx.")
    if is_locked:
        message = sentence("The workbook is locked with a password.")
        mend = sentence("Save it without the password.")
    return Problem("file_broken", "file", mend, message)


def _sheet_problems(workbook: zipfile.ZipFile) -> Iterator[Problem]:
    names, lengths = _sheet_names(workbook), _lengths(workbook)
    cells = text = longest = 0
    for entry in workbook.namelist():
        if not _SHEET.fullmatch(entry):
            continue
        content = workbook.read(entry)
        if _DECLARED.search(content):
            yield _entities()
            return
        rows = _ROW.split(content)[1:]
        written = sum(_WRITTEN.search(row) is not None for row in rows)
        name = names.get(entry, "")
        most = _most_rows(name)
        if written > most + 1 or len(rows) > MOST_CHOICES + 1:  # and the head
            yield _too_many_rows(name or "file", max(written, len(rows)) - 1, most)
            return
        cells += len(_CELL.findall(content))
        found = [*_texts_in(content), *_shared_in(content, lengths)]
        text, longest = text + sum(found), max(longest, *found, 0)
    if cells > MOST_CELLS:
        yield _too_many_cells()
    elif text > MOST_TEXT or longest > LONGEST_CELL:
        yield _too_much_text()


def _lengths(workbook: zipfile.ZipFile) -> list[int]:
    """Return the bytes of each text that cells share, by its number."""
    try:
        content = workbook.read("xl/sharedStrings.xml")
    except KeyError:
        return []
    if _DECLARED.search(content):
        return []
    return [sum(map(len, _TEXT.findall(item))) for item in _ITEM.split(content)[1:]]


def _texts_in(content: bytes) -> Iterator[int]:
    return (len(text) for text in _TEXT.findall(content))


def _shared_in(content: bytes, lengths: list[int]) -> Iterator[int]:
    for about, number in _SHARED.findall(content):
        if b't="s"' in about and int(number) < len(lengths):
            yield lengths[int(number)]


def _sheet_names(workbook: zipfile.ZipFile) -> dict[str, str]:
    """Return the name of each sheet by its file, for those that can be told."""
    try:
        book, links = workbook.read("xl/workbook.xml"), workbook.read("xl/_rels/workbook.xml.rels")
    except KeyError:
        return {}
    targets = {_said(tag, b"Id"): _said(tag, b"Target") for tag in _LINK.findall(links)}
    tags = _NAMED.findall(book)
    files = (targets.get(_said(tag, b"r:id"), "").removeprefix("/xl/") for tag in tags)
    return {f"xl/{file}": _said(tag, b"name").strip().lower() for file, tag in zip(files, tags, strict=True)}


def _said(tag: bytes, attribute: bytes) -> str:
    _, _, after = tag.partition(b" " + attribute + b'="')
    return after.partition(b'"')[0].decode("utf-8", "replace")
