"""The inbox: what providers told us, as it came, until it was handled."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from hashlib import sha256
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    LargeBinary,
    ScalarSelect,
    Select,
    UniqueConstraint,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, aliased, mapped_column

from models.base import Base, Db, person_indexes
from models.db import insert_new, insert_unless_there, later, table_of
from models.prepared import find, run


class InboxState(StrEnum):
    """Where an incoming update stands."""

    OPEN = "open"
    DONE = "done"
    QUARANTINED = "quarantined"


IS_OPEN = text("state = 'open'")
IS_QUARANTINED = text("state = 'quarantined'")


class Inbox(Base):
    """One raw incoming update."""

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("channel", "provider_id"),
        CheckConstraint("state in ('open', 'done', 'quarantined')", name="state"),
        Index("ix_inbox_sender", "sender", "id", sqlite_where=IS_OPEN, postgresql_where=IS_OPEN),
        Index("ix_inbox_open", "id", sqlite_where=IS_OPEN, postgresql_where=IS_OPEN),
        Index("ix_inbox_quarantined", "id", sqlite_where=IS_QUARANTINED, postgresql_where=IS_QUARANTINED),
        *person_indexes("inbox"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str]
    provider_id: Mapped[str]
    sender: Mapped[str]  # `<channel>:<id>`: replies of one sender are handled in order
    body: Mapped[bytes] = mapped_column(LargeBinary)  # packed: see `pack`
    received_at: Mapped[datetime]
    due_at: Mapped[datetime]  # not before: after a failed turn, or when a sender's limit opens
    state: Mapped[str] = mapped_column(default=InboxState.OPEN)
    tries: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(default="")
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    text: Mapped[str] = mapped_column(default="")  # what was read, set by the turn
    changed_at: Mapped[datetime]  # for `export --since`: set by whatever changes what is shown of the row


class KnownUpdate(Base):
    """What is left of an update whose row was let go of: the same one, delivered again, is known."""

    __tablename__ = "known_update"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy reads it

    trace: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)  # see `trace_of`


IN = table_of(Inbox)
KNOWN = table_of(KnownUpdate)

# Written out, not bound: only then do both databases see that the partial indexes apply.
OPEN: ColumnElement[str] = literal_column("'open'")
QUARANTINED: ColumnElement[str] = literal_column("'quarantined'")

HASHED = "sha256:"
TRIES = 3
DELAYS = (timedelta(seconds=1), timedelta(seconds=3))  # after the first and the second failure


def sender_key(channel: str, sender: str, provider_id: str) -> str:
    """Return under what name a sender's updates are kept in order: one that nobody sent waits for none."""
    return f"{channel}:{sender or f'-{provider_id}'}"


def is_nobodys(row: "Taken") -> bool:
    """Tell whether nobody sent this: the status of a message, say."""
    return row.sender == sender_key(row.channel, "", row.provider_id)


SOMEBODYS = IN.c.sender != IN.c.channel + ":-" + IN.c.provider_id  # `is_nobodys`, the other way round


def receive(db: Db, channel: str, provider_id: str, sender: str, body: bytes, at: datetime) -> bool:
    """Keep one update; return False when it was kept before, also if it is gone since."""
    row = insert_new(
        db,
        IN,
        channel=channel,
        provider_id=provider_id,
        sender=sender,
        body=pack(body),
        received_at=at,
        changed_at=at,
        due_at=at,
    )
    return row is not None and not _withdraw_known(db, [(channel, provider_id)])


@dataclass(frozen=True, slots=True)
class Update:
    """One update as it came."""

    channel: str
    provider_id: str
    sender: str
    body: bytes
    at: datetime


def receive_all(db: Db, updates: Sequence[Update]) -> None:
    """Keep these updates in one statement; those kept before change nothing, as `receive` has it."""
    rows = [
        {
            "channel": one.channel,
            "provider_id": one.provider_id,
            "sender": one.sender,
            "body": pack(one.body),
            "received_at": one.at,
            "changed_at": one.at,
            "due_at": one.at,
        }
        for one in updates
    ]
    insert_unless_there(db, IN, rows)
    _withdraw_known(db, [(one.channel, one.provider_id) for one in updates])


