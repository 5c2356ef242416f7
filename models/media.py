"""Media: what people attached to their answers, fetched from the provider by the worker."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from secrets import token_hex
from typing import Any

from sqlalchemy import (
    BindParameter,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    String,
    UniqueConstraint,
    and_,
    bindparam,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from bot.values import Value
from models.base import Base, Db
from models.db import insert_first, table_of
from models.person import Person
from models.prepared import find
from models.reach import Reach
from models.submission import Submission


class MediaState(StrEnum):
    """Where an attachment stands."""

    WAITING = "waiting"  # to be fetched
    KEPT = "kept"  # stored under GRIOT_VAR
    REFUSED = "refused"  # too large, or of a type that is not taken
    LOST = "lost"  # the provider no longer has it


IS_WAITING = text("state = 'waiting'")


class Media(Base):
    """One attachment of one answer."""

    __tablename__ = "media"
    __table_args__ = (
        UniqueConstraint("submission_id", "question", "ref"),
        CheckConstraint("state in ('waiting', 'kept', 'refused', 'lost')", name="state"),
        Index("ix_media_due", "due_at", sqlite_where=IS_WAITING, postgresql_where=IS_WAITING),
        Index("ix_media_submission_id", "submission_id"),
        Index("ix_media_person_id", "person_id"),
        Index("ix_media_created_at", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    question: Mapped[str]  # path, with the number of the repeat
    channel: Mapped[str]  # that knows how to fetch it
    ref: Mapped[str]  # the provider's: a Telegram file_id, a Twilio address
    kind: Mapped[str]  # image, audio, video, file: as it was sent
    name: Mapped[str] = mapped_column(default="")  # as the sender's phone called it
    caption: Mapped[str] = mapped_column(default="", server_default="")  # written beside it
    state: Mapped[str] = mapped_column(default=MediaState.WAITING)
    content_type: Mapped[str] = mapped_column(default="")  # by content, not as the provider says
    size: Mapped[int | None]  # bytes as stored
    sha256: Mapped[str] = mapped_column(default="")
    path: Mapped[str] = mapped_column(default="")  # below GRIOT_VAR/media
    tries: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    lease_token: Mapped[str] = mapped_column(default="")
    error: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


MEDIA = table_of(Media)
DAY = 86_400
# Seconds until each further try to fetch: a disk or a token mended on Monday loses nothing since Friday.
LAST_TRIES = (10, 60, 600, 3600, 21_600, DAY, DAY, DAY)
NO_LEASE: Mapping[str, object] = {"lease_token": "", "lease_until": None}
ERASED = "erased"
_SAME_FILE = ("state", "content_type", "size", "sha256", "path", "error", "channel")


@dataclass(frozen=True, slots=True)
class Wanted:
    """An attachment that this lease may fetch."""

    id: int
    channel: str
    ref: str
    lease_token: str
    tries: int  # this one included


@dataclass(frozen=True, slots=True)
class Stored:
    """How an attachment was stored."""

    content_type: str
    size: int
    sha256: str
    path: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """What a person attached, and with which message."""

    submission_id: int
    person_id: int
    question: str  # path of the question that it answers; "" for none
    channel: str
    ref: str
    kind: str
    name: str
    size: int | None  # bytes, as the provider says


def attachments_in(changes: Sequence[tuple[str, Value]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the questions whose new answer is an attachment, and that answer."""
    for question, value in changes:
        if isinstance(value, dict) and value.get("ref"):
            yield question, value


def attach(db: Db, new: Attachment, at: datetime, handled_at: datetime) -> bool:
    """Keep that something was attached, to be fetched; return False when that is known already.

    What was fetched before, such as an answer kept from last time, is not fetched again.
    """
    before = select(*(MEDIA.c[name] for name in _SAME_FILE)).where(
        MEDIA.c.ref == new.ref, MEDIA.c.person_id == new.person_id, MEDIA.c.state == MediaState.KEPT
    )
    same = db.connection().execute(before.limit(1)).mappings().first()
    values = {
        "state": MediaState.WAITING,
        "channel": new.channel,
        "size": new.size,
        **dict.fromkeys(("content_type", "sha256", "path", "error"), ""),
        **(same or {}),
    }
    return insert_first(
        db,
        MEDIA,
        submission_id=new.submission_id,
        person_id=new.person_id,
        question=new.question,
        ref=new.ref,
        kind=new.kind,
        name=new.name,
        due_at=min(at, handled_at),
        created_at=at,
        changed_at=handled_at,
        **values,
    )


