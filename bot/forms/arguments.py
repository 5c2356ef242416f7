"""What a function of an expression is given: nodes, texts, numbers and truths, and each as another."""

import math
import re
from decimal import Decimal
from typing import TypeAlias

from lxml import etree

from bot.forms.dates import day_number, time_fraction

Argument: TypeAlias = list[etree._Element] | str | float | bool

BLANK = math.nan
IRRELEVANT = "irrelevant"  # attribute of a node that is not asked: aggregates leave it out, as ODK does
_NUMBER = re.compile(r"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")  # XPath 1.0 section 3.7: no exponent, no plus
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(text: str) -> str:
    """Return a text without the characters that XML cannot hold."""
    return text if text.isprintable() else _NOT_XML.sub("", text)


def text_of(argument: Argument) -> str:
    """Return the text of an argument: of nodes the first one's, of numbers as XPath writes them."""
    match argument:
        case list():
            return (argument[0].text or "") if argument else ""
        case bool():
            return "true" if argument else "false"
        case float() | int():
            return number_text(argument)
        case _:
            return str(argument)


def number_text(number: float) -> str:
    """Return a number without an exponent and without `.0`; NaN as `NaN`."""
    if isinstance(number, int):
        return str(number)
    if math.isnan(number) or math.isinf(number):
        return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
    if number == int(number):
        return str(int(number))
    return format(Decimal(repr(float(number))), "f")


def number_of(argument: Argument) -> float:
    """Return the number of an argument: a date as its day number, a time as a part of a day, blank as NaN."""
    if isinstance(argument, bool | float | int):
        return float(argument)
    text = text_of(argument).strip()
    if _NUMBER.fullmatch(text):
        return float(text)
    days = day_number(text) if text else None
    if days is None and text:
        days = time_fraction(text)
    return BLANK if days is None else days


def truth_of(argument: Argument) -> bool:
    """Return whether an argument holds: text when not blank, a number when neither 0 nor NaN."""
    if isinstance(argument, list):
        return text_of(argument) != ""
    return bool(argument) and argument == argument


def nodes_of(argument: Argument) -> list[Argument]:
    """Return an argument's members, nodes that are not asked left out."""
    if isinstance(argument, list):
        return [node.text or "" for node in argument if node.get(IRRELEVANT) is None]
    return [argument]


def members_of(arguments: tuple[Argument, ...]) -> list[Argument]:
    return [member for argument in arguments for member in nodes_of(argument)]
