"""How many messages went and came, counted once each per day in city time, from the rows of both queues."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Executable, Row, Select, bindparam, exists, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from bot.costs import INBOUND, TEMPLATE, TEXT, Count, Spending, uses
from bot.ladder import TEMPLATE as OPENING
from bot.programme import Programme
from bot.values import Message
from models.base import Base, Db
from models.city import City, zone_of
from models.db import insert_first, insert_into, is_postgres, table_of
from models.inbox import IN, SOMEBODYS
from models.message_row import counted_from
from models.outbox import OUT
from models.person import Person
from models.prepared import run

Parts = Callable[[str, Message], int]  # channel and message to what is billed: the parts of an SMS, else 1

PORTION = 500  # rows a transaction at most: on SQLite turns wait for it
SETTLED = timedelta(seconds=90)  # by then every transaction that took a number before has ended: lock and
# statement timeouts are 5 s and 30 s, an idle one ends after 20 s


def one_part(channel: str, message: Message) -> int:
    """Return what every message is billed as where nothing says otherwise."""
    return 1


class Spent(Base):
    """So many messages of one sort on one day."""

    __tablename__ = "spending"

    day: Mapped[date] = mapped_column(primary_key=True)  # city time
    channel: Mapped[str] = mapped_column(primary_key=True)
    city: Mapped[str] = mapped_column(primary_key=True)  # "": of no city
    country: Mapped[str] = mapped_column(primary_key=True)  # "": not listed
    sort: Mapped[str] = mapped_column(primary_key=True)  # text, template, inbound
    messages: Mapped[int]
    parts: Mapped[int]


class Received(Base):
    """Up to where the inbox is counted; one row."""

    __tablename__ = "received_count"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    counted_to: Mapped[int]  # id of the inbox
    seen_to: Mapped[int]  # the highest id at `seen_at`: no lower one appears once SETTLED has passed
    seen_at: Mapped[datetime]


SPENT = table_of(Spent)
RECEIVED = table_of(Received)


@dataclass(frozen=True, slots=True)
class _Sort:
    day: date
    channel: str
    city: str
    country: str
    sort: str


def count_sent(db: Db, programme: Programme, parts_of: Parts, at: datetime, n: int = PORTION) -> int:
    """Count up to n messages that left since the last count, and return how many.

    A message counts once, whatever it is tried or told again: its row says what it was counted as.
    """
    rows = db.connection().execute(_leaving(), {"n": n}).all()
    if not rows:
        return 0
    counted: Counter[_Sort] = Counter()
    billed: Counter[_Sort] = Counter()
    counted_as: dict[int, list[int]] = {}  # by parts, the rows
    for row in rows:
        sort = TEMPLATE if row.rung == OPENING else TEXT
        parts = parts_of(row.channel, counted_from(row.text, row.message, row.kind))
        which = _sort(programme, row, row.address, row.sent_at, sort)
        counted[which] += 1
        billed[which] += parts
        counted_as.setdefault(parts, []).append(row.id)
    for parts, ids in sorted(counted_as.items()):
        run(db, _MARKING, {"rows": ids, "counted": parts})
    _add(db, counted, billed)
    return len(rows)


@cache
def _leaving() -> Select[Any]:
    columns = ("id", "channel", "address", "kind", "text", "message", "rung", "sent_at")
    return (
        select(*(OUT.c[name] for name in columns), Person.city, City.timezone)
        .select_from(OUT)
        .join(Person, Person.id == OUT.c.person_id, isouter=True)
        .join(City, City.slug == Person.city, isouter=True)
        .where(OUT.c.sent_at.is_not(None), OUT.c.parts.is_(None))
        .order_by(OUT.c.id)
        .limit(bindparam("n"))
        .with_for_update(skip_locked=True, of=OUT)
    )


_LOOKING = select(  # built once: it is asked every second
    exists().where(OUT.c.sent_at.is_not(None), OUT.c.parts.is_(None)).label("is_left"),
    select(func.max(IN.c.id)).scalar_subquery().label("newest"),
    RECEIVED.c.counted_to,
    RECEIVED.c.seen_to,
    RECEIVED.c.seen_at,
)


def is_uncounted(db: Db, at: datetime) -> bool:
    """Tell whether `count_sent` or `count_received` would count or note anything."""
    found = db.connection().execute(_LOOKING).first()
    if found is None or found.is_left or at < found.seen_at:
        return True
    if found.counted_to < found.seen_to:
        return bool(at >= found.seen_at + SETTLED)
    return bool((found.newest or 0) > found.seen_to)


_WHICH = OUT.c.id.in_(bindparam("rows", expanding=True))
_MARKING = update(OUT).where(_WHICH).values(parts=bindparam("counted"))


def count_received(db: Db, programme: Programme, at: datetime, n: int = PORTION) -> int:
    """Count up to n messages that people wrote, a minute or two ago at the latest; return how many rows.

    By the inbox's numbers: they are given before a transaction commits, so a number counts only when no
    lower one can appear any more.
    """
    mark = db.execute(select(RECEIVED).with_for_update()).first()
    newest = db.scalar(select(func.max(IN.c.id))) or 0
    if mark is None:
        insert_first(db, RECEIVED, id=1, counted_to=0, seen_to=newest, seen_at=at)
        return 0
    if mark.counted_to >= mark.seen_to:
        if newest > mark.seen_to:
            _note(db, seen_to=newest, seen_at=at)
        return 0
    if at < mark.seen_at:  # the clock jumped back
        _note(db, seen_at=at)
    if at < mark.seen_at + SETTLED:
        return 0
    page = IN.c.id > mark.counted_to, IN.c.id <= mark.seen_to
    ids = db.scalars(select(IN.c.id).where(*page).order_by(IN.c.id).limit(n)).all()
    last = ids[-1] if ids else mark.seen_to
    rows = db.execute(_arrived(mark.counted_to, last)).all()
    counted = Counter(
        _sort(programme, row, row.sender.partition(":")[2], row.received_at, INBOUND) for row in rows
    )
    _add(db, counted, counted)
    _note(db, counted_to=last)
    return len(ids)


def _arrived(after: int, last: int) -> Select[Any]:
    return (
        select(IN.c.channel, IN.c.sender, IN.c.received_at, Person.city, City.timezone)
        .select_from(IN)
        .join(Person, Person.id == IN.c.person_id, isouter=True)
        .join(City, City.slug == Person.city, isouter=True)
        .where(IN.c.id > after, IN.c.id <= last, SOMEBODYS)
    )


def _note(db: Db, **values: object) -> None:
    db.execute(update(RECEIVED).values(**values))


def _sort(programme: Programme, row: Row[Any], address: str, at: datetime, sort: str) -> _Sort:
    zone = zone_of(row.timezone, programme.secretariat.timezone)
    prices = programme.prices
    country = prices.country_of(row.channel, address) if prices and prices.is_paid(row.channel) else ""
    return _Sort(at.astimezone(zone).date(), row.channel, row.city or "", country, sort)


def _add(db: Db, messages: Mapping[_Sort, int], parts: Mapping[_Sort, int]) -> None:
    rows = [
        {
            "day": one.day,
            "channel": one.channel,
            "city": one.city,
            "country": one.country,
            "sort": one.sort,
            "messages": messages[one],
            "parts": parts[one],
        }
        for one in sorted(messages, key=_key)  # in one order: two workers never wait for each other
    ]
    if rows:
        db.connection().execute(_adding(is_postgres(db)), rows)


def _key(one: _Sort) -> tuple[date, str, str, str, str]:
    return one.day, one.channel, one.city, one.country, one.sort


@cache
def _adding(for_postgres: bool) -> Executable:
    insert = insert_into(SPENT, for_postgres)
    more = {name: SPENT.c[name] + insert.excluded[name] for name in ("messages", "parts")}
    return insert.on_conflict_do_update(index_elements=list(SPENT.primary_key), set_=more)


def counts(db: Db, since: date, until: date) -> list[Count]:
    """Return what was counted from one day up to another, that one not included."""
    within = SPENT.c.day >= since, SPENT.c.day < until
    return [Count(*row) for row in db.execute(select(SPENT).where(*within).order_by(*SPENT.primary_key))]


def counts_of_month(db: Db, day: date) -> list[Count]:
    """Return what was counted in the month of that day."""
    first = day.replace(day=1)
    return counts(db, first, (first + timedelta(days=31)).replace(day=1))


def spending(db: Db, programme: Programme, at: datetime) -> Spending:
    """Return what the budget lets go; nothing is read where the programme has no limits."""
    budget = programme.budget
    limited = (budget.month, budget.day, *budget.channels.values(), *budget.cities.values())
    if programme.prices is None or not any(one is not None for one in limited):
        return Spending(programme.prices)
    today = at.astimezone(ZoneInfo(programme.secretariat.timezone)).date()
    return Spending(programme.prices, uses(programme, _summed(counts_of_month(db, today), today), at))


def _summed(found: Iterable[Count], today: date) -> Sequence[Count]:
    """Return the counts with all earlier days taken together: limits ask for today and the month only."""
    messages: Counter[_Sort] = Counter()
    parts: Counter[_Sort] = Counter()
    for one in found:
        day = one.day if one.day >= today else one.day.replace(day=1)
        which = _Sort(day, one.channel, one.city, one.country, one.sort)
        messages[which] += one.messages
        parts[which] += one.parts
    return [
        Count(one.day, one.channel, one.city, one.country, one.sort, number, parts[one])
        for one, number in messages.items()
    ]
