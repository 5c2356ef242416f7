"""What each city gave for a week, for the digest."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import and_, select

from bot.periods import days_of, form_due, is_prompted
from bot.programme import City as CityData
from bot.programme import Programme
from bot.week import Away, CityWeek, Standing
from models.base import Db, Json
from models.city import Absence, City, absence_on, today_in
from models.form import FormShelf
from models.submission import HAS_GAP, Submission, SubmissionState, alike, newest_of
from models.unreadable import legible

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
    reports = _reports(db, asked)
    silent = asked.keys() - reports.keys()
    decided = {row.slug: row for row in db.scalars(select(City).where(City.slug.in_(sorted(silent))))}
    return [
        _city_week(db, shelf, programme, city, decided.get(slug), reports.get(slug), week)
        for slug, city in programme.cities.items()
    ]


def _asked(programme: Programme, city: CityData, week: str) -> tuple[str, str]:
    """Return the form and the period that the rhythm asks of the city in this week."""
    sunday = days_of(week)[1]
    noon = datetime.combine(sunday, time(12), ZoneInfo(city.timezone))
    return form_due(programme, city, noon) or ("", week)


def _reports(db: Db, asked: Mapping[str, tuple[str, str]]) -> dict[str, Sequence[Json]]:
    """Return the report of each city that counts for the form and period asked of it.

    The newest sent one, else a draft that holds an answer. Only those are read, however many there are.
    """
    found: dict[str, Sequence[Json]] = {}
    for (form, period), cities in alike(asked).items():
        theirs = and_(Submission.city.in_(cities), Submission.form == form, Submission.period == period)
        for row in db.execute(
            select(*COLUMNS).where(newest_of(theirs)).order_by(Submission.state, Submission.id)
        ):
            if row.state == SubmissionState.SUBMITTED or legible(row.answers):
                found[str(row.city)] = tuple(row)
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
        answers=legible(answers),
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
