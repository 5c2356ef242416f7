"""The ways to a person as they stand in the store: the first for a message, the next when one failed."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, exists, literal_column, select, update

from bot.ladder import TEMPLATE, WHATSAPP, Reached, Rung, is_window_open, rungs, why_none
from bot.tapping import tapped_kind
from bot.values import Message, Opening
from models import outbox
from models.base import Db
from models.conversation import Chat
from models.message_row import message_from
from models.outbox import BULK, OUT, QUEUED, OutboxState
from models.person import Address, Person
from models.sending import DEAD_STATES, Claimed
from models.template import approved, ready

EMAIL = "email"
MOST_ROWS = 12  # of one message: more ways to one person there are not
ARRIVED_BEFORE = "it arrived on the way before"
WINDOW = "window"  # the error code of a message whose window closed before it left
PLAIN = "plain"  # the error code of a message whose buttons were refused: it goes once more, without them
WINDOW_CODES = frozenset({WINDOW, "63016"})  # platforms.md section 4.7: use a template
ASKS_TO_REPORT = frozenset({"prompt", "nudge", "last_call"})  # of no use once the person wrote
_NUMBERED = re.compile(r"(.+)/([0-9]+)")


@dataclass(frozen=True, slots=True)
class Failed:
    """A message that was closed and may go another way."""

    id: int
    key: str
    person_id: int
    person: str
    city: str | None
    channel: str
    address: str
    kind: str
    lane: int
    message: Message
    created_at: datetime
    not_after: datetime | None


def reached(db: Db, person_ids: Collection[int]) -> Mapping[int, tuple[Reached, ...]]:
    """Return the addresses of these few persons, by their id; who has none is not among them."""
    return _reached(db, _ADDRESSES.where(Address.person_id.in_(person_ids)))


def reached_all(db: Db, whose: ColumnElement[bool]) -> Mapping[int, tuple[Reached, ...]]:
    """Return the addresses of everybody of whom the condition on Person holds, however many."""
    return _reached(db, _ADDRESSES.join(Person, Person.id == Address.person_id).where(whose))


_ADDRESSES = select(
    Address.person_id, Address.channel, Address.value, Address.reachable, Address.last_in_at
).order_by(Address.id)


def _reached(db: Db, query: Select[*tuple[Any, ...]]) -> Mapping[int, tuple[Reached, ...]]:
    found: dict[int, tuple[Reached, ...]] = {}
    rows = db.execute(query)
    for person_id, channel, value, reachable, last_in_at in rows:
        is_reachable = reachable == "yes"
        one = Reached(channel, value, is_reachable, last_in_at, "" if is_reachable else reachable)
        found[person_id] = (*found.get(person_id, ()), one)
    return found


def content_sid_of(db: Db, opening: Opening | None) -> str:
    """Return the newest approved template of this kind and language, "" when there is none."""
    return approved(db).get((opening.kind, opening.language), "") if opening else ""


def enqueue(
    db: Db,
    *,
    key: str,
    person_id: int,
    message: Message,
    at: datetime,
    channels_on: Collection[str],
    due_at: datetime | None = None,
    not_after: datetime | None = None,
    lane: int = BULK,
    addresses: Sequence[Reached] | None = None,
) -> Rung | None:
    """Queue a message on the best way to the person and return it, or None when there is no way.

    `addresses`: those to choose from, when not all of the person's.
    """
    if addresses is None:
        addresses = reached(db, [person_id]).get(person_id, ())
    first = next(iter(rungs(addresses, channels_on, at, content_sid_of(db, message.opening))), None)
    if first is not None:
        queue(db, first, key, person_id, message, at, due_at, not_after, lane)
    return first


def failed(db: Db, id: int) -> Failed | None:
    """Return the message that failed, or None when it was to nobody known, or who stopped or was erased."""
    query = (
        select(OUT, Person.name.label("person"), Person.city)
        .join(Person, Person.id == OUT.c.person_id)
        .where(OUT.c.id == id, OUT.c.state.in_([OutboxState.FAILED, OutboxState.UNDELIVERABLE]))
        .where(Person.state.not_in(DEAD_STATES), OUT.c.despite_stop.is_(False))
    )
    row = db.execute(query).mappings().first()
    if row is None:
        return None
    named = {name: row[name] for name in Failed.__dataclass_fields__ if name != "message"}
    return Failed(**named, message=message_from(row["text"], row["message"], row["kind"]))


def climbs(db: Db, former: Failed) -> bool:
    """Tell whether the message is still of use: not a call to report whose person wrote meanwhile."""
    wrote = exists().where(Address.person_id == former.person_id, Address.last_in_at > former.created_at)
    return former.kind not in ASKS_TO_REPORT or not db.scalar(select(wrote))


def why_no_way(db: Db, former: Failed, at: datetime, channels_on: Collection[str]) -> str:
    """Return why there is no way to the person; "" when all that there are were tried."""
    addresses = reached(db, [former.person_id]).get(former.person_id, ())
    return why_none(addresses, channels_on, at, content_sid_of(db, former.message.opening))


def next_rung(db: Db, former: Failed, why: str, at: datetime, channels_on: Collection[str]) -> Rung | None:
    """Queue a closed message once more on the next way not tried yet; return it, or None when none is left.

    The row is a new one, `<key>/2` and so on. Call it in the transaction that closed the former.
    """
    base, number = _parts(former.key)
    tried = _tried(db, base, number)
    addresses = reached(db, [former.person_id]).get(former.person_id, ())
    ways = rungs(addresses, channels_on, at, content_sid_of(db, former.message.opening))
    found = next((one for one in ways if (one.name, one.address) not in tried and _fits(former, one)), None)
    if found is None:
        return None
    rung = replace(found, reason=f"{former.channel}: {why}")
    message = former.message if rung.channel == former.channel else replace(former.message, replaces="")
    queue(
        db, rung, further_key(former.key), former.person_id, message, at, None, former.not_after, former.lane
    )
    if message.token or message.question:
        _ask_on(db, former, rung.channel)
    return rung


def call_back(db: Db, which: outbox.Which, at: datetime) -> int:
    """Cancel the further rows, not left yet, of a message that arrived although it was called failed.

    Return how many. The question that went with them is open again where it arrived.
    """
    theirs = (which.rows(only_its=True), OUT.c.state.in_([OutboxState.FAILED, OutboxState.UNDELIVERABLE]))
    found = db.connection().execute(select(OUT.c.key, OUT.c.channel, OUT.c.person_id).where(*theirs)).first()
    if found is None:
        return 0
    base, number = _parts(found.key)
    keys = [f"{base}/{n}" for n in range(number + 1, number + MOST_ROWS)]
    waiting = (OUT.c.key.in_(keys), OUT.c.state == QUEUED, OUT.c.repeats == literal_column("0"))
    values = {"state": OutboxState.CANCELLED, "error": ARRIVED_BEFORE, "changed_at": at}
    cancelling = update(OUT).where(*waiting).values(**values).returning(OUT.c.channel)
    channels = db.connection().execute(cancelling).scalars().all()
    if channels:
        asked = (Chat.person_id == found.person_id, Chat.channel.in_(channels))
        db.execute(update(Chat).where(*asked).values(channel=found.channel))
    return len(channels)


def gone_on(db: Db, keys: Collection[str]) -> set[str]:
    """Return those of these keys whose message went on another way."""
    further = {further_key(key): key for key in keys}
    found = db.scalars(select(OUT.c.key).where(OUT.c.key.in_(further)))
    return {further[key] for key in found}


def first_key(key: str) -> str:
    """Return the key of the message itself, which is that of its first way."""
    return _parts(key)[0]


def keys_of(key: str) -> list[str]:
    """Return the keys that the ways of a message can have, by the first one's; the first first."""
    return [key, *(f"{key}/{n}" for n in range(2, MOST_ROWS + 1))]


