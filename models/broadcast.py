"""One message to everybody of some cities, queued in one statement an hour."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Select,
    String,
    Subquery,
    UniqueConstraint,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Mapped, mapped_column

from bot.ladder import (
    FIRST,
    MARGIN,
    NEWEST,
    OFF,
    ORDER,
    PHONE,
    UNREACHABLE,
    WHATSAPP,
    WINDOW,
    WINDOW_CLOSED,
    why_none,
)
from bot.opening_hours import moved_now
from bot.programme import Programme
from models import ladder
from models.base import Base, Db
from models.consent import Consent
from models.db import insert_into, is_postgres, table_of
from models.outbox import BULK, OUT, OutboxState
from models.person import Address, Person, PersonState, Role

BROADCAST = "broadcast"
HEARERS = (Role.COORDINATOR, Role.DEPUTY, Role.GROUP)
COUNTED = {"preserve_rowcount": True}  # else PostgreSQL's driver is not asked
MANY_PAGES = 64 * 1024  # KiB: twice what 100,000 messages take
LIFE = timedelta(days=2)  # after its hour it is no news any more
PERSON, ADDRESS, CONSENT = table_of(Person), table_of(Address), table_of(Consent)


class Sending(Base):
    """By whom a broadcast was sent, each time that it reached somebody new."""

    __tablename__ = "broadcast"
    __table_args__ = (UniqueConstraint("name", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]  # when its messages were queued


@dataclass(frozen=True, slots=True)
class Broadcast:
    """What is said to everybody of these cities: a text for each language; `name` tells it from others."""

    name: str
    texts: Mapping[str, str]
    cities: Collection[str]
    by: int  # the officer who says it

    def key(self, person: ColumnElement[str] | int) -> Any:
        """Return the key of one person's message: sent again it goes to those only who had none."""
        return f"{BROADCAST}:{self.name}:" + (str(person) if isinstance(person, int) else person)


@dataclass(frozen=True, slots=True)
class Hour:
    """When cities of one zone may be written to, and which day it is there."""

    due_at: datetime
    today: date


def send(db: Db, programme: Programme, said: Broadcast, channels_on: Collection[str], at: datetime) -> int:
    """Queue it on the best way to each who agreed and is neither paused nor stopped; return how many are new.

    It waits until the hour of each city opens. Who can be reached on no way gets none. The ways are those of
    `bot.ladder.rungs`, for a message without a template.
    """
    queued = 0
    with _many_pages(db):
        for hour, slugs in hours(programme, said.cities, at).items():
            theirs = and_(_hears(slugs, hour), PERSON.c.language.in_(said.texts))
            rows = _rows(said, _ways(theirs, channels_on, at), hour, at)
            inserting = insert_into(OUT, is_postgres(db)).from_select([*_NAMES], rows, include_defaults=False)
            done = db.connection().execute(inserting.on_conflict_do_nothing(), execution_options=COUNTED)
            queued += done.rowcount
    if queued:
        db.add(Sending(name=said.name, person_id=said.by, at=at))
    return queued


@contextmanager
def _many_pages(db: Db) -> Iterator[None]:
    """Let SQLite keep what is written meanwhile until the commit, not only the two MiB of its default.

    Four indexes are written out of order: for 100,000 messages each page would go to the log again and again
    (a third of the CPU, half of the time).
    """
    if is_postgres(db):
        yield
        return
    connection = db.connection()
    before = connection.exec_driver_sql("PRAGMA cache_size").scalar_one()
    connection.exec_driver_sql(f"PRAGMA cache_size=-{MANY_PAGES}")
    yield
    connection.exec_driver_sql(f"PRAGMA cache_size={before}")


@dataclass(frozen=True, slots=True)
class Missed:
    """Somebody who would hear it, and why there is no way to them now: as in `bot.ladder.why_none`."""

    person: int
    city: str
    reason: str


