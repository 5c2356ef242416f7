"""Reports and their answers."""

from base64 import urlsafe_b64encode
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    bindparam,
    false,
    func,
    insert,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from bot.values import Value
from models.base import Base, Db, Json
from models.db import later, settle, table_of
from models.prepared import find, run
from models.unreadable import Legible

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


# Written out, not bound: only then do both databases see which partial indexes apply, and SQLite need not
# prepare the statement anew for each value.
DRAFT: ColumnElement[str] = literal_column("'draft'")
SUBMITTED: ColumnElement[str] = literal_column("'submitted'")

HAS_GAP = func.coalesce(Legible(Submission.kept)[GAP].as_boolean(), false()).label("has_gap")


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
class Change:
    """New answers of a report, and who gave them."""

    answers: Sequence[tuple[str, Value]]
    author: int
    channel: str
    source: str
    at: datetime
    handled_at: datetime


REPORTS = _SUBMISSION, _ANSWER = table_of(Submission), table_of(Answer)


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


def newest_of(theirs: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition for each city's newest sent report and all drafts among `theirs`, however many."""
    sent = select(func.max(Submission.id)).where(theirs, Submission.state == SUBMITTED)
    drafts = select(Submission.id).where(theirs, Submission.state == DRAFT)
    return Submission.id.in_(sent.group_by(Submission.city).union_all(drafts))


def alike(asked: Mapping[str, tuple[str, str]]) -> dict[tuple[str, str], list[str]]:
    """Return the cities by what is asked of them: most are asked for the same."""
    found: dict[tuple[str, str], list[str]] = {}
    for city, what in sorted(asked.items()):
        found.setdefault(what, []).append(city)
    return found


def trace_of(source: str) -> str:
    """Return what is kept of a message's id: eight characters, "" for none; the author tells them apart."""
    return urlsafe_b64encode(sha256(source.encode()).digest()[:6]).decode() if source else ""


def open_report(db: Db, values: Mapping[str, object], at: datetime, handled_at: datetime) -> int:
    """Keep a new draft, asked for at `at`, and return its id."""
    row = {"started_at": at, "updated_at": at, "changed_at": handled_at, "answers": {}, **values}
    opened: int = find(db, _OPEN, row)[0][0]
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
    run(db, _MARK_SENT, {"report": submission_id, **values, **times})
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
