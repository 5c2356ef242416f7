"""Reading of a day as people write it: digits, names, distances from today, in four languages."""

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from bot.questions.day_words import (
    AGO,
    AGO_AFTER,
    AHEAD,
    AHEAD_AFTER,
    DAYS,
    FILLERS,
    FIRST,
    LAST,
    MONTH_ENDS,
    MONTHS,
    NEXT,
    THIS,
    UNITS,
    WEEKDAYS,
)
from bot.questions.number_words import number_in_words
from bot.words import digits, fold, listed, typing_errors

_SEASON = timedelta(days=92)
_YEARS = range(1900, 2101)
_SIGN = r"\s*[/.\-\s،,]\s*"
_NUMBERS = re.compile(rf"(\d{{1,2}}){_SIGN}(\d{{1,2}})(?:{_SIGN}(\d{{4}}|\d{{2}}))?")
_ISO = re.compile(r"(\d{4})\s*[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{1,2})")
_RUN = re.compile(r"(\d{2})(\d{2})(\d{4})|(\d{4})(\d{2})(\d{2})")
_ALONE = re.compile(
    r"(?:(?:le|on the|the|on|o|no dia|dia|em|ao|يوم|في)\s+)?(\d{1,2})(?:st|nd|rd|th|er|e|eme|o|a)?"
)
_BEFORE = re.compile(r"^(?:le|on the|on|em|no dia|dia|يوم|في)\s+(?=\d)")
_DAY = re.compile(r"(\d{1,2})(?:st|nd|rd|th|er|ere|e|eme|o|a)?")
_HOPE = re.compile(r"\s*[,،]?\s+(?:ان شا الل?ه|in(?:sh|ch)\s?'?a?\s?'?all?ah|se deus quiser|god willing)$")
_HIJRI = frozenset(
    listed("محرم, المحرم, صفر, ربيع, جمادى, رجب, شعبان, رمضان, شوال, ذو, القعدة, الحجة, هـ, هجري, ramadan")
)
_LONGEST_DISTANCE = 400  # days or weeks: what is farther is written as a date
_MOST = 60  # characters


@dataclass(frozen=True, slots=True)
class Day:
    """A day understood, and whether the writing allows another one."""

    day: date
    is_doubtful: bool = False


Fits = Callable[[date], bool]


def read_day(text: str, today: date, language: str, fits: Fits) -> Day | None:
    """Return the day that a text says, None when it says none or more than can be told.

    Day before month. Without a year, or with a day of the week or of the month alone, the nearest day that
    `fits` the question; in doubt where another is as likely.
    """
    said = _HOPE.sub("", fold(text))
    if not said or len(said) > _MOST or _HIJRI.intersection(said.split()):
        return None
    spaced = " ".join(said.replace("-", " ").split())
    if spaced in DAYS:
        return Day(today + timedelta(days=DAYS[spaced]))
    if said in MONTH_ENDS:
        return Day(today.replace(day=calendar.monthrange(today.year, today.month)[1]), is_doubtful=True)
    bare = _BEFORE.sub("", said)
    found = _numeric(bare, today, fits) if not re.search(r"[^\W\d_]", bare) else None
    if found or not re.search(r"[^\W\d_]{2}", said):
        return found or _alone(said, today, fits)
    return (
        _alone(said, today, fits)
        or _distant(spaced, today)
        or _of_week(spaced, today, fits)
        or _named(spaced, today, fits)
        or _by_reader(text, today, language)
    )


# -- digits


def _numeric(said: str, today: date, fits: Fits) -> Day | None:
    if iso := _ISO.fullmatch(said):
        return _exact(int(iso[1]), int(iso[2]), int(iso[3]))
    if run := _RUN.fullmatch(said):
        return _from_run(run, fits)
    numbers = _NUMBERS.fullmatch(said)
    if numbers is None:
        return None
    day, month, year = int(numbers[1]), int(numbers[2]), numbers[3]
    is_turned = month > 12 and day <= 12  # 09/15/2026
    if is_turned:
        day, month = month, day
    if year is None:
        found = _nearest(day, month, today, fits)
    else:
        found = _exact(_full(int(year), today) if len(year) == 2 else int(year), month, day)
        is_far = found is not None and len(year) == 2 and abs(found.day.year - today.year) > 10
        found = Day(found.day, is_far) if found else None
    return Day(found.day, is_doubtful=found.is_doubtful or is_turned) if found else None


