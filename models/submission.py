"""Reports and their answers."""

from base64 import urlsafe_b64encode
from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from hashlib import sha256
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    ColumnCollection,
    ColumnElement,
    ForeignKey,
    Index,
    ScalarSelect,
    Select,
    String,
    UniqueConstraint,
    and_,
    bindparam,
    false,
    func,
    insert,
    literal_column,
    not_,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from bot.values import Value
from models.base import Base, Db, Json
from models.city import City
from models.db import later, settle, table_of

GAP = "gap"  # in what is kept of a report that was sent: a required question has no answer now


class SubmissionState(StrEnum):
    """Where a report stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    WITHDRAWN = "withdrawn"


IS_DRAFT = text("state = 'draft'")


class Submission(Base):
    """One report of one city in one period."""

    __tablename__ = "submission"
    __table_args__ = (
        UniqueConstraint("reference"),
        CheckConstraint("state in ('draft', 'submitted', 'withdrawn')", name="state"),
        Index("ix_submission_city_form_period", "city", "form", "period"),
        Index("ix_submission_city_sent", "city", "submitted_at", "form"),
        Index("ix_submission_person_id", "person_id", "updated_at"),
        Index("ix_submission_changed_at", "changed_at"),
        Index("ix_submission_begun", "updated_at", sqlite_where=IS_DRAFT, postgresql_where=IS_DRAFT),
        Index("ix_submission_draft", "person_id", "form", sqlite_where=IS_DRAFT, postgresql_where=IS_DRAFT),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    # given when it is sent; compared byte by byte, so that its index finds those with the same beginning
    reference: Mapped[str | None] = mapped_column(String().with_variant(String(collation="C"), "postgresql"))
    form: Mapped[str]
    form_version: Mapped[str]
    city: Mapped[str | None] = mapped_column(ForeignKey("city.slug"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    period: Mapped[str | None]  # 2026-W48, 2026-11, 2026-H2
    state: Mapped[str] = mapped_column(default=SubmissionState.DRAFT)
    review: Mapped[str] = mapped_column(default="received")  # ODK Central's words
    revision: Mapped[int] = mapped_column(
        default=1, server_default="1"
    )  # one more each time a sent report is changed
    nothing: Mapped[bool] = mapped_column("is_nothing", default=False)  # NOTHING is a keyword of SQLite
    channel: Mapped[str]
    language: Mapped[str]
    started_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    changed_at: Mapped[datetime]  # for `export --since`: when it was handled, not when it was said
    hidden: Mapped[dict[str, Json]]  # what the system filled in: city, period, milestone_name
    kept: Mapped[dict[str, Json]]  # the form session: everything said, also what is no longer relevant
    answers: Mapped[
        dict[str, Json]
    ]  # the report as it stands, by path: relevant answers only, null for skipped


# Written out, not bound: only then do both databases see that the partial indexes apply.
DRAFT: ColumnElement[str] = literal_column("'draft'")

HAS_GAP = func.coalesce(Submission.kept[GAP].as_boolean(), false()).label("has_gap")


class Answer(Base):
    """One answer and revision."""

    __tablename__ = "answer"
    __table_args__ = (
        UniqueConstraint("submission_id", "question", "revision"),
        Index("ix_answer_source", "source"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"))
    question: Mapped[str]  # path, with the number of the repeat: lines[1]/spent
    value: Mapped[dict[str, Json]]  # {"value": …}
    revision: Mapped[int]
    is_current: Mapped[bool] = mapped_column(default=True)
    author: Mapped[int] = mapped_column(ForeignKey("person.id"))
    channel: Mapped[str]
    source: Mapped[str] = mapped_column(default="")  # `trace_of` the message: an edit of it finds its answer
    at: Mapped[datetime]
    changed_at: Mapped[datetime]  # for `export --since`: when it was kept, or replaced


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


@dataclass(frozen=True, slots=True)
class Change:
    """New answers of a report, and who gave them."""

    answers: Sequence[tuple[str, Value]]
    author: int
    channel: str
    source: str
    at: datetime
    handled_at: datetime


REPORTS = _SUBMISSION, _ANSWER = table_of(Submission), table_of(Answer)
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
_KEEP = (
    update(_SUBMISSION)
    .where(_SUBMISSION.c.id == bindparam("report"))
    .values({name: bindparam(name) for name in ("kept", "updated_at", "changed_at")})
)
_KEEP_ANSWERS = _KEEP.values(answers=bindparam("answers"))
_ADD_ANSWERS = insert(_ANSWER)
_MARK_SENT = (
    update(_SUBMISSION)
    .where(_SUBMISSION.c.id == bindparam("report"))
    .values(
        {
            name: bindparam(name)
            for name in ("state", "reference", "is_nothing", "submitted_at", "updated_at", "changed_at")
        }
    )
)
_OPEN = insert(_SUBMISSION).returning(_SUBMISSION.c.id)
_HOLD_CITY = select(table_of(City).c.slug).where(table_of(City).c.slug == bindparam("city")).with_for_update()
_TAKEN = select(_SUBMISSION.c.reference).where(
    _SUBMISSION.c.reference > bindparam("first"), _SUBMISSION.c.reference < bindparam("last")
)
_SENT_BY_CITY = (
    select(_SUBMISSION.c.reference)
    .where(
        _SUBMISSION.c.city == bindparam("city"),
        _SUBMISSION.c.form == bindparam("form"),
        _SUBMISSION.c.period == bindparam("period"),
        _SUBMISSION.c.state == SubmissionState.SUBMITTED,
    )
    .order_by(_SUBMISSION.c.id.desc())
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
_LAST_WORKED_ON = (
    select(*STORED)
    .where(
        _SUBMISSION.c.person_id == bindparam("person"),
        _SUBMISSION.c.state.in_(bindparam("states", expanding=True)),
        _SUBMISSION.c.updated_at > bindparam("since"),
        _SUBMISSION.c.id != bindparam("besides"),
    )
    .order_by(_SUBMISSION.c.updated_at.desc(), _SUBMISSION.c.id.desc())
    .limit(1)
)


def drafts_of(db: Db, person_id: int, form: str, period: str | None, since: datetime) -> tuple[Stored, ...]:
    """Return the person's drafts of a form and period, newest first; without a period those begun since."""
    wanted = {"person": person_id, "form": form}
    if period:
        rows = db.connection().execute(_DRAFTS_OF_PERIOD, {**wanted, "period": period})
    else:
        rows = db.connection().execute(_DRAFTS_BEGUN, {**wanted, "since": since})
    return tuple(stored_in(list(row)) for row in rows)


