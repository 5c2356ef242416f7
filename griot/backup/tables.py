"""Rows out of a database and into one, as SQLite stores their values: the same for both databases.

Times are UTC text, booleans 0 and 1, JSON is text. What PostgreSQL has is turned into that, and back, and so
are times that a file keeps as numbers: a backup of the one can be restored into the other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData, inspect, text
from sqlalchemy import Table as DbTable
from sqlalchemy.types import JSON, Boolean, Date, DateTime

from griot.backup.contents import PORTION, Row, Table
from models.moments import counts_time

REVISION = "alembic_version"
AT_UTC = "to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
AS_TEXT = (
    "CASE typeof({name}) WHEN 'integer'"
    " THEN strftime('%Y-%m-%d %H:%M:%f', {name} / 1000.0, 'unixepoch') || '000' ELSE {name} END"
)
AS_NUMBER = "CAST(round((julianday(?) - 2440587.5) * 86400000) AS INTEGER)"  # 1970 began on that day


@dataclass(frozen=True, slots=True)
class Shape:
    """A table as this database has it."""

    table: Table
    key: tuple[str, ...]  # the primary key: the order of the rows
    types: dict[str, Any]


def shapes_of(connection: Connection) -> list[Shape]:
    """Return every table but Alembic's, those first that others refer to."""
    metadata = MetaData()
    metadata.reflect(connection)
    return [_shape(table) for table in metadata.sorted_tables if table.name != REVISION]


def drop_all(connection: Connection) -> None:
    """Drop every table."""
    metadata = MetaData()
    metadata.reflect(connection)
    metadata.drop_all(connection)


def count(connection: Connection, shape: Shape) -> int:
    """Return how many rows a table has."""
    found: int = connection.execute(text(f"SELECT count(*) FROM {_quoted(shape.table.name)}")).scalar_one()  # noqa: S608
    return found


def has_rows(connection: Connection, shape: Shape) -> bool:
    """Tell whether a table has any row."""
    return connection.execute(text(f"SELECT 1 FROM {_quoted(shape.table.name)} LIMIT 1")).first() is not None  # noqa: S608


def rows_of(connection: Connection, shape: Shape) -> Iterator[list[Row]]:
    """Yield a table's rows in portions."""
    convert = _from_sqlite if connection.dialect.name == "sqlite" else _from_postgres
    columns = ", ".join(convert(name, shape.types[name]) for name in shape.table.columns)
    order = ", ".join(_quoted(name) for name in shape.key)
    reading = f"SELECT {columns} FROM {_quoted(shape.table.name)} ORDER BY {order}"  # noqa: S608 - our own names
    found = connection.execute(text(reading), execution_options={"stream_results": True})
    for portion in found.partitions(PORTION):
        yield [tuple(row) for row in portion]


def add_rows(connection: Connection, shape: Shape, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Add rows to a table."""
    names, table = ", ".join(map(_quoted, columns)), _quoted(shape.table.name)
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        at = AS_NUMBER if counts_time(driver) else "?"
        marks = ", ".join(at if _is(shape.types[name], DateTime) else "?" for name in columns)
        driver.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)  # noqa: S608
        return
    times = {place for place, name in enumerate(columns) if _is(shape.types[name], DateTime)}
    with driver.cursor().copy(f"COPY {table} ({names}) FROM STDIN") as copying:
        for row in rows:
            copying.write_row([_in_utc(each) if n in times else each for n, each in enumerate(row)])


def go_on_counting(connection: Connection) -> None:
    """Let PostgreSQL number new rows beyond those that are there; SQLite does so by itself."""
    if connection.dialect.name == "sqlite":
        return
    for shape in shapes_of(connection):
        name, known = shape.table.name, {"name": shape.table.name}
        if shape.key != ("id",):
            continue
        numbers = connection.execute(text("SELECT pg_get_serial_sequence(:name, 'id')"), known).scalar()
        newest = connection.execute(text(f"SELECT max(id) FROM {_quoted(name)}")).scalar()  # noqa: S608
        if numbers is not None and newest is not None:
            known = {"numbers": numbers, "newest": newest}
            connection.execute(text("SELECT setval(:numbers, :newest)"), known)


def revision_of(connection: Connection) -> str | None:
    """Return the schema's revision, None without tables."""
    if not inspect(connection).has_table(REVISION):
        return None
    found: str | None = connection.execute(text(f"SELECT version_num FROM {REVISION}")).scalar()  # noqa: S608
    return found


def _shape(table: DbTable) -> Shape:
    types = {column.name: column.type for column in table.columns}
    return Shape(Table(table.name, tuple(types)), tuple(key.name for key in table.primary_key), types)


def _from_sqlite(name: str, kind: Any) -> str:
    quoted = _quoted(name)
    return AS_TEXT.format(name=quoted) if _is(kind, DateTime) else quoted


def _from_postgres(name: str, kind: Any) -> str:
    quoted = _quoted(name)
    if _is(kind, DateTime):
        return AT_UTC.format(name=quoted)
    if _is(kind, Boolean):
        return f"{quoted}::int"
    if _is(kind, JSON, Date):
        return f"{quoted}::text"
    return quoted


def _in_utc(value: object) -> object:
    return f"{value}+00" if isinstance(value, str) else value


def _is(kind: Any, *kinds: type) -> bool:
    return isinstance(kind, kinds)


def _quoted(name: str) -> str:
    return f'"{name}"'
