"""What one value of a programme's files may be, and the mend when it is not."""

import re
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, TypeAlias
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo
from pydantic_core import PydanticCustomError


class Weekday(StrEnum):
    """A day of the week, in the order of ISO 8601."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


class Status(StrEnum):
    """How well a fact is known."""

    SOURCED = "sourced"
    GENERAL = "general knowledge"
    ASSUMED = "assumed"
    ESTIMATED = "estimated"


def fault(code: str, message: str, mend: str) -> PydanticCustomError:
    """Return the error that a validator raises, with its mend."""
    return PydanticCustomError("programme", "{message}", {"code": code, "message": message, "mend": mend})


def _text(value: str) -> str:
    if not value.strip():
        raise fault("empty", "The text is empty.", "Write a text.")
    return value


def _day(value: object) -> date:
    try:
        return date.fromisoformat(value if isinstance(value, str) and len(value) == 10 else "")
    except ValueError:
        raise fault("date", f"{value} is not a date.", "Write year-month-day, such as 2026-09-15.") from None


def _hour(value: object) -> time:
    if isinstance(value, str) and re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        return time.fromisoformat(value)
    raise fault("time", f"{value} is not a time of day.", 'Write hours and minutes, such as "09:30".')


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (LookupError, ValueError, OSError):
        mend = "Use a name of the IANA time zone database, such as Europe/Paris."
        raise fault("zone", f"{value} is not a known time zone.", mend) from None
    return value


def _locale(value: str) -> str:
    try:
        known = str(Locale.parse(value))
    except (UnknownLocaleError, ValueError):
        known = ""
    if known != value:
        mend = "Use a language and a country, such as fr_FR."
        raise fault("locale", f"{value} is not a known locale.", mend)
    return value


@lru_cache
def _english() -> Locale:
    return Locale.parse("en")


def _country(value: str) -> str:
    if len(value) == 2 and value in _english().territories:
        return value
    raise fault(
        "country", f"{value} is not a country code.", "Use two capital letters of ISO 3166, such as ML."
    )


def _currency(value: str) -> str:
    if value in _english().currencies:
        return value
    raise fault("currency", f"{value} is not a currency code.", "Use three letters of ISO 4217, such as XOF.")


def _amount(value: object) -> Decimal:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1_000_000:
        return Decimal(str(value))
    raise fault("amount", f"{value} is not an amount of money.", "Write a number such as 0.005 or 40.")


def _names(values: Mapping[str, str], info: ValidationInfo) -> Mapping[str, str]:
    wanted: tuple[str, ...] = (info.context or {}).get("languages", ())
    missing = [language for language in wanted if not str(values.get(language) or "").strip()]
    if missing:
        raise fault("language", f"No text in: {', '.join(missing)}.", "Add a line for each of them.")
    unknown = [language for language in values if wanted and language not in wanted]
    if unknown:
        mend = "Remove them, or add them to `languages`."
        raise fault("language", f"Not a language of the programme: {', '.join(unknown)}.", mend)
    return values


Text: TypeAlias = Annotated[str, AfterValidator(_text)]
Names: TypeAlias = Annotated[Mapping[str, str], AfterValidator(_names)]  # language to text, every language
Day: TypeAlias = Annotated[date, BeforeValidator(_day)]
Hour: TypeAlias = Annotated[time, BeforeValidator(_hour)]
Zone: TypeAlias = Annotated[str, AfterValidator(_zone)]  # IANA name
LocaleName: TypeAlias = Annotated[str, AfterValidator(_locale)]  # Babel's, such as ar_MA
LanguageCode: TypeAlias = Annotated[str, Field(pattern=r"^[a-z]{2,3}(_[A-Z]{2})?$")]  # as pt_PT
Country: TypeAlias = Annotated[str, AfterValidator(_country)]  # ISO 3166, two letters
Currency: TypeAlias = Annotated[str, AfterValidator(_currency)]  # ISO 4217
Code: TypeAlias = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]{1,7}$")]  # begins a report's reference
Prefix: TypeAlias = Annotated[str, Field(pattern=r"^\+[0-9]{1,4}$")]  # E.164 country code
Amount: TypeAlias = Annotated[Decimal, BeforeValidator(_amount)]  # of money
Count: TypeAlias = Annotated[int, Field(ge=0, strict=True)]
