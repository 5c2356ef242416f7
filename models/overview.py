"""What the cities reported lately; read only, one statement a question."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, and_, func, select

from bot.forms.first import First
from models.base import Db, Json
from models.city import City, decided, today_in
from models.facts import session_from
from models.person import Person
from models.reach import Reach
from models.submission import GAP, Submission, SubmissionState, alike, newest_of
from models.unreadable import legible

NEWEST = 20  # reports on a city's page


@dataclass(frozen=True, slots=True)
class CityLine:
    """A city and what was decided for it."""

    slug: str
    name: str
    timezone: str
    absence: str | None  # paused, excused


@dataclass(frozen=True, slots=True)
class Report:
    """One report as it stands."""

    id: int
    city: str
    form: str
    form_version: str
    period: str | None
    reference: str | None
    is_sent: bool
    nothing: bool
    author: str
    at: datetime  # sent, or last changed
    given: Mapping[str, Json]  # by the path of the step: lines[1]/spent
    firsts: Mapping[str, First]  # what once() found in it
    answers: Mapping[str, Json]
    milestone: str
    revision: int  # more than 1: changed after it was sent
    has_gap: bool  # such a change left a needed question without an answer


@dataclass(frozen=True, slots=True)
class Sent:
    """When a report was sent, and its reference."""

    reference: str
    at: datetime


REPORTS = select(Submission, Person.name).join(Person, Submission.person_id == Person.id)
SOMETHING = Submission.state != SubmissionState.WITHDRAWN


def cities_within(db: Db, reach: Reach, at: datetime) -> list[CityLine]:
    """Return the open cities within reach as they are at a time, in the programme's order."""
    rows = select(City).where(City.is_closed.is_(False), reach.covers(City.slug)).order_by(City.position)
    return [
        CityLine(city.slug, city.name, city.timezone, decided(city, today_in(city, at)))
        for city in db.scalars(rows)
    ]


def latest_reports(db: Db, reach: Reach, due: Mapping[str, tuple[str, str]]) -> dict[str, Report]:
    """Return each city's report for its due form and period; a sent one before a draft, the newest first."""
    found = {}
    for (form, period), cities in alike(due).items():
        theirs = Submission.city.in_(cities), Submission.form == form, Submission.period == period
        counts = newest_of(and_(*theirs, reach.covers(Submission.city)))
        rows = _read(db, REPORTS.where(counts).order_by(Submission.state, Submission.id))
        found.update({report.city: report for report in rows})
    return found


def last_sent(db: Db, reach: Reach, since: datetime) -> dict[str, Sent]:
    """Return what each city sent last, if anything since then."""
    lately = Submission.state == SubmissionState.SUBMITTED, Submission.submitted_at >= since
    newest = (
        select(Submission.id)
        .where(Submission.city == City.slug, *lately)
        .order_by(Submission.submitted_at.desc(), Submission.id.desc())
        .limit(1)
    )
    last = Submission.id == newest.correlate(City).scalar_subquery()
    columns = (City.slug, Submission.reference, Submission.submitted_at)
    rows = db.execute(select(*columns).join(Submission, last).where(reach.covers(City.slug)))
    return {row.slug: Sent(row.reference or "", row.submitted_at) for row in rows}


def reports_of(db: Db, reach: Reach, city: str) -> list[Report]:
    """Return a city's newest reports, sent ones and drafts that hold an answer; [] out of reach."""
    asked = and_(Submission.city == city, SOMETHING, reach.covers(Submission.city))
    last = func.coalesce(Submission.submitted_at, Submission.updated_at)
    return _read(db, REPORTS.where(asked).order_by(last.desc(), Submission.id.desc()).limit(NEWEST))


def _read(db: Db, asked: Select[Submission, str]) -> list[Report]:
    """Return the reports, without drafts in which nothing was answered yet."""
    reports = [_report(row, author) for row, author in db.execute(asked)]
    return [report for report in reports if report.is_sent or report.answers]


def _report(row: Submission, author: str) -> Report:
    is_sent = row.state == SubmissionState.SUBMITTED
    kept = legible(row.kept)
    return Report(
        id=row.id,
        city=row.city or "",
        form=row.form,
        form_version=row.form_version,
        period=row.period,
        reference=row.reference,
        is_sent=is_sent,
        nothing=row.nothing,
        author=author,
        at=row.submitted_at if is_sent and row.submitted_at else row.updated_at,
        given=kept.get("given", {}),
        firsts=session_from(kept).firsts,
        answers=legible(row.answers),
        milestone=legible(row.hidden).get("milestone", ""),
        revision=row.revision,
        has_gap=is_sent and bool(kept.get(GAP)),
    )
