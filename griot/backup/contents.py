"""What stands in a backup, record by record: a head, tables with their rows, files, and the count of all."""

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import BinaryIO, TypeAlias

from griot.backup.sealed import Sealer, SealError, unsealed
from models.base import Json

FORMAT = 1
HEAD, TABLE, ROWS, FILE, END = b"H", b"T", b"R", b"F", b"E"  # how a record begins
PORTION = 500  # rows in a record

Row: TypeAlias = Sequence[int | float | str | bytes | None]  # values as SQLite stores them


@dataclass(frozen=True, slots=True)
class Head:
    """What a backup is of, and when it was taken."""

    revision: str  # of the schema
    taken_at: datetime
    database: str  # sqlite, postgresql
    format: int = FORMAT


@dataclass(slots=True)
class Count:
    """How many rows a table has, or bytes a file, and the SHA-256 of them all."""

    size: int = 0
    sha256: str = ""


@dataclass(slots=True)
class Counts:
    """What a backup holds in all, by table and by file below GRIOT_VAR/media."""

    tables: dict[str, Count] = field(default_factory=dict)
    files: dict[str, Count] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)  # files that rows name and that were not there

    @property
    def rows(self) -> int:
        """Return how many rows there are in all tables."""
        return sum(count.size for count in self.tables.values())


@dataclass(frozen=True, slots=True)
class Table:
    """A table begins; its rows follow."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class File:
    """A file of media, whole: none is over 10 MB."""

    path: str
    content: bytes


Item: TypeAlias = Head | Table | list[Row] | File | Counts


class Writer:
    """Writes a backup into a file and counts what it holds."""

    def __init__(self, file: BinaryIO, secret: str, head: Head) -> None:
        self._sealer = Sealer(file, secret)
        self._counts = Counts()
        self._sealer.add(HEAD + _json(asdict(head) | {"taken_at": head.taken_at.isoformat()}))

    def table(self, table: Table, rows: Iterator[Sequence[Row]]) -> None:
        """Write a table with all of its rows."""
        self._sealer.add(TABLE + _json({"name": table.name, "columns": table.columns}))
        hashing, size = sha256(), 0
        for portion in rows:
            plain = _json([_stored(row) for row in portion])
            hashing.update(plain)
            size += len(portion)
            self._sealer.add(ROWS + zlib.compress(plain, 6))
        self._counts.tables[table.name] = Count(size, hashing.hexdigest())

    def file(self, file: File) -> None:
        """Write a file of media."""
        self._sealer.add(FILE + file.path.encode() + b"\n" + file.content)
        self._counts.files[file.path] = _count_of(file)

    def miss(self, path: str) -> None:
        """Note a file that is not there."""
        self._counts.missing.append(path)

    def end(self) -> Counts:
        """Write the counts, the last record, and return them."""
        self._sealer.add(END + _json(asdict(self._counts)), is_last=True)
        return self._counts


def items_of(file: BinaryIO, secrets: Sequence[str]) -> Iterator[Item]:
    """Yield what a backup holds, the head first, the counts last, compared with what came before.

    Raise SealError for a file that is no whole backup, or of a later form.
    """
    seen, name, hashing = Counts(), "", sha256()
    for record in unsealed(file, secrets):
        kind, body = record[:1], record[1:]
        if name and kind != ROWS:
            seen.tables[name].sha256, name = hashing.hexdigest(), ""
        match kind:
            case b"H":
                yield _head(json.loads(body))
            case b"T":
                read = json.loads(body)
                name, hashing = read["name"], sha256()
                seen.tables[name] = Count()
                yield Table(name, tuple(read["columns"]))
            case b"R":
                plain = zlib.decompress(body)
                rows = [_loaded(row) for row in json.loads(plain)]
                hashing.update(plain)
                seen.tables[name].size += len(rows)
                yield rows
            case b"F":
                path, _, content = body.partition(b"\n")
                found = File(path.decode(), content)
                seen.files[found.path] = _count_of(found)
                yield found
            case b"E":
                yield _compared(_counts(json.loads(body)), seen)
            case _:
                raise SealError("A later Griot made this backup: install the newer one")


def _compared(told: Counts, seen: Counts) -> Counts:
    """Return what the end of a backup tells; raise SealError when something else came before it."""
    if (told.tables, told.files) != (seen.tables, seen.files):
        raise SealError("The backup does not hold what its end says")
    return told


def _head(read: Json) -> Head:
    if read["format"] != FORMAT:
        raise SealError("A later Griot made this backup: install the newer one")
    return Head(**read | {"taken_at": datetime.fromisoformat(read["taken_at"])})


def _counts(read: Json) -> Counts:
    tables, files = (
        {name: Count(**count) for name, count in read[part].items()} for part in ("tables", "files")
    )
    return Counts(tables, files, read["missing"])


def _count_of(file: File) -> Count:
    return Count(len(file.content), sha256(file.content).hexdigest())


def _stored(row: Row) -> list[Json]:
    return [[b64encode(each).decode()] if isinstance(each, bytes) else each for each in row]


def _loaded(row: list[Json]) -> Row:
    return [b64decode(each[0]) if isinstance(each, list) else each for each in row]


def _json(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
