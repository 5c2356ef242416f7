"""The functions of ODK's expressions, each total: no argument makes one raise.

Source: ODK XForms Specification, "XPath Functions".
"""

import base64
import binascii
import hashlib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import TypeAlias
from uuid import UUID

from lxml import etree

from bot.forms import geography
from bot.forms.arguments import (
    BLANK,
    Argument,
    members_of,
    nodes_of,
    number_of,
    text_of,
    truth_of,
    xml_text,
)
from bot.forms.dates import clock, day_text, formatted, moment, time_fraction
from bot.forms.patterns import matches

Run: TypeAlias = Callable[..., Argument]

_DIGESTS = {"MD5": "md5", **{f"SHA-{n}": f"sha{n}" for n in (1, 256, 384, 512)}}
PREFIX = "odk-"  # ours, because a function of XPath's own cannot be replaced


@dataclass(frozen=True, slots=True)
class Function:
    """A function that a form may use: its number of arguments and what it returns."""

    least: int
    most: int | None  # None: no limit
    kind: str = "text"  # number, boolean, date, text, nodes: what the rewriting needs to know
    run: Run | None = None  # None: XPath's own
    needs: tuple[str, ...] = ()  # values of the sheet passed after the arguments
    variable: str = ""  # the whole call is this value of the sheet
    is_bound: bool = False  # the form itself gives it: it reads its lists and texts


def _if(_: object, condition: Argument, then: Argument, otherwise: Argument) -> Argument:
    return _plain(then if truth_of(condition) else otherwise)


def _plain(argument: Argument) -> Argument:
    return text_of(argument) if isinstance(argument, list) else argument


def _number(_: object, value: Argument = "") -> float:
    return number_of(value)


def _int(_: object, value: Argument, _places: Argument = 0.0) -> float:
    """Return the whole part; forms in use give it places, as if it were round()."""
    number = number_of(value)
    return float(math.trunc(number)) if math.isfinite(number) else BLANK


def _round(_: object, value: Argument, decimals: Argument = 0.0) -> float:
    number, places = number_of(value), number_of(decimals)
    if not (math.isfinite(number) and math.isfinite(places) and abs(places) <= 30):
        return BLANK
    try:
        step = Decimal(1).scaleb(-int(places))
        return float(Decimal(repr(number)).quantize(step, rounding=ROUND_HALF_UP))
    except InvalidOperation:
        return number


def _sum(_: object, *arguments: Argument) -> float:
    return sum((number_of(member) for member in members_of(arguments)), 0.0)


def _extreme(choose: Callable[[list[float]], float]) -> Run:
    def run(_: object, *arguments: Argument) -> float:
        numbers = [number_of(member) for member in members_of(arguments)]
        return choose(numbers) if numbers and not any(map(math.isnan, numbers)) else BLANK

    return run


def _count(_: object, nodes: Argument) -> float:
    return float(len(nodes_of(nodes))) if isinstance(nodes, list) else 0.0


def _count_non_empty(_: object, nodes: Argument) -> float:
    return float(sum(text_of(member) != "" for member in nodes_of(nodes)))


def _concat(_: object, *arguments: Argument) -> str:
    return "".join(text_of(member) for member in members_of(arguments))


def _join(_: object, separator: Argument, *arguments: Argument) -> str:
    return text_of(separator).join(text_of(member) for member in members_of(arguments))


def _coalesce(_: object, *arguments: Argument) -> Argument:
    return next((_plain(a) for a in arguments if text_of(a) not in ("", "NaN")), "")


def _selected(_: object, chosen: Argument, name: Argument) -> bool:
    return text_of(name).strip() in text_of(chosen).split()


def _selected_at(_: object, chosen: Argument, index: Argument) -> str:
    names, place = text_of(chosen).split(), number_of(index)
    return names[int(place)] if math.isfinite(place) and 0 <= place < len(names) else ""


def _count_selected(_: object, chosen: Argument) -> float:
    return float(len(text_of(chosen).split()))


def _position(_: object, node: Argument = "") -> float:
    if not isinstance(node, list) or not node:
        return BLANK
    return 1.0 + sum(1 for _ in node[0].itersiblings(node[0].tag, preceding=True))


def _indexed_repeat(_: object, wanted: Argument, *levels: Argument) -> list[etree._Element]:
    """Return the wanted node inside the n-th instance of each repeat named after it."""
    found = wanted if isinstance(wanted, list) else []
    for repeats, index in zip(levels[::2], levels[1::2], strict=False):
        place = number_of(index)
        if not isinstance(repeats, list) or not math.isfinite(place):
            return []
        within = [r for r in repeats if _position(None, [r]) == int(place)]
        found = [node for node in found if any(up in within for up in node.iterancestors())]
    return found


