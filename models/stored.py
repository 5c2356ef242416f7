"""Reports as they are kept, looked up for the conversation."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    ColumnCollection,
    ColumnElement,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    not_,
    or_,
    select,
)

from models.base import Db, Json
from models.city import City
from models.db import settle, table_of
from models.prepared import find
from models.submission import DRAFT, SUBMITTED, Answer, Submission, trace_of
from models.unreadable import legible

_SUBMISSION = table_of(Submission)


@dataclass(frozen=True, slots=True)
class Stored:
    """A report as it is kept, before its form is opened."""

    id: int
    reference: str | None
    form: str
    form_version: str
    period: str | None
    milestone: str
    kept: dict[str, Json]
    started_at: datetime
    state: str
    submitted_at: datetime | None
    revision: int


STORED = tuple(  # columns of the table: a statement of them costs half of one of the model's
    _SUBMISSION.c[name]
    for name in (
        "id",
        "reference",
        "form",
        "form_version",
        "period",
        "hidden",
        "kept",
        "started_at",
        "state",
        "submitted_at",
        "revision",
    )
)

_LOOKED_AT = 20  # reports of a city, the newest first, among which one is still open or none

# On the way of every turn: Core, built once (a statement built each time costs more than running it).
_HOLD_CITY = (
    select(table_of(City).c.slug)
    .where(table_of(City).c.slug == bindparam("city"))
    .with_for_update(key_share=True)  # rows that name the city are written meanwhile
)
_TAKEN = select(_SUBMISSION.c.reference).where(
    _SUBMISSION.c.reference > bindparam("first"), _SUBMISSION.c.reference < bindparam("last")
)
_SENT_BY_CITY = (
    select(_SUBMISSION.c.reference)
    .where(
        _SUBMISSION.c.city == bindparam("city"),
        _SUBMISSION.c.form == bindparam("form"),
        _SUBMISSION.c.period == bindparam("period"),
        _SUBMISSION.c.state == SUBMITTED,
    )
    .order_by(_SUBMISSION.c.id.desc())
    .limit(_LOOKED_AT)
)
_DRAFTS = (
    select(*STORED)
    .where(_SUBMISSION.c.person_id == bindparam("person"), _SUBMISSION.c.state == DRAFT)
    .order_by(_SUBMISSION.c.id.desc())
)
_DRAFTS_OF_PERIODS = (
    select(*STORED)
    .where(
        _SUBMISSION.c.person_id == bindparam("person"),
        _SUBMISSION.c.state == DRAFT,
        _SUBMISSION.c.updated_at > bindparam("since"),
        _SUBMISSION.c.period.is_not(None),
    )
    .order_by(_SUBMISSION.c.id)
)
_DRAFTS_OF_FORM = _DRAFTS.where(_SUBMISSION.c.form == bindparam("form"))
_DRAFTS_OF_PERIOD = _DRAFTS_OF_FORM.where(_SUBMISSION.c.period == bindparam("period"))
_DRAFTS_BEGUN = _DRAFTS_OF_FORM.where(
    _SUBMISSION.c.period.is_(None), _SUBMISSION.c.started_at > bindparam("since")
)
_WORKED_ON = (
    select(*STORED)
    .where(
        _SUBMISSION.c.person_id == bindparam("person"),
        _SUBMISSION.c.updated_at > bindparam("since"),
        _SUBMISSION.c.id != bindparam("besides"),
    )
    .order_by(_SUBMISSION.c.updated_at.desc(), _SUBMISSION.c.id.desc())
    .limit(1)
)
_LAST_DRAFT = _WORKED_ON.where(_SUBMISSION.c.state == DRAFT)
_LAST_REPORT = _WORKED_ON.where(_SUBMISSION.c.state.in_([DRAFT, SUBMITTED]))


def drafts_of(db: Db, person_id: int, form: str, period: str | None, since: datetime) -> tuple[Stored, ...]:
    """Return the person's drafts of a form and period, newest first; without a period those begun since."""
    wanted = {"person": person_id, "form": form}
    if period:
        rows = find(db, _DRAFTS_OF_PERIOD, {**wanted, "period": period})
    else:
        rows = find(db, _DRAFTS_BEGUN, {**wanted, "since": since})
    return tuple(map(stored_in, rows))


def periodic_drafts_of(db: Db, person_id: int, since: datetime) -> tuple[Stored, ...]:
    """Return the person's drafts that belong to a period, worked on since then, the oldest first."""
    return tuple(map(stored_in, find(db, _DRAFTS_OF_PERIODS, {"person": person_id, "since": since})))


def last_draft_of(db: Db, person_id: int, since: datetime, besides: int = 0) -> Stored | None:
    """Return the draft the person worked on last, other than one, if that was since then."""
    return _first(db, _LAST_DRAFT, {"person": person_id, "since": since, "besides": besides})


def last_report_of(db: Db, person_id: int, since: datetime) -> Stored | None:
    """Return the report the person worked on last, a draft or sent, if that was since then."""
    return _first(db, _LAST_REPORT, {"person": person_id, "since": since, "besides": 0})


def _first(db: Db, statement: Select[Any], given: Mapping[str, object]) -> Stored | None:
    rows = find(db, statement, given)
    return stored_in(rows[0]) if rows else None


Before = tuple[Stored, Mapping[str, Json]]  # a report that was sent, and its answers that count


def last_sent_of(db: Db, city: str, form: str, besides: int = 0) -> Before | None:
    """Return the city's last report of a form, other than one, and its answers that count.

    For a report that was sent: the last one before it. Those without anything to report are passed over.
    """
    rows = find(db, _last_sent(), {"city": city, "form": form, "besides": besides})
    return (stored_in(rows[0][1:]), rows[0][0]) if rows else None


