"""Invitations, and the limits on what strangers can try."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint, delete, func, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Db
from models.person import move_address, person_to_change


class Invite(Base):
    """A code that binds one address to a person: once, for 72 hours. Only its hash is kept."""

    __tablename__ = "invite"
    __table_args__ = (Index("ix_invite_person_id", "person_id"),)

    code_hash: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Stranger(Base):
    """An unknown sender: when they got the neutral answer, and until when their codes are not heard."""

    __tablename__ = "stranger"
    __table_args__ = (UniqueConstraint("channel", "value"), Index("ix_stranger_answered_at", "answered_at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str]
    value: Mapped[str]
    answered_at: Mapped[datetime | None]
    silent_until: Mapped[datetime | None]


class WrongCode(Base):
    """One failed try of a sender; of use for a day."""

    __tablename__ = "wrong_code"
    __table_args__ = (Index("ix_wrong_code_channel_value", "channel", "value"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str]
    value: Mapped[str]
    at: Mapped[datetime]


class Outcome(StrEnum):
    """What a code led to."""

    BOUND = "bound"
    WRONG = "wrong"
    SPENT = "spent"  # expired or used
    SILENT = "silent"  # too many wrong codes: no answer, also for a right one


@dataclass(frozen=True, slots=True)
class Redemption:
    """What a code led to, and the person it belongs to when it was bound."""

    outcome: Outcome
    person_id: int | None = None


CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U
CODE_CHARACTERS = 10  # 50 bits
VALID_FOR = timedelta(hours=72)
WRONG_CODES = 5  # an hour from one sender
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
STRANGERS_A_DAY = {"telegram": None, "whatsapp": 50}  # None: no limit, the channel is free; others: no answer
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1"})


def invite(db: Db, person_id: int, at: datetime) -> str:
    """Return a new code that binds one address to the person; raise PersonError when unknown or erased."""
    person_to_change(db, person_id)
    code = "".join(secrets.choice(CROCKFORD) for _ in range(CODE_CHARACTERS))
    db.add(Invite(code_hash=hash_of(code), person_id=person_id, created_at=at, expires_at=at + VALID_FOR))
    db.flush()
    return code


def folded_code(text: str) -> str:
    """Return a code as it is hashed: capitals, no spaces or hyphens, O as 0, I and L as 1, any digits."""
    bare = "".join(c for c in text if c.isalnum())
    western = "".join(str(int(c)) if c.isdecimal() else c for c in bare)
    return western.upper().translate(_MISREAD)


def looks_like_code(text: str) -> bool:
    """Tell whether the text could be an invitation code, so that a greeting is not counted as a wrong one."""
    folded = folded_code(text)
    return len(folded) == CODE_CHARACTERS and set(folded) <= set(CROCKFORD)


def hash_of(code: str) -> str:
    """Return what is stored of a code: SHA-256 of its folded form, in hexadecimal."""
    return hashlib.sha256(folded_code(code).encode()).hexdigest()


def redeem(
    db: Db, code: str, channel: str, value: str, at: datetime, handled_at: datetime | None = None
) -> Redemption:
    """Bind the sender's address to the person whose code it is, and say what happened.

    Every failed try counts: after five in an hour the sender is not heard for an hour.
    """
    if is_silent(db, channel, value, at):
        return Redemption(Outcome.SILENT)
    used = update(Invite).where(
        Invite.code_hash == hash_of(code), Invite.used_at.is_(None), Invite.expires_at > at
    )
    person_id = db.scalar(used.values(used_at=at).returning(Invite.person_id))
    if person_id is not None:
        move_address(db, person_id, channel, value, at, handled_at)
        _forget(db, channel, value)
        return Redemption(Outcome.BOUND, person_id)
    _count_wrong(db, channel, value, at)
    is_spent = db.get(Invite, hash_of(code)) is not None
    return Redemption(Outcome.SPENT if is_spent else Outcome.WRONG)


def is_silent(db: Db, channel: str, value: str, at: datetime) -> bool:
    """Tell whether this sender tried too many wrong codes within the last hour."""
    until = db.scalar(
        select(Stranger.silent_until).where(Stranger.channel == channel, Stranger.value == value)
    )
    return until is not None and at < until


def _count_wrong(db: Db, channel: str, value: str, at: datetime) -> None:
    theirs = WrongCode.channel == channel, WrongCode.value == value
    db.execute(delete(WrongCode).where(*theirs, WrongCode.at <= at - HOUR))
    db.add(WrongCode(channel=channel, value=value, at=at))
    db.flush()
    if db.scalar(select(func.count()).select_from(WrongCode).where(*theirs)) == WRONG_CODES:
        _stranger(db, channel, value).silent_until = at + HOUR
        db.execute(delete(WrongCode).where(*theirs))


def answer_stranger(db: Db, channel: str, value: str, at: datetime) -> bool:
    """Tell whether an unknown sender may get the neutral answer now, and note it.

    One a day on Telegram and WhatsApp, at most 50 senders a day where an answer costs money, none elsewhere.
    """
    if channel not in STRANGERS_A_DAY or is_silent(db, channel, value, at):
        return False
    stranger = _stranger(db, channel, value)
    if stranger.answered_at is not None and at < stranger.answered_at + DAY:
        return False
    if not may_be_told(db, channel, value, at):
        return False
    stranger.answered_at = at
    return True


def refuse_stranger(db: Db, channel: str, value: str, at: datetime) -> bool:
    """Tell whether an unknown sender may be told that a code is wrong, and note it where that costs money.

    There each gets one answer a day, be it this one or the neutral one; elsewhere every code is answered.
    """
    is_free = STRANGERS_A_DAY.get(channel, 0) is None
    return is_free or answer_stranger(db, channel, value, at)


def may_be_told(db: Db, channel: str, value: str, at: datetime) -> bool:
    """Tell whether an unknown sender may get an answer, be it that a code is wrong.

    At most 50 senders a day where an answer costs money: greeters and those who try codes.
    """
    limit = STRANGERS_A_DAY.get(channel, 0)
    return limit is None or _others_since(db, channel, value, at - DAY) < limit


def _others_since(db: Db, channel: str, value: str, since: datetime) -> int:
    """Return how many other unknown senders were answered since then; who is silenced tried a code before."""
    told = or_(Stranger.answered_at > since, Stranger.silent_until > since + HOUR)
    strangers = select(Stranger.value).where(Stranger.channel == channel, Stranger.value != value, told)
    of_codes = (WrongCode.channel == channel, WrongCode.value != value, WrongCode.at > since)
    others = strangers.union(select(WrongCode.value).where(*of_codes)).subquery()
    return db.scalar(select(func.count()).select_from(others)) or 0


def _stranger(db: Db, channel: str, value: str) -> Stranger:
    theirs = select(Stranger).where(Stranger.channel == channel, Stranger.value == value)
    stranger = db.scalar(theirs)
    if stranger is None:
        stranger = Stranger(channel=channel, value=value)
        db.add(stranger)
        db.flush()
    return stranger


def _forget(db: Db, channel: str, value: str) -> None:
    db.execute(delete(Stranger).where(Stranger.channel == channel, Stranger.value == value))
    db.execute(delete(WrongCode).where(WrongCode.channel == channel, WrongCode.value == value))
