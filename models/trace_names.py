"""What an id means that an officer was shown somewhere: a message in or out, a report, an occurrence."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select

from bot.traces import Named
from models.base import Db
from models.inbox import IN, SOMEBODYS, hashed
from models.ladder import first_key
from models.occurrence import OCCURRENCE
from models.outbox import OUT
from models.submission import Answer, Submission, trace_of

MOST = 10  # of one kind: who finds more must say more
MOST_ID = 2**31 - 1  # of a row, on PostgreSQL
SHORTEST = 4  # characters of a beginning
TELEGRAM = "telegram"
_ROW = re.compile(r"(in|out|draft)[:-]([0-9]{1,10})", re.IGNORECASE)
_STATUS = re.compile(r"([A-Z]{2}[0-9a-f]{32}):.*")  # Twilio: of a status, the message's SID comes first


def named(db: Db, id: str) -> list[Named]:
    """Return all that an id means; [] for one that means nothing known.

    It is looked for as a whole first: `in:7`, `out:7`, a reference, a key, a number, a provider's id. Only
    what is none of these is taken for a beginning.
    """
    looks: tuple[Callable[[Db, str], Iterator[Named]], ...] = (_row, _report, _key, _number, _beginning)
    for look in looks:
        if found := list(dict.fromkeys(look(db, id))):
            return found
    return []


def _row(db: Db, id: str) -> Iterator[Named]:
    which = _ROW.fullmatch(id)
    if which is None or not 0 < int(which[2]) <= MOST_ID:
        return
    kind, number = which[1].lower(), int(which[2])
    match kind:
        case "in":
            yield from _heard(db, IN.c.id == number)
        case "out":
            yield from _told(db, OUT.c.id == number)
        case _:
            yield from _reports(db, Submission.id == number)


def _report(db: Db, id: str) -> Iterator[Named]:
    yield from _reports(db, Submission.reference == id.upper())


def _key(db: Db, id: str) -> Iterator[Named]:
    """Find a key of the outbox, of an occurrence, or `<channel>:<provider's id>` as exports have it."""
    base = first_key(id)
    yield from _told(db, OUT.c.key.in_([id, base]))
    yield from _decided(db, OCCURRENCE.c.key == base)
    channel, _, provider_id = id.partition(":")
    yield from _heard(db, and_(IN.c.channel == channel, IN.c.provider_id.in_(_as_stored(provider_id))))


def _number(db: Db, id: str) -> Iterator[Named]:
    """Find a row's number or what a provider calls it: an update or message of Telegram, a SID of Twilio."""
    if id.isdecimal() and 0 < int(id) <= MOST_ID:
        yield from _heard(db, IN.c.id == int(id))
        yield from _told(db, OUT.c.id == int(id))
    sid = _STATUS.fullmatch(id)
    its = _as_stored(sid[1] if sid else id)
    yield from _told(db, and_(OUT.c.provider_id != "", OUT.c.provider_id.in_(its)))
    yield from _heard(db, and_(IN.c.provider_id.in_([*its, *_of_bots(db, id)]), SOMEBODYS))
    sources = [f"{channel}:{id}" for channel in (TELEGRAM, "chat")]
    yield from _answered_by(db, Answer.source.in_([*map(trace_of, sources), *sources]))
    if id.isdecimal():
        on_telegram = and_(OUT.c.channel == TELEGRAM, OUT.c.provider_id.endswith(f":{id}"))
        yield from _told(db, on_telegram)


def _beginning(db: Db, id: str) -> Iterator[Named]:
    if len(id) < SHORTEST:
        return
    yield from _reports(db, Submission.reference.startswith(id.upper(), autoescape=True))
    begun = or_(OUT.c.key.startswith(id, autoescape=True), OUT.c.provider_id.startswith(id, autoescape=True))
    yield from _told(db, begun)
    yield from _decided(db, OCCURRENCE.c.key.startswith(id, autoescape=True))
    yield from _heard(db, and_(IN.c.provider_id.startswith(id, autoescape=True), SOMEBODYS))


def _as_stored(provider_id: str) -> list[str]:
    """Return how a provider's id is kept: as it is, and hashed once its person was erased."""
    return [provider_id, hashed(provider_id)]


def _of_bots(db: Db, id: str) -> list[str]:
    """Return how a number of an update is kept: behind that of the bot, which may have changed."""
    if not id.isdecimal():
        return []
    newest = select(IN.c.provider_id).where(IN.c.channel == TELEGRAM, ~IN.c.provider_id.startswith("sha256:"))
    seen = db.connection().execute(newest.order_by(IN.c.id.desc()).limit(MOST)).scalars()
    keys = [f"{bot}:{id}" for bot in {each.partition(":")[0] for each in seen}]
    return [each for key in keys for each in _as_stored(key)]


def _heard(db: Db, which: ColumnElement[bool]) -> Iterator[Named]:
    """Yield messages in; for the status of a message out, that message."""
    for row in _rows(db, select(IN.c.id, IN.c.provider_id, IN.c.received_at).where(which), IN.c.id):
        sid = _STATUS.fullmatch(row.provider_id)
        if sid:
            yield from _told(db, OUT.c.provider_id == sid[1])
        else:
            yield Named("in", str(row.id), f"in:{row.id}", row.received_at)


def _told(db: Db, which: ColumnElement[bool]) -> Iterator[Named]:
    """Yield messages out, each by its first way."""
    for row in _rows(db, select(OUT.c.id, OUT.c.key, OUT.c.created_at).where(which), OUT.c.id):
        base = first_key(row.key)
        first = select(OUT.c.id, OUT.c.created_at).where(OUT.c.key == base)
        began = db.connection().execute(first).first() or row
        yield Named("out", base, f"out:{began.id}", began.created_at)


def _decided(db: Db, which: ColumnElement[bool]) -> Iterator[Named]:
    """Yield occurrences that have no message: one that has is told with it."""
    has_message = select(OUT.c.id).where(OUT.c.key == OCCURRENCE.c.key).exists()
    query = select(OCCURRENCE.c.key, OCCURRENCE.c.due_at).where(which, ~has_message)
    for row in _rows(db, query, OCCURRENCE.c.key):
        yield Named("occurrence", row.key, row.key, row.due_at)


def _reports(db: Db, which: ColumnElement[bool]) -> Iterator[Named]:
    query = select(Submission.id, Submission.reference, Submission.started_at).where(which)
    for row in _rows(db, query, Submission.id):
        yield Named("report", str(row.id), row.reference or f"draft-{row.id}", row.started_at)


def _answered_by(db: Db, which: ColumnElement[bool]) -> Iterator[Named]:
    """Yield the messages in of which an answer remembers the provider's id."""
    query = select(Answer.author, Answer.at, Answer.id).where(which)
    for row in _rows(db, query, Answer.id):
        yield from _heard(db, and_(IN.c.person_id == row.author, IN.c.received_at == row.at))


def _rows(db: Db, query: Select[*tuple[Any, ...]], order: Any) -> Sequence[Any]:
    return db.connection().execute(query.order_by(order.desc()).limit(MOST)).all()
