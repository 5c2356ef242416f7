"""Occurrences: each due instance of a prompt, reminder or digest, decided once under its key."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, literal_column, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from bot import schedule
from models.base import Base, Db, Json
from models.db import insert_first, insert_unless_there, table_of


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


def decide(
    db: Db,
    occurrence: schedule.Occurrence,
    state: OccurrenceState,
    at: datetime,
    reason: str = "",
    data: Mapping[str, Json] | None = None,
) -> bool:
    """Keep what was decided for an occurrence; return False when it was decided before."""
    return insert_first(db, OCCURRENCE, **_row(occurrence, state, at, reason, data))


def supersede(db: Db, occurrences: Iterable[schedule.Occurrence], at: datetime) -> None:
    """Keep in one statement of each that it is never sent, and why; what was decided before stays."""
    rows = [_row(each, OccurrenceState.SUPERSEDED, at, each.reason) for each in occurrences]
    insert_unless_there(db, OCCURRENCE, rows)


def _row(
    occurrence: schedule.Occurrence,
    state: OccurrenceState,
    at: datetime,
    reason: str,
    data: Mapping[str, Json] | None = None,
) -> dict[str, Json]:
    return {
        "key": occurrence.key,
        "kind": occurrence.kind,
        "person_id": occurrence.person,
        "city": occurrence.city,
        "form": occurrence.form,
        "period": occurrence.period,
        "milestone": occurrence.milestone,
        "deadline": occurrence.deadline,
        "due_at": occurrence.due_at,
        "send_at": at if state == OccurrenceState.SENT else occurrence.send_at,
        "state": state,
        "reason": reason,
        "data": dict(data or {}),
        "decided_at": at,
    }


def known(db: Db, keys: Collection[str]) -> set[str]:
    """Return those of the keys that were decided; a held alert is not yet."""
    if not keys:
        return set()
    query = select(OCCURRENCE.c.key).where(
        OCCURRENCE.c.key.in_(keys), OCCURRENCE.c.state != OccurrenceState.HELD
    )
    return set(db.connection().execute(query).scalars())


def release(db: Db, key: str, at: datetime) -> Mapping[str, Json] | None:
    """Return what a held alert says, marked as sent; None when another worker was first."""
    releasing = (
        update(OCCURRENCE)
        .where(OCCURRENCE.c.key == key, OCCURRENCE.c.state == OccurrenceState.HELD)
        .values(state=OccurrenceState.SENT, send_at=at, decided_at=at)
        .returning(OCCURRENCE.c.data)
    )
    data: Mapping[str, Json] | None = db.connection().execute(releasing).scalar()
    return data
