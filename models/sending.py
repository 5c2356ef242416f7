"""Messages on their way out: claimed under a lease, sent outside any transaction, marked under that lease."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from operator import itemgetter
from secrets import token_urlsafe
from typing import Any, cast

from sqlalchemy import (
    CTE,
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    String,
    Update,
    and_,
    bindparam,
    case,
    column,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.orm import aliased
from sqlalchemy.sql.dml import ReturningUpdate

from bot.ladder import TEMPLATE
from bot.values import Message
from models.base import Db
from models.city import City, zone_of
from models.consent import consent_of, state_at
from models.db import is_postgres
from models.known_person import KnownPerson
from models.message_row import message_from
from models.outbox import BULK, OUT, QUEUED, SENDING, TOLD_NO_MORE, OutboxState
from models.person import Address, Person, PersonState, note_change
from models.prepared import find, run
from models.queues import CHANNELS, first_due

NEVER_REPEATED = frozenset({"digest"})  # kinds that an officer repeats by hand: a doubled one confuses many
UNASKED = frozenset(
    {"prompt", "nudge", "last_call", "reminder", "overdue", "escalation", "digest", "alert", "broadcast"}
)  # kinds that need the person's agreement
DEAD_STATES = (PersonState.STOPPED, PersonState.ERASED)


NO_LEASE: Mapping[str, str | None] = {"lease_token": "", "lease_until": None}


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that this lease may send."""

    id: int
    person_id: int | None
    recipient: str
    channel: str
    address: str
    kind: str
    lane: int
    message: Message
    rung: str
    content_sid: str  # of the approved template, or the buttons, that it leaves as
    error_code: str  # of the try before
    despite_stop: bool
    created_at: datetime
    not_after: datetime | None
    lease_token: str
    tries: int  # this one included
    repeats: int

    @property
    def is_tapped(self) -> bool:
        """Tell whether it leaves as buttons or a list of WhatsApp's window."""
        return bool(self.content_sid) and self.rung != TEMPLATE

    @property
    def may_repeat(self) -> bool:
        """Tell whether a send whose answer was never seen may be made once more (platforms.md section 6)."""
        has_code = self.message.invitation is not None  # of which a repeat would be another
        return not (self.repeats or self.despite_stop or has_code or self.kind in NEVER_REPEATED)


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that the provider accepted."""

    id: int
    lease_token: str
    provider_id: str


PLAIN = tuple(name for name in Claimed.__dataclass_fields__ if name != "message")
CLAIMED_COLUMNS = (*(OUT.c[name] for name in PLAIN), OUT.c.text, OUT.c.message)


def claim(
    db: Db,
    n: int,
    at: datetime,
    lease: timedelta,
    channels: Collection[str] | None = None,
    lane: int = BULK,
) -> list[Claimed]:
    """Return up to n messages leased to the caller, live before bulk, at most one of each recipient.

    Each is the next of its recipient: nothing of theirs is being sent or waits for another try, and
    nothing before it is due. Commit before sending. `channels`: up to n messages of each of these;
    `lane`: only messages of this lane and those before it.
    """
    if channels is not None and not channels:
        return []
    claiming = _claiming(None if channels is None else tuple(sorted(channels)))
    by_turn = itemgetter(PLAIN.index("lane"), len(CLAIMED_COLUMNS), 0)  # lane, due_at, id
    return [claimed_from(row) for row in sorted(find(db, claiming, _asked(n, at, lease, lane)), key=by_turn)]


def claim_unread(db: Db, at: datetime, lease: timedelta, channel: str, lane: int) -> int | None:
    """Claim the next message of a channel and return its id, or None: it may be one that cannot be read."""
    claiming = _claiming((channel,), is_read=False)
    id: int | None = db.connection().execute(claiming, _asked(1, at, lease, lane)).scalar()
    return id


def claimed(db: Db, id: int) -> Claimed:
    """Return a message that is claimed; raise whatever reading it raises."""
    return claimed_from(db.connection().execute(select(*CLAIMED_COLUMNS).where(OUT.c.id == id)).one())


def _asked(n: int, at: datetime, lease: timedelta, lane: int) -> dict[str, object]:
    token = token_urlsafe(3)  # told apart from a row's earlier and later leases only
    return {"n": n, "at": at, "until": at + lease, "token": token, "last_lane": lane}


@cache  # built once: building costs as much as running it
def _claiming(channels: tuple[str, ...] | None, *, is_read: bool = True) -> ReturningUpdate[Any]:
    """Return the claim: the head of each channel's queue is read, so that none waits for another's."""
    picked = [_picked(f"picked_{number}", name) for number, name in enumerate(channels or (None,))]
    ids = union_all(*(select(each.c.id) for each in picked)) if len(picked) > 1 else select(picked[0].c.id)
    return (
        update(OUT)
        .where(OUT.c.id.in_(ids))  # locked while they were queued
        .values(
            state=OutboxState.SENDING,
            lease_token=bindparam("token"),
            lease_until=bindparam("until"),
            changed_at=bindparam("at"),
            tries=OUT.c.tries + 1,
        )
        .returning(*((*CLAIMED_COLUMNS, OUT.c.due_at) if is_read else (OUT.c.id,)))
    )


def _picked(name: str, channel: str | None) -> CTE:
    free = [OUT.c.state == QUEUED, OUT.c.due_at <= bindparam("at"), _is_next(bindparam("at"))]
    if channel is not None:
        free.append(OUT.c.channel == CHANNELS[channel])
    return (
        select(OUT.c.id)
        .where(*free, OUT.c.lane <= bindparam("last_lane"))
        .order_by(OUT.c.lane, OUT.c.due_at, OUT.c.id)
        .limit(bindparam("n"))
        .with_for_update(skip_locked=True, of=OUT)
        .cte(name)
    )


def drop_unsendable(db: Db, claimed: Sequence[Claimed], at: datetime) -> list[Claimed]:
    """Return what may leave now; close what expired, or whose person cannot be written to."""
    if not claimed:
        return []
    reasons = _reasons_against(db, claimed, at)
    for row in claimed:
        if row.not_after is not None and row.not_after <= at:
            reasons[row.id] = (OutboxState.EXPIRED, "too late to be of use")
    for row in claimed:
        if row.id in reasons:
            state, error = reasons[row.id]
            close(db, row, state, at, error=error)
    return [row for row in claimed if row.id not in reasons]


def mark_sent(db: Db, sent: Sequence[Sent], at: datetime) -> None:
    """Note what providers accepted, in one statement; a receipt that came first keeps its higher state.

    Where no receipt follows only the text is kept: buttons, tokens and HTML would be a fifth of the database.
    """
    if not sent:
        return
    rows = [{"id": one.id, "token": one.lease_token, "provided": one.provider_id} for one in sent]
    run(db, _marking(is_postgres(db)), {"accepted": rows, "at": at})


_IS_LAST_WORD = or_(*(OUT.c.channel == channel for channel in TOLD_NO_MORE))


@cache  # built once: building costs as much as running it
def _marking(for_postgres: bool) -> Update:
    id, token, provided = _accepted(for_postgres)
    return (
        update(OUT)
        .where(OUT.c.id == id, OUT.c.lease_token == token)
        .values(
            state=case((OUT.c.state == SENDING, OutboxState.SENT), else_=OUT.c.state),
            provider_id=provided,
            sent_at=bindparam("at"),
            changed_at=bindparam("at"),
            error="",
            error_code="",
            message=case((_IS_LAST_WORD, literal({}, OUT.c.message.type)), else_=OUT.c.message),
            **NO_LEASE,
        )
    )


def _accepted(for_postgres: bool) -> tuple[ColumnElement[int], ColumnElement[str], ColumnElement[str]]:
    """Return id, token and the provider's id of each row of the parameter `accepted`, as a table."""
    given = bindparam("accepted", type_=OUT.c.message.type)
    if for_postgres:
        columns = (column("id", Integer), column("token", String), column("provided", String))
        rows = func.jsonb_to_recordset(given).table_valued(*columns, name="accepted")
        typed = rows.render_derived(with_types=True)
        return typed.c.id, typed.c.token, typed.c.provided
    row = func.json_each(given).table_valued("value", name="accepted").c.value
    id, token, provided = (func.json_extract(row, f"$.{name}") for name in ("id", "token", "provided"))
    return cast(ColumnElement[int], id), cast(ColumnElement[str], token), cast(ColumnElement[str], provided)


