"""A day."""

import re
from datetime import date, timedelta

from bot.dates import long_date, months_of, weekdays_of
from bot.questions.base import Asked, Reading
from bot.values import Answer, Doubt, Heard, Rejection, Say, Value
from bot.words import digits, fold

_DAYS = {
    0: ("today", "aujourd'hui", "hoje", "اليوم"),
    -1: ("yesterday", "hier", "ontem", "أمس"),
    1: ("tomorrow", "demain", "amanhã", "غدا"),
    2: ("day after tomorrow", "après-demain", "depois de amanhã", "بعد غد"),
}
_BY_WORD = {fold(word): days for days, words in _DAYS.items() for word in words}
_SEASON = timedelta(days=92)
_NUMBERS = re.compile(r"(\d{1,2})\s*[/.\-\s]\s*(\d{1,2})(?:\s*[/.\-\s]\s*(\d{4}|\d{2}))?")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")


class Date:
    """Accept 15/09/2026, 2026-09-15, 15/09, `15 septembre 2026`, today, yesterday, tomorrow; any digits."""

    def options(self, asked: Asked, say: Say) -> tuple[str, ...]:
        """Return no options."""
        return ()

    def read(self, asked: Asked, heard: Heard, say: Say) -> Reading:
        """Return the day as `YYYY-MM-DD`, a doubt where it may be another day, or ask for a form."""
        day, is_doubtful = _read(heard.text, asked.today, say)
        if day is None:
            return Rejection(say("That could not be read as a date. Please write it like this: 15/09/2026."))
        value = day.isoformat()
        return Doubt(value, self.shown(asked, value, say)) if is_doubtful else Answer(value)

    def shown(self, asked: Asked, value: Value, say: Say) -> str:
        """Return the long date."""
        return long_date(date.fromisoformat(str(value)), say.locale)


def _read(text: str, today: date, say: Say) -> tuple[date | None, bool]:
    said = fold(text)
    if said in _BY_WORD:
        return today + timedelta(days=_BY_WORD[said]), False
    plain = digits(text).strip()
    if iso := _ISO.fullmatch(plain):
        return _day(int(iso[1]), int(iso[2]), int(iso[3])), False
    if numbers := _NUMBERS.fullmatch(plain):
        return _from_numbers(int(numbers[1]), int(numbers[2]), numbers[3], today)
    found, is_doubtful = _named(plain, today, say) or _in_words(text, today, say.language), False
    if found and not re.search(r"\d{4}", plain):
        found, is_doubtful = _nearest(found.day, found.month, today)
    return found, is_doubtful or (found is not None and _may_be_another(plain, found, say))


def _named(plain: str, today: date, say: Say) -> date | None:
    """Read a day with a month of the country, such as `15 نونبر` or `15 نونبر 2026`."""
    day, *rest = plain.split()[:4] or [""]
    month = months_of(say.locale).get(fold(rest[0])) if rest else None
    if month is None or not re.fullmatch(r"\d{1,2}", day) or len(rest) > 2:
        return None
    if len(rest) == 1:
        return _nearest(int(day), month, today)[0]
    return _day(int(rest[1]), month, int(day)) if re.fullmatch(r"\d{4}", rest[1]) else None


def _may_be_another(plain: str, found: date, say: Say) -> bool:
    """Tell whether the text names a second day (`12/13 November`) or another day of the week."""
    weekdays = weekdays_of(say.locale)
    named = {weekdays[word] for word in map(fold, plain.split()) if word in weekdays}
    return len(re.findall(r"(?<!\d)\d{1,2}(?!\d)", plain)) > 1 or bool(named - {found.weekday()})


def _from_numbers(day: int, month: int, year: str | None, today: date) -> tuple[date | None, bool]:
    if year:
        return _day(int(year) + (2000 if len(year) == 2 else 0), month, day), False
    return _nearest(day, month, today)


def _nearest(day: int, month: int, today: date) -> tuple[date | None, bool]:
    """Return the nearest such day, in doubt when it is not within a season of today."""
    near = [found for y in (today.year - 1, today.year, today.year + 1) if (found := _day(y, month, day))]
    nearest = min(near, key=lambda found: abs(found - today), default=None)
    return nearest, nearest is not None and abs(nearest - today) > _SEASON


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _in_words(text: str, today: date, language: str) -> date | None:
    if not re.search(r"[^\W\d_]{3}", text) or len(text) > 40:
        return None
    from datetime import datetime  # dateparser wants a time without zone

    import dateparser  # slow to import (regular expressions of all languages): only where words are read

    found = dateparser.parse(
        digits(text),
        languages=[language],
        settings={
            "DATE_ORDER": "DMY",
            "RELATIVE_BASE": datetime(today.year, today.month, today.day),  # noqa: DTZ001
            "REQUIRE_PARTS": ["day", "month"],
            "NORMALIZE": True,
        },
    )
    return found.date() if found else None
