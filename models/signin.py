"""One-time sign-in addresses, and the sessions of the console that they open. Only hashes are kept."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, ForeignKey, Index, delete, exists, select, update
from sqlalchemy.orm import Mapped, mapped_column

from models.audit import What, record, somebody
from models.base import Base, Db
from models.person import Person, PersonState

ADDRESS_WORKS = timedelta(minutes=10)
IDLE_ENDS = timedelta(minutes=30)
SESSION_ENDS = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)  # a page view writes at most this often


class SignIn(Base):
    """A sign-in address: works once, for ten minutes."""

    __tablename__ = "sign_in"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class ConsoleSession(Base):
    """Somebody signed in to the console; ends when the role changes."""

    __tablename__ = "console_session"
    __table_args__ = (Index("ix_console_session_started_at", "started_at"),)

    id_hash: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    role: Mapped[str]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Reader:
    """Who is reading the console."""

    id: int
    name: str
    role: str
    city: str | None
    language: str
    seen_at: datetime


def new_sign_in(db: Db, person_id: int, at: datetime) -> str:
    """Return the path of a new one-time sign-in address for this person."""
    token = secrets.token_urlsafe(32)
    db.add(SignIn(token_hash=_hash(token), person_id=person_id, expires_at=at + ADDRESS_WORKS))
    db.flush()
    return f"/sign-in/{token}"


def is_open(db: Db, token: str, at: datetime) -> bool:
    """Tell whether this sign-in address still works; nothing is burnt."""
    return bool(db.scalar(select(exists().where(*_still_works(token, at)))))


def use_sign_in(db: Db, token: str, at: datetime) -> str | None:
    """Return the id of a new session and burn the address, or None when it is used, expired or unknown."""
    burn = update(SignIn).where(*_still_works(token, at)).values(used_at=at).returning(SignIn.person_id)
    person_id = db.scalar(burn)
    person = db.get(Person, person_id) if person_id is not None else None
    if person is None or person.state == PersonState.ERASED:
        return None
    _forget_ended(db, at)
    session_id = secrets.token_urlsafe(32)
    begun = {"person_id": person.id, "role": person.role, "started_at": at, "seen_at": at}
    db.add(ConsoleSession(id_hash=_hash(session_id), **begun))
    db.flush()
    who = somebody(person.id)
    record(db, who, What.SESSION_BEGUN, who, at, role=person.role)
    return session_id


def signed_in(db: Db, session_id: str, at: datetime) -> Reader | None:
    """Return who holds this session, or None when it has ended (idle, age, sign-out, another role)."""
    columns = (Person.id, Person.name, Person.role, Person.city, Person.language, ConsoleSession.seen_at)
    held = (
        select(*columns)
        .join(ConsoleSession, ConsoleSession.person_id == Person.id)
        .where(
            ConsoleSession.id_hash == _hash(session_id),
            ConsoleSession.role == Person.role,
            ConsoleSession.seen_at > at - IDLE_ENDS,
            ConsoleSession.started_at > at - SESSION_ENDS,
            Person.state != PersonState.ERASED,
        )
    )
    found = db.execute(held).one_or_none()
    return None if found is None else Reader(*found)


def keep_signed_in(db: Db, session_id: str, at: datetime) -> None:
    """Note that this session is in use."""
    mine = ConsoleSession.id_hash == _hash(session_id)
    db.execute(update(ConsoleSession).where(mine).values(seen_at=at))


def sign_out(db: Db, session_id: str, at: datetime) -> None:
    """End this session; no-op when it has ended."""
    mine = ConsoleSession.id_hash == _hash(session_id)
    person_id = db.scalar(delete(ConsoleSession).where(mine).returning(ConsoleSession.person_id))
    if person_id is not None:
        who = somebody(person_id)
        record(db, who, What.SESSION_ENDED, who, at)


def move_sessions(db: Db, by: timedelta) -> None:
    """Let every session and address live on when a demonstration's clock moves; ended ones stay ended."""
    for held in db.scalars(select(ConsoleSession)):
        held.started_at += by
        held.seen_at += by
    for address in db.scalars(select(SignIn)):
        address.expires_at += by


def _forget_ended(db: Db, at: datetime) -> None:
    db.execute(delete(ConsoleSession).where(ConsoleSession.started_at <= at - SESSION_ENDS))
    db.execute(delete(SignIn).where(SignIn.expires_at <= at - SESSION_ENDS))


def _still_works(token: str, at: datetime) -> tuple[ColumnElement[bool], ...]:
    return SignIn.token_hash == _hash(token), SignIn.used_at.is_(None), SignIn.expires_at > at


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
