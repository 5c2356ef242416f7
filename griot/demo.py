"""The demonstration: fictitious people and two past weeks of reports, in a database of their own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.forms.sheet import Sheet
from bot.periods import days_of, form_due, next_milestone, previous, week_of
from bot.programme import DRAFT, City, DemoPerson, Programme, Report, open_demo
from models.base import Db
from models.consent import record_consent
from models.demo import holds_people, is_demo, knows, mark_demo
from models.form import FormShelf
from models.person import add_address, add_person
from models.programme import current_programme
from models.stored import next_reference
from models.submission import Change, keep_answers, mark_sent, open_report

WEEKS = 2
CONSENT_TEXT = "demo"


class MixedError(Exception):
    """A demonstration would be mixed with real people."""


@dataclass(frozen=True, slots=True)
class _Author:
    id: int
    language: str


def load_demo(db: Db, data: bytes, shelf: FormShelf, at: datetime) -> bool:
    """Fill an empty database with the programme's `demo.yaml`; return False when it was done before.

    Then only people who are new in the file are added, without reports. Raise MixedError for a database
    that holds people who are no demonstration. Officers begin now: last week's digest does not come late.
    """
    if is_demo(db):
        for person in open_demo(data).people:
            if not knows(db, person.name, person.role, person.city):
                _add(db, person, at)
        return False
    if holds_people(db):
        raise MixedError("This database holds people. Set DATABASE_URL to another one for the demonstration.")
    mark_demo(db, at)
    demo = open_demo(data)
    began = at - timedelta(weeks=WEEKS + 1)
    authors = {person.city: _add(db, person, began if person.city else at) for person in demo.people}
    programme = current_programme(db)
    for city in programme.cities.values():
        if city.slug in authors:
            _report(db, programme, city, authors[city.slug], demo.reports, shelf, at)
    return True


def _add(db: Db, person: DemoPerson, at: datetime) -> _Author:
    id = add_person(
        db,
        name=person.name,
        role=person.role,
        city=person.city,
        language=person.language,
        at=at,
    )
    add_address(db, id, "chat", str(id), at)
    record_consent(
        db,
        id,
        agreed=True,
        version=CONSENT_TEXT,
        language=person.language,
        channel="chat",
        how="a fictitious person of the demonstration",
        at=at,
    )
    return _Author(id, person.language)


def _report(
    db: Db,
    programme: Programme,
    city: City,
    author: _Author,
    reports: Mapping[str, Mapping[str, tuple[Report, ...]]],
    shelf: FormShelf,
    at: datetime,
) -> None:
    """Keep what the city said in the past weeks, the oldest first."""
    week = week_of(at.astimezone(ZoneInfo(city.timezone)).date())
    for age in range(WEEKS):
        week = previous(week)
        tuesday = datetime.combine(
            days_of(week)[0] + timedelta(days=1), datetime.min.time(), ZoneInfo(city.timezone)
        )
        said_at = tuesday + timedelta(hours=10, minutes=5 * len(city.slug))
        form, period = form_due(programme, city, said_at) or ("", "")
        entries = reports.get(form, {}).get(city.slug, ())
        if age < len(entries):
            ahead = next_milestone(programme, city, said_at.date())
            _keep(db, shelf, city, author, form, period, entries[age], ahead.id if ahead else "", said_at)


def _keep(
    db: Db,
    shelf: FormShelf,
    city: City,
    author: _Author,
    name: str,
    period: str,
    entry: Report,
    milestone: str,
    at: datetime,
) -> None:
    form = shelf.form(db, name)
    given = {path: value for path, value in entry.items() if path != DRAFT}
    sheet = Sheet(form, given, {}, at)
    left = [step.path for step in sheet.steps() if step.path not in given]
    kept = {"given": given, "at": left[0] if left else None}
    values = {
        "form": name,
        "form_version": form.version,
        "city": city.slug,
        "person_id": author.id,
        "period": period,
        "channel": "chat",
        "language": author.language,
        "hidden": {"milestone": milestone},
        "kept": kept,
    }
    id = open_report(db, values, at, at)
    change = Change(tuple(given.items()), author.id, "chat", "", at, at)
    keep_answers(db, id, kept, sheet.record(), change, ())
    if not entry.get(DRAFT):
        reference = next_reference(db, city.slug, f"{city.code}-{period}")
        sent_at = at + timedelta(minutes=4)
        mark_sent(db, id, reference, nothing=False, replaces="", at=sent_at, handled_at=sent_at)
