"""Reports, their answers, and the open conversation of each person."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Json


class SubmissionState(StrEnum):
    """Where a report stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    WITHDRAWN = "withdrawn"


class Submission(Base):
    """One report of one city in one period."""

    __tablename__ = "submission"
    __table_args__ = (
        UniqueConstraint("reference"),
        CheckConstraint("state in ('draft', 'submitted', 'withdrawn')", name="state"),
        Index("ix_submission_city_form_period", "city", "form", "period"),
        Index("ix_submission_period", "period"),
        Index("ix_submission_person_id", "person_id", "id"),
        Index("ix_submission_updated_at", "updated_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str | None]  # given when it is sent
    form: Mapped[str]
    form_version: Mapped[str]
    city: Mapped[str | None] = mapped_column(ForeignKey("city.slug"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    period: Mapped[str | None]  # 2026-W48, 2026-11, 2026-H2
    state: Mapped[str] = mapped_column(default=SubmissionState.DRAFT)
    review: Mapped[str] = mapped_column(default="received")  # ODK Central's words
    nothing: Mapped[bool] = mapped_column("nothing", default=False, quote=True)  # a keyword of SQLite
    channel: Mapped[str]
    language: Mapped[str]
    started_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    hidden: Mapped[dict[str, Json]]  # what the system filled in: city, period, milestone_name
    kept: Mapped[dict[str, Json]]  # the form session: everything said, also what is no longer relevant
    answers: Mapped[
        dict[str, Json]
    ]  # the report as it stands, by path: relevant answers only, null for skipped


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
    source: Mapped[str] = mapped_column(default="")  # the provider's message id: an edit finds its answer
    at: Mapped[datetime]


class Chat(Base):
    """Where the conversation with one person stands; a session belongs to the person, not to a channel."""

    __tablename__ = "chat"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    submission_id: Mapped[int | None] = mapped_column(
        ForeignKey("submission.id")
    )  # the report being filled in
    state: Mapped[dict[str, Json]]
    channel: Mapped[str] = mapped_column(default="")  # of the newest message in
    updated_at: Mapped[datetime]
