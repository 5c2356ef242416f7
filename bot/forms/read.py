"""XLSForm bytes made a Form, or every reason why not."""

import hashlib
import re
import warnings
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import PurePath
from typing import Any

from lxml import etree

from bot.forms.attached import NO_FILES, embed
from bot.forms.building import open_form
from bot.forms.form import Form, FormError
from bot.forms.outline import outline_of_rows
from bot.forms.rows import Sheets, columns_of, in_order, problems_of, row_naming, survey_rows
from bot.forms.structure import faults_of_structure, text_in
from bot.forms.trial import failures
from bot.values import Problem

LARGEST_FILE = 2 * 1024 * 1024  # bytes
LARGEST_UNZIPPED = 20 * 1024 * 1024  # bytes
MOST_ENTRIES = 200  # files inside a workbook
MOST_QUESTIONS = 2000  # rows of the survey sheet
MOST_CHOICES = 20000  # rows of the choices sheet
SUFFIXES = (".md", ".csv", ".xlsx", ".xls")

_NO_SHEETS = "Argument 'definition' was not recognized"  # pyxform, of a file without any
_ROW = re.compile(rb"<(?:\w+:)?row[\s/>]")
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml")
_PLACE = re.compile(r"\[row : (\d+)\]\s*")
_ON_SHEET = re.compile(r"[Oo]n the '(\w+)' sheet")
_COLUMN = re.compile(r"the '([^']+)' value")


def read_form(file: bytes, file_name: str, attached: Mapping[str, bytes] = NO_FILES) -> Form:
    """Return the form that an XLSForm file holds; raise FormError with all that is wrong.

    `file_name` gives the kind (`.md`, `.csv`, `.xlsx`, `.xls`) and, where the form has none, its form_id.
    `attached` holds the CSV files that the form reads, by name. Takes up to 2 MiB, 20 MiB unzipped, 2000
    questions and 20000 choices. The first call in a process takes a second: it imports pyxform. A form
    without a version gets one that is a digest of the files.
    """
    _refuse(_size_problems(file, file_name))
    try:
        return _read(file, PurePath(file_name), attached)
    except FormError:
        raise
    except Exception as error:  # the reader is others' code and the bytes are anyone's
        raise FormError((_reader_problem(error),)) from error


def _refuse(problems: Iterable[Problem]) -> None:
    found = tuple(problems)
    if found:
        raise FormError(found)


def _read(file: bytes, name: PurePath, attached: Mapping[str, bytes]) -> Form:
    # pyxform costs 12 MiB and a second: only the process that reads a file pays, never the web.
    from pyxform.xls2json_backends import get_xlsform

    suffix = name.suffix.lower()
    text_or_bytes = file if suffix in (".xlsx", ".xls") else _as_text(file).encode()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the spreadsheet readers, about styles and validations
        workbook = get_xlsform(xlsform=BytesIO(text_or_bytes), file_type=suffix)
        workbook.fallback_form_name = name.stem
        sheets = _sheets(workbook)
        _refuse(_row_problems(sheets))
        try:
            return _converted(workbook, sheets, file, attached)
        except FormError as error:
            raise FormError(error.problems, outline_of_rows(sheets)) from error


def _converted(workbook: Any, sheets: Sheets, file: bytes, attached: Mapping[str, bytes]) -> Form:
    from pyxform.xls2xform import convert

    problems = problems_of(sheets)
    try:
        result = convert(xlsform=_fields(workbook))
    except Exception as error:  # as above
        told = _together(problems, faults_of_structure(sheets), _placed(_reader_problem(error), sheets))
        raise FormError(told) from error
    _refuse(problems)
    rows = survey_rows(sheets)
    tree = _versioned(result.xform, b"".join([file, *attached.values()]))
    embed(tree, attached, workbook.external_choices or ())
    form = open_form(etree.tostring(tree, encoding="unicode"), rows)
    _refuse(_trial_problem(rows.get(path, 0), column, why) for path, column, why in failures(form))
    return replace(form, warnings=(*form.warnings, *result.warnings))


def _sheets(workbook: Any) -> Sheets:  # pyxform publishes no types
    settings = columns_of((workbook.settings or [{}])[0])
    return Sheets(
        workbook.survey or (),
        workbook.choices or (),
        repeats_choices=text_in(settings, "allow_choice_duplicates").lower() in ("yes", "true", "true()"),
        default_language=text_in(settings, "default_language"),
    )


def _trial_problem(row: int, column: str, why: str) -> Problem:
    message = f"The expression cannot be evaluated: {why}."
    return Problem("expression_fails", f"survey, row {row}, {column}", "Correct the expression.", message)


def _fields(workbook: Any) -> dict[str, Any]:  # pyxform publishes no types
    return {name: getattr(workbook, name) for name in workbook.__slots__}


