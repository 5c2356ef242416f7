"""Published form versions; immutable."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from threading import Lock
from types import MappingProxyType

from sqlalchemy import ForeignKey, LargeBinary, Select, Text, UniqueConstraint, select, update
from sqlalchemy.orm import Mapped, mapped_column

from bot.forms.building import open_form
from bot.forms.form import Form, FormError
from bot.sentence import sentence
from bot.values import Problem
from models.base import Base, Db
from models.db import read_again, read_once, table_of
from models.prepared import find


class FormVersion(Base):
    """One version of a form: the file as it was given."""

    __tablename__ = "form_version"
    __table_args__ = (UniqueConstraint("name", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]  # the form_id folded to [a-z0-9_]
    version: Mapped[str]
    title: Mapped[str]
    file_name: Mapped[str]
    file: Mapped[bytes] = mapped_column(LargeBinary)
    digest: Mapped[str]  # SHA-256 of the file
    source: Mapped[str] = mapped_column(Text)  # what the reader made of the file; opens without it
    is_current: Mapped[bool] = mapped_column(default=True)
    fallback: Mapped[str] = mapped_column(default="", server_default="")  # said where a language lacks a text
    retired_at: Mapped[datetime | None]  # since then no new report begins on it
    created_at: Mapped[datetime]


class FormFile(Base):
    """A file that belongs to a form version: a list of choices or of data, as CSV."""

    __tablename__ = "form_file"

    form_version_id: Mapped[int] = mapped_column(ForeignKey("form_version.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)  # as the form names it, such as towns.csv
    content: Mapped[bytes] = mapped_column(LargeBinary)


def form_version(db: Db, name: str, version: str | None = None) -> FormVersion:
    """Return a stored version of a form, the current one by default; raise LookupError if there is none."""
    query = select(FormVersion).where(FormVersion.name == name)
    wanted = FormVersion.is_current if version is None else FormVersion.version == version
    found = db.scalar(query.where(wanted))
    if found is None:
        raise LookupError(f"no form {name}" if version is None else f"no version {version} of form {name}")
    return found


def current_forms(db: Db) -> Sequence[FormVersion]:
    """Return the current version of every form, by name."""
    return db.scalars(select(FormVersion).where(FormVersion.is_current).order_by(FormVersion.name)).all()


def add_form(
    db: Db,
    form: Form,
    file: bytes,
    file_name: str,
    at: datetime,
    *,
    fallback: str = "",
    attached: Mapping[str, bytes] = MappingProxyType({}),
) -> FormVersion:
    """Return the version stored of a form and its file, now the current one; raise FormError if it is taken.

    `fallback` is the language that is said where another lacks a text; `attached` are the files it reads.
    """
    if fault := version_taken(db, form, file, file_name):
        raise FormError((fault,))
    again = update(FormVersion).where(FormVersion.name == form.name)
    db.execute(again.values(retired_at=None))  # whoever adds a version wants the form to be used
    stored = db.scalar(_version(form))
    if stored is None:
        stored = _stored(form, file, file_name, at)
        stored.fallback = fallback
        _make_current(db, stored)
        _attach(db, stored, attached)
    else:
        _make_current(db, stored)
    return stored


def publish(
    db: Db,
    form: Form,
    file: bytes,
    file_name: str,
    at: datetime,
    *,
    fallback: str = "",
    attached: Mapping[str, bytes] = MappingProxyType({}),
) -> None:
    """Store a version that is new and make it the current one; leave a stored one as it is."""
    if db.scalar(_version(form)) is None:
        add_form(db, form, file, file_name, at, fallback=fallback, attached=attached)


def _attach(db: Db, stored: FormVersion, attached: Mapping[str, bytes]) -> None:
    db.add_all(
        FormFile(form_version_id=stored.id, name=name, content=content) for name, content in attached.items()
    )
    db.flush()


def version_taken(db: Db, form: Form, file: bytes, file_name: str) -> Problem | None:
    """Return the problem of a version that is stored with other content, or None.

    The same form in another kind of file is the same content.
    """
    stored = db.scalar(_version(form))
    if stored is None or stored.digest == digest_of(file) or stored.source == form.source:
        return None
    message = sentence(
        "Version {version} of {form} is published with other content.", version=form.version, form=form.name
    )
    mend = sentence("Raise the version: a published one never changes, reports stay on theirs.")
    return Problem("version_taken", f"{file_name}, sheet settings, column version", mend, message)


def newer_than(db: Db, name: str, file: bytes) -> tuple[str, str] | None:
    """Return the version that a stored file holds and the current one in its place, or None."""
    query = select(FormVersion.version, FormVersion.is_current).where(
        FormVersion.name == name, FormVersion.digest == digest_of(file)
    )
    stored = db.execute(query).first()
    return None if stored is None or stored.is_current else (stored.version, _current(db, name))


def versions_of(db: Db, name: str) -> Sequence[FormVersion]:
    """Return the stored versions of a form, the newest first; raise LookupError if there is none."""
    newest = select(FormVersion).where(FormVersion.name == name).order_by(FormVersion.id.desc())
    found = db.scalars(newest).all()
    if not found:
        raise LookupError(f"no form {name}")
    return found


def retire(db: Db, name: str, at: datetime) -> None:
    """End the use of a form: no new report begins on it. Raise LookupError if there is none."""
    for version in versions_of(db, name):
        version.retired_at = version.retired_at or at
    db.flush()
    read_again(db, _in_use)


def reopen(db: Db, name: str) -> None:
    """Take a form into use again; raise LookupError if there is none."""
    for version in versions_of(db, name):
        version.retired_at = None
    db.flush()
    read_again(db, _in_use)


def is_retired(db: Db, name: str) -> bool:
    """Tell whether a form is no longer used."""
    return name in read_once(db, _in_use) and read_once(db, _in_use)[name][1]


def digest_of(file: bytes) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    return sha256(file).hexdigest()


# On the way of a turn: Core, built once.
_VERSIONS = table_of(FormVersion).c
_IN_USE = select(_VERSIONS.name, _VERSIONS.version, _VERSIONS.retired_at).where(_VERSIONS.is_current)


class FormShelf:
    """Compiled forms, kept for the life of a process: a version never changes. Safe for threads."""

    def __init__(self) -> None:
        """Begin with no form."""
        self._forms: dict[tuple[str, str], Form] = {}
        self._lock = Lock()

    def form(self, db: Db, name: str, version: str | None = None) -> Form:
        """Return a form compiled, by default its current version; raise LookupError if none is stored."""
        wanted = version or _current(db, name)
        with self._lock:
            if (name, wanted) not in self._forms:
                self._forms[name, wanted] = opened(form_version(db, name, wanted))
            return self._forms[name, wanted]


def opened(stored: FormVersion) -> Form:
    """Return a stored form compiled; where a language lacks a text, its fallback is said."""
    form = open_form(stored.source)
    return replace(form, default_language=stored.fallback) if stored.fallback in form.languages else form


def _current(db: Db, name: str) -> str:
    if name not in (found := read_once(db, _in_use)):
        raise LookupError(f"no form {name}")
    return found[name][0]


def _in_use(db: Db) -> dict[str, tuple[str, bool]]:
    """Return the current version of every form, and whether it is retired, by name."""
    return {name: (version, at is not None) for name, version, at in find(db, _IN_USE, {})}


def _version(form: Form) -> Select[FormVersion]:
    return select(FormVersion).where(FormVersion.name == form.name, FormVersion.version == form.version)


def _stored(form: Form, file: bytes, file_name: str, at: datetime) -> FormVersion:
    return FormVersion(
        name=form.name,
        version=form.version,
        title=form.title,
        file_name=file_name,
        file=file,
        digest=digest_of(file),
        source=form.source,
        is_current=False,
        created_at=at,
    )


def _make_current(db: Db, stored: FormVersion) -> None:
    others = update(FormVersion).where(FormVersion.name == stored.name, FormVersion.is_current)
    db.execute(others.values(is_current=False))
    stored.is_current = True
    db.add(stored)
    db.flush()
    read_again(db, _in_use)