def _substr(_: object, value: Argument, start: Argument, end: Argument = math.inf) -> str:
    text = text_of(value)
    first, last = number_of(start), number_of(end)
    if math.isnan(first) or math.isnan(last):
        return ""
    size = len(text)
    bounds = [int(max(-size, min(size, place))) for place in (first, last)]
    begin, finish = (place + size if place < 0 else place for place in bounds)
    return text[begin:finish]


def _ends_with(_: object, text: Argument, end: Argument) -> bool:
    return text_of(text).endswith(text_of(end))


def _boolean_from_string(_: object, value: Argument) -> bool:
    return text_of(value).strip().lower() in ("true", "1")


def _regex(_: object, value: Argument, pattern: Argument) -> bool:
    return matches(text_of(pattern), text_of(value))


def _date(_: object, value: Argument) -> str:
    number = number_of(value)
    return day_text(number) if math.isfinite(number) else ""


def _date_time(_: object, value: Argument) -> str:
    text = text_of(value)
    return text if moment(text) else _date(_, value)


def _decimal_time(_: object, value: Argument) -> float:
    fraction = time_fraction(text_of(value))
    return BLANK if fraction is None else fraction


def _format_date(_: object, value: Argument, pattern: Argument, language: Argument) -> str:
    text = text_of(value)
    at = moment(text) or clock(text) or moment(_date(_, value))
    return formatted(at, text_of(pattern), text_of(language)) if at else ""


def _once(_: object, value: Argument, current: Argument) -> Argument:
    return text_of(current) or _plain(value)


def _random(_: object, seed: Argument) -> float:
    """Return a number in [0, 1) that the sheet's seed decides: the bot is pure, so nothing is drawn."""
    return int.from_bytes(_digest(seed)[:6], "big") / 2**48


def _uuid(_: object, *arguments: Argument) -> str:
    *length, seed = arguments
    unique = str(UUID(bytes=_digest(seed)[:16], version=4))
    size = number_of(length[0]) if length else BLANK
    return _digest(seed).hex()[: int(size)] if math.isfinite(size) and size > 0 else unique


def _digest(seed: Argument) -> bytes:
    return hashlib.sha256(text_of(seed).encode("utf-8", "replace")).digest()


def _randomize(_: object, nodes: Argument, *_seed: Argument) -> Argument:
    """Return the nodes in the form's order: options keep their numbers, whoever is asked."""
    return nodes


def _checklist(_: object, least: Argument, most: Argument, *values: Argument) -> bool:
    return _within(sum(number_of(v) > 0 for v in members_of(values)), least, most)


def _weighted_checklist(_: object, least: Argument, most: Argument, *pairs: Argument) -> bool:
    members = members_of(pairs)
    weights = (number_of(w) for v, w in zip(members[::2], members[1::2], strict=False) if number_of(v) > 0)
    return _within(sum(weights), least, most)


def _within(total: float, least: Argument, most: Argument) -> bool:
    low, high = number_of(least), number_of(most)
    return (low == -1 or total >= low) and (high == -1 or total <= high)


def _area(_: object, outline: Argument) -> float:
    return geography.area(_places([outline]))


def _distance(_: object, *arguments: Argument) -> float:
    return geography.distance(_places(arguments))


def _geofence(_: object, place: Argument, outline: Argument) -> bool:
    where, around = _places([place]), _places([outline])
    return len(where) == 1 and geography.is_within(where[0], around)


def _intersects(_: object, line: Argument) -> bool:
    return geography.crosses_itself(_places([line]))


def _places(arguments: Iterable[Argument]) -> list[geography.Place]:
    return geography.places(";".join(text_of(m) for m in members_of(tuple(arguments)) if text_of(m)))


def _digest_of(_: object, data: Argument, algorithm: Argument, encoding: Argument = "base64") -> str:
    """Return a checksum; one that is not known is blank."""
    name = _DIGESTS.get(text_of(algorithm).upper())
    if name is None:
        return ""
    made = hashlib.new(name, text_of(data).encode("utf-8", "replace"), usedforsecurity=False)
    return made.hexdigest() if text_of(encoding) == "hex" else base64.b64encode(made.digest()).decode()


def _base64_decode(_: object, text: Argument) -> str:
    try:
        return xml_text(base64.b64decode(text_of(text)).decode("utf-8", "replace"))
    except (binascii.Error, ValueError):
        return ""


def _first(_: object, value: Argument, *_others: Argument) -> Argument:
    return _plain(value)


def _blank(_: object, *_arguments: Argument) -> str:
    return ""


def _math(compute: Callable[..., float]) -> Run:
    def run(_: object, *arguments: Argument) -> float:
        try:
            return float(compute(*(number_of(argument) for argument in arguments)))
        except (ValueError, ArithmeticError, TypeError):
            return BLANK

    return run


def _power(base: float, exponent: float) -> float:
    return math.pow(base, exponent)


