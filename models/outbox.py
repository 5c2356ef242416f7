"""The outbox: every message out is a row before it is a call."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    TextClause,
    UniqueConstraint,
    and_,
    case,
    func,
    literal,
    literal_column,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from bot.ladder import NEWEST, WHATSAPP
from bot.values import Message
from models.base import Base, Db, Json, person_indexes
from models.db import insert_new, later, new_row, table_of
from models.message_row import message_from, rest_of


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


HOURS = timedelta(hours=4)  # until a message is tried again that cannot be delivered now
MOST_WAITS = 2
LIVE, BULK = 0, 1  # lanes: live replies pass bulk

IS_QUEUED = text("state = 'queued'")
IS_SENDING = text("state = 'sending'")
IS_OPEN = text("state in ('queued', 'sending')")
IS_REPEAT = text("state = 'queued' and repeats > 0")
ARRIVED = "('sent', 'delivered', 'read')"
HAS_FAILED = "state not in ('queued', 'sending', 'sent', 'delivered', 'read')"
IS_REST = text(HAS_FAILED)
IS_HELD = text("state = 'queued' and error_code = 'budget'")
IS_UNCOUNTED = text("sent_at is not null and parts is null")
TOLD_NO_MORE = ("telegram", "email")  # what these took has arrived as far as they ever tell
IS_TOLD_OF = "channel not in ('telegram', 'email')"
HAS_RECEIPTS = text(f"provider_id <> '' and {IS_TOLD_OF}")


class Outbox(Base):
    """One message to one address."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("key"),
        CheckConstraint(
            "state in ('queued', 'sending', 'sent', 'delivered', 'read', 'failed', 'undeliverable',"
            " 'expired', 'cancelled', 'uncertain')",
            name="state",
        ),
        Index(
            "ix_outbox_due",
            "channel",
            "lane",
            "due_at",
            "id",
            sqlite_where=IS_QUEUED,
            postgresql_where=IS_QUEUED,
        ),
        Index("ix_outbox_open", "recipient", "id", sqlite_where=IS_OPEN, postgresql_where=IS_OPEN),
        Index("ix_outbox_lease", "lease_until", sqlite_where=IS_SENDING, postgresql_where=IS_SENDING),
        Index("ix_outbox_repeat", "recipient", sqlite_where=IS_REPEAT, postgresql_where=IS_REPEAT),
        *person_indexes("outbox"),
        Index(
            "ix_outbox_provider_id",
            "provider_id",
            sqlite_where=HAS_RECEIPTS,
            postgresql_where=HAS_RECEIPTS,
        ),
        Index("ix_outbox_held", "channel", sqlite_where=IS_HELD, postgresql_where=IS_HELD),
        Index("ix_outbox_uncounted", "id", sqlite_where=IS_UNCOUNTED, postgresql_where=IS_UNCOUNTED),
        Index("ix_outbox_rest", "state", "channel", sqlite_where=IS_REST, postgresql_where=IS_REST),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str]  # deterministic: a second enqueue is a no-op
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    # the person's id, with `email:` before it for mail, or a stranger's address: messages of one recipient
    # keep their order
    recipient: Mapped[str]
    channel: Mapped[str]
    address: Mapped[str]
    kind: Mapped[str]  # reply, receipt, notice, stranger, or the schedule's kind
    lane: Mapped[int] = mapped_column(default=LIVE)
    text: Mapped[str]
    message: Mapped[dict[str, Json]]  # what `message_row` makes of the rest
    despite_stop: Mapped[bool] = mapped_column(default=False)  # the confirmation of a stop; never repeated
    state: Mapped[str] = mapped_column(default=OutboxState.QUEUED)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    not_after: Mapped[datetime | None]
    lease_token: Mapped[str] = mapped_column(default="")
    lease_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    repeats: Mapped[int] = mapped_column(default=0)  # sends after an answer that was never seen: at most one
    sent_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]  # for `export --since`: set by whatever changes the row
    provider_id: Mapped[str] = mapped_column(default="")
    error_code: Mapped[str] = mapped_column(default="")
    error: Mapped[str] = mapped_column(default="")
    rung: Mapped[str] = mapped_column(default="")  # these two are empty for an answer: see `rung_of`
    rung_reason: Mapped[str] = mapped_column(default="")
    content_sid: Mapped[str] = mapped_column(default="")  # the template, or the buttons, that it leaves as
    parts: Mapped[int | None]  # what it was counted as once it had left: the parts of an SMS, else 1


OUT = table_of(Outbox)

# Written out, not bound: only then do both databases see that the partial indexes apply.
QUEUED: ColumnElement[str] = literal_column("'queued'")
SENDING: ColumnElement[str] = literal_column("'sending'")

RANKS = {OutboxState.SENT: 3, OutboxState.DELIVERED: 4, OutboxState.READ: 5}


