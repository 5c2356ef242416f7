"""What a person has to look at: replies set aside, messages that may not have arrived."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import literal, select

from models.base import Db
from models.inbox import QUARANTINED, Inbox
from models.ladder import gone_on
from models.outbox import Outbox, OutboxState, has_failed
from models.person import Person

NEWEST = 50  # of each kind
WORRYING = (OutboxState.UNCERTAIN, OutboxState.FAILED, OutboxState.UNDELIVERABLE)


@dataclass(frozen=True, slots=True)
class Worry:
    """One message in either direction that needs a look."""

    id: int
    is_reply: bool  # written by the person; else by Griot
    person: str  # "" for somebody unknown
    city: str | None
    channel: str
    text: str
    state: str
    why: str
    at: datetime


def worries(db: Db) -> list[Worry]:
    """Return the newest replies set aside and messages uncertain or failed, newest first.

    A message that went on another way is not among them: its further row may be.
    """
    replies = (
        select(Inbox.id, literal(True), Person.name, Person.city, Inbox.channel, Inbox.text, Inbox.state)
        .add_columns(Inbox.error, Inbox.received_at)
        .outerjoin(Person, Person.id == Inbox.person_id)
        .where(Inbox.state == QUARANTINED)
    )
    messages = (
        select(Outbox.id, literal(False), Person.name, Person.city, Outbox.channel, Outbox.text, Outbox.state)
        .add_columns(Outbox.error, Outbox.created_at, Outbox.key)
        .outerjoin(Person, Person.id == Outbox.person_id)
        .where(has_failed(), Outbox.state.in_(WORRYING))
    )
    told = db.execute(messages.order_by(Outbox.id.desc()).limit(NEWEST)).all()
    elsewhere = gone_on(db, [row.key for row in told])
    rows = [
        *db.execute(replies.order_by(Inbox.id.desc()).limit(NEWEST)),
        *(row[:-1] for row in told if row.key not in elsewhere),
    ]
    found = [Worry(row[0], row[1], row[2] or "", *row[3:]) for row in rows]
    return sorted(found, key=lambda worry: worry.at, reverse=True)
