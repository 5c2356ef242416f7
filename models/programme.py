"""The programme as it was loaded: its files by revision, so that every process reads the same one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from threading import Lock

from sqlalchemy import ForeignKey, LargeBinary, func, select, text
from sqlalchemy.orm import Mapped, mapped_column

from bot.forms.read import Reading, Readings, read_files
from bot.programme import Programme, open_programme
from bot.programme.form_files import lists_of
from bot.values import Problem
from models.audit import OPERATOR, What, record
from models.base import Base, Db
from models.city import codes_taken, put_cities
from models.db import table_of
from models.form import FormVersion, digest_of, publish, version_taken
from models.milestone import DECISIONS, SEEN, has_milestones, put_milestones, with_decisions
from models.prepared import find


class Revision(Base):
    """One load of the programme that changed something; the newest is the current one."""

    __tablename__ = "programme"

    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]  # `id` in programme.yaml
    digest: Mapped[str]  # SHA-256 over all files
    loaded_at: Mapped[datetime]


class ProgrammeFile(Base):
    """A file of one revision; `path` is relative to the programme's folder."""

    __tablename__ = "programme_file"

    revision: Mapped[int] = mapped_column(ForeignKey("programme.revision"), primary_key=True)
    path: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What tells the programme in force from another."""

    revision: int
    decisions: str


_CURRENT_REVISION = select(func.max(table_of(Revision).c.revision))
_IN_FORCE = _CURRENT_REVISION.add_columns(DECISIONS)  # on the way of every turn: one statement, built once


def load(
    db: Db,
    programme: Programme,
    files: Mapping[str, bytes],
    at: datetime,
    read: Readings = read_files,
) -> tuple[Problem, ...]:
    """Store a checked programme, its cities and new form versions; return what forbids it, else ().

    `read` is what the programme was read with, so that nothing slow is done within the transaction.
    Loading again changes nothing. What was decided for a city stays, a city no longer in the data is closed.
    """
    _wait_for_others(db)
    lists = lists_of(files)
    forms = {
        path: (reading.form, {name: lists[name] for name in reading.attached})
        for path, reading in _new_forms(db, programme, files, lists, read).items()
        if reading.form is not None
    }
    taken = (version_taken(db, form, files[path], path) for path, (form, _) in forms.items())
    problems = (*codes_taken(db, programme), *(problem for problem in taken if problem))
    if problems:
        return problems
    put_cities(db, programme, at)
    for path, (form, attached) in forms.items():
        publish(db, form, files[path], path, at, fallback=programme.fallback, attached=attached)
    since = _in_force_since(db, files, at)
    put_milestones(db, programme, since, at)
    _keep(db, programme, files, at)
    db.info.pop(SEEN, None)
    return ()


def is_loaded(db: Db, files: Mapping[str, bytes]) -> bool:
    """Return whether exactly these files are the current revision: nothing to read, check or load."""
    return _are_current(db, files) and has_milestones(db)


def current_revision(db: Db) -> int:
    """Return the number of the current revision, 0 before the first load."""
    return db.connection().execute(_CURRENT_REVISION).scalar() or 0


def current_programme(db: Db) -> Programme:
    """Return the programme loaded last, dates in force; raise LookupError before the first load."""
    return with_decisions(db, _opened(db, current_revision(db)))


class ProgrammeShelf:
    """The current programme, made again only when it was loaded or decided anew. Safe for threads."""

    def __init__(self) -> None:
        """Begin without a programme."""
        self._read: tuple[int, Programme] | None = None  # as its files are
        self._held: tuple[_Seen, Programme] | None = None  # with the dates in force
        self._lock = Lock()

    def programme(self, db: Db) -> Programme:
        """Return the current programme, dates in force; raise LookupError before the first load."""
        seen: _Seen = db.info.get(SEEN) or _look(db)
        db.info[SEEN] = seen  # one look a transaction: sessions live no longer
        with self._lock:
            if self._read is None or self._read[0] != seen.revision:
                self._read = (seen.revision, _opened(db, seen.revision))
            if self._held is None or self._held[0] != seen:
                self._held = (seen, with_decisions(db, self._read[1]))
            return self._held[1]


def _look(db: Db) -> _Seen:
    revision, decisions = find(db, _IN_FORCE, {})[0]
    return _Seen(revision or 0, decisions or "")


def _opened(db: Db, revision: int) -> Programme:
    query = select(ProgrammeFile.path, ProgrammeFile.content).where(ProgrammeFile.revision == revision)
    files = dict(db.execute(query).all())
    if not files:
        raise LookupError("no programme is loaded: run `griot programme load`")
    return open_programme(files)


def _wait_for_others(db: Db) -> None:
    # SQLite's writers wait for one another anyway.
    if db.get_bind().dialect.name == "postgresql":
        db.execute(text("LOCK TABLE programme IN SHARE ROW EXCLUSIVE MODE"))


def _new_forms(
    db: Db, programme: Programme, files: Mapping[str, bytes], lists: Mapping[str, bytes], read: Readings
) -> Mapping[str, Reading]:
    known = set(db.scalars(select(FormVersion.digest)))
    paths = (entry.file for entry in programme.forms.values())
    return read({path: files[path] for path in paths if digest_of(files[path]) not in known}, lists)


def _in_force_since(db: Db, files: Mapping[str, bytes], at: datetime) -> datetime:
    """Return since when these dates hold: rows that a database of before lacks, since its last load."""
    newest = select(Revision.loaded_at).order_by(Revision.revision.desc()).limit(1)
    is_known = _are_current(db, files) or not has_milestones(db)
    return (db.scalar(newest) if is_known else None) or at


def _are_current(db: Db, files: Mapping[str, bytes]) -> bool:
    newest = select(Revision.digest).order_by(Revision.revision.desc()).limit(1)
    return db.scalar(newest) == _digest(files)


def _keep(db: Db, programme: Programme, files: Mapping[str, bytes], at: datetime) -> None:
    if _are_current(db, files):
        return
    digest, newest = _digest(files), current_revision(db)
    db.add(Revision(revision=newest + 1, name=programme.id, digest=digest, loaded_at=at))
    db.flush()
    db.add_all(
        ProgrammeFile(revision=newest + 1, path=path, content=content) for path, content in files.items()
    )
    db.flush()
    record(db, OPERATOR, What.PROGRAMME_LOADED, f"programme:{programme.id}", at, revision=newest + 1)


def _digest(files: Mapping[str, bytes]) -> str:
    total = sha256()
    for path, content in sorted(files.items()):
        total.update(f"{path}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()
