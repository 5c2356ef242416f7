"""Weeks, months and halves that reports belong to, and the form that is due in one."""

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.dates import month_and_year
from bot.programme import City, Milestone, Programme
from bot.values import Say
from bot.working_days import next_working_day

_PERIOD = re.compile(r"(?P<year>\d{4})-(?:W(?P<week>\d\d)|(?P<month>\d\d)|H(?P<half>[12]))")
_MONTH = re.compile(r"\d{4}-\d\d")
_WEEK = timedelta(days=7)
_DAY = timedelta(days=1)


def week_of(day: date) -> str:
    """Return the ISO 8601 week of a day, such as `2026-W48`; its year is the week's, not the day's."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def month_of(day: date) -> str:
    """Return the month of a day, such as `2026-11`."""
    return f"{day:%Y-%m}"


def half_of(day: date) -> str:
    """Return the half-year of a day, such as `2026-H2`."""
    return f"{day.year}-H{1 if day.month <= 6 else 2}"


def days_of(period: str) -> tuple[date, date]:
    """Return the first and the last day of a period; raise ValueError if it is none."""
    parts = _PERIOD.fullmatch(period)
    if parts is None:
        raise ValueError(f"{period} is not a period such as 2026-W48, 2026-11 or 2026-H2")
    year = int(parts["year"])
    if parts["week"]:
        monday = date.fromisocalendar(year, int(parts["week"]), 1)
        return monday, monday + _WEEK - _DAY
    first = date(year, int(parts["month"] or int(parts["half"]) * 6 - 5), 1)
    return first, _next_month(first, 1 if parts["month"] else 6) - _DAY


def bounds(period: str, zone: str) -> tuple[datetime, datetime]:
    """Return when a period begins and when the next one does: aware, midnight of the IANA zone."""
    first, last = days_of(period)
    return _midnight(first, zone), _midnight(last + _DAY, zone)


def closes_at(programme: Programme, city: City, period: str) -> datetime:
    """Return when late answers end: a week after the period; for a month, after the week that asks for it."""
    return _midnight(asked_until(programme, city, period) + _DAY + _WEEK, city.timezone)


def asked_until(programme: Programme, city: City, period: str) -> date:
    """Return the last day on which a period is asked for: a month is, in the week after it."""
    first, last = days_of(period)
    if _MONTH.fullmatch(period):
        return _sunday(first_working_day(programme, city, _next_month(first)))
    return last


def previous(period: str) -> str:
    """Return the period of the same kind just before."""
    before = days_of(period)[0] - _DAY
    if "W" in period:
        return week_of(before)
    return half_of(before) if "H" in period else month_of(before)


def first_working_day(programme: Programme, city: City, day: date) -> date:
    """Return the first working day of the month of this day, in a city."""
    return next_working_day(programme, city, day.replace(day=1))


def form_due(programme: Programme, city: City, at: datetime) -> tuple[str, str] | None:
    """Return form and period that the rhythm asks of a city at an aware time, or None without a rhythm.

    In the week of a month's first working day the monthly form takes the weekly one's place; its period is
    the month before that working day.
    """
    today = at.astimezone(ZoneInfo(city.timezone)).date()
    weekly, monthly = programme.form_of("week"), programme.form_of("month")
    asked = _asked_month(programme, city, today)
    if weekly is None:
        return (monthly.name, asked[1]) if monthly else None
    if monthly is not None and monthly.replaces == weekly.name and week_of(asked[0]) == week_of(today):
        return monthly.name, asked[1]
    return weekly.name, week_of(today)


def is_prompted(programme: Programme, city: City, week: str) -> bool:
    """Return whether the rhythm asks the city for a report in this ISO week."""
    monday = days_of(week)[0]
    if week_of(_asked_month(programme, city, monday)[0]) == week and programme.form_of("month"):
        return True
    start = programme.cycle.start - timedelta(days=programme.cycle.start.weekday())
    return (monday - start).days // 7 % programme.rhythm_of(city).every_weeks == 0


def next_milestone(programme: Programme, city: City, day: date) -> Milestone | None:
    """Return the city's first milestone due on or after this day, or None after the last one."""
    ahead = (each for each in programme.milestones_of(city) if programme.due(each, city) >= day)
    return next(ahead, None)


def in_words(period: str, say: Say, locale: str) -> str:
    """Return a period in the voice's language, such as `week 48` or `November 2026`."""
    first, _ = days_of(period)
    if "W" in period:
        return say("week {number}", number=int(period[-2:]))
    if "H" not in period:
        return month_and_year(first, locale)
    if first.month == 1:
        return say("first half of {year}", year=first.year)
    return say("second half of {year}", year=first.year)


def _asked_month(programme: Programme, city: City, today: date) -> tuple[date, str]:
    """Return the newest first working day whose week has begun, and the month before it."""
    sunday = _sunday(today)
    working = first_working_day(programme, city, sunday)
    if working > sunday:
        working = first_working_day(programme, city, sunday.replace(day=1) - _DAY)
    return working, month_of(working.replace(day=1) - _DAY)


def _sunday(day: date) -> date:
    return day + timedelta(days=6 - day.weekday())


def _next_month(first: date, months: int = 1) -> date:
    count = first.year * 12 + first.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone))
