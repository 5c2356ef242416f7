"""Times in the database: PostgreSQL has a type for them, an SQLite file keeps numbers, or text as once."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import DateTime, Dialect
from sqlalchemy.dialects import sqlite
from sqlalchemy.types import TypeDecorator, TypeEngine

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
NUMBERS = 1  # `PRAGMA user_version` of a file that keeps times as numbers, from its beginning to its end
KNOWN = "counts_time"  # under this name a dialect, which each engine has of its own, knows what its file does


def rfc3339(at: datetime | None) -> str | None:
    """Return the time in UTC as RFC 3339 writes it, to the millisecond, with Z; None for None."""
    return (
        None
        if at is None
        else f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
    )


class Moment(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC: to the microsecond on PostgreSQL, in a file of numbers to the
    millisecond below.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[datetime]:
        """Return the type that this database has for it."""
        return dialect.type_descriptor(_IN_FILE if dialect.name == "sqlite" else self.impl_instance)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the time in UTC; raise ValueError for a time without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return an aware UTC time."""
        return None if value is None else value.astimezone(UTC)


class _InFile(sqlite.DATETIME):
    """A time in an SQLite file: milliseconds since 1970, or text; what is read may be either."""

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], int | str | None]:
        """Return what makes of an aware time what this file keeps."""

        def kept(at: datetime | None) -> int | str | None:
            if at is None:
                return None
            if getattr(dialect, KNOWN):
                return (at - EPOCH) // MILLISECOND
            return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")

        return kept

    def result_processor(
        self, dialect: Dialect, coltype: object
    ) -> Callable[[int | str | None], datetime | None]:
        """Return what makes an aware time of what a file keeps."""
        return _read


_IN_FILE = _InFile()  # type: ignore[no-untyped-call]  # the library leaves it untyped


def _read(kept: int | str | None) -> datetime | None:
    if isinstance(kept, str):
        return datetime.fromisoformat(kept).replace(tzinfo=UTC)
    return None if kept is None else EPOCH + timedelta(milliseconds=kept)


def learn(file: sqlite3.Connection, dialect: Dialect) -> None:
    """Let a dialect know how this file keeps times; a file without tables will keep numbers."""
    if not counts_time(file) and not _has_tables(file):
        file.execute("BEGIN IMMEDIATE")
        if not _has_tables(file):
            file.execute(f"PRAGMA user_version={NUMBERS}")
        file.execute("COMMIT")
    setattr(dialect, KNOWN, counts_time(file))


def counts_time(file: sqlite3.Connection) -> bool:
    """Tell whether a file keeps times as numbers."""
    (version,) = file.execute("PRAGMA user_version").fetchone()
    return bool(version == NUMBERS)


def _has_tables(file: sqlite3.Connection) -> bool:
    return file.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone() is not None
