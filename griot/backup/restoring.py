"""Restoring a backup, all or nothing, in one transaction that also settles what must not happen again."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from griot import schema
from griot.backup import tables
from griot.backup.contents import Counts, File, Head, Item, Table, items_of
from griot.backup.sealed import SealError
from models.base import Db
from models.db import Store, open_store
from models.media_files import MediaFiles
from models.patience import UNHURRIED

RUNTIME = frozenset({"worker", "leader"})  # tables that say who runs, nothing of what was done


class RestoreError(Exception):
    """The backup cannot be restored into this database; nothing was changed."""


@dataclass(slots=True)
class Restored:
    """What a backup held, and what was done with it."""

    head: Head
    counts: Counts = field(default_factory=Counts)
    uncertain: int = 0  # messages that may have left
    erased: int = 0  # people erased again
    files_to_remove: list[str] = field(default_factory=list)


Settle = Callable[[Db, Restored], None]  # in the restoring transaction, with the newest schema


def check_backup(file: BinaryIO, secrets: Sequence[str]) -> Restored:
    """Return what a backup holds, read to its end and restored into a temporary database; raise SealError,
    RestoreError.
    """
    with tempfile.TemporaryDirectory(prefix="griot-check-") as folder:
        store = open_store(f"sqlite:///{Path(folder) / 'check.db'}", connections=1)
        try:
            return restore_backup(store, MediaFiles(Path(folder)), file, secrets, _settle_nothing)
        finally:
            store.close()


def restore_backup(
    store: Store,
    media: MediaFiles,
    file: BinaryIO,
    secrets: Sequence[str],
    settle: Settle,
    *,
    replaces: bool = False,
) -> Restored:
    """Return what was restored. Raise SealError for a file that is no whole backup, RestoreError for a
    database that holds something (unless `replaces`) or a backup of a later schema.
    """
    items = items_of(file, secrets)
    head = next(items)
    if not isinstance(head, Head):
        raise SealError("The backup does not begin with its head")
    if head.revision not in schema.revisions():
        raise RestoreError("This backup is of a later schema: install the newer Griot")
    restored = Restored(head)
    with store.alone(), _writing(store) as connection:
        _make_room(connection, replaces)
        schema.upgrade(connection, head.revision)
        shapes = tables.shapes_of(connection)
        _load(connection, media, items, restored, shapes)
        _compare(connection, restored.counts, shapes)
        schema.upgrade(connection)
        with Session(connection, join_transaction_mode="rollback_only") as db:
            settle(db, restored)
            db.flush()
        tables.go_on_counting(connection)
        _check_references(connection)
    return restored


def holds_anything(connection: Connection) -> bool:
    """Tell whether any table has a row, besides who runs."""
    shapes = tables.shapes_of(connection)
    return any(tables.has_rows(connection, each) for each in shapes if each.table.name not in RUNTIME)


@contextmanager
def _writing(store: Store) -> Iterator[Connection]:
    with store.engine.begin() as connection:
        if store.is_sqlite:
            connection.execute(text("PRAGMA defer_foreign_keys=ON"))
        else:
            connection.execute(text(UNHURRIED))
            connection.execute(text(f"SELECT pg_advisory_xact_lock({schema.LOCK})"))
        yield connection


def _make_room(connection: Connection, replaces: bool) -> None:
    if holds_anything(connection) and not replaces:
        raise RestoreError("The database holds something already. Name an empty one, or say --replace")
    tables.drop_all(connection)


def _load(
    connection: Connection,
    media: MediaFiles,
    items: Iterator[Item],
    restored: Restored,
    known: Sequence[tables.Shape],
) -> None:
    """Put every row and every file where it belongs."""
    shapes = {shape.table.name: shape for shape in known}
    at = Table("", ())
    for item in items:
        match item:
            case Table():
                if item.name not in shapes or not set(item.columns) <= set(shapes[item.name].table.columns):
                    raise RestoreError(f"The backup does not fit its schema: table {item.name}")
                at = item
            case list():
                tables.add_rows(connection, shapes[at.name], at.columns, item)
            case File():
                _keep(media, item)
            case Counts():
                restored.counts = item


def _keep(media: MediaFiles, file: File) -> None:
    """Write a file of media down; its name is the SHA-256 of what it holds."""
    extension = file.path.rpartition(".")[2]
    if media.keep(file.content, extension)[1] != file.path:
        raise RestoreError(f"The file {file.path} in the backup is not what its name says")


def _compare(connection: Connection, counts: Counts, shapes: Sequence[tables.Shape]) -> None:
    """Raise RestoreError unless every table has as many rows as the backup says."""
    there = {each.table.name: tables.count(connection, each) for each in shapes}
    told = {name: count.size for name, count in counts.tables.items()}
    odd = sorted(name for name in there if there[name] != told.get(name, 0))
    if odd:
        raise RestoreError(f"Not every row arrived: {', '.join(odd)}")


def _check_references(connection: Connection) -> None:
    """Raise RestoreError when a row refers to none; PostgreSQL looks at each row by itself."""
    if connection.dialect.name == "sqlite" and connection.execute(text("PRAGMA foreign_key_check")).first():
        raise RestoreError("A row of the backup refers to one that is not there")


def _settle_nothing(db: Db, restored: Restored) -> None:
    """Leave everything as it was."""