def missed(
    db: Db, programme: Programme, said: Broadcast, channels_on: Collection[str], at: datetime
) -> list[Missed]:
    """Return who hears it and has no message of it, in order: no way led to them, neither now nor before."""
    has_none = ~exists().where(OUT.c.key == said.key(cast(PERSON.c.id, String)))
    of_hour = [
        and_(_hears(slugs, hour), has_none) for hour, slugs in hours(programme, said.cities, at).items()
    ]
    theirs = or_(false(), *of_hour)
    reached = ladder.reached_all(db, theirs)
    people = db.connection().execute(select(PERSON.c.id, PERSON.c.city).where(theirs).order_by(PERSON.c.id))
    return [Missed(id, city, why_none(reached.get(id, ()), channels_on, at)) for id, city in people]


def sent_by(db: Db, key: str, at: datetime) -> int | None:
    """Return the officer who had this message sent, by its key and when it was queued; None for others."""
    kind, _, rest = key.partition(":")
    if kind != BROADCAST:
        return None
    its = (Sending.name == rest.rpartition(":")[0], Sending.at == at)
    return db.scalar(select(Sending.person_id).where(*its))


def hours(programme: Programme, cities: Collection[str], at: datetime) -> Mapping[Hour, list[str]]:
    """Return the programme's cities among these by the hour at which they may be written to."""
    found: dict[Hour, list[str]] = defaultdict(list)
    for slug in sorted(cities):
        city = programme.cities[slug]
        today = at.astimezone(ZoneInfo(city.timezone)).date()
        found[Hour(moved_now(programme, city, at).at, today)].append(slug)
    return found


def hearers(db: Db, programme: Programme, said: Broadcast, at: datetime) -> dict[str, int]:
    """Return how many would hear it, by the language they read."""
    count: dict[str, int] = defaultdict(int)
    for hour, slugs in hours(programme, said.cities, at).items():
        theirs = (
            select(PERSON.c.language, func.count()).where(_hears(slugs, hour)).group_by(PERSON.c.language)
        )
        for language, n in db.connection().execute(theirs):
            count[language] += n
    return dict(count)


def opens(db: Db, programme: Programme, ids: Collection[int], at: datetime) -> dict[int, datetime]:
    """Return when claimed broadcasts may leave, by their id: `at`, or when the city's next hour opens."""
    found = (
        select(OUT.c.id, PERSON.c.city).join(PERSON, PERSON.c.id == OUT.c.person_id).where(OUT.c.id.in_(ids))
    )
    return {
        id: moved_now(programme, programme.cities[city], at).at
        for id, city in db.connection().execute(found)
        if city in programme.cities
    }


def _hears(slugs: Collection[str], hour: Hour) -> ColumnElement[bool]:
    """Return the condition for who agreed and does not want to be left alone: a pause may be over."""
    words = select(CONSENT.c.agreed).where(CONSENT.c.person_id == PERSON.c.id).order_by(CONSENT.c.id.desc())
    agreed = words.limit(1).correlate(PERSON).scalar_subquery()
    is_back = and_(PERSON.c.state == PersonState.PAUSED, PERSON.c.paused_until < hour.today, agreed)
    is_there = or_(PERSON.c.state == PersonState.ACTIVE, is_back)
    return and_(PERSON.c.city.in_(slugs), PERSON.c.role.in_(HEARERS), is_there)


def _ways(theirs: ColumnElement[bool], channels_on: Collection[str], at: datetime) -> Subquery:
    """Return the best way to each of these people, and why it is that one: what `bot.ladder.rungs` has first.

    Most have one address: nothing is compared for them, which takes a quarter of the time.
    """
    theirs_by = ADDRESS.c.person_id
    has_more = theirs_by.in_(select(theirs_by).group_by(theirs_by).having(func.count() > 1))
    only = _addresses(and_(theirs, ~has_more)).subquery("only")
    one = only.c
    why = case((one.last_in_at.is_not(None), NEWEST), else_=FIRST).label("why")
    sole = select(one.person_id, one.language, one.channel, one.value, why).where(
        _is_way(only, channels_on, at)
    )
    best = _best(_hearers(and_(theirs, has_more)), channels_on, at)
    return union_all(sole, best).subquery("ways")


