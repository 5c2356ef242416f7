"""The digest's way to the officers."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from sqlalchemy import select

from bot.ladder import Reached
from bot.values import Message
from models import ladder
from models.base import Db
from models.outbox import Outbox
from models.person import Person, PersonState, Role

EMAIL = "email"


class Digests(Protocol):
    """Makes the digest's messages."""

    def message_of(self, db: Db, week: str, language: str, at: datetime, since: datetime | None) -> Message:
        """Return the digest as one message."""
        ...

    def mail_of(self, db: Db, week: str, language: str, at: datetime, since: datetime | None) -> Message:
        """Return the whole digest as an e-mail."""
        ...


def send_digest(
    db: Db,
    digests: Digests,
    channels_on: Collection[str],
    week: str,
    at: datetime,
    since: datetime | None = None,
) -> int:
    """Queue the digest of an ISO week for every officer; return how many messages are new.

    One goes the best way to those who agreed to messages, `dig:<week>:<person>`; the whole goes as e-mail to
    those who have an address, `dig:<week>:<person>:email`. Who stopped or paused messages gets neither.
    """
    there = _keys_of(db, week)
    count = 0
    for each in _officers(db, channels_on):
        if each.chats and each.key(week) not in there:
            message = digests.message_of(db, week, each.language, at, since)
            chat = replace(message, html="", subject="")
            count += _queue(db, each, each.chats, each.key(week), chat, at, channels_on)
        if each.mails and f"{each.key(week)}:{EMAIL}" not in there:
            mail = digests.mail_of(db, week, each.language, at, since)
            count += _queue(db, each, each.mails, f"{each.key(week)}:{EMAIL}", mail, at, channels_on)
    return count


@dataclass(frozen=True, slots=True)
class _Officer:
    id: int
    language: str
    chats: tuple[Reached, ...]
    mails: tuple[Reached, ...]

    def key(self, week: str) -> str:
        return f"dig:{week}:{self.id}"


def _officers(db: Db, channels_on: Collection[str]) -> Iterator[_Officer]:
    query = (
        select(Person.id, Person.language, Person.state)
        .where(Person.role == Role.OFFICER, Person.state.in_((PersonState.ACTIVE, PersonState.INVITED)))
        .order_by(Person.id)
    )
    people = db.execute(query).all()
    reached = ladder.reached(db, [id for id, _, _ in people])
    for id, language, state in people:
        usable = [each for each in reached.get(id, ()) if each.is_reachable and each.channel in channels_on]
        chats = [each for each in usable if each.channel != EMAIL and state == PersonState.ACTIVE]
        mails = [each for each in usable if each.channel == EMAIL]
        yield _Officer(id, language, tuple(chats), tuple(mails))


def _queue(
    db: Db,
    officer: _Officer,
    addresses: Sequence[Reached],
    key: str,
    message: Message,
    at: datetime,
    channels_on: Collection[str],
) -> bool:
    found = ladder.enqueue(
        db,
        key=key,
        person_id=officer.id,
        message=message,
        at=at,
        channels_on=channels_on,
        addresses=addresses,
    )
    return found is not None


def _keys_of(db: Db, week: str) -> set[str]:
    return set(db.scalars(select(Outbox.key).where(Outbox.key.startswith(f"dig:{week}:", autoescape=True))))
