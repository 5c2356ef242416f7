"""One person's conversation as it stands in the inbox and the outbox."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, and_, cast, func, literal, or_, select, update

from bot.values import Message
from models.base import Db
from models.city import City
from models.inbox import Inbox, InboxState, unpack
from models.outbox import Outbox, OutboxState, message_of
from models.person import Person, PersonState, Role

ARRIVED = (OutboxState.SENT, OutboxState.DELIVERED, OutboxState.READ)
LEAVING = (OutboxState.QUEUED, OutboxState.SENDING)
LAST = 60  # messages of each side
TALKERS = (Role.COORDINATOR, Role.DEPUTY, Role.OFFICER, Role.ADMIN)


@dataclass(frozen=True, slots=True)
class Said:
    """What the person wrote: the raw body, and its text once a turn has read it."""

    id: int
    body: bytes
    text: str
    state: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """What Griot wrote."""

    id: int
    message: Message
    provider_id: str
    state: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Thread:
    """The newest part of a conversation, each side in order."""

    said: tuple[Said, ...]
    told: tuple[Told, ...]
    is_waiting: bool  # something said is not answered yet, or an answer is leaving


def thread_of(db: Db, person_id: int, sender: str, at: datetime) -> Thread:
    """Return the last messages said and told; `sender` finds what no turn has read yet."""
    said = _said(db, person_id, sender)
    rows = _told(db, person_id)
    is_leaving = any(row.state in LEAVING and row.due_at <= at for row in rows)
    told = tuple(_as_told(row) for row in rows if row.state in ARRIVED)
    is_open = any(one.state == InboxState.OPEN for one in said)
    return Thread(said, told, is_open or is_leaving)


def _said(db: Db, person_id: int, sender: str) -> tuple[Said, ...]:
    unread = and_(Inbox.sender == sender, Inbox.state == InboxState.OPEN)
    columns = (Inbox.id, Inbox.body, Inbox.text, Inbox.state, Inbox.received_at)
    mine = select(*columns).where(or_(Inbox.person_id == person_id, unread))
    rows = db.execute(mine.order_by(Inbox.id.desc()).limit(LAST)).all()
    return tuple(
        Said(row.id, unpack(row.body), row.text, row.state, row.received_at) for row in reversed(rows)
    )


def _told(db: Db, person_id: int) -> list[Outbox]:
    mine = select(Outbox).where(Outbox.person_id == person_id, Outbox.state.in_(ARRIVED + LEAVING))
    return list(reversed(db.scalars(mine.order_by(Outbox.id.desc()).limit(LAST)).all()))


def _as_told(row: Outbox) -> Told:
    return Told(row.id, message_of(row), row.provider_id, row.state, row.created_at)


def told_once(db: Db, person_id: int, id: int) -> Told | None:
    """Return one message to this person, or None when it was none to them."""
    row = db.scalar(select(Outbox).where(Outbox.id == id, Outbox.person_id == person_id))
    return None if row is None else _as_told(row)


def told_since(db: Db, person_id: int, id: int) -> list[Outbox]:
    """Return the messages that reached the person after a row of the outbox, in order."""
    found = select(Outbox).where(Outbox.person_id == person_id, Outbox.id > id, Outbox.state.in_(ARRIVED))
    return list(db.scalars(found.order_by(Outbox.id)).all())


def newest_told(db: Db, person_id: int) -> int:
    """Return the id of the person's newest message, 0 when there is none."""
    return db.scalar(select(func.max(Outbox.id)).where(Outbox.person_id == person_id)) or 0


def deliver_here(db: Db, person_id: int, channel: str, at: datetime) -> None:
    """Mark what is queued for a phone that reads the outbox itself as delivered."""
    mine = Outbox.person_id == person_id, Outbox.channel == channel, Outbox.state == OutboxState.QUEUED
    arrived = {
        "state": OutboxState.DELIVERED,
        "sent_at": at,
        "changed_at": at,
        "provider_id": literal("chat:") + cast(Outbox.id, String),
    }
    db.execute(update(Outbox).where(*mine, Outbox.due_at <= at).values(arrived))


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody whose phone can be held in the simulator."""

    id: int
    name: str
    role: str
    language: str
    city: str | None
    timezone: str | None


def holders(db: Db) -> list[Holder]:
    """Return everybody who talks to Griot: cities in their order, then the Secretariat."""
    columns = (Person.id, Person.name, Person.role, Person.language, City.slug, City.timezone)
    rows = (
        select(*columns)
        .join(City, Person.city == City.slug, isouter=True)
        .where(Person.role.in_(TALKERS), Person.state != PersonState.ERASED)
        .order_by(City.position.is_(None), City.position, Person.id)
    )
    return [Holder(*row) for row in db.execute(rows)]
