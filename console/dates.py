"""Days and times as the pages write them, in Western digits."""

from datetime import date, datetime

from babel.dates import format_date

SHORT = "EEE d MMM"
PATTERNS = {"pt": "EEEE, d 'de' MMMM", "ar": "EEEE، d MMMM"}


def day_words(day: date, locale: str) -> str:
    """Return weekday, day and month in words, such as `Monday 23 November`."""
    return format_date(day, PATTERNS.get(locale[:2], "EEEE d MMMM"), locale=locale)


def short_words(at: datetime, locale: str) -> str:
    """Return day and hour in few letters, such as `Mon 30 Nov 10:00`; `at` in the zone to show."""
    return f"{format_date(at, SHORT, locale=locale)} {at:%H:%M}"


def moment_words(at: datetime, locale: str) -> str:
    """Return day, month and hour, such as `23 November, 10:05`; `at` in the zone to show."""
    comma = "،" if locale[:2] == "ar" else ","
    return f"{day_words(at.date(), locale)}{comma} {at:%H:%M}"
