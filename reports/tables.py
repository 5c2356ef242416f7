"""Tables as bytes for spreadsheets and programs; the same rows give the same bytes."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

import xlsxwriter

Cell: TypeAlias = str | int | float | bool | None
Row: TypeAlias = Mapping[str, object]  # values as JSON has them: objects and lists too
Sheets: TypeAlias = Mapping[str, Sequence[Sequence[Cell]]]  # the sheet's name to its rows, the head first

CREATED = datetime(2000, 1, 1)  # noqa: DTZ001 - Excel knows no zones; constant, for the same bytes each time
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")  # all but tab and newline
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet may run when it opens a CSV
EXACT = 10**15  # Excel keeps 15 digits of a number (Excel specifications and limits, "Number precision")


def as_json(rows: Iterable[Row], columns: Sequence[str]) -> bytes:
    """Return a JSON list with one object a line, UTF-8."""
    lines = ",\n".join(_object(row) for row in rows)
    return f"[\n{lines}\n]\n".encode() if lines else b"[]\n"


def as_jsonl(rows: Iterable[Row], columns: Sequence[str]) -> bytes:
    """Return one JSON object a line, UTF-8."""
    return "".join(f"{_object(row)}\n" for row in rows).encode()


def _object(row: Row) -> str:
    return json.dumps(_clean(dict(row)), ensure_ascii=False, allow_nan=False)


def _clean(value: object) -> object:
    match value:
        case str():
            return CONTROL.sub("", value)
        case Mapping():
            return {str(_clean(key)): _clean(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_clean(inner) for inner in value]
    return value


def as_csv(rows: Iterable[Row], columns: Sequence[str]) -> bytes:
    """Return the flat table as RFC 4180 text, UTF-8.

    There is no byte order mark: programs would read it as part of the first column's name, and xlsx is the
    format for Excel. Text that a spreadsheet could run as a formula begins with an apostrophe (OWASP, CSV
    Injection).
    """
    file = io.StringIO()
    writer = csv.writer(file)  # lines end in CR LF, RFC 4180 section 2
    for row in table(rows, columns):
        writer.writerow([_csv_cell(cell) for cell in row])
    return file.getvalue().encode()


def _csv_cell(cell: Cell) -> Cell:
    match cell:
        case bool():
            return "true" if cell else "false"
        case str():
            return f"'{cell}" if cell.startswith(FORMULA) else cell
    return cell


def as_xlsx(rows: Iterable[Row], columns: Sequence[str]) -> bytes:
    """Return the flat table as a workbook with one sheet: texts as text, numbers and booleans as such."""
    return workbook({"data": table(rows, columns)})


def workbook(sheets: Sheets) -> bytes:
    """Return a workbook of these sheets: no formula, no link, the head row bold and always in sight."""
    file = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(file, options)
    book.set_properties({"created": CREATED})
    bold = book.add_format({"bold": True})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        sheet.set_row(0, None, bold)
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                _write(sheet, number, column, cell)
    book.close()
    return file.getvalue()


def _write(sheet: xlsxwriter.worksheet.Worksheet, row: int, column: int, cell: Cell) -> None:
    match cell:
        case None | "":
            return
        case bool():
            sheet.write_boolean(row, column, cell)
        case int() | float() if abs(cell) < EXACT:
            sheet.write_number(row, column, cell)
        case _:
            sheet.write_string(row, column, str(_clean(cell)))


def table(rows: Iterable[Row], columns: Sequence[str]) -> list[list[Cell]]:
    """Return the rows as a flat table, the head first.

    An object becomes one column per path (`answers/status`), a list of objects a column per path and number
    (`answers/lines[1]/spent`), a list of names one cell with spaces between, as XLSForm writes them. Columns
    are those given, each followed by what lies within it, in the order in which the rows have it.
    """
    flat = [dict(_flat("", row)) for row in rows]
    head = _merged(columns, flat)
    return [list(head), *([row.get(path) for path in head] for row in flat)]


def _flat(path: str, value: object) -> Iterable[tuple[str, Cell]]:
    match value:
        case Mapping():
            for key, inner in value.items():
                yield from _flat(f"{path}/{key}" if path else str(_clean(str(key))), inner)
        case [Mapping(), *_]:
            for number, inner in enumerate(value, start=1):
                yield from _flat(f"{path}[{number}]", inner)
        case list() | tuple():
            yield path, " ".join(str(_clean(inner)) for inner in value)
        case None | bool() | int() | float():
            yield path, value
        case _:
            yield path, str(_clean(str(value)))


def _merged(columns: Sequence[str], rows: Iterable[Row]) -> list[str]:
    """Return all columns; one that no row had before stands right after the one before it in its row."""
    head = list(columns)
    known = set(head)
    for row in rows:
        former = ""
        for path in row:
            if path not in known:
                head.insert(_place(head, former, path), path)
                known.add(path)
            former = path
    filled = {path for row in rows for path, cell in row.items() if cell not in {None, ""}}
    return [path for path in head if path in filled or not _has_inner(path, head)]


def _place(head: Sequence[str], former: str, path: str) -> int:
    outer = re.split(r"[/\[]", path, maxsplit=1)[0]
    if former in head and former.startswith(outer):
        return head.index(former) + 1
    return head.index(outer) + 1 if outer in head else len(head)


def _has_inner(path: str, head: Iterable[str]) -> bool:
    return any(other.startswith((f"{path}/", f"{path}[")) for other in head)


FORMATS: Mapping[str, Callable[[Iterable[Row], Sequence[str]], bytes]] = {
    "csv": as_csv,
    "xlsx": as_xlsx,
    "json": as_json,
    "jsonl": as_jsonl,
}
