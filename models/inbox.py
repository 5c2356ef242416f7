"""The inbox: what providers told us, as it came, until it was handled."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class InboxState(StrEnum):
    """Where an incoming update stands."""

    OPEN = "open"
    DONE = "done"
    QUARANTINED = "quarantined"


class Inbox(Base):
    """One raw incoming update."""

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("channel", "provider_id"),
        CheckConstraint("state in ('open', 'done', 'quarantined')", name="state"),
        Index(
            "ix_inbox_open",
            "sender",
            "id",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_inbox_person_id", "person_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str]
    provider_id: Mapped[str]
    sender: Mapped[str]  # `<channel>:<id>`: replies of one sender are handled in order
    body: Mapped[bytes] = mapped_column(LargeBinary)  # zlib
    received_at: Mapped[datetime]
    due_at: Mapped[datetime]  # not before: after a failed turn, or when a sender's limit opens
    state: Mapped[str] = mapped_column(default=InboxState.OPEN)
    tries: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(default="")
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    text: Mapped[str] = mapped_column(default="")  # what was read, set by the turn
    done_at: Mapped[datetime | None]
