"""Reading and showing of numbers as people write them."""

import re
import unicodedata
from dataclasses import dataclass

from babel.numbers import get_decimal_symbol

from bot.words import digits

_MOST_DIGITS = 15  # all that a stored number keeps exactly (IEEE 754)
_SPACES = re.compile(r"[\s_'’]+")
_SHAPE = re.compile(r"[-+]?\d+(?:[.,]\d+)*")


@dataclass(frozen=True, slots=True)
class Read:
    """A number, and whether the writing allows another reading (`12.500`)."""

    number: int | float
    is_doubtful: bool = False


def read_number(text: str) -> Read | None:
    """Return the number written with any digits, grouping and decimal sign; None when it is none.

    Understood: `12500`, `12 500`, `12.500,5`, `12,500.5`, `١٢٫٥`, `12 %`. One sign before exactly three
    digits is doubtful: read as grouping, for the person to check. More than 15 digits are no number.
    """
    plain = digits(unicodedata.normalize("NFKC", text)).replace("\u066b", ".").replace("\u066c", " ")
    plain = plain.replace("−", "-").strip().removesuffix("%").strip()
    if not re.fullmatch(r"[-+]?\d{1,3}(?:[\s_'’]\d{3})*(?:[.,]\d+)?|[-+]?[\d.,]+", plain):
        return None
    plain = _SPACES.sub("", plain)
    is_number = _SHAPE.fullmatch(plain) and sum(c.isdecimal() for c in plain) <= _MOST_DIGITS
    return _read(plain) if is_number else None


def _read(plain: str) -> Read | None:
    signs = re.findall(r"[.,]", plain)
    if not signs:
        return Read(int(plain))
    if len(set(signs)) == 2:
        return _grouped(plain, decimal=signs[-1])
    if len(signs) > 1:
        return _grouped(plain, decimal="")
    after = re.split(r"[.,]", plain)[1]
    before = re.split(r"[.,]", plain)[0].lstrip("+-")
    if len(after) == 3 and 1 <= len(before) <= 3 and before != "0":
        return Read(int(re.sub(r"[.,]", "", plain)), is_doubtful=True)
    return Read(float(plain.replace(",", ".")))


def _grouped(plain: str, decimal: str) -> Read | None:
    whole, _, part = plain.rpartition(decimal) if decimal else (plain, "", "")
    groups = re.split(r"[.,]", whole)
    if any(len(group) != 3 for group in groups[1:]) or not 1 <= len(groups[0].lstrip("+-")) <= 3:
        return None
    number = "".join(groups)
    return Read(float(f"{number}.{part}") if part else int(number))


def shown_number(number: int | float, locale: str) -> str:
    """Return the number in Western digits, grouped by narrow spaces from five digits on.

    The decimal sign is the one that the country writes (CLDR).
    """
    whole, _, part = f"{number:f}".rstrip("0").rstrip(".").partition(".")
    if len(whole.lstrip("-")) > 4:
        whole = f"{int(whole):,}".replace(",", " ")
    sign = get_decimal_symbol(locale, numbering_system="latn")
    return f"{whole}{sign}{part}" if part else whole
