"""Occurrences: each due instance of a prompt, reminder or digest, decided once under its key."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, literal_column, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Json
from models.db import table_of


class OccurrenceState(StrEnum):
    """What was decided."""

    HELD = "held"  # an alert that waits for the hour to open
    SENT = "sent"  # its message is in the outbox under the same key
    SUPERSEDED = "superseded"  # never sent: `reason` says why
    CANCELLED = "cancelled"  # no longer true before its message left


IS_HELD = text("state = 'held'")


class Occurrence(Base):
    """One occurrence that was decided; its key is that of its outbox row."""

    __tablename__ = "occurrence"
    __table_args__ = (
        CheckConstraint("state in ('held', 'sent', 'superseded', 'cancelled')", name="state"),
        Index("ix_occurrence_due", "due_at"),
        Index("ix_occurrence_city", "city", "kind"),
        Index("ix_occurrence_held", "send_at", sqlite_where=IS_HELD, postgresql_where=IS_HELD),
    )

    key: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    city: Mapped[str | None]
    form: Mapped[str] = mapped_column(default="")
    period: Mapped[str] = mapped_column(default="")
    milestone: Mapped[str] = mapped_column(default="")
    deadline: Mapped[date | None]  # of the milestone, when it was decided
    due_at: Mapped[datetime]
    send_at: Mapped[datetime]
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    data: Mapped[dict[str, Json]]  # what the message of a held alert says
    decided_at: Mapped[datetime]


OCCURRENCE = table_of(Occurrence)
HELD: ColumnElement[str] = literal_column("'held'")  # written out: both databases see that the index applies
