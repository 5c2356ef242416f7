"""Taking a backup while everything runs: one moment of the database, then the files its rows name."""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, create_engine, inspect, text

from griot.backup.contents import Counts, File, Head, Writer
from griot.backup.tables import revision_of, rows_of, shapes_of
from models.db import Store
from models.media_files import MediaFiles
from models.patience import UNHURRIED


class NoTablesError(Exception):
    """There is nothing to back up."""


def take_backup(store: Store, media: MediaFiles, target: Path, secret: str, at: datetime) -> Counts:
    """Write a backup to this file, whole or not at all, readable by its owner only; return what it holds.

    Raise NoTablesError for a database without tables, OSError, SQLAlchemyError.
    """
    beside = target.with_name(f".{target.name}.part")
    try:
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            with one_moment(store) as connection:
                revision = revision_of(connection)
                if revision is None:
                    raise NoTablesError
                writer = Writer(file, secret, Head(revision, at, store.engine.dialect.name))
                _write_tables(connection, writer)
                files = _files(connection)
            _write_files(media, files, writer)
            counts = writer.end()
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    return counts


@contextmanager
def one_moment(store: Store) -> Iterator[Connection]:
    """Yield a connection that sees the database as it was at one moment, while others go on writing."""
    if store.is_sqlite:
        with _copied(Path(store.engine.url.database or "")) as connection:
            yield connection
        return
    with store.engine.connect() as connection:
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        connection.execute(text(UNHURRIED))
        yield connection


@contextmanager
def _copied(database: Path) -> Iterator[Connection]:
    """Yield a connection to a copy of an SQLite file, made beside it, gone afterwards.

    Copied in one step: writers go on meanwhile (write-ahead log); in several steps each write of another
    process would begin the copy anew (sqlite.org/backup.html). Rows are read from the copy, since a reader
    of minutes would let the log grow.
    """
    if not database.is_file():
        raise NoTablesError
    with tempfile.TemporaryDirectory(prefix=".griot-backup-", dir=database.parent) as folder:
        copy = Path(folder) / "copy.db"
        source, target = sqlite3.connect(database), sqlite3.connect(copy)
        try:
            source.execute("PRAGMA busy_timeout=5000")
            source.backup(target)
        finally:
            source.close()
            target.close()
        engine = create_engine(f"sqlite:///{copy}")
        try:
            with engine.connect() as connection:
                yield connection
        finally:
            engine.dispose()


def _write_tables(connection: Connection, writer: Writer) -> None:
    for shape in shapes_of(connection):
        writer.table(shape.table, rows_of(connection, shape))


def _files(connection: Connection) -> list[str]:
    """Return the files of media that rows name, below GRIOT_VAR/media."""
    if not inspect(connection).has_table("media"):
        return []  # an early schema
    found = connection.execute(text("SELECT DISTINCT path FROM media WHERE state = 'kept' ORDER BY path"))
    return [path for path in found.scalars() if path]


def _write_files(media: MediaFiles, paths: list[str], writer: Writer) -> None:
    for path in paths:
        found = media.find(path)
        if found is None:
            writer.miss(path)  # lost before, or erased since that moment
            continue
        writer.file(File(path, found.read_bytes()))
