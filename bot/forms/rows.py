"""The rows of a workbook as its author wrote them: where each fault lies, all of them at once."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.forms.expressions import check_expression
from bot.forms.rewriting import ExpressionError, Scope
from bot.forms.slips import meant
from bot.sentence import sentence
from bot.values import Problem

Row = Mapping[str, str]

_REFERENCE = re.compile(r"\$\{([^{}]*)\}")
_QUOTED = re.compile(r"'([^']+)'")
_PARAMETER = re.compile(r"parameter ([\w-]+)")
_SELECT = re.compile(r"(?:select_one|select_multiple|rank) ([^\s${}]+)")
_PREFIX = re.compile(r"^(?:bind|control|body|instance):{1,2}")
_SAME_COLUMN = {
    "relevance": "relevant",
    "calculate": "calculation",
    "count": "repeat_count",
    "jr:count": "repeat_count",
    "value": "name",
    "tag": "name",
    "command": "type",
    "caption": "label",
}
_EXPRESSIONS = ("relevant", "constraint", "required", "calculation", "choice_filter", "repeat_count")
_TRUTHS = ("relevant", "constraint", "required")
_WORD = re.compile(r"[^\W\d][\w\-]*")
_CONSTANTS = frozenset({"", "yes", "no", "true", "false", "true()", "false()"})
_STRAIGHT = str.maketrans("‘’“”", "''\"\"")  # pyxform straightens quotes likewise
_SHEETS = ("survey", "choices")
_PLACE = re.compile(r"(survey|choices), row (\d+)")
_GENERATED = ("_other", "_count")  # pyxform's own questions: or_other, repeat_count


@dataclass(frozen=True, slots=True)
class Sheets:
    """The sheets that make a form; row n of a list is row n + 2 of the sheet."""

    survey: Sequence[Row]
    choices: Sequence[Row]
    repeats_choices: bool = False  # settings, allow_choice_duplicates
    default_language: str = ""


def survey_rows(sheets: Sheets) -> dict[str, int]:
    """Return the row of each survey path (`lines/spent`)."""
    found: dict[str, int] = {}
    above: list[str] = []
    for number, row in numbered(sheets.survey):
        columns = {column: text for column, (_, text) in columns_of(row).items()}
        sort, name = columns.get("type", "").replace(" ", "_").lower(), columns.get("name", "")
        if sort.startswith("end_"):
            above = above[:-1]
            continue
        found["/".join([*above, name])] = number
        if sort.startswith("begin_"):
            above.append(name)
    return found


def cell_naming(sheets: Sheets, message: str) -> str:
    """Return the place of what a message names: a survey row's type, name or parameter; "" for none."""
    quoted = {*_QUOTED.findall(message), *_PARAMETER.findall(message)}
    for number, row in numbered(sheets.survey):
        for column, (header, text) in columns_of(row).items():
            is_named = column in ("type", "name") and text in quoted
            is_set = column == "parameters" and any(f"{name}=" in text for name in quoted)
            if is_named or is_set:
                return f"survey, row {number}, {header}"
    return ""


def problems_of(sheets: Sheets) -> tuple[Problem, ...]:
    """Return every fault that can be seen in the rows themselves: expressions and unknown names."""
    names = names_of(sheets.survey)
    scope = Scope("", {}, lambda name: checked(name, names))
    lists = frozenset(columns_of(row).get("list_name", ("", ""))[1] for row in sheets.choices)
    survey = [
        problem
        for number, row in numbered(sheets.survey)
        for problem in (*_unknown_list(number, row, lists), *_problems_of_row(number, row, scope, names))
    ]
    choices = [
        problem
        for number, row in numbered(sheets.choices)
        for column, text in row.items()
        for problem in _unknown_names(text, f"choices, row {number}, {column}", names)
    ]
    return (*survey, *choices)


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return problems by sheet and row; those without a row come last."""
    return tuple(sorted(problems, key=_place))


def _place(problem: Problem) -> tuple[int, int]:
    found = _PLACE.match(problem.where)
    return (_SHEETS.index(found.group(1)), int(found.group(2))) if found else (len(_SHEETS), 0)


def numbered(rows: Sequence[Row]) -> Iterator[tuple[int, Row]]:
    """Yield each row with the number that the spreadsheet shows."""
    return enumerate(rows, start=2)


def columns_of(row: Row) -> dict[str, tuple[str, str]]:
    """Return a row by the usual names of its columns: the column as written, and the cell's text."""
    found = {}
    for header, text in row.items():
        found[_usual(header)] = (header, str(text).strip())
    return found


@lru_cache(maxsize=256)  # asked for each cell of a long form
def _usual(header: str) -> str:
    plain = _PREFIX.sub("", header.strip().lower()).replace(" ", "_")
    return _SAME_COLUMN.get(plain, plain)


def names_of(rows: Iterable[Row]) -> frozenset[str]:
    """Return every name that `${name}` can mean."""
    named = {columns_of(row).get("name", ("", ""))[1] for row in rows}
    return frozenset(named | {name + end for name in named for end in _GENERATED})


def _unknown_list(number: int, row: Row, lists: frozenset[str]) -> Iterator[Problem]:
    header, text = columns_of(row).get("type", ("", ""))
    found = _SELECT.match(text)
    if found and found.group(1) not in lists:
        yield Problem(
            "list_unknown",
            f"survey, row {number}, {header}",
            sentence("Add the list to the choices sheet, or correct its name."),
            sentence("There is no list of choices named {name}.", name=found.group(1)),
        )


def _problems_of_row(number: int, row: Row, scope: Scope, names: frozenset[str]) -> Iterator[Problem]:
    columns = columns_of(row)
    for column, (header, text) in columns.items():
        place = f"survey, row {number}, {header}"
        if column not in _EXPRESSIONS:
            yield from _unknown_names(text, place, names)
        elif column in _TRUTHS and _WORD.fullmatch(text) and text.lower() not in _CONSTANTS:
            message = sentence("{text} is neither yes, no nor an expression.", text=text)
            yield Problem(
                "expression_word", place, sentence("Write yes, no or an expression over ${{names}}."), message
            )
        elif text.lower() not in _CONSTANTS:
            yield from _expression_problem(text, place, scope)


def _expression_problem(text: str, place: str, scope: Scope) -> Iterator[Problem]:
    try:
        check_expression(text.translate(_STRAIGHT), scope)
    except ExpressionError as error:
        yield Problem(error.fault.code, place, error.fault.mend, error.fault.message)


def _unknown_names(text: str, place: str, names: frozenset[str]) -> Iterator[Problem]:
    for name in _REFERENCE.findall(str(text)):
        try:
            checked(name.strip().removeprefix("last-saved#").strip(), names)
        except ExpressionError as error:
            yield Problem(error.fault.code, place, error.fault.mend, error.fault.message)


def checked(name: str, names: frozenset[str]) -> str:
    """Return the path that stands for a name while only the rows are known; raise ExpressionError."""
    if name not in names:
        message = sentence("No question is named {name}.", name=name)
        mend = meant(name, names, "${{{}}}") or sentence("Correct the name.")
        raise ExpressionError("name_unknown", message, mend)
    return f"/{name}"
