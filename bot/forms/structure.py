"""What a workbook's rows are: their types, names, groups, choices and labels, and every fault of these.

pyxform refuses a form at its first fault; these are looked for once it has refused one.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from bot.forms.rows import Sheets, columns_of, numbered
from bot.forms.slips import meant
from bot.sentence import sentence
from bot.values import Problem

Cells = Mapping[str, tuple[str, str]]  # usual name of the column to the column as written and the text

_LABELS = frozenset({"label", "hint", "media", "image", "big-image", "audio", "video"})
_UNASKED = frozenset({"start-geopoint", "background-audio", "background-geopoint"})
_TYPES = sentence("Use a type of docs/xlsform-support.md, such as text, integer or select_one LIST.")
_NAME = sentence("Begin with a letter or “_”; then letters, digits, “_”, “-” and “.” only.")


@dataclass(slots=True)
class _Level:
    """A group or repeat that is open, and the names in it."""

    control: str = ""  # group, repeat or loop; "" for the form itself
    row: int = 0
    names: set[str] = field(default_factory=lambda: {"meta"})


def faults_of_structure(sheets: Sheets) -> tuple[Problem, ...]:
    """Return every fault of types, names, groups, choices and labels."""
    rows = list(survey_cells(sheets))
    each = (problem for number, cells in rows for problem in _faults_of_row(number, cells))
    return (*each, *_faults_of_names(rows), *faults_of_groups(rows), *_faults_of_choices(sheets, rows))


def survey_cells(sheets: Sheets) -> Iterator[tuple[int, Cells]]:
    """Yield the rows of the survey sheet that count: comments and disabled ones do not."""
    for number, row in numbered(sheets.survey):
        cells = columns_of(row)
        is_off = text_in(cells, "disabled").lower() in ("yes", "true", "true()")
        if not is_off and (text_in(cells, "type") or text_in(cells, "name") or _has_label(cells)):
            yield number, cells


def text_in(cells: Cells, column: str) -> str:
    """Return the text of a cell with single spaces, "" for none."""
    return " ".join(cells.get(column, ("", ""))[1].split())


def _types() -> Iterator[str]:
    """Yield the types that a wrong one may mean: those of one word, and what needs a list or an end."""
    from pyxform.question_type_dictionary import QUESTION_TYPE_DICT

    yield from (name for name in QUESTION_TYPE_DICT if " " not in name)
    yield from ("begin_group", "end_group", "begin_repeat", "end_repeat")
    yield from ("select_one LIST", "select_multiple LIST", "rank LIST")


def is_known(sort: str) -> bool:
    """Return whether pyxform knows a type."""
    from pyxform.aliases import _type_alias_map, settings_header
    from pyxform.question_type_dictionary import QUESTION_TYPE_DICT
    from pyxform.xls2json import RE_OSM

    is_named = sort in QUESTION_TYPE_DICT or sort in _type_alias_map or sort in settings_header
    return is_named or bool(_control(sort) or list_of(sort) or RE_OSM.search(sort))


def is_asked(sort: str) -> bool:
    """Return whether people see a question of this type."""
    from pyxform.aliases import _type_alias_map
    from pyxform.question_type_dictionary import QUESTION_TYPE_DICT

    shape = QUESTION_TYPE_DICT.get(_type_alias_map.get(sort, sort), {})
    return bool(list_of(sort)) or ("control" in shape and sort not in _UNASKED)


def list_of(sort: str) -> str:
    """Return the list that a type such as `select_one LIST` names, "" for none."""
    from pyxform.xls2json import RE_SELECT

    found = RE_SELECT.search(sort)
    return str(found["list_name"]) if found else ""


def _control(sort: str) -> tuple[str, str] | None:
    """Return begin or end, and what begins or ends."""
    from pyxform.aliases import control
    from pyxform.xls2json import RE_BEGIN_CONTROL, RE_END_CONTROL

    found = RE_BEGIN_CONTROL.search(sort) or RE_END_CONTROL.search(sort)
    return (sort.split("_")[0].split()[0], control[found["type"]]) if found else None


def _fault(code: str, number: int, cells: Cells, column: str, message: str, mend: str) -> Problem:
    header = cells.get(column, (column, ""))[0]
    return Problem(code, f"survey, row {number}, {header}", mend, message)


def _faults_of_row(number: int, cells: Cells) -> Iterator[Problem]:
    sort = text_in(cells, "type")
    if not sort:
        yield _fault("type_missing", number, cells, "type", sentence("The row has no type."), _TYPES)
    elif not is_known(sort):
        message = sentence("{name} is not a type.", name=sort)
        yield _fault("type_unknown", number, cells, "type", message, meant(sort, _types()) or _TYPES)
    elif sort == "calculate" and not text_in(cells, "calculation") and not text_in(cells, "default"):
        message = sentence("The row computes nothing.")
        yield _fault(
            "calculation_missing",
            number,
            cells,
            "calculation",
            message,
            sentence("Write the expression here."),
        )
    elif is_asked(sort) and not _has_label(cells) and not _is_computed(cells):
        message = sentence("The question has no label.")
        yield _fault(
            "label_missing", number, cells, "label", message, sentence("Write what people are asked.")
        )


def _is_computed(cells: Cells) -> bool:
    return bool(text_in(cells, "calculation") or text_in(cells, "trigger"))


def _has_label(cells: Cells) -> bool:
    return any(text and column.split(":", 1)[0] in _LABELS for column, (_, text) in cells.items())


def _faults_of_names(rows: Iterable[tuple[int, Cells]]) -> Iterator[Problem]:
    from pyxform.parsing.expression import is_xml_tag

    repeats: set[str] = set()
    for number, cells, control, level in _nested(rows):
        name = text_in(cells, "name")
        if not name:
            if text_in(cells, "type") not in ("", "note"):
                yield _fault("name_missing", number, cells, "name", sentence("The row has no name."), _NAME)
        elif not is_xml_tag(name):
            yield _fault(
                "name_wrong", number, cells, "name", sentence("{name} cannot be a name.", name=name), _NAME
            )
        elif name in level.names or (control == "repeat" and name in repeats):
            mend = sentence("Give each question of a group, and each repeat, its own name.")
            yield _fault(
                "name_repeated", number, cells, "name", sentence("The name {name} is taken.", name=name), mend
            )
        level.names.add(name)
        repeats |= {name} if control == "repeat" else set()


def _nested(rows: Iterable[tuple[int, Cells]]) -> Iterator[tuple[int, Cells, str, _Level]]:
    """Yield what has a name: its row, what it begins, and the level that it lies on."""
    stack = [_Level()]
    for number, cells in rows:
        word, control = _control(text_in(cells, "type")) or ("", "")
        if word == "end":
            stack = stack[:-1] or stack
            continue
        yield number, cells, control, stack[-1]
        if word == "begin":
            stack.append(_Level(control, number))


def faults_of_groups(rows: Iterable[tuple[int, Cells]]) -> Iterator[Problem]:
    """Yield each end without its beginning and each beginning without its end."""
    opened: list[tuple[str, int, Cells]] = []
    for number, cells in rows:
        sort = text_in(cells, "type")
        word, control = _control(sort) or ("", "")
        if word == "begin":
            opened.append((control, number, cells))
        elif word == "end":
            last = opened.pop()[0] if opened else ""
            if last != control:
                message = (
                    sentence("{what} ends a {group}.", what=sort, group=last)
                    if last
                    else sentence("{what} ends nothing.", what=sort)
                )
                mend = (
                    sentence("Write end_{group}.", group=last)
                    if last
                    else sentence("Remove the row, or begin what it ends.")
                )
                yield _fault("group_end", number, cells, "type", message, mend)
    for control, number, cells in opened:
        mend = sentence("Add a row end_{group} after its last question.", group=control)
        yield _fault(
            "group_open", number, cells, "type", sentence("The {what} never ends.", what=control), mend
        )


def _faults_of_choices(sheets: Sheets, rows: Iterable[tuple[int, Cells]]) -> Iterator[Problem]:
    several = {list_of(sort) for _, cells in rows if "multiple" in (sort := text_in(cells, "type"))}
    seen: set[tuple[str, str]] = set()
    for number, row in numbered(sheets.choices):
        cells = columns_of(row)
        of, name = text_in(cells, "list_name"), text_in(cells, "name")
        place = f"choices, row {number}, {cells.get('name', ('name', ''))[0]}"
        if of and not name:
            yield Problem(
                "choice_name_missing",
                place,
                sentence("Give each choice a name."),
                sentence("The choice has no name."),
            )
        elif " " in name and of in several:
            message = sentence(
                "{name} holds a space, and the list {list} is of several choices.", name=name, list=of
            )
            yield Problem("choice_name_wrong", place, sentence("Write _ instead of the space."), message)
        elif of and (of, name) in seen and not sheets.repeats_choices:
            message = sentence("The list {list} has the choice {name} already.", list=of, name=name)
            yield Problem(
                "choice_repeated", place, sentence("Give each choice of a list its own name."), message
            )
        seen.add((of, name))
