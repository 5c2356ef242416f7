"""What each city gave for a week, for the digest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select

from bot.digest import CityWeek, Standing
from bot.periods import days_of, form_due
from bot.programme import City as CityData
from bot.programme import Programme
from models.base import Db, Json
from models.city import City, absence_on, absences, today_in
from models.form import FormShelf
from models.milestone import CityMilestone
from models.submission import Submission, SubmissionState

_COLUMNS = (
    Submission.city,
    Submission.form,
    Submission.period,
    Submission.state,
    Submission.reference,
    Submission.form_version,
    Submission.language,
    Submission.answers,
    Submission.nothing,
)


_ABSENT = {"paused": Standing.PAUSED, "excused": Standing.EXCUSED}


@dataclass(frozen=True, slots=True)
class Decision:
    """What an officer decided for a city, still in force or ended by its day."""

    kind: str  # paused, excused, extended, waived
    city: str
    at: datetime
    until: date | None  # last day of an absence, the new date of an extension
    reason: str
    milestone: str = ""


def decisions_since(db: Db, programme: Programme, since: datetime) -> list[Decision]:
    """Return what was decided for the programme's cities at or after a time and not undone, oldest first."""
    found = [
        Decision(each.kind, city.slug, each.at, each.until, each.reason)
        for city in db.scalars(select(City).where(City.is_closed.is_(False)))
        for each in absences(city)
        if each.at >= since
    ]
    changed = or_(CityMilestone.extended_to.is_not(None), CityMilestone.waived_at.is_not(None))
    for row in db.scalars(select(CityMilestone).where(changed, CityMilestone.changed_at >= since)):
        if row.city in programme.cities and row.milestone in programme.milestones:
            found.extend(_decided(row, since))
    return sorted(found, key=lambda each: (each.at, each.city, each.milestone))


def _decided(row: CityMilestone, since: datetime) -> Iterator[Decision]:
    if row.extended_to is not None and row.since >= since:
        reason = row.extended_reason
        yield Decision("extended", row.city, row.since, row.extended_to, reason, row.milestone)
    if row.waived_at is not None and row.waived_at >= since:
        yield Decision("waived", row.city, row.waived_at, None, row.waived_reason, row.milestone)


def week_of_cities(db: Db, programme: Programme, shelf: FormShelf, week: str) -> list[CityWeek]:
    """Return what every city of the programme gave for an ISO week, in the programme's order."""
    asked = {slug: _asked(programme, city, week) for slug, city in programme.cities.items()}
    reports = _reports(db, {period for _, period in asked.values()})
    decided = {row.slug: row for row in db.scalars(select(City))}
    return [
        _city_week(db, shelf, city, decided.get(slug), reports.get((slug, *asked[slug])), week)
        for slug, city in programme.cities.items()
    ]


def _asked(programme: Programme, city: CityData, week: str) -> tuple[str, str]:
    """Return the form and the period that the rhythm asks of the city in this week."""
    sunday = days_of(week)[1]
    noon = datetime.combine(sunday, time(12), ZoneInfo(city.timezone))
    return form_due(programme, city, noon) or ("", week)


def _reports(db: Db, periods: set[str]) -> dict[tuple[str, str, str], Sequence[Json]]:
    """Return the report that counts for each city, form and period: the newest sent one, else a draft."""
    states = (SubmissionState.DRAFT, SubmissionState.SUBMITTED)
    query = select(*_COLUMNS).where(Submission.period.in_(sorted(periods)), Submission.state.in_(states))
    found: dict[tuple[str, str, str], Sequence[Json]] = {}
    for row in db.execute(query.order_by(Submission.state, Submission.id)):
        if row.state == SubmissionState.SUBMITTED or row.answers:
            found[row.city, row.form, row.period] = tuple(row)
    return found


def _city_week(
    db: Db, shelf: FormShelf, city: CityData, decided: City | None, report: Sequence[Json] | None, week: str
) -> CityWeek:
    if report is None:
        return CityWeek(city, _absence(decided, week))
    _, form, _, state, reference, version, language, answers, nothing = report
    standing = Standing.SUBMITTED if state == SubmissionState.SUBMITTED else Standing.PARTIAL
    return CityWeek(city, standing, shelf.form(db, form, version), reference, language, answers, nothing)


def _absence(city: City | None, week: str) -> Standing:
    """Return why a city is silent: what was decided by the week's end counts if it holds on Thursday."""
    monday, sunday = days_of(week)
    absence = absence_on(city, monday + timedelta(days=3)) if city else None
    if city is None or absence is None or today_in(city, absence.at) > sunday:
        return Standing.SILENT
    return _ABSENT[absence.kind]