def last_sent_before(db: Db, report_ids: Collection[int]) -> dict[int, Before | None]:
    """Return what `last_sent_of` finds for the city and form of each of these reports, by their id."""
    found: dict[int, Before | None] = dict.fromkeys(report_ids)
    if found:
        for id, answers, *row in find(db, _last_sent_before(), {"reports": list(found)}):
            found[id] = stored_in(row), answers
    return found


@cache  # a statement is built once: building costs as much as running it
def _last_sent() -> Select[Any]:
    sent = _SUBMISSION.c
    besides = bindparam("besides", type_=sent.id.type)
    own = select(sent.submitted_at).where(sent.id == besides).scalar_subquery()
    theirs = _sent_before(sent, bindparam("city"), bindparam("form"), besides, own)
    return theirs.add_columns(sent.answers, *STORED)


@cache
def _last_sent_before() -> Select[Any]:
    own, sent = _SUBMISSION.alias("own"), _SUBMISSION.alias("sent")
    theirs = _sent_before(sent.c, own.c.city, own.c.form, own.c.id, own.c.submitted_at)
    newest = theirs.add_columns(sent.c.id).correlate(own).scalar_subquery()
    both = own.join(_SUBMISSION, _SUBMISSION.c.id == newest)
    reports = select(own.c.id, _SUBMISSION.c.answers, *STORED).select_from(both)
    return reports.where(own.c.id.in_(bindparam("reports", expanding=True)))


def _sent_before(
    sent: ColumnCollection[str, Column[Any]],
    city: ColumnElement[str],
    form: ColumnElement[str],
    report: ColumnElement[int],
    submitted_at: ColumnElement[datetime] | ScalarSelect[datetime],
) -> Select[Any]:
    """Return the choice of a city's last report of a form, other than one; before that if it was sent."""
    is_alike = and_(sent.submitted_at == submitted_at, sent.id > report)
    is_later = or_(sent.submitted_at > submitted_at, is_alike)
    reports = select().where(
        sent.city == city,
        sent.form + "" == form,  # no index by form: newest first along `city_sent` ends at once
        sent.state == SUBMITTED,
        sent.is_nothing.is_(False),
        sent.id != report,
        or_(submitted_at.is_(None), not_(is_later)),
    )
    return reports.order_by(sent.submitted_at.desc(), sent.id.desc()).limit(1)


def sent_by(db: Db, city: str, person_id: int | None, reference: str = "") -> tuple[Stored, ...]:
    """Return the newest reports of a city, or of one person of it, that were sent and count.

    With a reference only the report of that name.
    """
    query = select(*STORED).where(Submission.city == city, Submission.state == SUBMITTED)
    if person_id is not None:
        query = query.where(Submission.person_id == person_id)
    if reference:
        query = query.where(Submission.reference == reference)
    query = query.where(Submission.submitted_at.is_not(None))  # newest first along an index
    newest = query.order_by(Submission.submitted_at.desc(), Submission.id.desc()).limit(_LOOKED_AT)
    return tuple(stored_in(list(row)) for row in db.execute(newest))


def held(db: Db, submission_id: int) -> Stored:
    """Return a report as it stands now; nobody else changes it until the transaction ends."""
    settle(db)  # a colleague of the same batch may have changed it
    query = select(*STORED).where(Submission.id == submission_id).with_for_update()
    return stored_in(list(db.execute(query).one()))


def references_of(db: Db, city: str, form: str, period: str) -> tuple[str, ...]:
    """Return the newest references of what the city sent for a form and period, newest first."""
    asked = {"city": city, "form": form, "period": period}
    return tuple(ref for (ref,) in find(db, _SENT_BY_CITY, asked) if ref)


def output_of(db: Db, city: str, form: str, milestone: str) -> str:
    """Return the reference of the newest report of a city for a milestone, "" when none counts."""
    query = select(Submission.reference, Submission.hidden).where(
        Submission.city == city, Submission.form == form, Submission.state == SUBMITTED
    )
    rows = db.execute(query.order_by(Submission.id.desc()))
    return next((ref for ref, hidden in rows if ref and legible(hidden).get("milestone") == milestone), "")


def next_reference(db: Db, city: str, stem: str) -> str:
    """Return the stem with the next free number; the city stays locked until the transaction ends."""
    find(db, _HOLD_CITY, {"city": city})
    taken = find(db, _TAKEN, {"first": f"{stem}-", "last": f"{stem}."})  # "." follows "-"
    numbers = [
        int(number) for (ref,) in taken if ref and (number := ref.removeprefix(f"{stem}-")).isdecimal()
    ]
    return f"{stem}-{max(numbers, default=0) + 1}"


def answered_by(db: Db, person_id: int, source: str) -> tuple[Stored, tuple[str, ...]] | None:
    """Return the report and the questions that a message of this person answered first, or None.

    Answers of an earlier release have the source itself.
    """
    query = (
        select(Answer.question, *STORED)
        .join(Submission, Submission.id == Answer.submission_id)
        .where(Answer.source.in_((trace_of(source), source)), Answer.author == person_id)
        .order_by(Answer.id)
    )
    rows = db.execute(query).all()
    paths = dict.fromkeys(row[0] for row in rows)  # an edited message answers the same question again
    return (stored_in(list(rows[0][1:])), tuple(paths)) if rows else None


def stored_in(row: Sequence[Json]) -> Stored:
    """Return a report of a row with the columns `STORED`."""
    id, reference, form, version, period, hidden, kept, *times_and_state = row
    return Stored(id, reference, form, version, period, hidden.get("milestone", ""), kept, *times_and_state)
