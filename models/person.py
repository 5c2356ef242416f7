"""People, their addresses, consent and invitations."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Role(StrEnum):
    """What a person does in the network."""

    COORDINATOR = "coordinator"
    DEPUTY = "deputy"
    GROUP = "group"
    OFFICER = "officer"
    ADMIN = "admin"
    VIEWER = "viewer"


class PersonState(StrEnum):
    """Whether messages may go to a person."""

    INVITED = "invited"
    ACTIVE = "active"
    PAUSED = "paused"
    STOPPED = "stopped"
    ERASED = "erased"


class Person(Base):
    """Somebody Griot talks to."""

    __tablename__ = "person"
    __table_args__ = (
        CheckConstraint(
            "role in ('coordinator', 'deputy', 'group', 'officer', 'admin', 'viewer')", name="role"
        ),
        CheckConstraint("state in ('invited', 'active', 'paused', 'stopped', 'erased')", name="state"),
        CheckConstraint("language in ('en', 'fr', 'pt', 'ar')", name="language"),
        Index("ix_person_city", "city"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    role: Mapped[str]
    city: Mapped[str | None] = mapped_column(ForeignKey("city.slug"))
    language: Mapped[str]
    state: Mapped[str] = mapped_column(default=PersonState.INVITED)
    paused_until: Mapped[date | None]
    calendar_token: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]


class Address(Base):
    """A person on one channel."""

    __tablename__ = "address"
    __table_args__ = (UniqueConstraint("channel", "value"), Index("ix_address_person_id", "person_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    channel: Mapped[str]
    value: Mapped[str]  # Telegram user id, +E164, e-mail address
    reachable: Mapped[str] = mapped_column(default="yes")  # yes, or why not: blocked, unknown, not_started
    created_at: Mapped[datetime]
    last_in_at: Mapped[datetime | None]


class Consent(Base):
    """An agreement to be written to, or its refusal; rows are only added."""

    __tablename__ = "consent"
    __table_args__ = (Index("ix_consent_person_id", "person_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    agreed: Mapped[bool]
    version: Mapped[str]
    language: Mapped[str]
    channel: Mapped[str]
    how: Mapped[str]
    at: Mapped[datetime]


class Invite(Base):
    """A code that binds one address to a person: once, for 72 hours. Only its hash is kept."""

    __tablename__ = "invite"

    code_hash: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Stranger(Base):
    """What an unknown sender did lately: wrong codes and the neutral answer, to limit both."""

    __tablename__ = "stranger"
    __table_args__ = (UniqueConstraint("channel", "value"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str]
    value: Mapped[str]
    answered_at: Mapped[datetime | None]
    wrong_codes: Mapped[int] = mapped_column(default=0)
    wrong_since: Mapped[datetime | None]
    silent_until: Mapped[datetime | None]