def caption(db: Db, person_id: int, ref: str, words: str, handled_at: datetime) -> None:
    """Keep what a person wrote beside an attachment of theirs."""
    theirs = MEDIA.c.person_id == person_id, MEDIA.c.ref == ref
    values = {"caption": words, "changed_at": handled_at}
    db.connection().execute(update(MEDIA).where(*theirs).values(values))


def is_due(db: Db, channels: Collection[str], at: datetime) -> bool:
    """Tell whether there is an attachment to fetch now."""
    return bool(find(db, _first_free(), {"at": at, "channels": list(channels)}))


@cache  # a statement is built once: building costs as much as running it
def _first_free() -> Select[Any]:
    is_free = _free(bindparam("at", type_=MEDIA.c.due_at.type))
    named = MEDIA.c.channel.in_(bindparam("channels", expanding=True))
    return select(MEDIA.c.id).where(is_free, named).limit(literal_column("1"))


def claim(db: Db, n: int, at: datetime, lease: timedelta, channels: Collection[str]) -> list[Wanted]:
    """Return up to n attachments leased to the caller, the oldest first. Commit before fetching."""
    free = and_(_free(at), MEDIA.c.channel.in_(sorted(channels)))
    picked = select(MEDIA.c.id).where(free).order_by(MEDIA.c.due_at, MEDIA.c.id).limit(n)
    taken = (
        update(MEDIA)
        .where(MEDIA.c.id.in_(picked.with_for_update(skip_locked=True)), free)
        .values(lease_token=token_hex(8), lease_until=at + lease, changed_at=at, tries=MEDIA.c.tries + 1)
        .returning(*(MEDIA.c[name] for name in Wanted.__dataclass_fields__))
    )
    rows = sorted(db.connection().execute(taken).all(), key=lambda row: row.id)
    return [Wanted(*row) for row in rows]


