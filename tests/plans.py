"""What the database does for each statement: those that read a table that grows from end to end; how it
keeps times.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, String, event, func, select

from models.base import Base, Json
from models.db import Store
from models.moments import Moment

GROWING = frozenset(
    (
        *("inbox", "outbox", "answer", "submission", "occurrence", "media"),
        *("address", "person", "chat", "consent", "sender_pace", "stranger"),
    )
)
SELDOM = (
    # what is kept for a while only, swept every night in portions
    *("DELETE FROM sender_pace", "DELETE FROM stranger", "DELETE FROM occurrence"),
    # `export people --since`: addresses are few beside reports
    "SELECT person.id, person.name, person.role, person.city, person.language, person.state",
    # after a day or more without Telegram: everybody who was asked something there
    "SELECT person.id, person.city, person.language, address.value",
    "INSERT INTO submission",  # SQLite names the check of a foreign key that only a delete needs
)
_EXPLAINED = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")


@dataclass(slots=True)
class Recorder:
    """Every statement that was executed, once, with the values it was executed with first."""

    seen: dict[str, Any] = field(default_factory=dict)

    def note(
        self, _connection: Connection, _cursor: object, statement: str, values: Any, *_more: object
    ) -> None:
        """Remember a statement."""
        one = values[0] if isinstance(values, list) and values else values
        self.seen.setdefault(statement, one)


@contextmanager
def recorded(store: Store) -> Iterator[Recorder]:
    """Yield what notes each statement that this store executes in the block."""
    recorder = Recorder()
    event.listen(store.engine, "before_cursor_execute", recorder.note)
    try:
        yield recorder
    finally:
        event.remove(store.engine, "before_cursor_execute", recorder.note)


def scans(store: Store, seen: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return of these statements those that read a growing table whole, with what they read.

    A partial index is no table that grows: it holds what is open. On PostgreSQL an index is used where there
    is one for it, however small the table is here.
    """
    small = _partial_indexes()
    look = _scanned_by_sqlite if store.is_sqlite else _scanned_by_postgresql
    found = {}
    with store.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        if not store.is_sqlite:
            for way in ("seqscan", "hashjoin", "mergejoin"):  # taken where a table is small
                connection.exec_driver_sql(f"SET enable_{way} = off")
        for statement, values in seen.items():
            if not statement.lstrip().upper().startswith(_EXPLAINED) or statement.startswith(SELDOM):
                continue
            if read := sorted(set(look(driver, statement, values, small))):
                found[statement] = read
        connection.rollback()
        if not store.is_sqlite:
            connection.exec_driver_sql("RESET ALL")
    return found


def times_as_text(store: Store) -> dict[str, int]:
    """Return which columns of times hold text in an SQLite file that keeps numbers, and in how many rows."""
    if not store.is_sqlite:
        return {}
    times = [
        column
        for table in Base.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, Moment)
    ]
    with store.engine.connect() as connection:
        is_text = {
            str(time): select(func.count()).where(func.typeof(time, type_=String()) == "text")
            for time in times
        }
        counted = {name: connection.scalar(query) or 0 for name, query in is_text.items()}
    assert len(counted) > 50
    return {name: n for name, n in counted.items() if n}


def _partial_indexes() -> frozenset[str]:
    indexes = (index for table in Base.metadata.tables.values() for index in table.indexes)
    return frozenset(
        str(index.name) for index in indexes if index.dialect_kwargs.get("sqlite_where") is not None
    )


def _scanned_by_sqlite(driver: Any, statement: str, values: Any, small: frozenset[str]) -> Iterator[str]:
    names = _aliases(statement)
    for *_, detail in driver.execute(f"EXPLAIN QUERY PLAN {statement}", values):
        scanned = re.match(r"SCAN (\S+)(?: USING (?:COVERING )?INDEX (\S+))?", detail)
        if scanned and names.get(scanned[1], scanned[1]) in GROWING and scanned[2] not in small:
            yield detail


def _aliases(statement: str) -> dict[str, str]:
    """Return which table each alias of a statement stands for."""
    return {alias: table for table, alias in re.findall(r"(\w+) AS (\w+)", statement)}


def _scanned_by_postgresql(driver: Any, statement: str, values: Any, small: frozenset[str]) -> Iterator[str]:
    [(plan,)] = driver.execute(f"EXPLAIN (FORMAT JSON) {statement}", values).fetchall()
    yield from _within(plan[0]["Plan"], small, within="")


def _within(node: Mapping[str, Json], small: frozenset[str], within: str) -> Iterator[str]:
    ends_at_once = within == "Limit" and "Filter" not in node  # the newest of all, say
    is_walked = "Index" in node["Node Type"] and "Index Cond" not in node and not ends_at_once
    is_whole = node["Node Type"] == "Seq Scan" or (is_walked and node.get("Index Name") not in small)
    if is_whole and node.get("Relation Name") in GROWING:
        yield f"{node['Node Type']} of {node['Relation Name']} {node.get('Index Name', '')}".strip()
    for inner in node.get("Plans", ()):
        yield from _within(inner, small, node["Node Type"])