def periodic_drafts_of(db: Db, person_id: int, since: datetime) -> tuple[Stored, ...]:
    """Return the person's drafts that belong to a period, worked on since then, the oldest first."""
    rows = db.connection().execute(_DRAFTS_OF_PERIODS, {"person": person_id, "since": since})
    return tuple(stored_in(list(row)) for row in rows)


def last_draft_of(db: Db, person_id: int, since: datetime, besides: int = 0) -> Stored | None:
    """Return the draft the person worked on last, other than one, if that was since then."""
    return _last_worked_on(db, person_id, [SubmissionState.DRAFT], since, besides)


def last_report_of(db: Db, person_id: int, since: datetime) -> Stored | None:
    """Return the report the person worked on last, a draft or sent, if that was since then."""
    return _last_worked_on(db, person_id, [SubmissionState.DRAFT, SubmissionState.SUBMITTED], since)


def _last_worked_on(
    db: Db, person_id: int, states: list[SubmissionState], since: datetime, besides: int = 0
) -> Stored | None:
    wanted = {"person": person_id, "states": states, "since": since, "besides": besides}
    row = db.connection().execute(_LAST_WORKED_ON, wanted).first()
    return stored_in(list(row)) if row else None


Before = tuple[Stored, Mapping[str, Json]]  # a report that was sent, and its answers that count