def further_key(key: str) -> str:
    """Return the key of the row on the next way: `<key>/2`, then `/3`."""
    base, number = _parts(key)
    return f"{base}/{number + 1}"


def send_again(db: Db, id: int, by: int, at: datetime) -> bool:
    """Queue once more, the same way, a message of which nobody knows whether it left: an officer wants it.

    The row is a new one, as for a further way, and says who asked for it. Return False for a message that is
    not uncertain, too late, to nobody known, the confirmation of a stop, or was sent again before.
    """
    found = select(OUT).where(
        OUT.c.id == id,
        OUT.c.state == OutboxState.UNCERTAIN,
        OUT.c.person_id.is_not(None),
        OUT.c.despite_stop.is_(False),
    )
    row = db.execute(found).mappings().first()
    if row is None or (row["not_after"] is not None and row["not_after"] <= at):
        return False
    same = (
        "person_id",
        "recipient",
        "channel",
        "address",
        "kind",
        "lane",
        "not_after",
        "rung",
        "content_sid",
    )
    return outbox.enqueue(
        db,
        key=further_key(row["key"]),
        message=message_from(row["text"], row["message"], row["kind"]),
        at=at,
        rung_reason=f"sent again by person {by}",
        **{name: row[name] for name in same},
    )


def in_window(db: Db, claimed: Sequence[Claimed], at: datetime) -> tuple[list[Claimed], list[Claimed]]:
    """Return what may leave, as it may, and what cannot: WhatsApp's window closed, and no template is there.

    A message leaves as an approved template once the window has closed, and as it was written when the
    person opened the window anew; with buttons, or a list, where these spare typing and were not refused.
    """
    rows = [row for row in claimed if row.channel == WHATSAPP]
    last_in = _last_in(db, rows)
    kinds = {row.id: tapped_kind(row.message) for row in rows if row.error_code != PLAIN}
    contents = ready(db) if any(kinds.values()) else {}
    leaving, stranded = [], []
    for row in claimed:
        if row.channel != WHATSAPP:
            leaving.append(row)
            continue
        fitted = _fitted(db, row, last_in, contents.get(kinds.get(row.id, ""), ""), at)
        if fitted is None:
            stranded.append(row)
        else:
            leaving.append(fitted)
    return leaving, stranded