def _addresses(theirs: ColumnElement[bool]) -> Select[Any]:
    one = ADDRESS.c
    return (
        select(one.id, one.person_id, one.channel, one.value, one.reachable, one.last_in_at)
        .add_columns(PERSON.c.language)
        .join(PERSON, PERSON.c.id == one.person_id)
        .where(theirs, one.channel.in_(ORDER))
    )


def _hearers(theirs: ColumnElement[bool]) -> Subquery:
    """Return the addresses of these people, each with its place on the ladder."""
    one = ADDRESS.c
    is_written = and_(one.channel != PHONE, one.last_in_at.is_not(None))
    newest_first = (case((is_written, 0), else_=1), one.last_in_at.desc(), one.id)
    newest = func.row_number().over(partition_by=one.person_id, order_by=newest_first)
    placed = _addresses(theirs).add_columns((is_written & (newest == 1)).label("is_newest"))
    return placed.subquery("hearers")


def _is_way(found: Subquery, channels_on: Collection[str], at: datetime) -> ColumnElement[bool]:
    one = found.c
    is_open = one.last_in_at > at - WINDOW + MARGIN
    is_on = one.channel.in_(sorted(channels_on))
    return and_(one.reachable == "yes", is_on, or_(one.channel != WHATSAPP, is_open))


def _best(found: Subquery, channels_on: Collection[str], at: datetime) -> Select[Any]:
    """Return the best of several ways to each, and why it is that one."""
    one, is_way = found.c, _is_way(found, channels_on, at)
    obstacle = case(
        (one.reachable != "yes", func.coalesce(func.nullif(one.reachable, ""), UNREACHABLE)),
        (one.channel.in_(sorted(channels_on)), WINDOW_CLOSED),
        else_=OFF,
    )
    channel = case({name: place for place, name in enumerate(ORDER)}, value=one.channel)
    ladder = (one.is_newest.desc(), channel, one.last_in_at.is_(None), one.last_in_at.desc(), one.id)
    before: dict[str, Any] = {"partition_by": one.person_id, "order_by": ladder, "rows": (None, -1)}
    passed = case((~is_way, one.channel + ": " + obstacle))
    why = func.coalesce(
        func.aggregate_strings(passed, "; ").over(**before),
        case((one.last_in_at.is_not(None), NEWEST), else_=FIRST),
    )
    ways = func.sum(case((is_way, 1), else_=0)).over(**before)
    placed = select(one.person_id, one.language, one.channel, one.value, why.label("why"))
    placed = placed.add_columns(is_way.label("is_way"), func.coalesce(ways, 0).label("ways_before"))
    all_ways = placed.subquery("placed")
    best = all_ways.c
    return select(best.person_id, best.language, best.channel, best.value, best.why).where(
        best.is_way, best.ways_before == 0
    )


_NAMES = tuple(column.name for column in OUT.columns if column.name != "id" and not column.nullable)
_NAMES = (*_NAMES, "person_id", "not_after")


def _rows(said: Broadcast, best: Subquery, hour: Hour, at: datetime) -> Select[*tuple[Any, ...]]:
    """Return the rows of the outbox: a column that nothing is said of has what a new row has there."""
    moment, person = OUT.c.due_at.type, cast(best.c.person_id, String)
    given: dict[str, ColumnElement[Any]] = {
        "key": said.key(person),
        "person_id": best.c.person_id,
        "recipient": person,
        "channel": best.c.channel,
        "address": best.c.value,
        "kind": literal(BROADCAST),
        "lane": literal(BULK),
        "text": case(dict(said.texts), value=best.c.language),
        "message": literal({}, OUT.c.message.type),
        "state": literal(OutboxState.QUEUED.value),
        "created_at": literal(at, moment),
        "due_at": literal(hour.due_at, moment),
        "changed_at": literal(at, moment),
        "not_after": literal(hour.due_at + LIFE, moment),
        "rung": best.c.channel,
        "rung_reason": best.c.why,
    }
    return select(*_filled(given)).order_by(person)


def _filled(given: Mapping[str, ColumnElement[Any]]) -> Iterator[ColumnElement[Any]]:
    for name in _NAMES:
        if name in given:
            yield given[name].label(name)
        else:
            default: Any = OUT.c[name].default
            yield literal(default.arg, OUT.c[name].type).label(name)
