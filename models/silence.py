"""Texts that are being gathered: the silence that ends them is a time kept with the conversation."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, bindparam, exists, or_, select, update

from models.base import Db
from models.conversation import Chat
from models.db import table_of
from models.inbox import IN, OPEN, InboxState
from models.outbox import OUT, OutboxState
from models.person import Address

CHAT, ADDRESS = table_of(Chat), table_of(Address)
LATEST = timedelta(minutes=10)  # no silence lies further ahead, unless the clock jumped back: it is due then


def is_due() -> ColumnElement[bool]:
    """Return the condition that a silence is over and everything its person wrote before was handled."""
    sender = ADDRESS.c.channel + ":" + ADDRESS.c.value
    unheard = exists().where(
        ADDRESS.c.person_id == CHAT.c.person_id, IN.c.sender == sender, IN.c.state == OPEN
    )
    is_over = or_(CHAT.c.due_at <= bindparam("at"), CHAT.c.due_at > bindparam("latest"))
    return and_(CHAT.c.due_at.is_not(None), is_over, ~unheard)


_DUE = select(CHAT.c.person_id).where(is_due()).order_by(CHAT.c.due_at).limit(bindparam("n"))
_HANDLED = select(IN.c.changed_at).where(IN.c.person_id == bindparam("person"), IN.c.state == InboxState.DONE)
_NEWEST = select(OUT.c.created_at, OUT.c.state, OUT.c.tries).where(OUT.c.person_id == bindparam("person"))
_LAST_HANDLED = _HANDLED.order_by(IN.c.id.desc()).limit(1)
_LAST_TOLD = _NEWEST.order_by(OUT.c.id.desc()).limit(1)


def silent(db: Db, n: int, at: datetime) -> Sequence[int]:
    """Return up to n people whose text is to be taken for finished."""
    return db.connection().scalars(_DUE, {"n": n, "at": at, "latest": at + LATEST}).all()


def wait_on(db: Db, person_id: int, until: datetime) -> None:
    """Take a person's text for finished not before `until`: its turn failed."""
    db.execute(update(Chat).where(Chat.person_id == person_id).values(due_at=until))


def was_before(db: Db, person_id: int, at: datetime) -> bool:
    """Tell whether a person's newest message may have been before them at a time.

    It was not when it has not begun to leave yet, or was written later: the one that led to it came before.
    """
    told = db.connection().execute(_LAST_TOLD, {"person": person_id}).first()
    if told is None:
        return True
    handled = db.connection().execute(_LAST_HANDLED, {"person": person_id}).scalar()
    is_waiting = told.state == OutboxState.QUEUED and told.tries == 0
    return not is_waiting and told.created_at <= at and (handled is None or handled <= at)
