"""What is let go of by its age. Rows of both queues stay, with the keys that make a repeat harmless."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, String, Table, and_, cast, delete, func, or_, select, tuple_, update

from models.base import Db
from models.db import table_of
from models.inbox import IN, InboxState, pack
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
    """After how long the raw side of messages, and then their words, are let go of; None: never."""

    raw: timedelta | None = None
    words: timedelta | None = None


NO_AGES = Ages()


@dataclass(frozen=True, slots=True)
class Sweep:
    """Columns that are emptied in rows of some age, which are numbered in the order of their time.

    Without any the rows are deleted.
    """

    table: Table
    made: ColumnElement[datetime]
    which: ColumnElement[bool]
    values: Mapping[str, object]
    age: timedelta
    is_shown: bool = False  # by exports: the row changes for `export --since`


def sweeps(ages: Ages) -> list[Sweep]:
    """Return what is let go of: bodies, buttons and sources first, the words later.

    An update keeps its row for its key: what a provider delivers again is known. A message out needs no key
    any more by then: what would enqueue it is done or decided.
    """
    read, gone = IN.c.state == InboxState.DONE, OUT.c.state.not_in(OPEN_STATES)
    found = []
    if ages.raw is not None:
        has_body = and_(read, IN.c.body != NOTHING)
        found.append(Sweep(IN, IN.c.received_at, has_body, {"body": NOTHING}, ages.raw))
        has_rest = and_(gone, cast(OUT.c.message, String) != "{}")
        found.append(Sweep(OUT, OUT.c.created_at, has_rest, {"message": {}}, ages.raw))
        found.append(Sweep(ANSWER, ANSWER.c.at, ANSWER.c.source != "", {"source": ""}, ages.raw))
    if ages.words is not None:
        said = and_(read, IN.c.text != "")
        found.append(Sweep(IN, IN.c.received_at, said, {"text": ""}, ages.words, is_shown=True))
        found.append(Sweep(OUT, OUT.c.created_at, gone, {}, ages.words))
    return found


def sweep(db: Db, what: Sweep, after: int, at: datetime) -> int | None:
    """Empty or delete the next rows after this one that are old enough.

    Return the last that was looked at, None when there is none.
    """
    id = what.table.c.id
    near = select(id, what.made.label("made")).where(id > after).order_by(id).limit(PORTION).subquery()
    is_old = near.c.made < at - what.age
    last: int | None = db.connection().execute(select(func.max(near.c.id)).where(is_old)).scalar()
    if last is None:
        return None
    these = and_(id > after, id <= last, what.made < at - what.age, what.which)
    changed = {"changed_at": at} if what.is_shown else {}
    if what.values:
        db.connection().execute(update(what.table).where(these).values({**what.values, **changed}))
    else:
        db.connection().execute(delete(what.table).where(these))
    return last


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
