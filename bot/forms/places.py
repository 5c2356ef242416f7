"""Where something stands in a form's file, taken apart and in words."""

from bot.sentence import sentence

_SHEETS = ("survey", "choices", "settings", "external_choices", "entities", "osm")
_WHOLE = {"file": sentence("file"), "form": sentence("form")}


def place_of(where: str) -> tuple[str | None, int | None, str | None]:
    """Return sheet, row and column of `survey, row 5, relevant`; None for what is not said."""
    pieces = [part.strip().removeprefix("sheet ").removeprefix("column ") for part in where.split(",")]
    if pieces[0] not in _SHEETS:
        pieces = pieces[1:] or [""]
    sheet = pieces[0] if pieces[0] in _SHEETS else None
    rows = [part.removeprefix("row ") for part in pieces if part.startswith("row ")]
    columns = [part for part in pieces[1:] if not part.startswith("row ")]
    row = int(rows[0]) if rows and rows[0].isdecimal() else None
    return sheet, row, ", ".join(columns) or None


def place_in_words(where: str) -> str:
    """Return a place as a sentence; one that is neither file nor sheet stays as it is."""
    sheet, row, column = place_of(where)
    match (sheet, row, column):
        case (None, _, _):
            return _WHOLE.get(where, where)
        case (_, None, None):
            return sheet
        case (_, None, _):
            return sentence("{sheet}, {column}", sheet=sheet, column=column)
        case (_, _, None):
            return sentence("{sheet}, row {row}", sheet=sheet, row=row)
    return sentence("{sheet}, row {row}, {column}", sheet=sheet, row=row, column=column)