def _fitted(
    db: Db, row: Claimed, last_in: Mapping[str, datetime], tapped: str, at: datetime
) -> Claimed | None:
    is_answer = row.person_id is None or row.despite_stop  # to what came from there just then
    wrote_at = row.created_at if is_answer else last_in.get(row.address)
    is_open = is_window_open(wrote_at, at)
    opened_anew = is_open and wrote_at is not None and wrote_at > row.created_at
    if row.rung == TEMPLATE and not opened_anew:
        return row
    if is_open:
        return _as(db, row, WHATSAPP, tapped)
    content_sid = content_sid_of(db, row.message.opening)
    return _as(db, row, TEMPLATE, content_sid) if content_sid else None


def _as(db: Db, row: Claimed, rung: str, content_sid: str) -> Claimed:
    if (row.rung, row.content_sid) == (rung, content_sid):
        return row
    values = {"row": row.id, "token": row.lease_token, "way": rung, "content": content_sid}
    db.connection().execute(_GOES_AS, values)
    return replace(row, rung=rung, content_sid=content_sid)


_GOES_AS = (
    update(OUT)
    .where(OUT.c.id == bindparam("row"), OUT.c.lease_token == bindparam("token"))
    .values(rung=bindparam("way"), content_sid=bindparam("content"))
)


def _last_in(db: Db, rows: Sequence[Claimed]) -> dict[str, datetime]:
    if not rows:
        return {}
    theirs = (Address.channel == WHATSAPP, Address.value.in_([row.address for row in rows]))
    found = db.execute(select(Address.value, Address.last_in_at).where(*theirs))
    return {value: at for value, at in found if at is not None}


def queue(
    db: Db,
    rung: Rung,
    key: str,
    person_id: int,
    message: Message,
    at: datetime,
    due_at: datetime | None = None,
    not_after: datetime | None = None,
    lane: int = BULK,
) -> None:
    """Queue a message on a way that was chosen; `enqueue` chooses the best one itself."""
    outbox.enqueue(
        db,
        key=key,
        person_id=person_id,
        recipient=f"{EMAIL}:{person_id}" if rung.channel == EMAIL else str(person_id),  # no phone waits
        channel=rung.channel,
        address=rung.address,
        kind=message.kind,
        message=message,
        at=at,
        lane=lane,
        due_at=due_at,
        not_after=not_after,
        rung=rung.name,
        rung_reason=rung.reason,
        content_sid=rung.content_sid,
    )


def _parts(key: str) -> tuple[str, int]:
    """Return the key of the message and which of its rows this one is, counted from 1."""
    numbered = _NUMBERED.fullmatch(key)
    return (numbered[1], int(numbered[2])) if numbered else (key, 1)


def _tried(db: Db, base: str, number: int) -> set[tuple[str, str]]:
    """Return the rungs and addresses that are of no more use to a message.

    Where only the window was closed the template of the same address may still go.
    """
    keys = [base, *(f"{base}/{n}" for n in range(2, number + 1))]
    columns = (OUT.c.rung, OUT.c.channel, OUT.c.address, OUT.c.error_code)
    tried = set()
    for rung, channel, address, code in db.execute(select(*columns).where(OUT.c.key.in_(keys))):
        tried.add((rung or channel, address))
        if channel == WHATSAPP:
            tried.add((WHATSAPP, address))
            if code not in WINDOW_CODES:
                tried.add((TEMPLATE, address))
    return tried


def _fits(former: Failed, rung: Rung) -> bool:
    """Tell whether the message may go there: the digest's e-mail is a message of its own."""
    return former.kind != "digest" or (rung.channel == EMAIL) == (former.channel == EMAIL)


def _ask_on(db: Db, former: Failed, channel: str) -> None:
    """Let answers on the new channel count: the question open there went with the message."""
    theirs = (Chat.person_id == former.person_id, Chat.channel == former.channel)
    db.execute(update(Chat).where(*theirs).values(channel=channel))
