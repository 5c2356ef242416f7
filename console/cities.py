"""The plain pages: the cities with their report of the current period, and each city's latest reports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from flask import Blueprint, abort, g, redirect, render_template, url_for
from werkzeug.wrappers import Response

from bot.forms.sheet import Sheet as Filled
from bot.periods import form_due, in_words
from bot.programme import Programme
from bot.values import Say
from console.answers import Line, Reading, status_of
from console.attachments import Attached, attached
from console.dates import moment_words
from console.pages import named, reach, voice
from console.parts import Parts, given
from models.attention import worries
from models.base import Db
from models.city import zone_of
from models.db import read
from models.fault import faults
from models.media import Media, media_of
from models.overview import CityLine, Report, Sent, cities_within, last_sent, latest_reports, reports_of
from models.reach import Reach
from models.revisions import Change, changes_of
from models.spending import spending

LATELY = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Row:
    """A city on the first page, in the reader's words."""

    slug: str
    name: str
    state: str  # submitted, partial, silent, excused, paused; "" when nothing is asked
    asked: str  # title of the form and its period
    is_received: bool = False
    status: str = ""
    last: str = ""  # reference of the last report sent
    last_at: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A report on a city's page, in the reader's words."""

    title: str
    period: str
    reference: str
    is_sent: bool
    revision: int  # more than 1: changed after it was sent
    has_gap: bool  # such a change left a needed question without an answer
    nothing: bool
    author: str
    at: str
    lines: tuple[Line, ...]
    attached: tuple[Attached, ...]


@dataclass(frozen=True, slots=True)
class Desk:
    """What the pages are written with: one read transaction, one reader."""

    db: Db
    parts: Parts
    programme: Programme
    reach: Reach
    say: Say
    at: datetime

    def name_of(self, city: CityLine) -> str:
        """Return the city's name in the reader's language."""
        return named(self.programme.cities[city.slug].names, self.say.language)

    def title(self, form: str) -> str:
        """Return the form's title in the reader's language, or its name when it left the programme."""
        entry = self.programme.forms.get(form)
        return named(entry.titles, self.say.language) if entry else form

    def period(self, period: str | None, city: CityLine) -> str:
        """Return the period in words."""
        return in_words(period, self.say, self._locale(city)) if period else ""

    def moment(self, at: datetime, city: CityLine) -> str:
        """Return the time in city time, in words."""
        return moment_words(at.astimezone(zone_of(city.timezone)), self._locale(city))

    def _locale(self, city: CityLine) -> str:
        return self.programme.locale(self.say.language, self.programme.cities[city.slug])


def rooms(parts: Parts) -> Blueprint:
    """Return the blueprint of the cities' pages; only for who is signed in."""
    room = Blueprint("cities", __name__)
    room.before_request(only_signed_in)
    room.add_url_rule("/", "home", given(parts, home))
    room.add_url_rule("/cities/<slug>", "city", given(parts, city))
    return room


def only_signed_in() -> Response | None:
    """Send a reader who is not signed in to the page that tells how."""
    return redirect(url_for("signin.how"), 303) if g.reader is None else None


def home(parts: Parts) -> str | Response:
    """Return the cities within reach; somebody of one city goes to its page."""
    within = reach()
    if not within.every_city:
        return redirect(url_for("cities.city", slug=within.city), 303) if within.city else abort(404)
    rows = read(parts.store, lambda db: _rows(_desk(db, parts)))
    received = sum(row.is_received for row in rows)
    to_look_at = read(parts.store, lambda db: len(worries(db)) + len(faults(db)) + _limits_used(db, parts))
    return render_template("cities.html", rows=rows, received=received, to_look_at=to_look_at)


def _limits_used(db: Db, parts: Parts) -> int:
    """Return how many limits of the budget are nearly or wholly used."""
    uses = spending(db, parts.programmes.programme(db), parts.clock()).uses
    return sum(1 for use in uses if use.level)