def last_sent_of(db: Db, city: str, form: str, besides: int = 0) -> Before | None:
    """Return the city's last report of a form, other than one, and its answers that count.

    For a report that was sent: the last one before it. Those without anything to report are passed over.
    """
    row = db.connection().execute(_last_sent(), {"city": city, "form": form, "besides": besides}).first()
    return (stored_in(list(row[1:])), row[0]) if row else None


def last_sent_before(db: Db, report_ids: Collection[int]) -> dict[int, Before | None]:
    """Return what `last_sent_of` finds for the city and form of each of these reports, by their id."""
    found: dict[int, Before | None] = dict.fromkeys(report_ids)
    if found:
        for id, answers, *row in db.connection().execute(_last_sent_before(), {"reports": list(found)}):
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
        sent.state == SubmissionState.SUBMITTED,
        sent.is_nothing.is_(False),
        sent.id != report,
        or_(submitted_at.is_(None), not_(is_later)),
    )
    return reports.order_by(sent.submitted_at.desc(), sent.id.desc()).limit(1)


def sent_by(db: Db, city: str, person_id: int | None, reference: str = "") -> tuple[Stored, ...]:
    """Return the newest reports of a city, or of one person of it, that were sent and count.

    With a reference only the report of that name.
    """
    query = select(*STORED).where(Submission.city == city, Submission.state == SubmissionState.SUBMITTED)
    if person_id is not None:
        query = query.where(Submission.person_id == person_id)
    if reference:
        query = query.where(Submission.reference == reference)
    query = query.where(Submission.submitted_at.is_not(None))  # newest first along an index
    newest = query.order_by(Submission.submitted_at.desc(), Submission.id.desc()).limit(_LOOKED_AT)
    return tuple(stored_in(list(row)) for row in db.execute(newest))


