"""XLSForm bytes made a Form, or every reason why not."""

import hashlib
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import PurePath
from typing import Any, TypeAlias

from lxml import etree

from bot.forms.attached import NO_FILES, embed
from bot.forms.building import open_form
from bot.forms.decoding import text_of_file
from bot.forms.form import Form, FormError
from bot.forms.or_other import WARNING, is_spoken
from bot.forms.outline import Outline, outline_of_rows
from bot.forms.places import place_in_words
from bot.forms.reader_words import advised, told
from bot.forms.rows import Sheets, cell_naming, columns_of, in_order, problems_of, survey_rows
from bot.forms.sizes import broken, content_problems, file_problems, row_problems, too_large
from bot.forms.structure import faults_of_structure, text_in
from bot.forms.trial import failures
from bot.sentence import sentence
from bot.values import Problem

_CORRECT = sentence("Correct the form and read it again.")
_WORKBOOKS = (".xlsx", ".xls")
_TELLING = ("PyXFormError", "PyXFormReadError", "ValidationError", "MemoryError", "RecursionError")
_NO_SHEETS = "Argument 'definition' was not recognized"  # pyxform, of a file without any
_OTHER_SHEET = re.compile(r"DefinitionData\.__init__\(\) got an unexpected keyword argument '(.*)'")
_PLACE = re.compile(r"\[row : (\d+)\]\s*")
_ON_SHEET = re.compile(r"[Oo]n the '(\w+)' sheet")
_COLUMN = re.compile(r"the '([^']+)' value")


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of one file: its form, or why there is none."""

    form: Form | None
    problems: tuple[Problem, ...] = ()
    outline: Outline | None = None  # what its rows tell, with their places; None when nothing can be told
    attached: tuple[str, ...] = ()  # the files it reads, of those that were there


# Files by name, and the CSV files beside them, to what each is.
Readings: TypeAlias = Callable[[Mapping[str, bytes], Mapping[str, bytes]], Mapping[str, Reading]]


def read_form(file: bytes, file_name: str, attached: Mapping[str, bytes] = NO_FILES) -> Form:
    """Return the form that an XLSForm file holds; raise FormError with all that is wrong.

    `file_name` gives the kind (`.md`, `.csv`, `.xlsx`, `.xls`) and, where the form has none, its form_id.
    `attached` holds the CSV files that the form reads, by name. Takes up to 2 MiB, 20 MiB unzipped, 2000
    questions and 20000 choices. The first call in a process takes a second: it imports pyxform. A form
    without a version gets one that is a digest of the files.
    """
    reading = read_file(file, file_name, attached)
    if reading.form is None:
        raise FormError(reading.problems, reading.outline)
    return reading.form


def read_file(file: bytes, file_name: str, attached: Mapping[str, bytes] = NO_FILES) -> Reading:
    """Return what `read_form` makes of a file, with the places of its texts."""
    try:
        _refuse(file_problems(file, file_name))
        _refuse(content_problems(file, file_name))
        return _read(file, PurePath(file_name), attached)
    except FormError as error:
        return Reading(None, error.problems, error.outline)
    except Exception as error:  # noqa: BLE001 - the reader is others' code and the bytes are anyone's
        return Reading(None, (_reader_problem(error),))


def read_files(files: Mapping[str, bytes], attached: Mapping[str, bytes] = NO_FILES) -> dict[str, Reading]:
    """Return what each file is, all read in this process."""
    return {name: read_file(content, name, attached) for name, content in files.items()}


def _refuse(problems: Iterable[Problem]) -> None:
    found = tuple(problems)
    if found:
        raise FormError(found)


def _read(file: bytes, name: PurePath, attached: Mapping[str, bytes]) -> Reading:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the spreadsheet readers, about styles and validations
        workbook = _workbook(file, name.suffix.lower())
        workbook.fallback_form_name = name.stem
        sheets = _sheets(workbook)
        _refuse(row_problems(sheets))
        try:
            wanted = _wanted(attached, sheets)
            form = _converted(workbook, sheets, file, wanted)
            return Reading(form, outline=outline_of_rows(sheets), attached=tuple(wanted))
        except FormError as error:
            raise FormError(error.problems, outline_of_rows(sheets)) from error


def _workbook(file: bytes, suffix: str) -> Any:  # pyxform publishes no types
    """Return the sheets of a file as the reader has them; a workbook that it stumbles over is broken."""
    # pyxform costs 12 MiB and a second: only the process that reads a file pays, never the web.
    from pyxform.xls2json_backends import get_xlsform

    if suffix not in _WORKBOOKS:
        return get_xlsform(xlsform=BytesIO(text_of_file(file, suffix).encode()), file_type=suffix)
    try:
        return get_xlsform(xlsform=BytesIO(file), file_type=suffix)
    except Exception as error:  # as above
        if (_is_told(error) and _NO_SHEETS not in str(error)) or _OTHER_SHEET.match(str(error)):
            raise
        raise FormError((broken(suffix),)) from error


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
    said = (w for w in result.warnings if not (w.startswith(WARNING) and is_spoken(form.languages)))
    return replace(form, warnings=(*form.warnings, *_advice(said)))


def _wanted(attached: Mapping[str, bytes], sheets: Sheets) -> dict[str, bytes]:
    """Return the attached files that the survey names, with their ending or, for pulldata, without."""
    said = "\n".join(str(text) for row in sheets.survey for text in row.values()).casefold()
    return {name: content for name, content in attached.items() if PurePath(name).stem.casefold() in said}


def _sheets(workbook: Any) -> Sheets:  # pyxform publishes no types
    settings = columns_of((workbook.settings or [{}])[0])
    return Sheets(
        workbook.survey or (),
        workbook.choices or (),
        repeats_choices=text_in(settings, "allow_choice_duplicates").lower() in ("yes", "true", "true()"),
        default_language=text_in(settings, "default_language"),
    )


def _trial_problem(row: int, column: str, why: str) -> Problem:
    message = sentence("The expression cannot be evaluated: {why}.", why=why)
    place = f"survey, row {row}, {column}"
    return Problem("expression_fails", place, sentence("Correct the expression."), message)


def _fields(workbook: Any) -> dict[str, Any]:  # pyxform publishes no types
    return {name: getattr(workbook, name) for name in workbook.__slots__}


def _versioned(xform: str, files: bytes) -> etree._Element:
    """Return the XForm with a version: where the author gave none, a short digest of the files."""
    tree = etree.fromstring(xform.encode(), etree.XMLParser(resolve_entities=False, no_network=True))
    answers = tree.find(".//{*}instance")[0]  # type: ignore[index]  # pyxform always writes one
    if not answers.get("version"):
        answers.set("version", hashlib.sha256(files).hexdigest()[:10])
    return tree


# -- what pyxform says


def _reader_problem(error: Exception) -> Problem:
    """Return pyxform's own message with its place; of other exceptions only that the file is broken."""
    text = " ".join(str(error).split())
    other = _OTHER_SHEET.match(text)
    if other or _NO_SHEETS in text:
        mend = sentence("Write the sheet survey, with the columns type, name and label.")
        none = sentence("The file holds no sheet.")
        what = sentence("{name} is no sheet of a form.", name=other.group(1)) if other else none
        return Problem("no_sheets", "form", mend, what)
    if isinstance(error, MemoryError):
        return too_large("file", sentence("The form needs too much memory."))
    if isinstance(error, RecursionError):
        return too_large("survey", sentence("The groups or expressions are too deep inside one another."))
    if not _is_told(error):
        reason = error.__cause__ or error
        why = f"{type(reason).__name__}, {' '.join(str(reason).split())[:200]}"
        return Problem(
            "xlsform", "form", _CORRECT, sentence("The file cannot be read: {reason}.", reason=why)
        )
    return Problem("xlsform", _where(text), _CORRECT, told(_PLACE.sub("", text)))