def close(db: Db, row: Claimed, state: OutboxState, at: datetime, *, error: str, code: str = "") -> bool:
    """Close a claimed message that did not leave, or may have; return False when the lease is another's."""
    values = {"state": state, "error": error[:500], "error_code": code}
    return _change(db, row, values, at)


def put_back(
    db: Db,
    row: Claimed,
    due_at: datetime,
    at: datetime,
    *,
    error: str = "",
    code: str = "",
    may_have_left: bool = False,
) -> bool:
    """Queue a claimed message again, for `due_at`; later ones of its recipient wait for it.

    `may_have_left` uses up its one repeat.
    """
    values = {
        "state": OutboxState.QUEUED,
        "due_at": due_at,
        "error": error[:500],
        "error_code": code,
        "repeats": row.repeats + may_have_left,
    }
    return _change(db, row, values, at)


def next_due(db: Db, until: datetime, channels: Collection[str]) -> datetime | None:
    """Return when the next message can leave or its lease runs out, or None when that is after `until`."""
    queries = [
        select(func.min(OUT.c.lease_until, type_=OUT.c.lease_until.type)).where(OUT.c.state == SENDING)
    ]
    if channels:
        queries.append(first_due(and_(OUT.c.due_at <= until, _is_next(until)), tuple(sorted(channels))))
    found = [db.connection().execute(query).scalar() for query in queries]
    return min((at for at in found if at is not None), default=None)


