"""Lists that lie outside the form, in attached CSV files and on the sheet external_choices, put into it.

A form that holds its lists needs no file when it is opened again.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO
from types import MappingProxyType

from lxml import etree

from bot.forms.arguments import xml_text
from bot.forms.form import FormError
from bot.forms.rows import Row, columns_of
from bot.forms.xform import XF, element_name, external_list
from bot.sentence import sentence
from bot.values import Problem

LARGEST_ATTACHED = 1024 * 1024  # bytes of one file
MOST_ATTACHED_ROWS = 20000
NO_FILES: Mapping[str, bytes] = MappingProxyType({})

_CSV = "jr://file-csv/"
_BY_NAME = re.compile(r"(?:search|pulldata)\(\s*['\"]([^'\"]+)['\"]")
_USUAL = {"value": "name", "caption": "label"}


def embed(tree: etree._Element, attached: Mapping[str, bytes], external: Sequence[Row]) -> None:
    """Put attached files and the external choices into an XForm; raise FormError for a file that is wrong.

    A list whose file is missing stays a reference to it.
    """
    tables = {name.casefold(): _table(name, attached[name]) for name in attached if is_table(name)}
    model = tree.find(f".//{XF}model")
    if model is None:
        return
    for instance in model.findall(f"{XF}instance[@src]"):
        source = instance.get("src", "")
        name = source.removeprefix(_CSV).casefold()
        if source.startswith(_CSV) and name in tables:
            del instance.attrib["src"]
            instance.append(_items(tables[name]))
    known = {instance.get("id", "") for instance in model.findall(f"{XF}instance")}
    wanted = {**_read_by_name(tree, tables), **_external(tree, external)}
    for name, rows in wanted.items():
        if name not in known:
            etree.SubElement(model, f"{XF}instance", id=name).append(_items(rows))


def is_table(file_name: str) -> bool:
    """Return whether an attached file can be read: CSV only."""
    return file_name.casefold().endswith(".csv")


def _read_by_name(
    tree: etree._Element, tables: Mapping[str, Iterable[Mapping[str, str]]]
) -> dict[str, Iterable[Mapping[str, str]]]:
    """Return the tables that `search('towns')` and `pulldata('towns', …)` read, by the name they give."""
    values = (str(value) for element in tree.iter(etree.Element) for value in element.attrib.values())
    names = {name.removesuffix(".csv") for value in values for name in _BY_NAME.findall(value)}
    found = {name: tables.get(f"{name}.csv".casefold()) for name in names}
    return {name: table for name, table in found.items() if table is not None}


def _external(tree: etree._Element, rows: Sequence[Row]) -> dict[str, Iterable[Mapping[str, str]]]:
    """Return the lists of the sheet external_choices that select_one_external asks for."""
    names = {external_list(control.get("query", "")) for control in tree.iter(f"{XF}input")}
    found: dict[str, list[Mapping[str, str]]] = {name: [] for name in names if name}
    for row in rows:
        of = columns_of(row).get("list_name", ("", ""))[1]
        if of in found:
            found[of].append({_column(header): xml_text(str(text).strip()) for header, text in row.items()})
    return dict(found)


def _column(header: str) -> str:
    return _USUAL.get(header.strip().lower(), header.strip())


def _items(rows: Iterable[Mapping[str, str]]) -> etree._Element:
    root = etree.Element(f"{XF}root")
    for row in rows:
        item = etree.SubElement(root, f"{XF}item")
        for header, text in row.items():
            column, _, language = header.partition("::")
            cell = etree.SubElement(item, f"{XF}{element_name(column)}")
            cell.text = text or None
            if language:
                cell.set("lang", language.strip())
    return root


# -- a file


def _table(name: str, file: bytes) -> list[Mapping[str, str]]:
    if len(file) > LARGEST_ATTACHED:
        raise _wrong(
            "too_large",
            name,
            sentence("Make the file smaller."),
            sentence("The file has {size} bytes; {most} are allowed.", size=len(file), most=LARGEST_ATTACHED),
        )
    try:
        text = file.decode("utf-8-sig")
    except UnicodeDecodeError:
        mend = sentence("Save the file as UTF-8.")
        raise _wrong("not_utf8", name, mend, sentence("The file is not UTF-8 text.")) from None
    rows = list(_rows(name, text))
    if len(rows) > MOST_ATTACHED_ROWS:
        raise _wrong(
            "too_large",
            name,
            sentence("Make the file smaller."),
            sentence(
                "The file has {size} rows; {most} are allowed.", size=len(rows), most=MOST_ATTACHED_ROWS
            ),
        )
    return rows


def _rows(name: str, text: str) -> Iterator[Mapping[str, str]]:
    """Yield the rows of a CSV text by column; Excel separates by semicolons where a comma is decimal."""
    first = text.split("\n", 1)[0]
    separator = ";" if first.count(";") > first.count(",") else ","
    try:
        lines = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
        headers = [header.strip() for header in next(lines, [])]
        for cells in lines:
            if any(cell.strip() for cell in cells):
                yield {h: xml_text(c.strip()) for h, c in zip(headers, cells, strict=False) if h}
    except csv.Error as error:
        mend = sentence("Save the file as CSV again.")
        raise _wrong("file_broken", name, mend, sentence("It cannot be read: {why}.", why=error)) from None


def _wrong(code: str, name: str, mend: str, message: str) -> FormError:
    return FormError((Problem(code, name, mend, message),))