def _withdraw_known(db: Db, keys: Sequence[tuple[str, str]]) -> bool:
    """Take out again what was kept before its sender was erased or it was let go of; tell whether any was.

    Looked up after the insert, which waits for an erasure or a deletion under way.
    """
    plain = {(channel, hashed(provider_id)): provider_id for channel, provider_id in keys}
    asked = {"channels": list({channel for channel, _ in keys}), "hashes": [hash for _, hash in plain]}
    traces = {trace_of(*key): key for key in plain}
    found = {(channel, hash) for channel, hash in find(db, _ERASED, asked)}
    found |= {traces[trace] for (trace,) in find(db, _KNOWN, {"traces": list(traces)})}
    repeated = [{"of": key[0], "repeated": plain[key]} for key in found if key in plain]
    if repeated:
        db.connection().execute(_WITHDRAWING, repeated)
    return bool(repeated)


_ERASED = select(IN.c.channel, IN.c.provider_id).where(
    IN.c.channel.in_(bindparam("channels", expanding=True)),
    IN.c.provider_id.in_(bindparam("hashes", expanding=True)),
)
_KNOWN = select(KNOWN.c.trace).where(KNOWN.c.trace.in_(bindparam("traces", expanding=True)))
_WITHDRAWING = delete(IN).where(IN.c.channel == bindparam("of"), IN.c.provider_id == bindparam("repeated"))


@dataclass(frozen=True, slots=True)
class Taken:
    """An update that is being handled."""

    id: int
    channel: str
    provider_id: str
    sender: str
    body: bytes
    received_at: datetime
    tries: int


_TAKEN = tuple(IN.c[each.name] for each in fields(Taken))


def take(db: Db, n: int, at: datetime) -> list[Taken]:
    """Return up to n due updates, locked, oldest first: of each sender the oldest open one only."""
    return [Taken(*row) for row in find(db, _taking(), {"n": n, "at": at})]


@cache
def _taking() -> Select[Any]:
    return (
        select(*_TAKEN)
        .where(IN.c.state == OPEN, IN.c.due_at <= bindparam("at"), IN.c.id == _oldest())
        .order_by(IN.c.id)
        .limit(bindparam("n"))
        .with_for_update(skip_locked=True, of=IN)
    )


def take_of(db: Db, sender: str, at: datetime) -> list[Taken]:
    """Return the due updates of one sender that no worker holds, locked, oldest first."""
    theirs = IN.c.state == OPEN, IN.c.sender == sender, IN.c.due_at <= at
    rows = select(*_TAKEN).where(*theirs).order_by(IN.c.id).with_for_update(skip_locked=True, of=IN)
    return [Taken(*row) for row in db.connection().execute(rows)]


def finish(db: Db, ids: Sequence[int], at: datetime) -> None:
    """Close handled updates."""
    if ids:
        run(db, _CLOSING, {"rows": list(ids), "at": at})


_CLOSING = (
    update(IN)
    .where(IN.c.id.in_(bindparam("rows", expanding=True)))
    .values(state=InboxState.DONE, changed_at=bindparam("at"))
)


def describe(db: Db, id: int, person_id: int | None, said: str) -> None:
    """Write down who said this and what was read; `finish` or `fail` follows."""
    later(db, _DESCRIBING, {"row": id, "person": person_id, "said": said})


_DESCRIBING = (
    update(IN)
    .where(IN.c.id == bindparam("row"))
    .values(person_id=bindparam("person"), text=bindparam("said"))
)


def fail(db: Db, row: Taken, error: str, at: datetime) -> InboxState:
    """Count a failed turn and return the new state: tried again after a delay, set aside the third time."""
    tries = row.tries + 1
    state = InboxState.OPEN if tries < TRIES else InboxState.QUARANTINED
    due = at + DELAYS[tries - 1] if tries < TRIES else at
    values = {"tries": tries, "state": state, "due_at": due, "error": error[:500], "changed_at": at}
    db.connection().execute(update(IN).where(IN.c.id == row.id).values(values))
    return state


def hold(db: Db, id: int, until: datetime) -> None:
    """Handle this update, and so its sender's later ones, not before `until`."""
    db.connection().execute(update(IN).where(IN.c.id == id).values(due_at=until))


def is_last_open(db: Db, row: Taken) -> bool:
    """Tell whether no later update of the same sender waits."""
    later = select(IN.c.id).where(IN.c.state == OPEN, IN.c.sender == row.sender, IN.c.id > row.id)
    return db.connection().execute(later.limit(1)).first() is None


def replay(db: Db, id: int, at: datetime) -> bool:
    """Open an update that was set aside once more; return False when it was not."""
    found = IN.c.id == id, IN.c.state == InboxState.QUARANTINED
    opened = {"state": InboxState.OPEN, "tries": 0, "error": "", "due_at": at, "changed_at": at}
    return db.connection().execute(update(IN).where(*found).values(opened)).rowcount == 1


