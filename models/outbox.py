"""The outbox: every message out is a row before it is a call."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Json


class OutboxState(StrEnum):
    """Where a message stands; never backwards."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    UNDELIVERABLE = "undeliverable"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    UNCERTAIN = "uncertain"


LIVE, BULK = 0, 1  # lanes: live replies pass bulk


class Outbox(Base):
    """One message to one address."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("key"),
        CheckConstraint(
            "state in ('queued', 'sending', 'sent', 'delivered', 'read', 'failed', 'undeliverable', 'expired',"
            " 'cancelled', 'uncertain')",
            name="state",
        ),
        Index(
            "ix_outbox_due",
            "lane",
            "due_at",
            "id",
            sqlite_where=text("state = 'queued'"),
            postgresql_where=text("state = 'queued'"),
        ),
        Index(
            "ix_outbox_open",
            "recipient",
            "id",
            sqlite_where=text("state in ('queued', 'sending')"),
            postgresql_where=text("state in ('queued', 'sending')"),
        ),
        Index("ix_outbox_person_id", "person_id", "id"),
        Index("ix_outbox_provider_id", "provider_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str]  # deterministic: a second enqueue is a no-op
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    recipient: Mapped[
        str
    ]  # the person's id, or the address of a stranger: messages of one recipient keep their order
    channel: Mapped[str]
    address: Mapped[str]
    kind: Mapped[str]  # reply, receipt, notice, stranger, or the schedule's kind
    lane: Mapped[int] = mapped_column(default=LIVE)
    text: Mapped[str]
    message: Mapped[dict[str, Json]]  # options, token, question, replaces
    state: Mapped[str] = mapped_column(default=OutboxState.QUEUED)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    not_after: Mapped[datetime | None]
    lease_token: Mapped[str] = mapped_column(default="")
    lease_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    repeats: Mapped[int] = mapped_column(default=0)  # sends after an answer that was never seen: at most one
    sent_at: Mapped[datetime | None]
    provider_id: Mapped[str] = mapped_column(default="")
    error_code: Mapped[str] = mapped_column(default="")
    error: Mapped[str] = mapped_column(default="")
    rung: Mapped[str] = mapped_column(default="")
    rung_reason: Mapped[str] = mapped_column(default="")