def city(parts: Parts, slug: str) -> str:
    """Return a city's latest reports; 404 for a city out of reach."""
    name, row, sheets = read(parts.store, lambda db: _city(_desk(db, parts), slug))
    return render_template("city.html", name=name, row=row, sheets=sheets, sees_every_city=reach().every_city)


def _desk(db: Db, parts: Parts) -> Desk:
    return Desk(db, parts, parts.programmes.programme(db), reach(), voice(parts), parts.clock())


def _rows(desk: Desk) -> list[Row]:
    cities = cities_within(desk.db, desk.reach, desk.at)
    due = {city.slug: asked for city in cities if (asked := _due(desk, city))}
    latest = latest_reports(desk.db, desk.reach, due)
    sent = last_sent(desk.db, desk.reach, desk.at - LATELY)
    return [_row(desk, city, due.get(city.slug), latest, sent.get(city.slug)) for city in cities]


def _city(desk: Desk, slug: str) -> tuple[str, Row, list[Sheet]]:
    found = next((one for one in cities_within(desk.db, desk.reach, desk.at) if one.slug == slug), None)
    if found is None:
        abort(404)
    asked = _due(desk, found)
    latest = latest_reports(desk.db, desk.reach, {slug: asked} if asked else {})
    reports = reports_of(desk.db, desk.reach, slug)
    media = media_of(desk.db, [report.id for report in reports])
    changes = changes_of(desk.db, [report.id for report in reports if report.revision > 1])
    sheets = [
        _sheet(desk, found, report, media.get(report.id, []), changes.get(report.id, []))
        for report in reports
    ]
    return desk.name_of(found), _row(desk, found, asked, latest), sheets


def _due(desk: Desk, city: CityLine) -> tuple[str, str] | None:
    return form_due(desk.programme, desk.programme.cities[city.slug], desk.at)


def _row(
    desk: Desk,
    city: CityLine,
    due: tuple[str, str] | None,
    latest: Mapping[str, Report],
    sent: Sent | None = None,
) -> Row:
    report = latest.get(city.slug)
    return Row(
        slug=city.slug,
        name=desk.name_of(city),
        state=_state(desk, city, report) if due else "",
        asked=f"{desk.title(due[0])} · {desk.period(due[1], city)}" if due else "",
        is_received=report is not None and report.is_sent,
        status=_status(desk, report) if report else "",
        last=sent.reference if sent else "",
        last_at=desk.moment(sent.at, city) if sent else "",
    )


def _status(desk: Desk, report: Report) -> str:
    told = desk.programme.digest.get(report.form)
    if told is None:
        return ""
    form = desk.parts.forms.form(desk.db, report.form, report.form_version)
    return status_of(form, told.status, report, desk.say.language)


def _state(desk: Desk, city: CityLine, report: Report | None) -> str:
    if report is not None:
        return "submitted" if report.is_sent and not report.has_gap else "partial"
    return city.absence or "silent"


def _hidden(desk: Desk, city: CityLine, report: Report) -> dict[str, str]:
    """Return what the system filled in, as the bot does, in the reader's language."""
    milestone = desk.programme.milestones.get(report.milestone)
    return {
        "city": desk.name_of(city),
        "period": desk.period(report.period, city),
        "milestone_name": named(milestone.names, desk.say.language) if milestone else "—",
    }


def _sheet(
    desk: Desk, city: CityLine, report: Report, media: Sequence[Media], changes: Sequence[Change]
) -> Sheet:
    form = desk.parts.forms.form(desk.db, report.form, report.form_version)
    at = report.at.astimezone(zone_of(city.timezone))
    said = Filled(form, report.given, _hidden(desk, city, report), at, firsts=report.firsts)
    reading = Reading(report, said, changes, desk.say, partial(desk.moment, city=city))
    return Sheet(
        title=desk.title(report.form),
        period=desk.period(report.period, city),
        reference=report.reference or "",
        is_sent=report.is_sent,
        revision=report.revision,
        has_gap=report.has_gap,
        nothing=report.nothing,
        author=report.author,
        at=desk.moment(report.at, city),
        lines=reading.lines(),
        attached=tuple(attached(row, desk.say) for row in media),
    )
