"""Phone numbers that a country has written in another way since: both forms are one address."""

import re
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Renumbering:
    """A country whose numbers got a prefix."""

    code: str  # +229
    digits: int  # of a former number, after the code
    prefix: str  # before them since
    since: date


RENUMBERINGS = (
    Renumbering("+229", 8, "01", date(2024, 11, 30)),  # Benin: ARCEP, ten digits for all numbers
)


def forms_of(number: str) -> tuple[str, ...]:
    """Return every form of an E.164 number: as it is written now, then as it was; one for most countries."""
    for one in RENUMBERINGS:
        code = re.escape(one.code)
        found = re.fullmatch(rf"{code}(?:{one.prefix})?([0-9]{{{one.digits}}})", number)
        if found is not None:
            return f"{one.code}{one.prefix}{found[1]}", f"{one.code}{found[1]}"
    return (number,)


def as_now(number: str) -> str:
    """Return an E.164 number as it is written now."""
    return forms_of(number)[0]
