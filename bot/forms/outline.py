"""What others ask of a form: its questions, choices, texts and expressions; also where it was refused."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from bot.forms.expressions import check_expression
from bot.forms.languages import recognise
from bot.forms.rewriting import ExpressionError, Fault, Scope
from bot.forms.rows import Sheets, checked, columns_of, names_of, numbered, survey_rows
from bot.forms.structure import Cells, faults_of_groups, is_asked, is_known, list_of, survey_cells, text_in
from bot.values import Labels

UNLABELLED = "default"  # the language of a column that names none

_TEXTS = ("label", "hint", "constraint_message", "required_message")


@dataclass(frozen=True, slots=True)
class Outline:
    """What can be compared with a form."""

    choices: Mapping[str, tuple[str, ...] | None]  # path of a question to its choices; None: not known
    texts: tuple[tuple[str, Labels], ...]  # place, and the text by language
    fault: Callable[[str], Fault | None]  # why an expression over the form cannot be used
    names: frozenset[str] = frozenset()  # that expressions may use, when only the rows are known


def outline_of_rows(sheets: Sheets) -> Outline | None:
    """Return what the rows of a refused form tell, or None when its groups do not close: paths are unsure."""
    rows = dict(survey_cells(sheets))
    if any(faults_of_groups(rows.items())):
        return None
    lists = _lists(sheets)
    questions = {path: rows[number] for path, number in survey_rows(sheets).items() if number in rows}
    choices = {
        path: _choices(text_in(cells, "type"), lists)
        for path, cells in questions.items()
        if is_asked(sort := text_in(cells, "type")) or not is_known(sort)
    }
    names = names_of(sheets.survey)
    return outline_of(choices, tuple(_texts(sheets, rows)), names)


def outline_of(
    choices: Mapping[str, tuple[str, ...] | None],
    texts: tuple[tuple[str, Labels], ...],
    names: frozenset[str],
) -> Outline:
    """Return the outline of rows that hold these choices, texts and names."""
    return Outline(choices, texts, lambda source: _fault(source, names), names)


def _lists(sheets: Sheets) -> dict[str, tuple[str, ...]]:
    lists: dict[str, list[str]] = {}
    for _, row in numbered(sheets.choices):
        cells = columns_of(row)
        lists.setdefault(text_in(cells, "list_name"), []).append(text_in(cells, "name"))
    return {name: tuple(names) for name, names in lists.items()}


def _choices(sort: str, lists: Mapping[str, tuple[str, ...]]) -> tuple[str, ...] | None:
    if not is_known(sort):
        return None
    if not list_of(sort):
        return ()
    names = lists.get(list_of(sort))
    return (*names, "other") if names and sort.endswith("other") else names


def _fault(source: str, names: frozenset[str]) -> Fault | None:
    try:
        check_expression(source, Scope("", {}, lambda name: checked(name, names)))
    except ExpressionError as error:
        return error.fault
    return None


def _texts(sheets: Sheets, rows: Mapping[int, Cells]) -> Iterator[tuple[str, Labels]]:
    used = {list_of(text_in(cells, "type")) for cells in rows.values()}
    for number, cells in rows.items():
        for column in _TEXTS:
            labels = _labels(cells, column, sheets.default_language)
            if labels or (column == "label" and is_asked(text_in(cells, "type"))):
                yield f"survey, row {number}, {column}", labels
    for number, row in numbered(sheets.choices):
        cells = columns_of(row)
        if text_in(cells, "list_name") in used:
            yield f"choices, row {number}, label", _labels(cells, "label", sheets.default_language)


def _labels(cells: Cells, column: str, default: str) -> dict[str, str]:
    found = {}
    for header, text in cells.values():
        family, _, language = header.partition("::")
        if family.strip().lower().replace(" ", "_") == column and text:
            found[recognise(language or default) or UNLABELLED] = text
    return found
