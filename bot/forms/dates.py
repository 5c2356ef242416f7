"""Dates and times as day numbers, and back: what makes `<=`, `+` and `=` work on them."""

import re
from datetime import UTC, date, datetime, timedelta

from babel import Locale, UnknownLocaleError
from babel.dates import format_date

EPOCH = date(1970, 1, 1)
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?(.*))?")
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?(?:Z|[+-]\d{2}:?\d{2})?")
_SPECIFIER = re.compile(r"%(.)")


def moment(text: str) -> datetime | None:
    """Return the local date and time that an ISO 8601 text names (midnight for a date), or None.

    The offset is dropped: all times of a sheet are city time, so that comparing them stays right.
    """
    found = _DATE.fullmatch(text.strip())
    if not found:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    try:
        return datetime(year, month, day, hour, minute, second, _micro(found.group(7)), tzinfo=UTC)
    except ValueError:
        return None


def clock(text: str) -> datetime | None:
    """Return the time that a text such as `18:30` names, on the first day of all, or None."""
    return moment(f"{EPOCH.isoformat()}T{text.strip()}") if _TIME.fullmatch(text.strip()) else None


def day_number(text: str) -> float | None:
    """Return days since 1970-01-01 for a date or time text, fractions for the hours; None for another.

    Source: ODK XForms Specification, `decimal-date-time`.
    """
    at = moment(text)
    if at is None:
        return None
    within = timedelta(hours=at.hour, minutes=at.minute, seconds=at.second, microseconds=at.microsecond)
    return (at.date() - EPOCH).days + within / timedelta(days=1)


def time_fraction(text: str) -> float | None:
    """Return the part of a day that a time (or the time of a date-time) is: noon 0.5; None for another."""
    found = _TIME.fullmatch(text.strip())
    if found:
        hour, minute, second = (int(part or 0) for part in found.groups()[:3])
        return (hour * 3600 + minute * 60 + second) / 86400 if hour < 24 and minute < 60 else None
    days = day_number(text)
    return None if days is None else days % 1


def day_text(days: float) -> str:
    """Return `YYYY-MM-DD` for a number of days since 1970-01-01, or "" outside the years 1 to 9999."""
    try:
        return (EPOCH + timedelta(days=int(days // 1))).isoformat()
    except (OverflowError, ValueError):
        return ""


def formatted(at: datetime, pattern: str, language: str) -> str:
    """Return a date or time by ODK's identifiers, names of months and days in the language.

    Source: ODK XForms Specification, `format-date` and `format-date-time`; others stay as written.
    """
    return _SPECIFIER.sub(lambda found: _part(at, found.group(1), language, found.group(0)), pattern)


def _part(at: datetime, letter: str, language: str, written: str) -> str:
    parts = {
        "Y": f"{at.year:04d}",
        "y": f"{at.year % 100:02d}",
        "m": f"{at.month:02d}",
        "n": str(at.month),
        "d": f"{at.day:02d}",
        "e": str(at.day),
        "H": f"{at.hour:02d}",
        "h": str(at.hour),
        "M": f"{at.minute:02d}",
        "S": f"{at.second:02d}",
        "3": f"{at.microsecond // 1000:03d}",
    }
    if letter in "ba":
        return format_date(at, "MMM" if letter == "b" else "EEE", locale=_locale(language))
    return parts.get(letter, written)


def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def _micro(digits: str | None) -> int:
    return int((digits or "0")[:6].ljust(6, "0"))