def hold(db: Db, rows: Sequence[Claimed], until: datetime, at: datetime, *, code: str = "") -> None:
    """Queue claimed messages again, for `until`: no call was made for them. `code` says why they wait.

    All in one statement: where offices close on a message to everybody, they are many.
    """
    if not rows:
        return
    tokens = {row.lease_token for row in rows}
    are_ours = (OUT.c.id.in_([row.id for row in rows]), OUT.c.lease_token.in_(tokens), OUT.c.state == SENDING)
    why = {"error_code": code} if code else {}
    values = {"state": OutboxState.QUEUED, "due_at": until, "tries": OUT.c.tries - 1, "changed_at": at}
    db.connection().execute(update(OUT).where(*are_ours).values(**values, **why, **NO_LEASE))


def give_back(db: Db, rows: Sequence[Claimed], at: datetime) -> None:
    """Queue claimed messages again that no call was made for."""
    hold(db, rows, at, at)


def may_move(db: Db, row: Claimed, address: str) -> bool:
    """Tell whether a chat's new address is one, and nobody else's: an earlier message may have moved it."""
    return address not in ("", row.address) and _holder(db, row.channel, address) in (None, row.person_id)


def _holder(db: Db, channel: str, address: str) -> int | None:
    holder: int | None = db.scalar(
        select(Address.person_id).where(Address.channel == channel, Address.value == address)
    )
    return holder


def move(db: Db, row: Claimed, address: str, at: datetime) -> bool:
    """Queue a claimed message again for the chat's new address, and remember it for the person."""
    found = (Address.channel == row.channel, Address.value == row.address)
    if _holder(db, row.channel, address) is None:
        holder = db.scalar(update(Address).where(*found).values(value=address).returning(Address.person_id))
        if holder is not None:
            note_change(db, holder, at)
    values = {"state": OutboxState.QUEUED, "due_at": at, "address": address}
    return _change(db, row, values, at)


def has_written(db: Db, channel: str, address: str) -> bool:
    """Tell whether anybody ever wrote from this address."""
    wrote = (Address.channel == channel, Address.value == address, Address.last_in_at.is_not(None))
    return db.execute(select(Address.id).where(*wrote)).first() is not None