def hashed(key: str) -> str:
    """Return what is kept of a provider's identifier after an erasure."""
    return f"{HASHED}{sha256(key.encode()).hexdigest()}"


def trace_of(channel: str, hash: str) -> bytes:
    """Return what is kept of an update for ever: 16 bytes of its channel and its hashed identifier."""
    return sha256(f"{channel}:{hash}".encode()).digest()[:16]


def let_go(db: Db, which: ColumnElement[bool]) -> None:
    """Delete rows, but for the trace by which each is known when it comes again."""
    keys = db.connection().execute(select(IN.c.channel, IN.c.provider_id).where(which))
    traces = [{"trace": trace_of(channel, _hash_of(key))} for channel, key in keys]
    if traces:
        insert_unless_there(db, KNOWN, traces)
        db.connection().execute(delete(IN).where(which))


def _hash_of(key: str) -> str:
    return key if key.startswith(HASHED) else hashed(key)  # of somebody erased


def next_due(db: Db) -> datetime | None:
    """Return when the next update can be handled, or None when none is open."""
    found = select(func.min(IN.c.due_at, type_=IN.c.due_at.type)).where(
        IN.c.state == OPEN, IN.c.id == _oldest()
    )
    due: datetime | None = db.connection().execute(found).scalar()
    return due


def _oldest() -> ScalarSelect[int]:
    other = aliased(IN)
    open_ones = select(func.min(other.c.id)).where(other.c.state == OPEN, other.c.sender == IN.c.sender)
    return open_ones.correlate(IN).scalar_subquery()


def count_waiting(db: Db) -> dict[tuple[str, ...], int]:
    """Return how many updates are open or set aside; quick by indexes."""
    counted = select(func.count()).select_from(IN)
    waiting = {InboxState.OPEN: IN.c.state == OPEN, InboxState.QUARANTINED: IN.c.state == QUARANTINED}
    return {(state,): db.scalar(counted.where(which)) or 0 for state, which in waiting.items()}


def count_done(db: Db, first: int, end: int) -> dict[tuple[str, ...], int]:
    """Return how many updates of these ids (the last one excluded) are done."""
    is_done = IN.c.id >= first, IN.c.id < end, IN.c.state == literal_column("'done'")
    return {(InboxState.DONE,): db.scalar(select(func.count()).select_from(IN).where(*is_done)) or 0}


def newest(db: Db) -> int:
    """Return the highest id of an update, 0 without any."""
    return db.scalar(select(func.max(IN.c.id))) or 0


# What most bodies share. Never change it: kept bodies need the very bytes. A new one is a new first byte.
COMMON = (
    b'"supports_inline_queries":false,"reply_markup":{"inline_keyboard":[[{"text":"","callback_data":"'
    b'"photo":[{"file_id":"","file_unique_id":"","file_size":,"width":,"height":"voice":{"duration":'
    b'"mime_type":"audio/ogg","location":{"latitude":,"longitude":"my_chat_member":{"chat":{"id":'
    b'"old_chat_member":{"user":{"id":"status":"member"},"new_chat_member":{"status":"kicked"'
    b'"edited_message":{"edit_date":,"entities":[{"offset":0,"length":,"type":"bot_command"}]'
    b'"callback_query":{"id":"","from":{"id":,"is_bot":true,"first_name":"Griot","username":"griot_bot"},'
    b'"chat_instance":"","data":"'
    b'{"update_id":,"message":{"message_id":,"from":{"id":,"is_bot":false,"first_name":"","last_name":"",'
    b'"username":"","language_code":"fr"},"chat":{"id":,"first_name":"","last_name":"","username":"",'
    b'"type":"private"},"date":17,"text":""}}'
)
PACKED = b"\x01"


def pack(body: bytes) -> bytes:
    """Return the body compressed against what most bodies share."""
    writer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS, 8, zlib.Z_DEFAULT_STRATEGY, COMMON)
    return PACKED + writer.compress(body) + writer.flush()


def unpack(packed: bytes) -> bytes:
    """Return the body as it came; raise ValueError for what `pack` did not make."""
    if packed[:1] != PACKED:
        raise ValueError("a body packed by a later Griot")
    return zlib.decompressobj(-zlib.MAX_WBITS, COMMON).decompress(packed[1:])