def _free(at: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Return what can be claimed: due, or under a lease that ran out (its worker is gone)."""
    is_due = and_(MEDIA.c.lease_until.is_(None), MEDIA.c.due_at <= at)
    return and_(MEDIA.c.state == text("'waiting'"), or_(is_due, MEDIA.c.lease_until < at))


def mark_kept(db: Db, row: Wanted, stored: Stored, at: datetime) -> bool:
    """Note where an attachment is stored; return False when the lease is another's or the row was erased."""
    values = {name: getattr(stored, name) for name in Stored.__dataclass_fields__}
    return _change(db, row, {"state": MediaState.KEPT, "error": "", **values}, at)


def close(db: Db, row: Wanted, state: MediaState, error: str, at: datetime) -> bool:
    """Close an attachment that is not kept; return False when the lease is another's."""
    return _change(db, row, {"state": state, "error": error[:500]}, at)


def sender_of(db: Db, id: int) -> tuple[int, str] | None:
    """Return who sent an attachment and their language, None when it was erased."""
    query = select(Person.id, Person.language).join(Media, Media.person_id == Person.id).where(Media.id == id)
    row = db.execute(query).first()
    return (row.id, row.language) if row else None


def put_back(db: Db, row: Wanted, error: str, wait: float | None, at: datetime) -> bool:
    """Let an attachment be fetched later, after `wait` seconds or more; lost after the last try."""
    if row.tries > len(LAST_TRIES):
        return close(db, row, MediaState.LOST, error, at)
    seconds = max(LAST_TRIES[row.tries - 1], wait or 0)
    return _change(db, row, {"due_at": at + timedelta(seconds=seconds), "error": error[:500]}, at)


def next_due(db: Db, until: datetime, channels: Collection[str]) -> datetime | None:
    """Return when the next attachment can be fetched, None when that is after `until`."""
    free_at = func.coalesce(MEDIA.c.lease_until, MEDIA.c.due_at, type_=MEDIA.c.due_at.type)
    query = select(func.min(free_at, type_=MEDIA.c.due_at.type)).where(
        MEDIA.c.state == MediaState.WAITING, MEDIA.c.channel.in_(sorted(channels))
    )
    found: datetime | None = db.connection().execute(query).scalar()
    return found if found and found <= until else None


def is_wanted(db: Db, row: Wanted) -> bool:
    """Tell whether another row still waits for the same file of the provider."""
    others = Media.ref == row.ref, Media.channel == row.channel, Media.state == MediaState.WAITING
    return db.execute(select(Media.id).where(*others).limit(1)).first() is not None


def is_used(db: Db, path: str) -> bool:
    """Tell whether any attachment is stored in this file."""
    return db.execute(select(Media.id).where(Media.path == path).limit(1)).first() is not None


def paths(db: Db) -> set[str]:
    """Return every file in which an attachment is stored."""
    return set(db.scalars(select(Media.path).where(Media.path != "")))


def media_of(db: Db, submissions: Collection[int]) -> dict[int, list[Media]]:
    """Return what was attached to these reports, by report, in the order in which it came."""
    found: dict[int, list[Media]] = {}
    rows = db.scalars(select(Media).where(Media.submission_id.in_(sorted(submissions))).order_by(Media.id))
    for row in rows:
        found.setdefault(row.submission_id, []).append(row)
    return found


def kept_within(db: Db, reach: Reach, id: int) -> Media | None:
    """Return an attachment that is kept, of a report within reach; else None."""
    query = select(Media).join(Submission, Submission.id == Media.submission_id)
    kept = Media.id == id, Media.state == MediaState.KEPT
    return db.scalar(query.where(*kept, reach.covers(Submission.city)))


def sizes_of(db: Db, submissions: Collection[int]) -> dict[int, dict[str, int]]:
    """Return the sizes, in bytes, of what is kept, by report and question; of several the newest."""
    query = select(Media.submission_id, Media.question, Media.size).order_by(Media.id)
    kept = Media.submission_id.in_(sorted(submissions)), Media.state == MediaState.KEPT
    found: dict[int, dict[str, int]] = {}
    for report, question, size in db.execute(query.where(*kept)):
        if size is not None:
            found.setdefault(report, {})[question] = size
    return found


def sizes_by_ref(db: Db, submissions: Collection[int]) -> dict[tuple[int, str], int]:
    """Return the sizes, in bytes, of what is kept, by report and the provider's reference."""
    query = select(Media.submission_id, Media.ref, Media.size)
    kept = Media.submission_id.in_(sorted(submissions)), Media.state == MediaState.KEPT
    return {(report, ref): size for report, ref, size in db.execute(query.where(*kept)) if size is not None}


def count_by_state(db: Db, first: int, end: int) -> dict[tuple[str, ...], int]:
    """Return how many attachments of these ids (the last one excluded) stand where."""
    found = select(Media.state, func.count()).where(Media.id >= first, Media.id < end)
    return {(str(state),): int(number) for state, number in db.execute(found.group_by(Media.state))}


def newest(db: Db) -> int:
    """Return the highest id of an attachment, 0 without any."""
    return db.scalar(select(func.max(Media.id))) or 0


def erase_media(db: Db, person_id: int, at: datetime) -> list[str]:
    """Forget what a person attached; return files that nobody else uses, to be removed after the commit."""
    theirs = Media.person_id == person_id
    paths = set(db.scalars(select(Media.path).where(theirs, Media.path != "")))
    forgotten = {
        "ref": literal("erased:") + cast(MEDIA.c.id, String),
        "name": "",
        "caption": "",
        "sha256": "",
        "path": "",
        "size": None,
    }
    values = {**forgotten, "state": MediaState.LOST, "error": ERASED, **NO_LEASE, "changed_at": at}
    db.execute(update(Media).where(theirs).values(values))
    return sorted(path for path in paths if not is_used(db, path))


def _change(db: Db, row: Wanted, values: Mapping[str, object], at: datetime) -> bool:
    is_ours = (MEDIA.c.id == row.id, MEDIA.c.lease_token == row.lease_token, MEDIA.c.lease_token != "")
    changing = update(MEDIA).where(*is_ours, MEDIA.c.state == MediaState.WAITING)
    return db.connection().execute(changing.values({**values, **NO_LEASE, "changed_at": at})).rowcount == 1