def _full(year: int, today: date) -> int:
    """Return the year of two digits that is at most ten years ahead."""
    full = today.year // 100 * 100 + year
    return full if full <= today.year + 10 else full - 100


def _from_run(run: re.Match[str], fits: Fits) -> Day | None:
    """Read eight digits without signs: 15092026 or 20260915, always in doubt."""
    text = run[0]
    both = (
        _exact(int(text[:4]), int(text[4:6]), int(text[6:])),
        _exact(int(text[4:]), int(text[2:4]), int(text[:2])),
    )
    found = [one for one in both if one]
    return Day(_first_that(fits, [one.day for one in found]), is_doubtful=True) if found else None


def _exact(year: int, month: int, day: int) -> Day | None:
    found = _day(year, month, day) if year in _YEARS else None
    return Day(found) if found else None


def _nearest(day: int, month: int, today: date, fits: Fits) -> Day | None:
    """Return the nearest such day that fits, in doubt when it is not within a season of today."""
    years = (today.year - 1, today.year, today.year + 1)
    near = sorted((d for y in years if (d := _day(y, month, day))), key=lambda d: abs(d - today))
    if not near:
        return None
    found = _first_that(fits, near)
    return Day(found, abs(found - today) > _SEASON)


def _alone(said: str, today: date, fits: Fits) -> Day | None:
    """Read a day of the month alone (`15`, `le 15`): the nearest that fits, in doubt."""
    found = _ALONE.fullmatch(said)
    if found is None:
        return None
    near = _in_months(int(found[1]), today)
    return Day(_first_that(fits, near), is_doubtful=True) if near else None


def _in_months(number: int, today: date) -> list[date]:
    """Return the days of this number in the last, this and the next month, the nearest first."""
    first = today.replace(day=1)
    months = (first - timedelta(days=1), first, first + timedelta(days=31))
    days = [d for m in months if (d := _day(m.year, m.month, number))]
    return sorted(days, key=lambda d: abs(d - today))


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _first_that(fits: Fits, days: list[date]) -> date:
    return next(filter(fits, days), days[0])


# -- distances and days of the week


def _distant(said: str, today: date) -> Day | None:
    """Read `in 3 days`, `il y a deux semaines`, `قبل أسبوع`."""
    for words, sign in ((AHEAD, 1), (AGO, -1)):
        for word in words:
            if said.startswith(f"{word} ") and (days := _length(said[len(word) + 1 :])) is not None:
                return Day(today + sign * timedelta(days=days))
    for words, sign in ((AHEAD_AFTER, 1), (AGO_AFTER, -1)):
        for word in words:
            if said.endswith(f" {word}") and (days := _length(said[: -len(word) - 1])) is not None:
                return Day(today + sign * timedelta(days=days))
    return None


def _length(said: str) -> int | None:
    """Return how many days `3 days`, `deux semaines` or `a week` are."""
    *many, unit = said.split() or [""]
    days = UNITS.get(unit)
    if days is None:
        return None
    if days < 0:
        return None if many else -days
    words = " ".join(many)
    if words in ("", "a", "an", "une", "um", "uma"):
        return days
    number = int(words) if re.fullmatch(r"\d{1,3}", words) else number_in_words(words)
    if number is None or number != int(number) or number > _LONGEST_DISTANCE:
        return None
    return int(number) * days


def _of_week(said: str, today: date, fits: Fits) -> Day | None:
    """Read a day of the week; `next` and `last` are in doubt where this week still has, or had, that day."""
    for name in sorted(WEEKDAYS, key=len, reverse=True):
        rest = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", " ", said, count=1)
        if rest == said:
            continue
        words = " ".join(word for word in rest.split() if word not in FILLERS)
        return _on_weekday(WEEKDAYS[name], words, today, fits)
    return None


