"""Working days of a city: its week, the public holidays of its country, and the programme's corrections."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product
from typing import TypeAlias

from bot.programme import City, Programme, Secretariat, Weekday

_ESTIMATED = "(estimated)"  # how the holidays package marks dates that follow the moon
_WEEK = tuple(Weekday)

Table: TypeAlias = tuple[str, int, str, list[tuple[str, str, bool]]]  # country, year, language, holidays


@dataclass(frozen=True, slots=True)
class Holiday:
    """A public holiday; `name` is English where the published table has no other."""

    day: date
    name: str
    is_estimated: bool


def holidays_of(programme: Programme, country: str, year: int, language: str = "en") -> dict[date, Holiday]:
    """Return a country's public holidays of a year in order, corrected; {} if its table is not published."""
    days = dict(_published(country, year, language))
    for correction in programme.holiday_corrections:
        if correction.country == country and correction.date.year == year:
            days.pop(correction.date, None)
            if correction.is_holiday:
                name = (correction.names or {}).get(language, "")
                days[correction.date] = Holiday(correction.date, name, is_estimated=False)
    return dict(sorted(days.items()))


def is_working_day(programme: Programme, place: City | Secretariat, day: date) -> bool:
    """Return whether the offices of a city, or the Secretariat's, are open on this day."""
    if _WEEK[day.weekday()] not in place.working_days:
        return False
    return not is_holiday(programme, place.country, day)


def is_holiday(programme: Programme, country: str, day: date) -> bool:
    """Return whether the day is a public holiday of the country, corrected."""
    for correction in reversed(programme.holiday_corrections):
        if correction.country == country and correction.date == day:
            return correction.is_holiday
    return day in _published(country, day.year, "en")


def next_working_day(programme: Programme, place: City | Secretariat, day: date) -> date:
    """Return the first working day on or after this day."""
    while not is_working_day(programme, place, day):
        day += timedelta(days=1)
    return day


def is_quiet(programme: Programme, city: City, day: date) -> bool:
    """Return whether the day is in a quiet period of the city's country."""
    return any(
        period.start <= day <= period.end and (period.countries is None or city.country in period.countries)
        for period in programme.quiet_periods
    )


def is_ramadan(programme: Programme, day: date) -> bool:
    """Return whether the day is in Ramadan, as far as the programme's table knows."""
    return any(month.start <= day <= month.end for month in programme.ramadan)


def look_up_holidays(programme: Programme, years: Iterable[int]) -> None:
    """Read the published tables of all the programme's countries for these years: it takes a second once."""
    cities = {city.country for city in programme.cities.values()}
    for country, year in product(sorted({*cities, programme.secretariat.country}), years):
        _published(country, year, "en")


def published_holidays(programme: Programme, years: Iterable[int]) -> list[Table]:
    """Return what `look_up_holidays` reads, in values of JSON."""
    look_up_holidays(programme, years)
    return [
        (*key, [(day.isoformat(), one.name, one.is_estimated) for day, one in table.items()])
        for key, table in _TABLES.items()
    ]


def remember_holidays(tables: Iterable[Table]) -> None:
    """Keep what another process looked up: the package takes 12 MiB of whoever imports it."""
    for country, year, language, rows in tables:
        days = [Holiday(date.fromisoformat(day), name, is_estimated) for day, name, is_estimated in rows]
        _TABLES[country, year, language] = {one.day: one for one in days}


def _published(country: str, year: int, language: str) -> Mapping[date, Holiday]:
    key = (country, year, language)
    if key not in _TABLES:
        _TABLES[key] = _read(*key)
    return _TABLES[key]


_TABLES: dict[tuple[str, int, str], Mapping[date, Holiday]] = {}  # kept for good: a few kilobytes each


def _read(country: str, year: int, language: str) -> Mapping[date, Holiday]:
    # The package takes 0.4 s to import and as long for the first country that follows the moon.
    import holidays

    table = getattr(holidays, country, None)  # loads this country only; the package's lists load them all
    if table is None:
        return {}
    english = table(years=year, language="en_US")
    names = table(years=year, language=_spoken(table.supported_languages, language))
    return {day: Holiday(day, names[day], _ESTIMATED in english[day]) for day in sorted(english)}


def _spoken(supported: Collection[str], language: str) -> str:
    wanted = "en_US" if language == "en" else language
    return next((name for name in supported if name.split("_")[0] == language.split("_")[0]), wanted)
