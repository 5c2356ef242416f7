"""When a message that nobody asked for may arrive: working days and hours, pauses, Ramadan, quiet hours."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.programme import City, Programme, Rhythm, Secretariat, Weekday
from bot.programme.shapes import Span
from bot.working_days import is_holiday, is_ramadan, is_working_day, next_working_day

_DAY = timedelta(days=1)
_WEEK = tuple(Weekday)
MOST_DAYS = 60  # a calendar without an open hour for so long is not followed further

Stretch = tuple[time, time]  # the end is not part of it
Place = City | Secretariat


@dataclass(frozen=True, slots=True)
class Moved:
    """When a message leaves, aware; `reason` says why not at its own time, "" when it does."""

    at: datetime
    reason: str = ""


def moved(programme: Programme, place: Place, day: date, hour: time) -> Moved:
    """Return when a message due at this hour of the place's time may leave.

    Within a day it waits for the next opening; over a day off for the next working day at its own hour.
    """
    zone = ZoneInfo(place.timezone)
    reason = _day_off(programme, place, day)
    for working in _working_days(programme, place, day):
        openings = open_hours(programme, place, working)
        if any(start <= hour < end for start, end in openings):
            return Moved(datetime.combine(working, hour, zone), reason)
        own = reason or _why_closed(programme, place, day, hour)
        ahead = [start for start, _ in openings if start > hour]
        if ahead:
            return Moved(datetime.combine(working, ahead[0], zone), own)
        if openings and working != day:
            return Moved(datetime.combine(working, openings[0][0], zone), own)
        reason = own
    return Moved(datetime.combine(day, hour, zone))


def moved_now(programme: Programme, place: Place, at: datetime) -> Moved:
    """Return when a message that is late may leave: now, or at the next opening."""
    local = at.astimezone(ZoneInfo(place.timezone))
    if _is_open(programme, place, local):
        return Moved(at)
    found = moved(programme, place, local.date(), local.time())
    day = found.at.date()
    if day == local.date():
        return found
    opens = open_hours(programme, place, day)[0][0]
    return Moved(datetime.combine(day, opens, found.at.tzinfo), found.reason)


def waking(programme: Programme, at: datetime) -> Moved:
    """Return when a late digest may leave: within the hours in which phones may ring, on any day."""
    zone, rhythm = ZoneInfo(programme.secretariat.timezone), programme.rhythm
    local = at.astimezone(zone)
    if rhythm.quiet_before <= local.time() < rhythm.quiet_after:
        return Moved(at)
    day = local.date() if local.time() < rhythm.quiet_before else local.date() + _DAY
    return Moved(datetime.combine(day, rhythm.quiet_before, zone), "quiet_hours")


def open_hours(programme: Programme, place: Place, day: date) -> list[Stretch]:
    """Return the stretches of a working day in which an unasked message may arrive, in order."""
    rhythm = _rhythm(programme, place)
    bounds = (rhythm.quiet_before, rhythm.quiet_after)
    hours = place.office_hours
    if isinstance(place, City) and place.ramadan_hours is not None and is_ramadan(programme, day):
        hours = place.ramadan_hours
        if rhythm.in_ramadan is not None:
            bounds = (max(bounds[0], rhythm.in_ramadan.start), min(bounds[1], rhythm.in_ramadan.end))
    spans = [(span.start, span.end) for span in hours.get(_WEEK[day.weekday()], ())]
    within = [(max(start, bounds[0]), min(end, bounds[1])) for start, end in spans]
    return [stretch for each in within for stretch in _around_pause(place, day, each)]


def _around_pause(place: Place, day: date, stretch: Stretch) -> Iterator[Stretch]:
    start, end = stretch
    pause = _pause(place)
    if pause is None or _WEEK[day.weekday()] != Weekday.FRI:
        parts = [stretch]
    else:
        parts = [(start, min(end, pause.start)), (max(start, pause.end), end)]
    yield from ((start, end) for start, end in parts if start < end)


def _is_open(programme: Programme, place: Place, local: datetime) -> bool:
    day, hour = local.date(), local.time()
    is_hour = any(start <= hour < end for start, end in open_hours(programme, place, day))
    return is_hour and is_working_day(programme, place, day)


def _working_days(programme: Programme, place: Place, day: date) -> Iterator[date]:
    last = day + MOST_DAYS * _DAY
    while day <= last:
        day = next_working_day(programme, place, day)
        yield day
        day += _DAY


def _day_off(programme: Programme, place: Place, day: date) -> str:
    if is_working_day(programme, place, day):
        return ""
    return "holiday" if is_holiday(programme, place.country, day) else "day_off"


def _why_closed(programme: Programme, place: Place, day: date, hour: time) -> str:
    """Return which rule closes this hour of a working day."""
    rhythm, pause = _rhythm(programme, place), _pause(place)
    if not rhythm.quiet_before <= hour < rhythm.quiet_after:
        return "quiet_hours"
    if pause and _WEEK[day.weekday()] == Weekday.FRI and pause.start <= hour < pause.end:
        return "friday_pause"
    if isinstance(place, City) and place.ramadan_hours is not None and is_ramadan(programme, day):
        return "ramadan_hours"
    return "office_hours"


def _rhythm(programme: Programme, place: Place) -> Rhythm:
    return programme.rhythm_of(place) if isinstance(place, City) else programme.rhythm


def _pause(place: Place) -> Span | None:
    return place.friday_pause if isinstance(place, City) else None