def _on_weekday(weekday: int, words: str, today: date, fits: Fits) -> Day | None:
    ahead = today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)
    behind = today - timedelta(days=(today.weekday() - weekday - 1) % 7 + 1)
    if words in NEXT:
        return Day(ahead, is_doubtful=weekday > today.weekday())
    if words in LAST:
        return Day(behind, is_doubtful=weekday < today.weekday())
    if words in THIS:
        return Day(today + timedelta(days=weekday - today.weekday()), is_doubtful=True)
    if written := _numeric(words.strip(" ,،"), today, fits):  # `vendredi 27/11`
        return Day(written.day, written.is_doubtful or written.day.weekday() != weekday)
    if (numbered := _DAY.fullmatch(words)) is not None:  # `mardi 24`
        days = [d for d in _in_months(int(numbered[1]), today) if d.weekday() == weekday]
        return Day(_first_that(fits, days), is_doubtful=True) if days else None
    if words:
        return None
    same = [today] if today.weekday() == weekday else []
    near = sorted((ahead, behind), key=lambda d: abs(d - today))
    return Day(_first_that(fits, [*same, *near]), is_doubtful=True)


# -- names of months


def _named(said: str, today: date, fits: Fits) -> Day | None:
    """Read `15 September 2026`, `Mon 15 sept`, `15 شتنبر`; a second day or a wrong weekday makes doubt."""
    rest, month, is_doubtful = _month_in(said)
    if month is None:
        return None
    weekdays, days, years = _parts(rest)
    if not days or len(years) > 1 or len(weekdays) > 1 or None in (*days, *years, *weekdays):
        return None
    day, numbers = days[0] or 0, [year for year in years if year]
    found = _exact(numbers[0], month, day) if numbers else _nearest(day, month, today, fits)
    if found is None:
        return None
    is_other = len(days) > 1 or any(found.day.weekday() != weekday for weekday in weekdays)
    return Day(found.day, found.is_doubtful or is_doubtful or is_other)


def _month_in(said: str) -> tuple[str, int | None, bool]:
    """Return the text without its month, the month, and whether that was written with an error."""
    for name in sorted(MONTHS, key=len, reverse=True):
        pattern = rf"(?<![^\W\d_]){re.escape(name)}\.?(?![^\W_])"
        if re.search(pattern, said):
            return re.sub(pattern, " ", said, count=1), MONTHS[name], False
    for word in re.findall(r"[^\W\d_]{5,}", said):
        near = {MONTHS[name] for name in MONTHS if len(name) > 3 and typing_errors(word, name) <= 1}
        if len(near) == 1:
            return said.replace(word, " ", 1), near.pop(), True
    return said, None, False


def _parts(rest: str) -> tuple[list[int | None], list[int | None], list[int | None]]:
    """Return the weekdays, days and years that the words are; None stands for a word that is neither."""
    weekdays: list[int | None] = []
    days: list[int | None] = []
    years: list[int | None] = []
    for name in (name for name in sorted(WEEKDAYS, key=len, reverse=True) if " " in name):
        if re.search(rf"(?<!\w){name}(?!\w)", rest):
            rest = rest.replace(name, " ", 1)
            weekdays.append(WEEKDAYS[name])
    for word in re.split(r"[\s,،/]+", rest.strip()):
        bare = word.strip(".,;:()")
        if bare in WEEKDAYS:
            weekdays.append(WEEKDAYS[bare])
        elif re.fullmatch(r"\d{4}", bare):
            years.append(int(bare))
        elif found := _DAY.fullmatch(bare):
            days.append(int(found[1]))
        elif bare in FIRST:
            days.append(1)
        elif bare and bare not in FILLERS:
            days.append(None)
    return weekdays, days, years


def _by_reader(text: str, today: date, language: str) -> Day | None:
    """Ask dateparser for what the tables do not know, always in doubt."""
    if not re.search(r"[^\W\d_]{3}", text) or not re.search(r"\d", text) or len(text) > 40:
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
    return Day(found.date(), is_doubtful=True) if found and found.year in _YEARS else None