def _as_text(file: bytes) -> str:
    """Return the text of a `.md` or `.csv` file without its byte order mark."""
    try:
        return file.decode("utf-8-sig")
    except UnicodeDecodeError:
        problem = Problem("not_utf8", "file", "Save the file as UTF-8.", "The file is not UTF-8 text.")
        raise FormError((problem,)) from None


def _versioned(xform: str, files: bytes) -> etree._Element:
    """Return the XForm with a version: where the author gave none, a short digest of the files."""
    tree = etree.fromstring(xform.encode(), etree.XMLParser(resolve_entities=False, no_network=True))
    answers = tree.find(".//{*}instance")[0]  # type: ignore[index]  # pyxform always writes one
    if not answers.get("version"):
        answers.set("version", hashlib.sha256(files).hexdigest()[:10])
    return tree


# -- sizes, before anything is opened


def _size_problems(file: bytes, file_name: str) -> Iterable[Problem]:
    suffix = PurePath(file_name).suffix.lower()
    if suffix not in SUFFIXES:
        yield Problem(
            "file_type", "file", "Save it as .xlsx, .xls, .csv or .md.", "This is not an XLSForm file."
        )
    elif len(file) > LARGEST_FILE:
        yield _too_large("file", f"The file has {len(file)} bytes; {LARGEST_FILE} are allowed.")
    elif suffix == ".xlsx":
        yield from _zip_problems(file)


def _zip_problems(file: bytes) -> Iterable[Problem]:
    """Read the workbook's directory, and its sheets only when the directory promises little."""
    try:
        with zipfile.ZipFile(BytesIO(file)) as workbook:
            entries = workbook.infolist()
            size = sum(entry.file_size for entry in entries)
            if size > LARGEST_UNZIPPED or len(entries) > MOST_ENTRIES:
                yield _too_large(
                    "file",
                    f"The workbook holds {len(entries)} files and {size} bytes; "
                    f"{MOST_ENTRIES} and {LARGEST_UNZIPPED} are allowed.",
                )
                return
            sheets = [entry for entry in entries if _SHEET.fullmatch(entry.filename)]
            longest = max((len(_ROW.findall(workbook.read(sheet))) for sheet in sheets), default=0)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OSError) as error:
        yield Problem("file_broken", "file", "Save the workbook again.", f"It cannot be opened: {error}.")
        return
    if longest > MOST_CHOICES + 1:
        yield _too_large("file", f"A sheet has {longest} rows; {MOST_CHOICES} are allowed.")


def _row_problems(sheets: Sheets) -> Iterable[Problem]:
    for sheet, rows, most in (
        ("survey", sheets.survey, MOST_QUESTIONS),
        ("choices", sheets.choices, MOST_CHOICES),
    ):
        if len(rows) > most:
            yield _too_large(sheet, f"The sheet has {len(rows)} rows; {most} are allowed.")


def _too_large(where: str, message: str) -> Problem:
    return Problem("too_large", where, "Make the form smaller, or two forms.", message)


# -- what pyxform says


def _reader_problem(error: Exception) -> Problem:
    """Return pyxform's own message with its place; of other exceptions only that the file is broken."""
    text = " ".join(str(error).split())
    if _NO_SHEETS in text:
        mend = "Write the sheet survey, with the columns type, name and label."
        return Problem("no_sheets", "form", mend, "The file holds no sheet.")
    if type(error).__name__ not in ("PyXFormError", "PyXFormReadError", "ValidationError"):
        reason = error.__cause__ or error
        text = f"The file cannot be read: {type(reason).__name__}, {' '.join(str(reason).split())[:200]}."
    row, sheet, column = _PLACE.search(text), _ON_SHEET.search(text), _COLUMN.search(text)
    where = sheet.group(1) if sheet else "survey" if row else "form"
    where += f", row {row.group(1)}" if row else ""
    where += f", {column.group(1)}" if row and column else ""
    return Problem("xlsform", where, "Correct the form and read it again.", _PLACE.sub("", text))


def _placed(problem: Problem, sheets: Sheets) -> Problem:
    """Name the row where the reader only quotes its type or name."""
    row = row_naming(sheets, problem.message) if problem.where == "form" else None
    return replace(problem, where=f"survey, row {row}") if row else problem


def _together(
    problems: tuple[Problem, ...], structure: tuple[Problem, ...], last: Problem
) -> tuple[Problem, ...]:
    """Add what pyxform says, unless that row is named already, or it names none and the rows are at fault."""
    found = in_order((*problems, *structure))
    place = last.where.split(", ")[:2]
    is_said = any(problem.where.split(", ")[:2] == place for problem in found)
    return found if is_said or (structure and len(place) == 1) else (*found, last)