def _math_function(arguments: int, compute: Callable[..., float]) -> Function:
    return Function(arguments, arguments, "number", _math(compute))


FUNCTIONS: Mapping[str, Function] = {
    # XPath's own
    "true": Function(0, 0, "boolean"),
    "false": Function(0, 0, "boolean"),
    "not": Function(1, 1, "boolean"),
    "boolean": Function(1, 1, "boolean"),
    "string": Function(0, 1),
    "string-length": Function(0, 1, "number"),
    "contains": Function(2, 2, "boolean"),
    "starts-with": Function(2, 2, "boolean"),
    "substring": Function(2, 3),
    "substring-before": Function(2, 2),
    "substring-after": Function(2, 2),
    "translate": Function(3, 3),
    "normalize-space": Function(0, 1),
    "floor": Function(1, 1, "number"),
    "ceiling": Function(1, 1, "number"),
    "last": Function(0, 0, "number"),
    # ODK's
    "if": Function(3, 3, "text", _if),
    "coalesce": Function(1, None, "text", _coalesce),
    "once": Function(1, 1, "text", _once, ("here",)),
    "selected": Function(2, 2, "boolean", _selected),
    "selected-at": Function(2, 2, "text", _selected_at),
    "count-selected": Function(1, 1, "number", _count_selected),
    "count": Function(1, 1, "number", _count),
    "count-non-empty": Function(1, 1, "number", _count_non_empty),
    "sum": Function(1, None, "number", _sum),
    "min": Function(1, None, "number", _extreme(min)),
    "max": Function(1, None, "number", _extreme(max)),
    "number": Function(0, 1, "number", _number),
    "int": Function(1, 2, "number", _int),
    "round": Function(1, 2, "number", _round),
    "position": Function(0, 1, "number", _position),
    "indexed-repeat": Function(3, None, "nodes", _indexed_repeat),
    "randomize": Function(1, 2, "nodes", _randomize),
    "concat": Function(0, None, "text", _concat),
    "join": Function(1, None, "text", _join),
    "substr": Function(2, 3, "text", _substr),
    "ends-with": Function(2, 2, "boolean", _ends_with),
    "regex": Function(2, 2, "boolean", _regex),
    "boolean-from-string": Function(1, 1, "boolean", _boolean_from_string),
    "today": Function(0, 0, "date", variable="today"),
    "now": Function(0, 0, "date", variable="now"),
    "date": Function(1, 1, "date", _date),
    "date-time": Function(1, 1, "date", _date_time),
    "decimal-date-time": Function(1, 1, "number", _number),
    "decimal-time": Function(1, 1, "number", _decimal_time),
    "format-date": Function(2, 2, "text", _format_date, ("language",)),
    "format-date-time": Function(2, 2, "text", _format_date, ("language",)),
    "random": Function(0, 0, "number", _random, ("seed",)),
    "uuid": Function(0, 1, "text", _uuid, ("seed",)),
    "checklist": Function(3, None, "boolean", _checklist),
    "weighted-checklist": Function(4, None, "boolean", _weighted_checklist),
    "jr:choice-name": Function(2, 2, "text", None, ("language",), is_bound=True),
    "jr:itext": Function(1, 1, "text", None, ("language",), is_bound=True),
    "pulldata": Function(4, 4, "text", is_bound=True),
    "version": Function(0, 0, "text", is_bound=True),
    "depend": Function(1, None, "text", _first),
    "property": Function(1, 1, "text", _blank),
    "digest": Function(2, 3, "text", _digest_of),
    "base64-decode": Function(1, 1, "text", _base64_decode),
    "area": Function(1, 1, "number", _area),
    "distance": Function(1, None, "number", _distance),
    "geofence": Function(2, 2, "boolean", _geofence),
    "intersects": Function(1, 1, "boolean", _intersects),
    "instance": Function(1, 1, "nodes"),
    "current": Function(0, 0, "nodes"),
    "abs": _math_function(1, abs),
    "pow": _math_function(2, _power),
    "sqrt": _math_function(1, math.sqrt),
    "exp": _math_function(1, math.exp),
    "exp10": _math_function(1, lambda x: math.pow(10, x)),
    "log": _math_function(1, math.log),
    "log10": _math_function(1, math.log10),
    "sin": _math_function(1, math.sin),
    "cos": _math_function(1, math.cos),
    "tan": _math_function(1, math.tan),
    "asin": _math_function(1, math.asin),
    "acos": _math_function(1, math.acos),
    "atan": _math_function(1, math.atan),
    "atan2": _math_function(2, math.atan2),
    "pi": _math_function(0, lambda: math.pi),
}
"""Every function that a form may use; another one is refused when the form is read."""
ALWAYS_BLANK = frozenset({"property"})  # known to ODK, but there is no phone to ask
OF_THE_QUESTION = frozenset({"string", "number", "string-length", "normalize-space"})  # when nothing is given
