"""Who changed or took out what: rows that are only added, each bound to the one before by its hash."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import partial
from hashlib import sha256
from typing import TypeAlias

from sqlalchemy import DDL, ExecutableDDLElement, event, select, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Db
from models.db import Store, is_postgres, read, table_of
from models.moments import rfc3339

OPERATOR = "operator"  # whoever may run commands on the machine
NOTHING = "0" * 64  # what the first row follows
LOCK = 7247  # PostgreSQL advisory lock: one row is added at a time
PAGE = 500  # rows of one transaction

Detail: TypeAlias = str | int | bool | date | Sequence[str] | Sequence[int] | None


class What(StrEnum):
    """All that leaves a row."""

    SIGN_IN_GIVEN = "sign_in.given"
    SESSION_BEGUN = "session.begun"
    SESSION_ENDED = "session.ended"
    PERSON_ADDED = "person.added"
    PERSON_INVITED = "person.invited"
    PERSON_PAUSED = "person.paused"
    PERSON_RESUMED = "person.resumed"
    PERSON_EXPORTED = "person.exported"
    PERSON_ERASED = "person.erased"
    PHONE_HELD = "phone.held"
    CITY_PAUSED = "city.paused"
    CITY_EXCUSED = "city.excused"
    CITY_RESUMED = "city.resumed"
    MILESTONE_EXTENDED = "milestone.extended"
    MILESTONE_WAIVED = "milestone.waived"
    FORM_ADDED = "form.added"
    FORM_RETIRED = "form.retired"
    FORM_REOPENED = "form.reopened"
    PROGRAMME_LOADED = "programme.loaded"
    TEMPLATE_PUSHED = "template.pushed"
    BROADCAST_SENT = "broadcast.sent"
    DIGEST_SENT = "digest.sent"
    MESSAGE_RESENT = "message.resent"
    REPLY_REPLAYED = "reply.replayed"
    MESSAGE_READ = "message.read"
    DATA_EXPORTED = "data.exported"
    BACKUP_TAKEN = "backup.taken"
    BACKUP_RESTORED = "backup.restored"


class Audit(Base):
    """One thing that somebody did. No text that a person wrote, no name, no address: ids only."""

    __tablename__ = "audit"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # from 1, without a gap
    at: Mapped[datetime]  # to the millisecond, as every database keeps it
    who: Mapped[str]  # OPERATOR, or as `somebody` has it
    what: Mapped[str]
    subject: Mapped[str]  # kind and id of what it was done to: person:12, city:bamako, export:people
    details: Mapped[str]  # JSON: the very characters that the hash is of
    former: Mapped[str]  # hash of the row before
    hash: Mapped[str]


AUDIT = table_of(Audit)

# As in the migration that made the table; a table that is made without migrations has them too.
ONLY_ADDED = {
    "sqlite": (
        "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit"
        " BEGIN SELECT RAISE(ABORT, 'rows of audit are only added'); END",
        "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit"
        " BEGIN SELECT RAISE(ABORT, 'rows of audit are only added'); END",
        # INSERT OR REPLACE deletes without a word to triggers (sqlite.org/lang_conflict.html)
        "CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit"
        " WHEN EXISTS (SELECT 1 FROM audit WHERE number = NEW.number)"
        " BEGIN SELECT RAISE(ABORT, 'rows of audit are only added'); END",
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION audit_only_added() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'rows of audit are only added'; END $$",
        "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit"
        " FOR EACH ROW EXECUTE FUNCTION audit_only_added()",
        "CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit"
        " FOR EACH STATEMENT EXECUTE FUNCTION audit_only_added()",
    ),
}


def _trigger(statement: str, dialect: str) -> ExecutableDDLElement:
    return DDL(statement).execute_if(dialect=dialect)  # type: ignore[no-untyped-call]  # the library's


for _dialect, _statements in ONLY_ADDED.items():
    for _statement in _statements:
        event.listen(AUDIT, "after_create", _trigger(_statement, _dialect))


@dataclass(frozen=True, slots=True)
class Head:
    """The newest row: whoever keeps its hash elsewhere sees later whether rows were cut off at the end."""

    number: int
    hash: str


def somebody(person_id: int) -> str:
    """Return how a person stands in the chain, as who did it or as whom it concerns."""
    return f"person:{person_id}"


def record(db: Db, who: str, what: What, subject: str, at: datetime, **details: Detail) -> None:
    """Add a row in the caller's transaction: with the change it tells of, or not at all.

    Call it last: until the transaction ends nobody else adds a row. Raise ValueError for a subject of more
    than one line.
    """
    if not subject.isprintable():
        raise ValueError("the subject of an audit row is one line")
    if is_postgres(db):  # SQLite's writers wait for one another anyway
        db.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
    newest = head(db)
    row = Audit(
        number=newest.number + 1,
        at=at.replace(microsecond=at.microsecond // 1000 * 1000),
        who=who,
        what=what.value,
        subject=subject,
        details=json.dumps(details, sort_keys=True, separators=(",", ":"), default=date.isoformat),
        former=newest.hash,
    )
    row.hash = hash_of(row)
    db.add(row)
    db.flush()


def head(db: Db) -> Head:
    """Return the newest row; number 0 and the hash NOTHING where there is none."""
    columns = select(AUDIT.c.number, AUDIT.c.hash).order_by(AUDIT.c.number.desc()).limit(1)
    found = db.execute(columns).first()
    return Head(0, NOTHING) if found is None else Head(*found)


def hash_of(row: Audit) -> str:
    """Return the SHA-256, in hexadecimal, of seven lines in UTF-8, each ended by a line feed.

    They are `former`, `number`, `at` as RFC 3339 to the millisecond with Z, `who`, `what`, `subject` and
    `details`. No value holds a line feed.
    """
    lines = (row.former, row.number, rfc3339(row.at), row.who, row.what, row.subject, row.details)
    return sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


class Fault(StrEnum):
    """How a chain is broken at a row."""

    MISSING = "missing"
    CHANGED = "changed"
    UNBOUND = "unbound"  # it does not follow the row that stands before it now


@dataclass(slots=True)
class Chain:
    """What a walk over the rows found, up to the end or to the first bad row."""

    rows: int = 0
    begins: datetime | None = None
    ends: datetime | None = None
    head: str = NOTHING
    bad: int | None = None  # number of the first bad row
    fault: Fault | None = None
    knows: bool = False  # whether the hash that was asked for is in it


def verify(rows: Iterable[Audit], known: str = NOTHING) -> Chain:
    """Return what the rows, in their order, are as a chain; `known`: a head kept from an earlier look."""
    chain = Chain(knows=known == NOTHING)
    for row in rows:
        if fault := _fault(chain, row):
            chain.bad, chain.fault = chain.rows + 1, fault
            return chain
        chain.rows, chain.ends, chain.head = row.number, row.at, row.hash
        chain.begins = chain.begins or row.at
        chain.knows = chain.knows or row.hash == known
    return chain


def _fault(chain: Chain, row: Audit) -> Fault | None:
    if row.number != chain.rows + 1:
        return Fault.MISSING
    if row.hash != hash_of(row):
        return Fault.CHANGED
    return None if row.former == chain.head else Fault.UNBOUND


def rows_in(store: Store) -> Iterator[Audit]:
    """Yield every row in order, a page in each transaction."""
    after = 0
    while rows := read(store, partial(rows_after, number=after)):
        yield from rows
        after = rows[-1].number


def rows_after(db: Db, number: int, since: datetime | None = None) -> list[Audit]:
    """Return a page of the rows that follow this number, since a time if one is given."""
    query = select(Audit).where(Audit.number > number)
    if since is not None:
        query = query.where(Audit.at >= since)
    return list(db.scalars(query.order_by(Audit.number).limit(PAGE)))


def rows_about(db: Db, person_id: int) -> list[Audit]:
    """Return what a person did, and what was done that concerns them by their number."""
    theirs = somebody(person_id)
    which = (Audit.who == theirs) | (Audit.subject == theirs)
    return list(db.scalars(select(Audit).where(which).order_by(Audit.number)))
