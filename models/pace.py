"""How much one sender may write: what is over the limit is kept and handled when the window opens."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Insert, Select, bindparam, select
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Db
from models.db import insert_into, is_postgres, table_of
from models.inbox import Taken, is_nobodys
from models.person import Address
from models.prepared import find, run

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
STRANGERS_PER_MINUTE = 10


class SenderPace(Base):
    """How many updates of one sender were handled in the minute and the day that run."""

    __tablename__ = "sender_pace"

    sender: Mapped[str] = mapped_column(primary_key=True)
    minute_from: Mapped[datetime]
    minute_count: Mapped[int]
    day_from: Mapped[datetime]
    day_count: Mapped[int]
    told_until: Mapped[datetime | None]  # the window about which the sender got a notice


PACE = table_of(SenderPace)
COUNTS = ("minute_from", "minute_count", "day_from", "day_count", "told_until")


@dataclass(frozen=True, slots=True)
class PaceLimits:
    """Updates a known person may send; 0 is no limit. Strangers have ten a minute at most."""

    per_minute: int
    per_day: int

    def of_minute(self, is_known: bool) -> int:
        """Return the limit of a minute."""
        return self.per_minute if is_known else min(self.per_minute, STRANGERS_PER_MINUTE)


@dataclass(frozen=True, slots=True)
class Early:
    """An update over its sender's limit: handled `until` then; the first one of a window gets a notice."""

    row: Taken
    until: datetime
    is_first: bool


@dataclass(frozen=True, slots=True)
class _Pace:
    sender: str
    minute_from: datetime
    minute_count: int
    day_from: datetime
    day_count: int
    told_until: datetime | None


def too_early(db: Db, rows: Sequence[Taken], limits: PaceLimits, at: datetime) -> list[Early]:
    """Count these updates, one a sender, and return those that are over their sender's limit.

    What nobody sent (the status of a message) counts for nobody.
    """
    rows = [row for row in rows if not is_nobodys(row)]
    if not rows or not (limits.per_minute or limits.per_day):
        return []
    stored = _stored(db, [row.sender for row in rows])
    paces = {row.sender: _at(stored.get(row.sender), row.sender, at) for row in rows}
    known = _known(db, [pace.sender for pace in paces.values() if pace.minute_count >= STRANGERS_PER_MINUTE])
    early = []
    for row in rows:
        pace = paces[row.sender]
        until = _full_until(pace, limits, row.sender in known)
        if until is None:
            paces[row.sender] = replace(
                pace, minute_count=pace.minute_count + 1, day_count=pace.day_count + 1
            )
        else:
            early.append(Early(row, until, pace.told_until != until))
            paces[row.sender] = replace(pace, told_until=until)
    _store(db, paces.values())
    return early


def _full_until(pace: _Pace, limits: PaceLimits, is_known: bool) -> datetime | None:
    """Return when the window opens in which the next update is handled, or None when it may be now."""
    if limits.per_day and pace.day_count >= limits.per_day:
        return pace.day_from + DAY
    minute = limits.of_minute(is_known or pace.minute_count < STRANGERS_PER_MINUTE)
    if limits.per_minute and pace.minute_count >= minute:
        return pace.minute_from + MINUTE
    return None


def _at(stored: _Pace | None, sender: str, at: datetime) -> _Pace:
    """Return the sender's pace with windows that are over begun anew (also after the clock jumped back)."""
    if stored is None:
        return _Pace(sender, at, 0, at, 0, None)
    if not timedelta(0) <= at - stored.minute_from < MINUTE:
        stored = replace(stored, minute_from=at, minute_count=0)
    if not timedelta(0) <= at - stored.day_from < DAY:
        stored = replace(stored, day_from=at, day_count=0)
    return stored


def _stored(db: Db, senders: Sequence[str]) -> Mapping[str, _Pace]:
    found = (_Pace(*row) for row in find(db, _finding(), {"senders": list(senders)}))
    return {pace.sender: pace for pace in found}


def _known(db: Db, senders: Sequence[str]) -> set[str]:
    if not senders:
        return set()
    values = [sender.partition(":")[2] for sender in senders]
    found = db.execute(select(Address.channel, Address.value).where(Address.value.in_(values)))
    return {f"{channel}:{value}" for channel, value in found}


def _store(db: Db, paces: Iterable[_Pace]) -> None:
    rows = [{name: getattr(pace, name) for name in ("sender", *COUNTS)} for pace in paces]
    run(db, _storing(is_postgres(db)), *rows)


@cache  # built once: building costs as much as running it
def _finding() -> Select[Any]:
    return select(PACE).where(PACE.c.sender.in_(bindparam("senders", expanding=True)))


@cache
def _storing(for_postgres: bool) -> Insert:
    insert = insert_into(PACE, for_postgres)
    changed = {name: insert.excluded[name] for name in COUNTS}
    storing: Insert = insert.on_conflict_do_update(index_elements=["sender"], set_=changed)
    return storing