def _is_told(error: Exception) -> bool:
    """Tell whether an exception says what is wrong with a form; any other is a stumble of the reader."""
    return type(error).__name__ in _TELLING


def _advice(warnings: Iterable[str]) -> Iterator[str]:
    """Yield the reader's warnings that concern a chat, each with its place."""
    for warning in warnings:
        text = " ".join(warning.split())
        if words := advised(_PLACE.sub("", text)):
            yield sentence("{where}: {what}", where=place_in_words(_where(text)), what=words)


def _where(text: str) -> str:
    row, sheet, column = _PLACE.search(text), _ON_SHEET.search(text), _COLUMN.search(text)
    where = sheet.group(1) if sheet else "survey" if row else "form"
    where += f", row {row.group(1)}" if row else ""
    return where + (f", {column.group(1)}" if row and column else "")


def _placed(problem: Problem, sheets: Sheets) -> Problem:
    """Name the cell where the reader only quotes what is in it."""
    place = cell_naming(sheets, problem.message) if problem.where == "form" else ""
    return replace(problem, where=place) if place else problem


def _together(
    problems: tuple[Problem, ...], structure: tuple[Problem, ...], last: Problem
) -> tuple[Problem, ...]:
    """Add what pyxform says, unless that row is named already, or it names none and the rows are at fault."""
    found = in_order((*problems, *structure))
    place = last.where.split(", ")[:2]
    is_said = any(problem.where.split(", ")[:2] == place for problem in found)
    return found if is_said or (structure and len(place) == 1) else (*found, last)
