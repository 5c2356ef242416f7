"""The text of a `.md` or `.csv` file, whatever program wrote it, as the reader wants it."""

import codecs
import csv
import io
import re
from collections.abc import Iterator

from bot.forms.form import FormError
from bot.sentence import sentence
from bot.values import Problem

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_BAR = re.compile(r"(?<!\\)\|")
_TIGHT = re.compile(r"(?<=[^\s|\\])\|(?=[^\s|])")  # no space at either side: no border of a cell
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_COMMENT = re.compile(r"\|\s*#[^|]*$")
_SEPARATOR = re.compile(r"[|-]+")
_SHEETS = ("survey", "choices", "settings", "external_choices", "entities", "osm")


def text_of_file(file: bytes, suffix: str) -> str:
    """Return the text ready for the reader; raise FormError when it is no text, or a row has no clear cells.

    A byte order mark goes, UTF-16 with its mark is read as Excel writes it ("Unicode text"), a table with
    semicolons or tabs becomes one with commas, a bare `|` inside a cell of Markdown is kept as text, and a
    table of Markdown whose rows begin at once gets the blank cell under the sheet's name.
    """
    text = _decoded(file)
    return _with_commas(text) if suffix == ".csv" else _with_bars(_with_margin(text))


def _decoded(file: bytes) -> str:
    encoding = next((name for mark, name in _MARKS if file.startswith(mark)), "utf-8")
    try:
        return file.decode(encoding)
    except UnicodeDecodeError:
        mend = sentence('Save the file as UTF-8; Excel calls it "CSV UTF-8".')
        message = sentence("The file is not UTF-8 text.")
        raise FormError((Problem("not_utf8", "file", mend, message),)) from None


def _with_commas(text: str) -> str:
    """Return a CSV with commas; Excel writes semicolons or tabs where the comma is the decimal sign."""
    head = next((line for line in text.splitlines() if line.strip()), "")
    found = re.fullmatch(r'\s*"?(\w+)"?\s*([;\t]).*', head)
    separator = found.group(2) if found and found.group(1).lower() in _SHEETS else ""
    first_row = next((line for line in text.splitlines() if line[:1] in (";", "\t")), "")
    separator = separator or (first_row[:1] if "," not in first_row else "")
    if not separator:
        return text
    written = io.StringIO()
    csv.writer(written).writerows(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    return written.getvalue()


def _with_margin(text: str) -> str:
    """Return Markdown with a blank first cell in the rows of each sheet, where its head has none."""
    lines: list[str] = []
    head, margin = False, ""  # whether the row after a sheet's name is wanted; what its rows lack
    for line in text.splitlines():
        first = next(iter(_cells(line)), "")
        if first.lower() in _SHEETS:
            head, margin = not any(_cells(line)[1:]), ""
        elif head and any(_cells(line)):
            head, margin = False, "| " if first else ""
        lines.append(margin + line.strip() if margin and line.strip() else line)
    return "\n".join(lines)


def _with_bars(text: str) -> str:
    lines: list[str] = []
    problems: list[Problem] = []
    for line, wanted, place in _with_width(text):
        mended = _mended(line, wanted)
        if mended is None:
            mend = sentence("Write \\| for a bar inside a cell, or remove the cells at the end.")
            problems.append(Problem("cells", place, mend, sentence("The row has more cells than its head.")))
        lines.append(line if mended is None else mended)
    if problems:
        raise FormError(tuple(problems))
    return "\n".join(lines)


def _with_width(text: str) -> Iterator[tuple[str, int, str]]:
    """Yield each line, the number of cells of its table's head, and its place; 0 where nothing is wanted."""
    sheet, width, row = "", 0, 1
    for line in text.splitlines():
        cells = _cells(line)
        if not any(cells) or _SEPARATOR.fullmatch(line.strip()):
            yield line, 0, ""
        elif cells[0]:
            sheet, width, row = cells[0].lower(), len(cells) if any(cells[1:]) else 0, 1
            yield line, 0, ""
        elif not width:
            width = len(cells)
            yield line, 0, ""
        else:
            row += 1
            yield line, width, f"{sheet}, row {row}"


def _cells(line: str) -> list[str]:
    stripped = _COMMENT.sub("|", line.strip())
    if not stripped.startswith("|"):
        return []
    return [cell.strip() for cell in _BAR.split(stripped.removesuffix("|")[1:])]


def _mended(line: str, wanted: int) -> str | None:
    """Return a row with its bare bars escaped, None when it has too many cells and no telling which."""
    cells = _cells(line)
    excess = len(cells) - wanted
    if not wanted or excess <= 0 or not any(cells[wanted:]):
        return line
    tight = [found.start() for found in _TIGHT.finditer(line)]
    quoted = [
        found.start() + bar.start()
        for found in _QUOTED.finditer(line)
        for bar in _BAR.finditer(found.group())
    ]
    for places in (tight, quoted, sorted({*tight} & {*quoted})):
        if len(places) == excess:
            return "".join(f"\\{sign}" if place in places else sign for place, sign in enumerate(line))
    return None
