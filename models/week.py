"""What each city gave for a week, for the digest."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from bot.periods import days_of, form_due, is_prompted
from bot.programme import City as CityData
from bot.programme import Programme
from bot.week import Away, CityWeek, Standing
from models.base import Db, Json
from models.city import Absence, City, absence_on, today_in
from models.form import FormShelf
from models.submission import HAS_GAP, Submission, SubmissionState

COLUMNS = (
    Submission.city,
    Submission.form,
    Submission.period,
    Submission.state,
    Submission.reference,
    Submission.form_version,
    Submission.language,
    Submission.answers,
    Submission.nothing,
    Submission.submitted_at,
    HAS_GAP,
)


_ABSENT = {"paused": Standing.PAUSED, "excused": Standing.EXCUSED}


def week_of_cities(db: Db, programme: Programme, shelf: FormShelf, week: str) -> list[CityWeek]:
    """Return what every city of the programme gave for an ISO week, in the programme's order."""
    asked = {slug: _asked(programme, city, week) for slug, city in programme.cities.items()}
    reports = _reports(db, {period for _, period in asked.values()})
    decided = {row.slug: row for row in db.scalars(select(City))}
    return [
        _city_week(db, shelf, programme, city, decided.get(slug), reports.get((slug, *asked[slug])), week)
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
    query = select(*COLUMNS).where(Submission.period.in_(sorted(periods)), Submission.state.in_(states))
    found: dict[tuple[str, str, str], Sequence[Json]] = {}
    for row in db.execute(query.order_by(Submission.state, Submission.id)):
        if row.state == SubmissionState.SUBMITTED or row.answers:
            found[row.city, row.form, row.period] = tuple(row)
    return found


def _city_week(
    db: Db,
    shelf: FormShelf,
    programme: Programme,
    city: CityData,
    decided: City | None,
    report: Sequence[Json] | None,
    week: str,
) -> CityWeek:
    if report is None:
        absence = _absence(decided, week)
        is_asked = is_prompted(programme, city, week)
        if absence is None:
            return CityWeek(city, Standing.SILENT, is_asked=is_asked)
        away = Away(absence.until, absence.reason)
        return CityWeek(city, _ABSENT[absence.kind], away=away, is_asked=is_asked)
    return as_told(db, shelf, city, report)


def as_told(db: Db, shelf: FormShelf, city: CityData, report: Sequence[Json]) -> CityWeek:
    """Return a stored report, the columns of `COLUMNS`, as the digest reads it."""
    _, form, _, state, reference, version, language, answers, nothing, sent_at, has_gap = report
    return CityWeek(
        city,
        Standing.SUBMITTED if state == SubmissionState.SUBMITTED else Standing.PARTIAL,
        form=shelf.form(db, form, version),
        reference=reference,
        language=language,
        answers=answers,
        nothing=nothing,
        sent_at=sent_at,
        has_gap=has_gap,
    )


def _absence(city: City | None, week: str) -> Absence | None:
    """Return why nothing is asked: what was decided by the week's end counts if it holds on Thursday."""
    monday, sunday = days_of(week)
    absence = absence_on(city, monday + timedelta(days=3)) if city else None
    if city is None or absence is None or today_in(city, absence.at) > sunday:
        return None
    return absence
