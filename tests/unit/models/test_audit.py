"""Who did what: rows that are only added, in one chain, whose every break is found."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from griot import schema
from models.audit import (
    LOCK,
    NOTHING,
    OPERATOR,
    PAGE,
    Audit,
    Fault,
    What,
    hash_of,
    head,
    record,
    rows_in,
    somebody,
    verify,
)
from models.base import Db
from models.db import Store, open_store, read, write

AT = datetime(2026, 11, 23, 10, 0, 0, 123_456, tzinfo=UTC)
CHANGES = (
    "UPDATE audit SET who = 'person:9' WHERE number = 2",
    "UPDATE audit SET number = 9 WHERE number = 2",
    "DELETE FROM audit WHERE number = 3",
    "DELETE FROM audit",
)
OF_KIND = {
    "sqlite": "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE number = 2",
    "postgresql": "TRUNCATE audit",
}


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    """Yield a database with three rows."""
    yield from with_rows(database)


@pytest.fixture
def migrated(empty_database: str) -> Iterator[Store]:
    """Yield the same, its tables made by the migrations."""
    store = open_store(empty_database)
    schema.migrate(store)
    store.close()
    yield from with_rows(empty_database)


def with_rows(address: str) -> Iterator[Store]:
    store = open_store(address)
    write(
        store, lambda db: record(db, OPERATOR, What.PERSON_ADDED, somebody(7), AT, role="viewer", city=None)
    )
    for number in (1, 2):
        at = AT + timedelta(minutes=number)
        write(store, lambda db: record(db, somebody(7), What.MESSAGE_RESENT, f"out:{number}", at))  # noqa: B023
    yield store
    store.close()


def tamper(store: Store, *statements: str) -> None:
    """Change rows as somebody does who owns the database: triggers are no hindrance."""

    def work(db: Db) -> None:
        if store.is_sqlite:
            for name in ("update", "delete", "replace"):
                db.execute(text(f"DROP TRIGGER audit_no_{name}"))
        else:
            db.execute(text("ALTER TABLE audit DISABLE TRIGGER ALL"))
        for statement in statements:
            db.execute(text(statement))

    write(store, work)


def test_the_hash_is_that_of_seven_lines() -> None:
    """As docs/operations.md has it: `printf '%s\\n' …the seven… | sha256sum` gave this one."""
    row = Audit(
        number=1,
        at=AT,
        who="operator",
        what="person.added",
        subject="person:7",
        details='{"city":null,"role":"viewer"}',
        former=NOTHING,
    )
    assert hash_of(row) == "8840edf576ed5233fa1aa8b43c61975171dd2beee2c47c68a0cfd6c183ebbe17"


def test_rows_follow_one_another(store: Store) -> None:
    """From 1, without a gap, bound by their hashes; times to the millisecond, as they are read again."""
    rows = list(rows_in(store))
    assert [(row.number, row.who, row.what, row.subject) for row in rows] == [
        (1, "operator", "person.added", "person:7"),
        (2, "person:7", "message.resent", "out:1"),
        (3, "person:7", "message.resent", "out:2"),
    ]
    assert rows[0].details == '{"city":null,"role":"viewer"}'
    assert rows[0].at == AT.replace(microsecond=123_000)
    assert [row.former for row in rows] == [NOTHING, rows[0].hash, rows[1].hash]
    found = verify(rows_in(store), rows[1].hash)
    assert (found.rows, found.bad, found.fault, found.knows) == (3, None, None, True)
    assert (found.begins, found.ends, found.head) == (rows[0].at, rows[2].at, rows[2].hash)


def test_no_rows_are_a_whole_chain(store: Store) -> None:
    found = verify(iter(()))
    assert (found.rows, found.head, found.fault, found.knows) == (0, NOTHING, None, True)


def test_rows_are_only_added(store: Store) -> None:
    """The database itself forbids to change, delete or replace one."""
    all_are_refused(store)


def test_rows_are_only_added_where_migrations_made_the_table(migrated: Store) -> None:
    """As everywhere but in tests."""
    all_are_refused(migrated)


def all_are_refused(store: Store) -> None:
    for statement in (*CHANGES, OF_KIND[store.engine.dialect.name]):
        with pytest.raises(DBAPIError, match="only added"):
            write(store, lambda db: db.execute(text(statement)))  # noqa: B023 - called at once
    assert verify(rows_in(store)).rows == 3


def test_what_is_rolled_back_leaves_no_row(store: Store) -> None:
    """A change that is not made is not told of."""

    def fails(db: Db) -> None:
        record(db, OPERATOR, What.PERSON_ERASED, somebody(7), AT)
        raise LookupError

    with pytest.raises(LookupError):
        write(store, fails)
    assert verify(rows_in(store)).rows == 3


@pytest.mark.parametrize(
    ("statements", "bad", "fault"),
    [
        pytest.param(["UPDATE audit SET subject = 'out:9' WHERE number = 2"], 2, Fault.CHANGED, id="changed"),
        pytest.param(["UPDATE audit SET details = '{ }' WHERE number = 3"], 3, Fault.CHANGED, id="a space"),
        pytest.param(["DELETE FROM audit WHERE number = 1"], 1, Fault.MISSING, id="first taken out"),
        pytest.param(["DELETE FROM audit WHERE number = 2"], 2, Fault.MISSING, id="taken out"),
        pytest.param(
            ["DELETE FROM audit WHERE number = 2", "UPDATE audit SET number = 2 WHERE number = 3"],
            2,
            Fault.CHANGED,
            id="closed up",
        ),
    ],
)
def test_every_break_is_found(store: Store, statements: list[str], bad: int, fault: Fault) -> None:
    """The first bad row, and how it is bad."""
    tamper(store, *statements)
    found = verify(rows_in(store))
    assert (found.bad, found.fault, found.rows) == (bad, fault, bad - 1)


def test_a_row_with_a_new_hash_breaks_the_next(store: Store) -> None:
    """Whoever reckons the hash of a changed row anew must do so for all that follow."""
    row = list(rows_in(store))[1]
    row.subject = "out:9"
    tamper(store, "UPDATE audit SET subject = 'out:9' WHERE number = 2")
    hashed = text("UPDATE audit SET hash = :hash WHERE number = 2").bindparams(hash=hash_of(row))
    write(store, lambda db: db.execute(hashed))
    found = verify(rows_in(store))
    assert (found.bad, found.fault) == (3, Fault.UNBOUND)


def test_a_kept_head_tells_of_rows_cut_off(store: Store) -> None:
    """A chain that lost its end is whole; its head is not the one that was kept."""
    kept = read(store, head)
    tamper(store, "DELETE FROM audit WHERE number = 3")
    assert verify(rows_in(store)).fault is None
    assert not verify(rows_in(store), kept.hash).knows


def test_many_writers_make_one_chain(store: Store) -> None:
    """Each over a connection of its own: none fails, none forks it."""
    together, faults = threading.Barrier(4), list[Exception]()

    def add(who: int) -> None:
        own = open_store(store.engine.url.render_as_string(hide_password=False))
        try:
            together.wait()
            for number in range(10):
                write(own, lambda db: record(db, somebody(who), What.MESSAGE_RESENT, f"out:{number}", AT))  # noqa: B023
        except DBAPIError as error:
            faults.append(error)
        finally:
            own.close()

    threads = [threading.Thread(target=add, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    found = verify(rows_in(store))
    assert (found.rows, found.fault) == (43, None)


def test_who_waits_follows_what_was_committed(store: Store) -> None:
    """A row is added after the one of the transaction that was first, and not before that one ended."""
    own = open_store(store.engine.url.render_as_string(hide_password=False))
    second = threading.Thread(
        target=write, args=(own, lambda db: record(db, OPERATOR, What.DIGEST_SENT, "digest:2026-W48", AT))
    )

    def work(db: Db) -> None:
        record(db, OPERATOR, What.PERSON_ERASED, somebody(7), AT)
        second.start()
        second.join(0.3)
        assert second.is_alive()

    write(store, work)
    second.join()
    own.close()
    assert [row.what for row in rows_in(store)][3:] == ["person.erased", "digest.sent"]
    assert verify(rows_in(store)).fault is None


def test_a_long_chain_is_read_in_pages(store: Store) -> None:
    """No transaction reads more than a page."""

    def work(db: Db) -> None:
        for number in range(PAGE):
            record(db, OPERATOR, What.DATA_EXPORTED, "export:people", AT + timedelta(seconds=number))

    write(store, work)
    assert verify(rows_in(store)).rows == PAGE + 3


def test_a_subject_is_one_line(store: Store) -> None:
    """Else lines could be moved from one value to the next under the same hash."""
    with pytest.raises(ValueError, match="one line"):
        write(store, lambda db: record(db, OPERATOR, What.FORM_ADDED, "form:a\nb", AT))


def test_the_lock_is_no_other() -> None:
    """Migrations wait under a number of their own."""
    assert LOCK != schema.LOCK
