"""Statements that go to the driver itself do what the engine does with them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import bindparam, event, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from models.base import Base, Db
from models.db import Store, is_transient, new_row, open_store, read, table_of, write
from models.outbox import Outbox
from models.prepared import find, run
from tests.databases import Databases, make_tables

OUT = table_of(Outbox)
NINE = datetime(2026, 11, 26, 9, 0, 0, 5000, tzinfo=UTC)  # in milliseconds: both databases keep that whole
ROW = {
    "recipient": "1",
    "channel": "telegram",
    "address": "900001",
    "kind": "reply",
    "text": "Bonjour à tous",
    "message": {"options": ["Oui", "نعم"]},
    "created_at": NINE,
    "changed_at": NINE,
    "due_at": NINE,
}
ALL = select(*OUT.c).order_by(OUT.c.id)
OF_KEYS = ALL.where(OUT.c.key.in_(bindparam("keys", expanding=True)))
MOVING = update(OUT).where(OUT.c.key == bindparam("which")).values(due_at=bindparam("due"))
ADDING = insert(OUT)
RETURNING = insert(OUT).returning(OUT.c.due_at, OUT.c.message, OUT.c.not_after, OUT.c.despite_stop)


@pytest.fixture
def store(databases: Databases) -> Iterator[Store]:
    """Yield a store with the tables alone, once on SQLite and once on PostgreSQL."""
    store = open_store(databases.shared("prepared", make_tables))
    yield store
    write(store, lambda db: db.execute(text("DELETE FROM outbox")))
    store.close()


def rows(*keys: str) -> list[dict[str, Any]]:
    """Return rows to be inserted."""
    return [{**ROW, "key": key} for key in keys]


def stored(db: Db) -> list[tuple[Any, ...]]:
    """Return all rows as the engine reads them."""
    return [tuple(row) for row in db.connection().execute(ALL)]


@pytest.mark.parametrize("keys", [("a",), ("a", "b", "c")], ids=["one", "several"])
def test_rows_are_stored_and_read_as_the_engine_does(store: Store, keys: tuple[str, ...]) -> None:
    """With the defaults of the model, times in UTC, and JSON: whichever way either goes."""

    def both(db: Db) -> None:
        run(db, ADDING, *rows(*keys))
        prepared = stored(db)
        assert find(db, ALL, {}) == prepared
        db.connection().execute(text("DELETE FROM outbox"))
        db.connection().execute(ADDING, rows(*keys))
        assert [row[1:] for row in stored(db)] == [row[1:] for row in prepared]

    write(store, both)


def test_a_key_that_is_there_is_left_alone(store: Store) -> None:
    """On either database, in one statement with others."""

    def twice(db: Db) -> list[str]:
        run(db, new_row(db, OUT), *rows("a", "b"))
        run(db, new_row(db, OUT), *rows("b", "c"))
        return [row[OUT.c.keys().index("key")] for row in find(db, ALL, {})]

    assert write(store, twice) == ["a", "b", "c"]


def test_what_is_returned_is_ours(store: Store) -> None:
    """A time is aware and in UTC, from whatever zone it came; JSON is read; there is None."""
    east = NINE.astimezone(timezone(timedelta(hours=3)))
    (row,) = write(store, lambda db: find(db, RETURNING, {**ROW, "key": "a", "due_at": east}))
    assert row == (NINE, ROW["message"], None, False)
    assert row[0].utcoffset() == timedelta(0)


@pytest.mark.parametrize("n", range(7))
def test_a_list_has_any_number_of_members(store: Store, n: int) -> None:
    """Also none; the statement is the same for several lengths."""
    keys = ["a", "b", "c", "d", "e", "f", "g"]

    def some(db: Db) -> list[str]:
        run(db, ADDING, *rows(*keys))
        return [row[OUT.c.keys().index("key")] for row in find(db, OF_KEYS, {"keys": keys[:n]})]

    assert write(store, some) == keys[:n]


def test_a_time_without_a_zone_is_refused(store: Store) -> None:
    """As it is everywhere else: it would be taken for UTC."""
    with pytest.raises(ValueError, match="without a zone"):
        write(store, lambda db: run(db, MOVING, {"which": "a", "due": NINE.replace(tzinfo=None)}))


def test_the_drivers_errors_are_the_engines(store: Store) -> None:
    """Their kind decides what is repeated; their words hold nothing of what people wrote."""
    with pytest.raises(IntegrityError) as raised:
        write(store, lambda db: run(db, ADDING, *rows("a", "a")))
    assert "INSERT INTO outbox" in str(raised.value)
    assert "Bonjour" not in str(raised.value).replace(str(raised.value.orig), "")
    assert not is_transient(raised.value)
    assert read(store, lambda db: find(db, ALL, {})) == []


def test_a_statement_that_may_not_write_is_told_by_the_engine(store: Store) -> None:
    """Also a table that is not there: both are the database's errors, never the driver's."""
    nowhere = select(text("1")).select_from(text("nowhere"))
    with pytest.raises(DBAPIError):
        read(store, lambda db: find(db, nowhere, {}))


def test_who_listens_is_told_of_every_statement(store: Store) -> None:
    """Tracing and tests see what goes to the driver, and the outcome is the same."""
    told: list[tuple[str, bool]] = []

    def note(*about: Any) -> None:
        told.append((about[2].split()[0], about[5]))

    event.listen(store.engine, "before_cursor_execute", note)

    def both(db: Db) -> list[tuple[Any, ...]]:
        run(db, ADDING, *rows("a"))
        run(db, ADDING, *rows("b", "c"))
        run(db, MOVING, {"which": "a", "due": NINE + timedelta(hours=1)})
        return find(db, OF_KEYS, {"keys": ["a", "b", "c"]})

    found = write(store, both)
    event.remove(store.engine, "before_cursor_execute", note)
    assert [each for each in told if each[0] in ("INSERT", "UPDATE", "SELECT")] == [
        ("INSERT", False),
        ("INSERT", True),
        ("UPDATE", False),
        ("SELECT", False),
    ]
    assert found == read(store, stored)


def test_a_lost_connection_is_not_used_again(postgresql_databases: Databases) -> None:
    """The transaction is repeated on another one, as with the engine's own statements."""
    store = open_store(postgresql_databases.shared("prepared", make_tables))
    ended: list[int] = []
    me, end = text("SELECT pg_backend_pid()"), text("SELECT pg_terminate_backend(:pid)")
    other = open_store(store.engine.url.render_as_string(hide_password=False), 1)

    def work(db: Db) -> list[tuple[Any, ...]]:
        pid = db.scalar(me)
        if not ended:
            ended.append(pid)
            read(other, lambda db: db.scalar(end, {"pid": pid}))
        else:
            assert pid != ended[0]
        return find(db, ALL, {})

    assert write(store, work) == []
    assert len(ended) == 1
    other.close()
    store.close()


def test_every_table_has_plain_defaults() -> None:
    """What a model gives by itself can be given here too: no function that the engine would call."""
    for table in Base.metadata.tables.values():
        for column in table.columns:
            assert column.default is None or column.default.is_scalar, column
            assert column.onupdate is None, column
