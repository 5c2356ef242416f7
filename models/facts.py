"""What the conversation may look up, read from the store."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select

from bot.forms.first import First
from bot.forms.form import Form
from bot.session import Session
from bot.talk import Last, Report
from models.base import Db, Json
from models.form import FormShelf, is_retired
from models.person import Person, PersonState, Role
from models.silence import was_before
from models.stored import (
    Before,
    Stored,
    answered_by,
    drafts_of,
    held,
    last_draft_of,
    last_report_of,
    last_sent_of,
    next_reference,
    output_of,
    periodic_drafts_of,
    references_of,
    sent_by,
)
from models.submission import SubmissionState

LIFE_WITHOUT_PERIOD = timedelta(days=7)  # a draft of a form that belongs to no period
LIFE_OF_DRAFT = timedelta(days=45)  # none lives longer: a month, and the weeks in which late answers count


def no_details(db: Db, city: str, language: str, at: datetime) -> str:
    """Return nothing: the facts of who is asked something, or of a process without digests."""
    return ""


@dataclass(frozen=True, slots=True)
class StoredFacts:
    """Facts for one person, at one moment, within one transaction."""

    db: Db
    shelf: FormShelf
    person_id: int
    city: str | None
    at: datetime
    digest_in: Callable[[Db, str, datetime], str]
    details_in: Callable[[Db, str, str, datetime], str] = no_details
    before: Mapping[int, Before | None] = field(default_factory=dict)  # read for a batch, by open report
    last_times: dict[tuple[str, int], Last] = field(default_factory=dict)  # looked up in this turn

    def form(self, name: str) -> Form | None:
        """Return the current version of a form."""
        try:
            return self.shelf.form(self.db, name)
        except LookupError:
            return None

    def is_retired(self, form: str) -> bool:
        """Tell whether no new report begins on a form."""
        return is_retired(self.db, form)

    def draft(self, form: str, period: str | None, milestone: str = "") -> Report | None:
        """Return this person's newest draft of the form and period, and of the milestone if one is named."""
        found = drafts_of(self.db, self.person_id, form, period, self.at - LIFE_WITHOUT_PERIOD)
        stored = next((each for each in found if milestone in ("", each.milestone)), None)
        return self.opened(stored) if stored else None

    def drafts(self) -> tuple[Report, ...]:
        """Return this person's drafts that belong to a period, the oldest first."""
        found = periodic_drafts_of(self.db, self.person_id, self.at - LIFE_OF_DRAFT)
        return tuple(self.opened(stored) for stored in found)

    def last_draft(self, besides: int = 0) -> Report | None:
        """Return the draft this person worked on last, other than one."""
        stored = last_draft_of(self.db, self.person_id, self.at - LIFE_OF_DRAFT, besides)
        return self.opened(stored) if stored else None

    def last_report(self) -> Report | None:
        """Return the report that this person worked on last, a draft or sent."""
        stored = last_report_of(self.db, self.person_id, self.at - LIFE_OF_DRAFT)
        return self.in_hand(stored) if stored else None

    def sent(self, form: str, period: str) -> tuple[str, ...]:
        """Return the references of the newest reports that the city sent for the period, newest first."""
        return references_of(self.db, self.city, form, period) if self.city else ()

    def sent_reports(self, reference: str = "", *, of_city: bool) -> tuple[Report, ...]:
        """Return the newest reports that were sent and count, or the one of a reference."""
        if self.city is None:
            return ()
        found = sent_by(self.db, self.city, None if of_city else self.person_id, reference)
        return tuple(self.opened(stored) for stored in found)

    def handed_in(self, form: str, milestone: str) -> str:
        """Return the reference of the city's newest report of a milestone that counts, "" for none."""
        return output_of(self.db, self.city, form, milestone) if self.city else ""

    def previous(self, form: str, besides: int = 0) -> Last:
        """Return what the city answered in its last report of this form, other than one; read once a turn."""
        if (form, besides) not in self.last_times:
            self.last_times[form, besides] = self._previous(form, besides)
        return self.last_times[form, besides]

    def _previous(self, form: str, besides: int) -> Last:
        if besides in self.before:
            found = self.before[besides]
        else:
            found = last_sent_of(self.db, self.city, form, besides) if self.city else None
        if found is None:
            return Last()
        stored, answers = found
        said = session_from(stored.kept).given
        counted = frozenset(_paths_in(answers))
        given = {  # what ends in a number tells whether a repeat has one more instance
            path: value for path, value in said.items() if path in counted or path.endswith("]")
        }
        version = self.shelf.form(self.db, stored.form, stored.form_version)
        return Last(given, stored.period, version, stored.milestone)

    def next_reference(self, stem: str) -> str:
        """Return the stem with the next free number."""
        return next_reference(self.db, self.city or "", stem)

    def answered_by(self, source: str) -> tuple[Report, tuple[str, ...]] | None:
        """Return the report and the questions that a message of this person answered."""
        found = answered_by(self.db, self.person_id, source)
        return (self.in_hand(found[0]), found[1]) if found else None

    def was_asked(self) -> bool:
        """Tell whether what the person was asked last may have been before them when they wrote this."""
        return was_before(self.db, self.person_id, self.at)

    def digest(self, language: str, at: datetime | None = None) -> str:
        """Return the digest of the week as text: as it was at a time, else as it stands."""
        return self.digest_in(self.db, language, at or self.at)

    def details(self, city: str, language: str) -> str:
        """Return all that a city said this week as text."""
        return self.details_in(self.db, city, language, self.at)

    def officer(self) -> str:
        """Return the name of the officer, "" when there is none or more than one."""
        officers = Person.role == Role.OFFICER, Person.state == PersonState.ACTIVE
        names = self.db.scalars(select(Person.name).where(*officers).limit(2)).all()
        return names[0] if len(names) == 1 else ""

    def in_hand(self, stored: Stored) -> Report:
        """Return a stored report to be changed: colleagues may be changing one that was sent too."""
        is_draft = stored.state == SubmissionState.DRAFT
        return self.opened(stored if is_draft else held(self.db, stored.id))

    def opened(self, stored: Stored) -> Report:
        """Return a stored report with its form compiled, on the version it began with."""
        form = self.shelf.form(self.db, stored.form, stored.form_version)
        session = session_from(stored.kept)
        return Report(
            form=form,
            period=stored.period,
            session=session,
            milestone=stored.milestone,
            id=stored.id,
            reference=stored.reference or "",
            began=int(stored.started_at.timestamp()),
            state=stored.state,
            sent_at=stored.submitted_at,
            revision=stored.revision,
        )


def _paths_in(answers: Mapping[str, Json], within: str = "") -> Iterator[str]:
    """Yield the path of each answer that counts, with the numbers of its repeats: lines[1]/spent."""
    for name, value in answers.items():
        if isinstance(value, list) and any(isinstance(each, dict) for each in value):
            for number, line in enumerate(value, start=1):
                yield from _paths_in(line, f"{within}{name}[{number}]/")
        else:
            yield within + name


def session_from(kept: Mapping[str, Json]) -> Session:
    """Return the form session as it was kept."""
    firsts = {path: First(*first) for path, first in kept.get("firsts", {}).items()}
    toggled = tuple(kept.get("toggled", ()))
    return Session(kept.get("given", {}), kept.get("at"), toggled, kept.get("doubt"), firsts)


def kept_of(session: Session) -> dict[str, Json]:
    """Return the form session as it is kept."""
    kept: dict[str, Json] = {"given": dict(session.given), "at": session.at}
    if session.toggled:
        kept["toggled"] = list(session.toggled)
    if session.doubt is not None:
        kept["doubt"] = session.doubt
    if session.firsts:
        kept["firsts"] = {path: [first.value, first.trigger] for path, first in session.firsts.items()}
    return kept
