"""Everything that falls due by the calendar, for everybody, whether or not it will be sent."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import chain
from zoneinfo import ZoneInfo

from bot.ladder import closing
from bot.opening_hours import Moved, moved, moved_now
from bot.periods import days_of, form_due, is_prompted, week_of
from bot.programme import City, Programme, Weekday
from bot.schedule import (
    CHECK_BACK,
    CLOSING,
    DIGEST,
    ESCALATION,
    LAST_CALL,
    NUDGE,
    OVERDUE,
    PROMPT,
    REMINDER,
    Absence,
    Addressee,
    Deadline,
    World,
)
from bot.working_days import is_working_day, next_working_day

_DAY = timedelta(days=1)
_WEEK = tuple(Weekday)
SECOND_ESCALATION = timedelta(days=7)  # after the deadline
LIFE = timedelta(days=15)  # of a notice after a deadline: then a person has taken over
LOOK_BACK = timedelta(days=30)  # for a working day before a row of days off

COORDINATOR, DEPUTY, OFFICER, ADMIN = "coordinator", "deputy", "officer", "admin"


@dataclass(frozen=True, slots=True)
class Due:
    """Something due to one person."""

    kind: str
    person: Addressee
    stem: str  # of the key, before the person's id
    city: City | None
    due_at: datetime
    moved: Moved
    until: datetime  # of no use then or later
    tail: str = ""  # of the key, after the person's id
    form: str = ""
    period: str = ""
    milestone: str = ""
    deadline: date | None = None
    offset: int = 0  # days before the deadline; level of an escalation
    since: datetime | None = None  # when the deadline was set
    by_email: bool = False  # the long version, beside the message in the chat
    late: tuple[str, ...] = field(default=(), compare=False)  # cities an escalation is about

    @property
    def key(self) -> str:
        """Return the deterministic key of this occurrence."""
        return self.key_for(self.person.id)

    def key_for(self, person: int) -> str:
        """Return the key of the same occurrence for somebody else."""
        return f"{self.stem}:{person}{self.tail}"


def due_between(world: World, first: datetime, last: datetime) -> list[Due]:
    """Return what falls due in a stretch of time and is not decided, both ends included, in no order."""
    found = [due for due in _all(world, first, last) if first <= due.due_at <= last]
    return [due for due in found if due.until > due.due_at and due.key not in world.decided]


def _all(world: World, first: datetime, last: datetime) -> Iterator[Due]:
    days = (first.date() - _DAY, last.date() + _DAY)
    asked: dict[str | None, list[Addressee]] = defaultdict(list)
    for person in world.people:
        if person.role in (COORDINATOR, DEPUTY):
            asked[person.city].append(person)
    for slug, city in world.programme.cities.items():
        if people := asked[slug]:
            yield from _rhythm(world, city, people, days)
            yield from _check_backs(world, city, people)
            yield from _closing_windows(world, city, people)
            yield from _milestones(world, city, people, days)
    yield from _escalations(world, days)
    yield from _digests(world, days)


def _undecided(world: World, people: Iterable[Addressee], stem: str, tail: str = "") -> list[Addressee]:
    """Return for whom an occurrence is not decided yet: for nobody else its hour is looked for."""
    return [person for person in people if f"{stem}:{person.id}{tail}" not in world.decided]


def _rhythm(world: World, city: City, people: Iterable[Addressee], days: tuple[date, date]) -> Iterator[Due]:
    """Yield prompt, nudge and last call of each week."""
    programme = world.programme
    zone, rhythm = ZoneInfo(city.timezone), programme.rhythm_of(city)
    times = ((PROMPT, rhythm.prompt), (NUDGE, rhythm.nudge), (LAST_CALL, rhythm.last_call))
    for monday in _mondays(*days):
        report = form_due(programme, city, datetime.combine(monday, time(12), zone))
        if report is None or not is_prompted(programme, city, week_of(monday)):
            continue
        form, period = report
        over = _midnight(monday + 7 * _DAY, zone)
        for kind, when in times:
            stem = f"{'last' if kind == LAST_CALL else kind}:{form}:{period}"
            asked = _undecided(world, people, stem)
            if not asked:
                continue
            day = monday + _WEEK.index(when.day) * _DAY
            due_at, goes = datetime.combine(day, when.at, zone), moved(programme, city, day, when.at)
            until = over if kind == PROMPT else min(over, _midnight(goes.at.date() + _DAY, zone))
            for person in asked:
                yield Due(kind, person, stem, city, due_at, goes, until, form=form, period=period)


def _check_backs(world: World, city: City, people: Iterable[Addressee]) -> Iterator[Due]:
    """Yield one message on the day after a pause or an excuse has run out."""
    for absence in world.absences.get(city.slug, ()):
        if absence.until is None or absence.until == date.max:
            continue
        programme, zone = world.programme, ZoneInfo(city.timezone)
        day, hour = absence.until + _DAY, programme.rhythm_of(city).prompt.at
        due_at, goes = datetime.combine(day, hour, zone), moved(programme, city, day, hour)
        form, period = form_due(programme, city, goes.at) or ("", "")
        until = _midnight(goes.at.date() + 2 * _DAY, zone)
        stem = f"{CHECK_BACK}{city.slug}:{absence.until}"
        for person in people:
            yield Due(PROMPT, person, stem, city, due_at, goes, until, form=form, period=period)


def _closing_windows(world: World, city: City, people: Iterable[Addressee]) -> Iterator[Due]:
    """Yield one question for what is missing in a report begun, in the last hour in which WhatsApp is free.

    Once a report and person, and only where that hour falls in the city's.
    """
    programme = world.programme
    for person in people:
        last_in_at = max((one.last_in_at for one in person.addresses if one.last_in_at), default=None)
        window = closing(person.addresses, world.channels, last_in_at) if last_in_at else None
        if window is None:
            continue
        due_at, until = window
        form, period = form_due(programme, city, due_at) or ("", "")
        report = (city.slug, form, period)
        worked = world.begun.get(report)
        if worked is None or worked > due_at or report in world.submitted:
            continue
        goes = moved_now(programme, city, due_at)
        if goes.at < until:
            yield Due(
                NUDGE,
                person,
                f"{CLOSING}{form}:{period}",
                city,
                due_at,
                goes,
                until,
                form=form,
                period=period,
            )


def is_away(absences: Iterable[Absence], day: date) -> str:
    """Return `paused` or `excused` when the city is on this day, else ""."""
    for absence in absences:
        if absence.until is None or day <= absence.until:
            return absence.kind
    return ""


def _milestones(
    world: World, city: City, people: Iterable[Addressee], days: tuple[date, date]
) -> Iterator[Due]:
    for milestone in world.programme.milestones:
        deadline = world.deadlines.get((city.slug, milestone))
        if deadline is None or deadline.is_closed or not _matters(world.programme, deadline.due, days):
            continue
        if deadline.due >= days[0]:
            yield from _reminders(world, city, people, milestone, deadline)
        if deadline.due <= days[1]:
            yield from _overdue(world, city, people, milestone, deadline)


def _matters(programme: Programme, due: date, days: tuple[date, date]) -> bool:
    """Tell whether anything about a deadline can fall on these days."""
    before = max(programme.reminders.days_before, default=0) * _DAY + LOOK_BACK
    return days[0] - LIFE - LOOK_BACK <= due <= days[1] + before


def _reminders(
    world: World, city: City, people: Iterable[Addressee], milestone: str, deadline: Deadline
) -> Iterator[Due]:
    programme, stem = world.programme, f"rem:{milestone}:{deadline.due}"
    zone, hour = ZoneInfo(city.timezone), programme.reminders.at
    ends = ends_at(programme, city, deadline.due)
    for day, offset in reminder_days(programme, city, deadline.due).items():
        reminded = _undecided(world, people, stem, f":{offset}")
        if not reminded:
            continue
        goes = moved(programme, city, day, hour)
        nominal = deadline.due - offset * _DAY
        due_at = datetime.combine(nominal, hour, zone)
        reason = goes.reason or ("" if day == nominal else "day_off")
        for person in reminded:
            yield Due(
                REMINDER,
                person,
                stem,
                city,
                min(due_at, goes.at),
                Moved(goes.at, reason),
                ends,
                tail=f":{offset}",
                milestone=milestone,
                deadline=deadline.due,
                offset=offset,
                since=deadline.since,
            )


def reminder_days(programme: Programme, city: City, due: date) -> dict[date, int]:
    """Return the working days of a city on which a deadline is recalled, each with its offset in days.

    A day off gives way to the next working day up to the deadline, else to the one before; of two that meet
    the one nearer to the deadline stays.
    """
    found: dict[date, int] = {}
    for offset in sorted(programme.reminders.days_before, reverse=True):
        found[_reminder_day(programme, city, due - offset * _DAY, due)] = offset
    return found


def _reminder_day(programme: Programme, city: City, day: date, due: date) -> date:
    ahead = (day + n * _DAY for n in range((due - day).days + 1))
    before = (day - n * _DAY for n in range(1, LOOK_BACK.days))
    return next((each for each in chain(ahead, before) if is_working_day(programme, city, each)), day)


def _overdue(
    world: World, city: City, people: Iterable[Addressee], milestone: str, deadline: Deadline
) -> Iterator[Due]:
    programme, stem = world.programme, f"overdue:{milestone}:{deadline.due}"
    told = _undecided(world, people, stem)
    if not told:
        return
    day = next_working_day(programme, city, deadline.due + _DAY)
    goes = moved(programme, city, day, programme.reminders.at)
    due_at = datetime.combine(day, programme.reminders.at, ZoneInfo(city.timezone))
    for person in told:
        yield Due(
            OVERDUE,
            person,
            stem,
            city,
            due_at,
            goes,
            due_at + LIFE,
            milestone=milestone,
            deadline=deadline.due,
            since=deadline.since,
        )


def _escalations(world: World, days: tuple[date, date]) -> Iterator[Due]:
    """Yield what tells the Secretariat of the cities late with a milestone, once, and again after a week."""
    programme = world.programme
    home = programme.secretariat
    zone = ZoneInfo(home.timezone)
    groups: dict[tuple[str, date], list[str]] = {}
    for (slug, milestone), deadline in world.deadlines.items():
        is_open = not deadline.is_closed and _matters(programme, deadline.due, days)
        if is_open and slug in programme.cities and milestone in programme.milestones:
            groups.setdefault((milestone, deadline.due), []).append(slug)
    for (milestone, due), cities in groups.items():
        levels = ((1, due + _DAY, (OFFICER,)), (2, due + SECOND_ESCALATION, (OFFICER, ADMIN)))
        for level, day, roles in levels:
            due_at = datetime.combine(next_working_day(programme, home, day), programme.reminders.at, zone)
            if not days[0] <= due_at.date() <= days[1]:
                continue
            late = tuple(
                slug
                for slug in programme.cities
                if slug in cities and _is_late(world, slug, milestone, due_at)
            )
            for person in world.people if late else ():
                if person.role in roles:
                    yield Due(
                        ESCALATION,
                        person,
                        f"esc:{milestone}:{due}",
                        None,
                        due_at,
                        Moved(due_at),
                        due_at + LIFE,
                        tail=f":{level}",
                        milestone=milestone,
                        deadline=due,
                        offset=level,
                        late=late,
                    )


def _is_late(world: World, slug: str, milestone: str, at: datetime) -> bool:
    deadline, city = world.deadlines[slug, milestone], world.programme.cities[slug]
    return ends_at(world.programme, city, deadline.due) < at and deadline.since < at


def _digests(world: World, days: tuple[date, date]) -> Iterator[Due]:
    programme, when = world.programme, world.programme.digest_at
    zone = ZoneInfo(programme.secretariat.timezone)
    for monday in _mondays(*days):
        due_at = datetime.combine(monday + _WEEK.index(when.day) * _DAY, when.at, zone)
        until = datetime.combine(due_at.date() + 7 * _DAY, when.at, zone)
        for person in world.people:
            if person.role == OFFICER:
                yield from _digest(person, week_of(monday), due_at, until)


def _digest(person: Addressee, week: str, due_at: datetime, until: datetime) -> Iterator[Due]:
    has_mail = any(one.channel == "email" for one in person.addresses)
    has_chat = any(one.channel != "email" for one in person.addresses)
    stem, goes = f"dig:{week}", Moved(due_at)
    if has_chat or not has_mail:
        yield Due(DIGEST, person, stem, None, due_at, goes, until, period=week)
    if has_mail:
        yield Due(DIGEST, person, stem, None, due_at, goes, until, tail=":email", period=week, by_email=True)


def ends_at(programme: Programme, city: City, due: date) -> datetime:
    """Return the moment from which a deadline is over, in city time."""
    return datetime.combine(due, programme.due_at, ZoneInfo(city.timezone))


def _mondays(first: date, last: date) -> Iterator[date]:
    monday = days_of(week_of(first))[0]
    while monday <= last:
        yield monday
        monday += 7 * _DAY


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)