def _is_next(at: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    other = aliased(OUT)
    waits = or_(other.c.due_at <= at, other.c.tries > 0)
    is_before = tuple_(other.c.lane, other.c.id) < tuple_(OUT.c.lane, OUT.c.id)
    before = select(other.c.id).where(
        other.c.recipient == OUT.c.recipient,
        other.c.state.in_([QUEUED, SENDING]),
        or_(other.c.state == SENDING, and_(waits, is_before)),
    )
    # With an offset PostgreSQL looks each recipient up; joined it would read the whole queue again and again,
    # as long as its statistics do not know that a message to everybody was queued.
    return ~exists(before.offset(literal_column("0")))


def _reasons_against(db: Db, claimed: Sequence[Claimed], at: datetime) -> dict[int, tuple[OutboxState, str]]:
    """Return why messages may not leave, by their id: nobody stopped or unreachable gets one.

    What is sent unasked goes to nobody who is paused, and only by e-mail to who did not agree.
    """
    against: dict[int, tuple[OutboxState, str]] = {}
    asked = find(db, _asking(), {"rows": [row.id for row in claimed]})
    for id, person_id, channel, state, paused_until, reachable, zone in asked:
        if state in DEAD_STATES:
            against[id] = (OutboxState.CANCELLED, f"the person is {state}")
        elif reachable not in (None, "yes"):
            against[id] = (OutboxState.UNDELIVERABLE, f"the address is unreachable: {reachable}")
        elif (now := _state_of(db, person_id, state, paused_until, zone, at)) not in _welcome_to(channel):
            against[id] = (OutboxState.CANCELLED, f"the person is {now}")
    return against


def _state_of(
    db: Db, person_id: int, state: str, paused_until: date | None, zone: str | None, at: datetime
) -> PersonState:
    if state != PersonState.PAUSED:
        return PersonState(state)
    person = KnownPerson(person_id, "", "", None, "", PersonState(state), paused_until)
    agreed = consent_of(db, person_id) is not None
    return state_at(person, at, zone_of(zone), agreed=agreed)


def _welcome_to(channel: str) -> frozenset[PersonState]:
    if channel == "email":
        return frozenset({PersonState.ACTIVE, PersonState.INVITED})
    return frozenset({PersonState.ACTIVE})


@cache
def _asking() -> Select[Any]:
    is_unasked = and_(OUT.c.kind.in_(sorted(UNASKED)), Person.state != PersonState.ACTIVE)
    is_lost = and_(OUT.c.kind != "stranger", Address.reachable != "yes")  # who has just written from there
    doubts = or_(Person.state.in_(DEAD_STATES), is_lost, is_unasked)
    return (
        select(OUT.c.id, OUT.c.person_id, OUT.c.channel, Person.state, Person.paused_until)
        .add_columns(Address.reachable, City.timezone)
        .select_from(OUT)
        .join(Person, Person.id == OUT.c.person_id, isouter=True)
        .join(City, City.slug == Person.city, isouter=True)
        .join(Address, and_(Address.channel == OUT.c.channel, Address.value == OUT.c.address), isouter=True)
        .where(OUT.c.id.in_(bindparam("rows", expanding=True)), OUT.c.despite_stop.is_(False), doubts)
    )


def _change(db: Db, row: Claimed, values: Mapping[str, object], at: datetime) -> bool:
    is_ours = (OUT.c.id == row.id, OUT.c.lease_token == row.lease_token, OUT.c.state == SENDING)
    changing = update(OUT).where(*is_ours).values(**values, **NO_LEASE, changed_at=at)
    return db.connection().execute(changing).rowcount == 1


def claimed_from(row: Sequence[Any]) -> Claimed:
    """Return the message of a row that begins with `CLAIMED_COLUMNS`."""
    plain = dict(zip(PLAIN, row, strict=False))
    text, rest = row[len(PLAIN) : len(CLAIMED_COLUMNS)]
    return Claimed(**plain, message=message_from(text, rest, plain["kind"]))