def newest_of(theirs: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition for each city's newest sent report and all drafts among `theirs`, however many."""
    sent = select(func.max(Submission.id)).where(theirs, Submission.state == SubmissionState.SUBMITTED)
    drafts = select(Submission.id).where(theirs, Submission.state == DRAFT)
    return Submission.id.in_(sent.group_by(Submission.city).union_all(drafts))


def alike(asked: Mapping[str, tuple[str, str]]) -> dict[tuple[str, str], list[str]]:
    """Return the cities by what is asked of them: most are asked for the same."""
    found: dict[tuple[str, str], list[str]] = {}
    for city, what in sorted(asked.items()):
        found.setdefault(what, []).append(city)
    return found


def held(db: Db, submission_id: int) -> Stored:
    """Return a report as it stands now; nobody else changes it until the transaction ends."""
    settle(db)  # a colleague of the same batch may have changed it
    query = select(*STORED).where(Submission.id == submission_id).with_for_update()
    return stored_in(list(db.execute(query).one()))


def references_of(db: Db, city: str, form: str, period: str) -> tuple[str, ...]:
    """Return the references of what the city sent for a form and period, newest first."""
    asked = {"city": city, "form": form, "period": period}
    return tuple(ref for ref in db.connection().scalars(_SENT_BY_CITY, asked) if ref)


def output_of(db: Db, city: str, form: str, milestone: str) -> str:
    """Return the reference of the newest report of a city for a milestone, "" when none counts."""
    query = select(Submission.reference, Submission.hidden).where(
        Submission.city == city, Submission.form == form, Submission.state == SubmissionState.SUBMITTED
    )
    rows = db.execute(query.order_by(Submission.id.desc()))
    return next((ref for ref, hidden in rows if ref and hidden.get("milestone") == milestone), "")


def next_reference(db: Db, city: str, stem: str) -> str:
    """Return the stem with the next free number; the city stays locked until the transaction ends."""
    db.connection().execute(_HOLD_CITY, {"city": city})
    taken = db.connection().scalars(_TAKEN, {"first": f"{stem}-", "last": f"{stem}."})  # "." follows "-"
    numbers = [int(number) for ref in taken if ref and (number := ref.removeprefix(f"{stem}-")).isdecimal()]
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


def trace_of(source: str) -> str:
    """Return what is kept of a message's id: eight characters, "" for none; the author tells them apart."""
    return urlsafe_b64encode(sha256(source.encode()).digest()[:6]).decode() if source else ""


def open_report(db: Db, values: Mapping[str, object], at: datetime, handled_at: datetime) -> int:
    """Keep a new draft, asked for at `at`, and return its id."""
    row = {"started_at": at, "updated_at": at, "changed_at": handled_at, "answers": {}, **values}
    opened: int = db.connection().execute(_OPEN, row).scalar_one()
    return opened


def keep(db: Db, submission_id: int, kept: Mapping[str, Json], at: datetime, handled_at: datetime) -> None:
    """Keep what was said in a report."""
    times = {"updated_at": at, "changed_at": handled_at}
    later(db, _KEEP, {"report": submission_id, "kept": kept, **times})


def keep_answers(
    db: Db,
    submission_id: int,
    kept: Mapping[str, Json],
    answers: Mapping[str, Json],
    change: Change,
    known: Container[str],
) -> None:
    """Keep the report as it stands and each new answer as a revision; `known`: questions answered before."""
    times = {"updated_at": change.at, "changed_at": change.handled_at}
    report = {"report": submission_id, "kept": kept, "answers": answers, **times}
    later(db, _KEEP_ANSWERS, report)
    rows = [
        {
            "submission_id": submission_id,
            "question": question,
            "value": {"value": value},
            "revision": _supersede(db, submission_id, question, change.handled_at) + 1
            if question in known
            else 1,
            "is_current": True,
            "author": change.author,
            "channel": change.channel,
            "source": trace_of(change.source),
            "at": change.at,
            "changed_at": change.handled_at,
        }
        for question, value in change.answers
    ]
    for row in rows:
        later(db, _ADD_ANSWERS, row)


def mark_sent(
    db: Db,
    submission_id: int,
    reference: str,
    *,
    nothing: bool,
    replaces: str,
    at: datetime,
    handled_at: datetime,
) -> None:
    """Submit a report; the one it replaces becomes withdrawn."""
    values = {"state": SubmissionState.SUBMITTED, "reference": reference, "is_nothing": nothing}
    times = {"submitted_at": at, "updated_at": at, "changed_at": handled_at}
    db.connection().execute(_MARK_SENT, {"report": submission_id, **values, **times})
    if replaces:
        replaced = Submission.reference == replaces
        withdrawn = {"state": SubmissionState.WITHDRAWN, "updated_at": at, "changed_at": handled_at}
        db.execute(update(Submission).where(replaced).values(withdrawn))


def reissue(db: Db, submission_id: int, at: datetime, handled_at: datetime) -> None:
    """Count one more revision of a report that was sent."""
    db.execute(
        update(Submission)
        .where(Submission.id == submission_id)
        .values(revision=Submission.revision + 1, updated_at=at, changed_at=handled_at)
    )


def withdraw(db: Db, submission_id: int, at: datetime, handled_at: datetime) -> None:
    """Keep a cancelled report as withdrawn."""
    db.execute(
        update(Submission)
        .where(Submission.id == submission_id)
        .values(state=SubmissionState.WITHDRAWN, updated_at=at, changed_at=handled_at)
    )


def _supersede(db: Db, submission_id: int, question: str, at: datetime) -> int:
    """Mark the answer in force as past and return its revision, 0 when there is none."""
    settle(db)
    mine = Answer.submission_id == submission_id, Answer.question == question
    newest = db.scalar(select(func.max(Answer.revision)).where(*mine))
    db.execute(update(Answer).where(*mine, Answer.is_current).values(is_current=False, changed_at=at))
    return newest or 0


def _first(db: Db, query: Select[*tuple[Json, ...]]) -> Stored | None:
    row = db.execute(query).first()
    return stored_in(list(row)) if row else None


def stored_in(row: Sequence[Json]) -> Stored:
    """Return a report of a row with the columns `STORED`."""
    id, reference, form, version, period, hidden, kept, *times_and_state = row
    return Stored(id, reference, form, version, period, hidden.get("milestone", ""), kept, *times_and_state)
