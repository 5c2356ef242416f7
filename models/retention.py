"""What is let go of by its age. What was heard stays known, so that a repeat is harmless."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, String, Table, and_, cast, delete, func, or_, select, tuple_, update

from models.base import Db
from models.db import table_of
from models.inbox import IN, InboxState, let_go, pack
from models.invite import Invite, Stranger, WrongCode
from models.occurrence import OCCURRENCE, OccurrenceState
from models.outbox import OUT, OutboxState
from models.pace import PACE
from models.signin import ConsoleSession, SignIn
from models.submission import Answer
from models.timetable import REMEMBERED

PORTION = 200  # rows in one transaction: a few milliseconds
DAY = timedelta(days=1)
TRACES = timedelta(days=30)  # invitations that are over, strangers
NOTHING = pack(b"")
OPEN_STATES = (OutboxState.QUEUED, OutboxState.SENDING)
NEVER_SENT = (OccurrenceState.SUPERSEDED, OccurrenceState.CANCELLED)
ANSWER = table_of(Answer)


@dataclass(frozen=True, slots=True)
class Ages:
    """After how long the raw side of messages, and then all of them, are let go of; None: never."""

    raw: timedelta | None = None
    messages: timedelta | None = None


NO_AGES = Ages()


@dataclass(frozen=True, slots=True)
class Sweep:
    """What is done to rows of some age, which are numbered in the order of their time."""

    table: Table
    made: ColumnElement[datetime]
    which: ColumnElement[bool]
    age: timedelta
    work: Callable[[Db, ColumnElement[bool]], object]


def sweeps(ages: Ages) -> list[Sweep]:
    """Return what is let go of: bodies, buttons and sources first, messages altogether later.

    Of an update a trace stays, so that it is known when it comes again. A message out needs no key any more
    by then: what would enqueue it is done or decided. The newest row stays: its number is not given again.
    """
    read, gone = IN.c.state == InboxState.DONE, OUT.c.state.not_in(OPEN_STATES)
    found = []
    if ages.raw is not None:
        has_body, has_rest = IN.c.body != NOTHING, cast(OUT.c.message, String) != "{}"
        found += [
            Sweep(IN, IN.c.received_at, and_(read, has_body), ages.raw, _emptying(IN, body=NOTHING)),
            Sweep(OUT, OUT.c.created_at, and_(gone, has_rest), ages.raw, _emptying(OUT, message={})),
            Sweep(ANSWER, ANSWER.c.at, ANSWER.c.source != "", ages.raw, _emptying(ANSWER, source="")),
        ]
    if ages.messages is not None:
        found += [
            Sweep(IN, IN.c.received_at, and_(read, _is_passed(IN)), ages.messages, let_go),
            Sweep(OUT, OUT.c.created_at, and_(gone, _is_passed(OUT)), ages.messages, _delete_messages),
        ]
    return found


def sweep(db: Db, what: Sweep, after: int, at: datetime) -> int | None:
    """Let go of the next rows after this one that are old enough.

    Return the last that was looked at, None when there is none.
    """
    id = what.table.c.id
    near = select(id, what.made.label("made")).where(id > after).order_by(id).limit(PORTION).subquery()
    is_old = near.c.made < at - what.age
    last: int | None = db.connection().execute(select(func.max(near.c.id)).where(is_old)).scalar()
    if last is None:
        return None
    what.work(db, and_(id > after, id <= last, what.made < at - what.age, what.which))
    return last


def _emptying(table: Table, **values: object) -> Callable[[Db, ColumnElement[bool]], object]:
    return lambda db, which: db.connection().execute(update(table).where(which).values(values))


def _delete_messages(db: Db, which: ColumnElement[bool]) -> None:
    db.connection().execute(delete(OUT).where(which))


def _is_passed(table: Table) -> ColumnElement[bool]:
    newest = table.alias()
    return table.c.id < select(func.max(newest.c.id)).scalar_subquery()


def forget(db: Db, at: datetime) -> int:
    """Delete the next portion of rows that nothing needs any more; return how many."""
    for table, is_over in _over(at):
        key = tuple(table.primary_key)
        some = select(*key).where(is_over).limit(PORTION)
        gone = db.connection().execute(delete(table).where(tuple_(*key).in_(some))).rowcount
        if gone:
            return gone
    return 0


def _over(at: datetime) -> list[tuple[Table, Any]]:
    """Return which rows of which tables are over."""
    strangers, invites, sign_ins = table_of(Stranger).c, table_of(Invite).c, table_of(SignIn).c
    codes, sessions = table_of(WrongCode).c, table_of(ConsoleSession).c
    return [
        (table_of(SignIn), sign_ins.expires_at < at - DAY),
        (table_of(ConsoleSession), sessions.started_at < at - DAY),
        (table_of(WrongCode), codes.at < at - DAY),
        (table_of(Invite), or_(invites.used_at < at - TRACES, invites.expires_at < at - TRACES)),
        (table_of(Stranger), and_(_before(strangers.answered_at, at), _before(strangers.silent_until, at))),
        (PACE, and_(PACE.c.day_from < at - TRACES, _before(PACE.c.told_until, at))),
        (OCCURRENCE, and_(OCCURRENCE.c.due_at < at - REMEMBERED, OCCURRENCE.c.state.in_(NEVER_SENT))),
    ]


def _before(column: ColumnElement[datetime | None], at: datetime) -> ColumnElement[bool]:
    return or_(column.is_(None), column < at - TRACES)