def enqueue(
    db: Db,
    *,
    key: str,
    person_id: int | None,
    recipient: str,
    channel: str,
    address: str,
    kind: str,
    message: Message,
    at: datetime,
    handled_at: datetime | None = None,
    lane: int = LIVE,
    due_at: datetime | None = None,
    not_after: datetime | None = None,
    despite_stop: bool = False,
    rung: str = "",
    rung_reason: str = "",
    content_sid: str = "",
) -> bool:
    """Queue a message, due at `due_at` (else at once); return False when the key is there already.

    `not_after`: it expires rather than leave then or later. `despite_stop`: it leaves although the person
    said stop (the one confirmation of it). `handled_at`: when a turn that answers what came at `at` is taken.
    """
    row = insert_new(
        db,
        OUT,
        key=key,
        person_id=person_id,
        recipient=recipient,
        channel=channel,
        address=address,
        kind=kind,
        lane=lane,
        text=message.text,
        message=rest_of(message, channel),
        despite_stop=despite_stop,
        created_at=at,
        changed_at=handled_at or at,
        due_at=due_at or at,
        not_after=not_after,
        rung=rung,
        rung_reason=rung_reason,
        content_sid=content_sid,
    )
    return row is not None


def answer(
    db: Db,
    *,
    key: str,
    person_id: int | None,
    channel: str,
    address: str,
    message: Message,
    at: datetime,
    handled_at: datetime,
) -> None:
    """Queue the answer to what came at `at`, there where it came from, with the rest of what is gathered.

    Without a person it is for a stranger. A notice leaves although the person said stop. Which rung it is and
    why goes without saying: see `rung_of`.
    """
    row = {
        "key": key,
        "person_id": person_id,
        "recipient": str(person_id) if person_id is not None else f"{channel}:{address}",
        "channel": channel,
        "address": address,
        "kind": message.kind,
        "text": message.text,
        "message": rest_of(message, channel),
        "despite_stop": message.kind == "notice",
        "created_at": at,
        "changed_at": handled_at,
        "due_at": min(at, handled_at),  # the clock may have jumped back meanwhile
        "lease_token": ROOM,
        "lease_until": handled_at,
        "rung": WHATSAPP if channel == WHATSAPP else "",  # there it may become another
    }
    later(db, new_row(db, OUT), row)


def rung_of(row: Outbox) -> tuple[str, str]:
    """Return the rung of a message and why it is that one; of an answer, where it came from."""
    return row.rung or row.channel, row.rung_reason or NEWEST


def cancel(db: Db, person_id: int, at: datetime, kinds: Collection[str] | None = None) -> int:
    """Cancel what is queued for a person (of these kinds only, when given); return how many."""
    found = [OUT.c.person_id == person_id, OUT.c.state == QUEUED]
    if kinds is not None:
        found.append(OUT.c.kind.in_(sorted(kinds)))
    cancelling = update(OUT).where(*found).values(state=OutboxState.CANCELLED, changed_at=at)
    return db.connection().execute(cancelling).rowcount


@dataclass(frozen=True, slots=True)
class Which:
    """The message that a provider speaks of: by its own id, or by ours where it hands that back."""

    channel: str
    provider_id: str
    reference: str = ""  # the row's id

    def rows(self, *, only_its: bool) -> ColumnElement[bool]:
        """Return the condition for its row; `only_its`: of a repeated message, not for the other copy."""
        is_its = and_(OUT.c.provider_id == self.provider_id, OUT.c.provider_id != "", text(IS_TOLD_OF))
        if self.reference.isdecimal() and len(self.reference) <= ID_DIGITS:
            has_ours = OUT.c.id == int(self.reference)
            is_its = or_(is_its, and_(has_ours, OUT.c.provider_id == "") if only_its else has_ours)
        return and_(is_its, OUT.c.channel == self.channel, OUT.c.address != "")  # "": erased


ID_DIGITS = 18
MAY_HAVE_LEFT = and_(OUT.c.state == QUEUED, OUT.c.repeats > literal_column("0"))


def note_receipt(
    db: Db, channel: str, provider_id: str, state: OutboxState, at: datetime, reference: str = ""
) -> bool:
    """Raise a message to `sent`, `delivered` or `read`; return False when it stands there or higher already.

    Also one whose call is under way, or that waits for its repeat: it arrived, and is not sent again.
    """
    below = [known for known, rank in RANKS.items() if rank < RANKS.get(state, 0)]
    below += [OutboxState.SENDING, OutboxState.UNCERTAIN]
    which = Which(channel, provider_id, reference).rows(only_its=False)
    raising = (
        update(OUT)
        .where(which, or_(OUT.c.state.in_(below), MAY_HAVE_LEFT))
        .values(
            state=state,
            changed_at=at,
            sent_at=func.coalesce(OUT.c.sent_at, literal(at, OUT.c.sent_at.type)),
            provider_id=case((OUT.c.provider_id == "", provider_id), else_=OUT.c.provider_id),
        )
    )
    return db.connection().execute(raising).rowcount > 0


