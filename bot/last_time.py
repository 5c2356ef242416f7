"""Values that a question begins with: the answer of last time, or what the form suggests."""

from collections.abc import Mapping
from dataclasses import replace
from math import isfinite

from bot.forms.dates import clock, moment
from bot.forms.sheet import Sheet, Step
from bot.session import Filling, Session, askable
from bot.values import Value

_ROUNDS = 10  # a carried answer makes the next one relevant at most so often in a row
_TIMES = {"date": "%Y-%m-%d", "time": "%H:%M", "datetime": "%Y-%m-%dT%H:%M"}  # a default may be now()
_LISTS = frozenset({"select_multiple", "rank"})


def carried(filling: Filling) -> Mapping[str, Value]:
    """Return the answers of last time that the form carries over and that hold now, by path in its order.

    Only for questions without an answer; what one of them makes relevant is carried as well, what one of
    them makes irrelevant is not. {} when they contradict one another.
    """
    found: dict[str, Value] = {}
    for _ in range(_ROUNDS if filling.previous else 0):
        given = {**filling.session.given, **found}
        sheet = replace(filling, session=Session(given, firsts=filling.session.firsts)).sheet()
        before, found = found, _held(filling, sheet)
        if found == before:
            return found
    return {}


def _held(filling: Filling, sheet: Sheet) -> dict[str, Value]:
    open_steps = (at for at in askable(sheet) if at.path not in filling.session.given)
    values = ((at, sheet.default(at.path)) for at in open_steps if sheet.carries(at.path))
    return {at.path: value for at, value in values if holds(sheet, at, value)}


def kept(filling: Filling, sheet: Sheet, at: Step) -> Value:
    """Return what `=` answers to a question: what it begins with, else the answer of last time, else None."""
    if (value := suggested(sheet, at)) is not None:
        return value
    last = filling.previous.get(at.path)
    return last if holds(sheet, at, last) else None


def suggested(sheet: Sheet, at: Step) -> Value:
    """Return the value that a question begins with, as an answer to it; None when none holds."""
    value = _typed(at.question.type, sheet.default(at.path))
    return value if holds(sheet, at, value) else None


def holds(sheet: Sheet, at: Step, value: Value) -> bool:
    """Tell whether a value has the shape of the question's, and names only options that it offers now."""
    if value is None or isinstance(value, dict) or not sheet.accepts(at.path, value):
        return False
    if (at.question.type in _LISTS) != isinstance(value, list):
        return False
    if not at.question.choices:
        return True
    names = {choice.name for choice in sheet.choices(at.path)}
    return names.issuperset(value if isinstance(value, list) else [value])


def _typed(type: str, value: Value) -> Value:
    """Return a default, which is text in a form, with the type of its question's answers."""
    if not isinstance(value, str):
        return value
    if type in _LISTS:
        return list(value.split())
    if type in _TIMES:
        at = moment(value) or (clock(value) if type == "time" else None)
        return f"{at:{_TIMES[type]}}" if at else None
    if type not in ("integer", "decimal", "range"):
        return value
    try:
        number = float(value)
    except ValueError:
        return None
    if not isfinite(number):
        return None
    return int(number) if number.is_integer() else number if type != "integer" else None
