"""A stored form as a workbook for a spreadsheet program."""

from io import BytesIO
from pathlib import PurePath

from reports.tables import Cell, workbook

SHEETS = ("survey", "choices", "settings", "external_choices", "entities", "osm")  # XLSForm's own


def spreadsheet_of(file: bytes, file_name: str) -> bytes:
    """Return the form as .xlsx: a stored workbook as it is, any other kind with its sheets, texts only.

    The file must be one that `read_form` accepted. Comments outside the tables of a `.md` are left out.
    """
    suffix = PurePath(file_name).suffix.lower()
    if suffix == ".xlsx":
        return file
    from pyxform.xls2json_backends import get_xlsform  # a second to import

    text = file if suffix == ".xls" else file.decode("utf-8-sig").encode()
    book = get_xlsform(xlsform=BytesIO(text), file_type=suffix)
    sheets: dict[str, list[list[Cell]]] = {}
    for name in SHEETS:
        if rows := getattr(book, name):
            (header,) = getattr(book, f"{name}_header")
            columns = [column for column in header if column]
            sheets[name] = [list(columns), *([_text(row.get(column)) for column in columns] for row in rows)]
    return workbook(sheets)


def _text(cell: object) -> Cell:
    return None if cell is None else str(cell)
