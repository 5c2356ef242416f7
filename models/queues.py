"""A look at both queues, cheap enough to be taken every time before a transaction that writes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, literal_column, select, union_all

from bot.ladder import ORDER
from models.base import Db
from models.inbox import IN, OPEN
from models.outbox import BULK, LIVE, OUT, QUEUED
from models.prepared import find
from models.silence import LATEST, is_due

# Written out: with channel and lane in a condition the index on what waits is read from where it begins to
# matter, however many others wait before.
LANES: tuple[ColumnElement[int], ...] = tuple(literal_column(str(lane)) for lane in (LIVE, BULK))
CHANNELS: Mapping[str, ColumnElement[str]] = {name: literal_column(f"'{name}'") for name in ORDER}
IN_A_QUEUE = and_(OUT.c.channel.in_([*CHANNELS.values()]), OUT.c.lane.in_(LANES))


@dataclass(frozen=True, slots=True)
class Due:
    """What may be due; it may still have to wait for something else."""

    updates: bool
    messages: bool
    silences: bool


_LOOKING = select(
    exists().where(IN.c.state == OPEN, IN.c.due_at <= bindparam("at")),
    exists().where(is_due()),
    exists().where(OUT.c.state == QUEUED, IN_A_QUEUE, OUT.c.due_at <= bindparam("at")),
)


def look(db: Db, at: datetime) -> Due:
    """Return what is due in either queue."""
    updates, silences, messages = map(bool, find(db, _LOOKING, {"at": at, "latest": at + LATEST})[0])
    return Due(updates, messages, silences)


def oldest_due(db: Db, at: datetime) -> datetime | None:
    """Return since when the longest waiting message is due, or None when none waits."""
    due: datetime | None = db.connection().execute(_oldest(), {"at": at}).scalar()
    return due


@cache
def _oldest() -> Select[Any]:
    return first_due(OUT.c.due_at <= bindparam("at"), ORDER)


def first_due(free: ColumnElement[bool], channels: tuple[str, ...]) -> Select[Any]:
    """Return what finds when the first free message of these channels is due.

    Each lane is read from its head, and on only where messages are not free.
    """
    heads = [
        select(OUT.c.due_at)
        .where(
            OUT.c.state == QUEUED, OUT.c.channel == literal_column(f"'{channel}'"), OUT.c.lane == lane, free
        )
        .order_by(OUT.c.due_at)
        .limit(1)
        .scalar_subquery()
        .label("due_at")
        for channel in channels
        for lane in LANES
    ]
    found = union_all(*map(select, heads)).subquery()
    return select(func.min(found.c.due_at, type_=OUT.c.due_at.type))