def close_failed(
    db: Db, which: Which, state: OutboxState, at: datetime, *, error: str, code: str
) -> tuple[int, str] | None:
    """Close a message that failed after the provider took it; return its id and address.

    None when it is unknown, arrived, was closed before, or is being repeated.
    """
    values = {"state": state, "error": error[:500], "error_code": code, "changed_at": at}
    closing = update(OUT).where(*_unsettled(which)).values(**values, **_WITHOUT_LEASE)
    closed = db.connection().execute(closing.returning(OUT.c.id, OUT.c.address)).first()
    return (closed[0], closed[1]) if closed else None


def queue_again(db: Db, which: Which, due_at: datetime, at: datetime, *, since: datetime) -> bool:
    """Queue a message again that the provider took but could not pass on; not one made before `since`."""
    values = {"state": OutboxState.QUEUED, "due_at": due_at, "provider_id": "", "changed_at": at}
    queueing = update(OUT).where(*_unsettled(which), OUT.c.created_at > since)
    return db.connection().execute(queueing.values(**values, **_WITHOUT_LEASE)).rowcount > 0


def queue_plain(db: Db, which: Which, at: datetime, *, error: str, code: str) -> str | None:
    """Queue a message again that the provider took and then refused for its buttons; return their content.

    None when it had none, arrived, or was closed before.
    """
    values = {"state": OutboxState.QUEUED, "due_at": at, "provider_id": "", "changed_at": at}
    values |= {"error": error[:500], "error_code": code}
    has_buttons = (OUT.c.rung == WHATSAPP, OUT.c.content_sid != "")
    queueing = update(OUT).where(*_unsettled(which), *has_buttons).values(**values, **_WITHOUT_LEASE)
    sid: str | None = db.connection().execute(queueing.returning(OUT.c.content_sid)).scalar()
    return sid


def wait_for_hours(db: Db, id: int, at: datetime) -> bool:
    """Queue a message that just failed once more, hours later; False when that was done twice, or too late.

    Each wait is twice as long as the one before.
    """
    found = select(OUT.c.tries, OUT.c.not_after).where(OUT.c.id == id, OUT.c.state == OutboxState.FAILED)
    row = db.connection().execute(found).first()
    if row is None or row.tries > MOST_WAITS:
        return False
    due_at = at + HOURS * 2 ** max(0, row.tries - 1)
    if row.not_after is not None and due_at >= row.not_after:
        return False
    values = {"state": OutboxState.QUEUED, "due_at": due_at, "provider_id": "", "changed_at": at}
    db.connection().execute(update(OUT).where(OUT.c.id == id).values(**values))
    return True


def is_known(db: Db, which: Which) -> bool:
    """Tell whether there is a message of that id."""
    return db.connection().execute(select(OUT.c.id).where(which.rows(only_its=False))).first() is not None


# What an answer holds in place of a lease until it is claimed: a row of SQLite that does not grow then stays
# on its page, which would else be split among the answers of others, and stay half empty.
ROOM = "." * 5
_WITHOUT_LEASE: Mapping[str, str | None] = {"lease_token": "", "lease_until": None}


def _unsettled(which: Which) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    first_call = and_(OUT.c.state == SENDING, OUT.c.repeats == literal_column("0"))
    left = OUT.c.state.in_([OutboxState.SENT, OutboxState.UNCERTAIN])
    return which.rows(only_its=True), or_(left, first_call, MAY_HAVE_LEFT)


Counts = dict[tuple[str, ...], int]


def count_rest(db: Db) -> Counts:
    """Return how many messages that have not arrived stand in each (state, channel); quick by indexes."""
    return _count(db, has_failed()) | _count(db, OUT.c.state == QUEUED) | _count(db, OUT.c.state == SENDING)


def has_failed() -> TextClause:
    """Return the condition of what will not leave any more, as its index has it."""
    return text(f"outbox.{HAS_FAILED}")


def count_arrived(db: Db, first: int, end: int) -> Counts:
    """Return how many messages of these ids (the last one excluded) arrived, by (state, channel)."""
    return _count(db, and_(OUT.c.id >= first, OUT.c.id < end, text(f"outbox.state in {ARRIVED}")))


def newest(db: Db) -> int:
    """Return the highest id of a message, 0 without any."""
    return db.connection().execute(select(func.max(OUT.c.id))).scalar() or 0


def _count(db: Db, which: ColumnElement[bool] | TextClause) -> Counts:
    counted = select(OUT.c.state, OUT.c.channel, func.count()).where(which)
    rows = db.connection().execute(counted.group_by(OUT.c.state, OUT.c.channel))
    return {(state, channel): n for state, channel, n in rows}


def message_of(row: Outbox) -> Message:
    """Return the message as it was enqueued."""
    return message_from(row.text, row.message, row.kind)
