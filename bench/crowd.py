"""A large network in a database: one coordinator reports through the real turns, the rest are copies."""

import itertools
import sqlite3
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any

import yaml
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    case,
    cast,
    create_engine,
    func,
    insert,
    literal,
    null,
    select,
    text,
    update,
)
from sqlalchemy.pool import StaticPool

from bench.coordinator import Walk
from bench.phone import telegram_update
from bot.periods import days_of, week_of
from bot.programme import read_programme
from models.base import Base
from models.db import Store, database_url, open_store, read, write
from models.inbox import pack
from models.moments import Moment, learn
from models.programme import load
from tests.conversations.stage import Stage, a_stage
from tests.programmes import ASTON, files_of

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)  # a Wednesday: reports of its week have come
LOADED_AT = datetime(2026, 9, 1, tzinfo=UTC)
FIRST_ADDRESS = 600_000_000  # Telegram id of the first person
FORMS = ("weekly_update", "lag_meeting", "need_request")
CHUNK = 20_000  # reports a transaction
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PAUSES = ("friday_pause", "ramadan_hours", "ramadan_hours_status")  # of a city
ONE_IN = 20  # reports with an attachment
OFFICERS = 3


@dataclass(frozen=True, slots=True)
class Crowd:
    """How large the network is. Reports lie evenly over the `weeks` up to now, the oldest first.

    The first two people of a city are its coordinator and its deputy, the others of its group.
    `talked`: of so many of the newest reports the messages are there; those before were swept.
    """

    cities: int = 500
    people: int = 100_000
    reports: int = 1_000_000
    weeks: int = 520
    talked: int = 50_000

    @property
    def per_week(self) -> int:
        """Return how many reports came in a week."""
        return -(-self.reports // self.weeks)

    @property
    def served(self) -> int:
        """Return how many cities have somebody who reports."""
        return min(self.cities, self.people)


@dataclass(frozen=True, slots=True)
class _Mould:
    """What one person did, row by row: who, their report of each form, their last message of each."""

    person: int
    reports: Sequence[int]
    heard: Sequence[int]
    told: Sequence[int]


def programme_files(cities: int) -> Mapping[str, bytes]:
    """Return the files of the ASToN programme with so many cities; those beyond its own are copies."""
    files = dict(files_of(ASTON))
    document = yaml.safe_load(files["cities.yaml"])
    own = list(document["cities"].items())
    used = {city["code"] for _, city in own}
    codes = (code for code in map("".join, itertools.product(string.ascii_uppercase, repeat=3)))
    free = (code for code in codes if code not in used)
    copied = itertools.cycle(own)
    many = dict(own[:cities])
    while len(many) < cities:
        slug, city = next(copied)
        many[f"{slug}-{len(many)}"] = {**city, "code": next(free)}
    document["cities"] = many
    files["cities.yaml"] = _written(document)
    return files


def awake(files: Mapping[str, bytes], at: datetime) -> Mapping[str, bytes]:
    """Return the same programme with all its cities where it is ten in the morning of a working day."""
    document = yaml.safe_load(files["cities.yaml"])
    days = {
        "timezone": f"Etc/GMT{at.hour - 10:+}",  # POSIX: west is plus
        "working_days": [*WEEKDAYS],
        "office_hours": {day: [{"from": "08:00", "to": "18:00"}] for day in WEEKDAYS},
    }
    document["cities"] = {slug: _without_pauses(city) | days for slug, city in document["cities"].items()}
    return {**files, "cities.yaml": _written(document)}


def _without_pauses(city: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in city.items() if name not in PAUSES}


def _written(document: object) -> bytes:
    return yaml.dump(document, Dumper=_Plain, allow_unicode=True).encode()


class _Plain(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        """Write what comes twice down twice: the files of a programme know no references."""
        return True


def fill(address: str, crowd: Crowd, at: datetime = NOW, files: Mapping[str, bytes] | None = None) -> None:
    """Load the network into a database whose tables are empty; `files`: another programme than ASToN's."""
    store = open_store(address)
    files = files or programme_files(crowd.cities)
    programme, problems = read_programme(files)
    assert programme is not None, problems
    write(store, lambda db: load(db, programme, files, LOADED_AT))
    mould = _reported(store, at - timedelta(days=7 * crowd.weeks))
    codes = {slug: city.code for slug, city in programme.cities.items()}
    engine = _unhurried(address)
    with engine.connect() as connection:
        with connection.begin():
            _make_guides(connection, crowd, codes, at)
            _make_moulds(connection, mould)
            _copy_people(connection, crowd, mould, at)
        for first in range(0, crowd.reports, CHUNK):
            with connection.begin():
                _copy_reports(connection, crowd, mould, first, min(CHUNK, crowd.reports - first))
        with connection.begin():
            _copy_occurrences(connection, crowd, mould)
            _end(connection)
    store.close()
    _settle(engine)


def _reported(store: Store, at: datetime) -> _Mould:
    """Return what somebody did who sent one report of each form, by the real turns."""
    for _ in range(OFFICERS):
        a_stage(store, city=None, language="fr", role="officer", channels=("email",))
    city = _of("city")
    first = read(store, lambda db: db.scalar(select(city.c.slug).order_by(city.c.position).limit(1)))
    person = a_stage(store, city=first, language="fr", channels=("telegram",)).person_id
    stage = Stage(store, person, clock=at, channel="telegram")
    reports, heard, told = [], [], []
    for form in FORMS:
        Walk(stage, Random(1)).submits(form)
        for table, found in (("submission", reports), ("inbox", heard), ("outbox", told)):
            newest = select(func.max(_of(table).c.id))
            found.append(read(store, lambda db, newest=newest: db.scalar(newest)))
    _hear_as_telegram(store)
    return _Mould(person, reports, heard, told)


def _hear_as_telegram(store: Store) -> None:
    """Let what the mould's person wrote be as large as Telegram's updates are."""
    inbox = _of("inbox")
    said = read(store, lambda db: db.execute(select(inbox.c.id, inbox.c.text)).all())
    for id, words in said:
        body = pack(telegram_update(id, FIRST_ADDRESS, words))
        write(
            store,
            lambda db, id=id, body=body: db.execute(
                update(inbox).where(inbox.c.id == id).values(body=body, state="done")
            ),
        )
    write(store, lambda db: db.execute(update(_of("outbox")).values(state="delivered")))


def _of(name: str) -> Table:
    return Base.metadata.tables[name]


GUIDES = MetaData()
NUMBER = Table("bench_number", GUIDES, Column("i", Integer, primary_key=True), prefixes=["TEMPORARY"])
PLACE = Table(
    "bench_place",
    GUIDES,
    Column("k", Integer, primary_key=True),
    Column("slug", String),
    Column("code", String),
    prefixes=["TEMPORARY"],
)
WEEK = Table(
    "bench_week",
    GUIDES,
    Column("w", Integer, primary_key=True),
    Column("period", String),
    Column("at", Moment),
    prefixes=["TEMPORARY"],
)
MOULDED = ("person", "address", "consent", "chat", "submission", "answer", "inbox", "outbox")
MOULDS = {
    name: Table(
        f"bench_{name}",
        GUIDES,
        Column("mould_form", Integer),
        *(Column(each.name, each.type) for each in _of(name).columns),
        prefixes=["TEMPORARY"],
    )
    for name in MOULDED
}


def _unhurried(address: str) -> Engine:
    """Return an engine that waits for no disk and lets a statement take its time."""
    engine = create_engine(database_url(address), poolclass=StaticPool, enable_from_linting=False)
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            learn(_file_of(connection), engine.dialect)
            for pragma in ("synchronous=OFF", "foreign_keys=OFF", "cache_size=-400000"):
                connection.exec_driver_sql(f"PRAGMA {pragma}")
        else:
            connection.exec_driver_sql("SET synchronous_commit = off")
    return engine


def _file_of(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def _make_guides(connection: Connection, crowd: Crowd, codes: Mapping[str, str], at: datetime) -> None:
    """Make the tables that copies are counted by: numbers, the cities, the weeks."""
    GUIDES.create_all(connection)
    most = max(crowd.people, CHUNK, crowd.cities * 2)
    counting = text(
        "INSERT INTO bench_number WITH RECURSIVE counted (i) AS"
        " (SELECT 0 UNION ALL SELECT i + 1 FROM counted WHERE i < :last) SELECT i FROM counted"
    )
    connection.execute(counting, {"last": most - 1})
    places = [{"k": k, "slug": slug, "code": code} for k, (slug, code) in enumerate(codes.items())]
    connection.execute(insert(PLACE), places)
    weeks = []
    for w in range(crowd.weeks):
        day = at - timedelta(days=7 * (crowd.weeks - 1 - w))
        tuesday = datetime.combine(days_of(week_of(day.date()))[0], time(10), UTC) + timedelta(days=1)
        weeks.append({"w": w, "period": week_of(day.date()), "at": tuesday})
    connection.execute(insert(WEEK), weeks)


def _make_moulds(connection: Connection, mould: _Mould) -> None:
    """Set aside the rows that are copied, each with the number of the form it belongs to."""
    for name, table in MOULDS.items():
        source = _of(name).c
        if name in ("submission", "answer"):
            report = source.id if name == "submission" else source.submission_id
            numbers = {id: number for number, id in enumerate(mould.reports)}
            form: ColumnElement[int] = case(numbers, value=report)
            which = report.in_(mould.reports)
        else:
            whose = source.id if name == "person" else source.person_id
            which, form = whose == mould.person, literal(0)
            if name in ("inbox", "outbox"):
                ends = mould.heard if name == "inbox" else mould.told
                form = case(*((source.id <= end, number) for number, end in enumerate(ends)))
        rows = select(form, *(source[each.name] for each in _of(name).columns)).where(which)
        connection.execute(
            insert(table).from_select(["mould_form", *(c.name for c in _of(name).columns)], rows)
        )


_I = NUMBER.c.i


def _copy(
    connection: Connection, name: str, changed: Mapping[str, ColumnElement[Any]], *which: ColumnElement[bool]
) -> None:
    """Insert a copy of each row of a mould for each number, with what is changed."""
    mould = MOULDS[name].c
    columns = [each.name for each in _of(name).columns if each.name != "id" or "id" in changed]
    rows = select(*(changed.get(each, mould[each]) for each in columns)).where(*which)
    connection.execute(insert(_of(name)).from_select(columns, rows, include_defaults=False))


def _copy_people(connection: Connection, crowd: Crowd, mould: _Mould, at: datetime) -> None:
    """Add the people: known on Telegram, agreed, with a conversation."""
    person, address = mould.person + 1 + _I, cast(FIRST_ADDRESS + 1 + _I, String)
    is_one = crowd.people > _I
    in_city = PLACE.c.k == _I % crowd.cities
    role = case((crowd.cities > _I, "coordinator"), (2 * crowd.cities > _I, "deputy"), else_="group")
    language = case({0: "fr", 1: "ar", 2: "en"}, value=_I % 4, else_="pt")
    token = literal("bench-") + cast(person, String)
    known = {
        "id": person,
        "name": literal("Demo ") + cast(person, String),
        "role": role,
        "city": PLACE.c.slug,
        "language": language,
        "calendar_token": token,
    }
    _copy(connection, "person", known, is_one, in_city)
    _copy(connection, "address", {"person_id": person, "value": address}, is_one)
    _copy(connection, "consent", {"person_id": person}, is_one)
    _copy(connection, "chat", {"person_id": person, "submission_id": null()}, is_one)


def _copy_reports(connection: Connection, crowd: Crowd, mould: _Mould, first: int, count: int) -> None:
    """Add reports with their answers, attachments, and the messages of the newest."""
    report = _I + first
    before = crowd.reports - 1 - report  # so many came later
    week, within = crowd.weeks - 1 - before // crowd.per_week, before % crowd.per_week
    city, number = report % crowd.served, within // crowd.served
    each_city = (crowd.people - 1 - city) // crowd.cities + 1  # people of that city
    person = mould.person + 1 + city + crowd.cities * ((report // crowd.served) % each_city)
    form = case((number == 0, 0), else_=1 + number % 2)
    is_one, in_week, in_city = count > _I, WEEK.c.w == week, PLACE.c.k == city
    id = mould.reports[-1] + 1 + report
    which = (is_one, in_week)
    reference = PLACE.c.code + "-" + WEEK.c.period + "-" + cast(number + 1, String)
    kept = {
        "id": id,
        "reference": reference,
        "city": PLACE.c.slug,
        "person_id": person,
        "period": case((form == 0, WEEK.c.period), else_=null()),
        **_at("started_at", "submitted_at", "updated_at", "changed_at"),
    }
    _copy(connection, "submission", kept, *which, in_city, MOULDS["submission"].c.mould_form == form)
    said = {"submission_id": id, "author": person, **_at("at", "changed_at")}
    source = "telegram:" + cast(id, String) + "-" + cast(MOULDS["answer"].c.id, String)
    _copy(connection, "answer", {**said, "source": source}, *which, MOULDS["answer"].c.mould_form == form)
    _attach(connection, id, person, *which, report % ONE_IN == 0)
    if first + count > crowd.reports - crowd.talked:
        is_new = report >= crowd.reports - crowd.talked
        _copy_messages(connection, id, person, form, *which, is_new)


def _copy_messages(
    connection: Connection,
    id: ColumnElement[int],
    person: ColumnElement[int],
    form: ColumnElement[int],
    *which: ColumnElement[bool],
) -> None:
    address = cast(FIRST_ADDRESS + person, String)
    for name in ("inbox", "outbox"):
        mould = MOULDS[name].c
        own = literal("bench-") + cast(id, String) + "-" + cast(mould.id, String)
        times = ("received_at", "due_at", "changed_at", "created_at", "sent_at")
        changed = {"person_id": person, "provider_id": own}
        changed |= _at(*(each for each in times if each in _of(name).c))
        if name == "inbox":
            changed["sender"] = "telegram:" + address
        else:
            changed |= {"key": "bench:" + own, "recipient": cast(person, String), "address": address}
        _copy(connection, name, changed, *which, mould.mould_form == form)


def _at(*names: str) -> dict[str, ColumnElement[datetime]]:
    return dict.fromkeys(names, WEEK.c.at)


def _attach(
    connection: Connection, id: ColumnElement[int], person: ColumnElement[int], *which: ColumnElement[bool]
) -> None:
    given = {
        "submission_id": id,
        "person_id": person,
        "question": literal("photo"),
        "channel": literal("telegram"),
        "ref": literal("bench-") + cast(id, String),
        "kind": literal("image"),
        "state": literal("kept"),
        "size": literal(120_000),
        **_at("due_at", "created_at", "changed_at"),
    }
    _insert(connection, "media", given, *which)


def _copy_occurrences(connection: Connection, crowd: Crowd, mould: _Mould) -> None:
    """Add the prompts that coordinators got in every week."""
    person = mould.person + 1 + _I
    given = {
        "key": "prompt:weekly_update:" + WEEK.c.period + ":" + cast(person, String),
        "kind": literal("prompt"),
        "person_id": person,
        "city": PLACE.c.slug,
        "form": literal("weekly_update"),
        "period": WEEK.c.period,
        "state": literal("sent"),
        **_at("due_at", "send_at", "decided_at"),
    }
    _insert(connection, "occurrence", given, crowd.served > _I, PLACE.c.k == _I)


def _insert(
    connection: Connection, name: str, given: Mapping[str, ColumnElement[Any]], *which: ColumnElement[bool]
) -> None:
    """Insert what is given for each number; other columns have what a new row has there."""
    values = dict(given)
    for column in _of(name).columns:
        if column.name not in values and not column.nullable and column.name != "id":
            default = column.default.arg if column.default is not None else {}
            values[column.name] = literal(default, column.type)
    rows = select(*values.values()).where(*which)
    connection.execute(insert(_of(name)).from_select(list(values), rows, include_defaults=False))


def _end(connection: Connection) -> None:
    GUIDES.drop_all(connection)
    if connection.dialect.name == "postgresql":
        for name in ("person", "submission"):
            id = func.max(_of(name).c.id)
            connection.execute(select(func.setval(func.pg_get_serial_sequence(name, "id"), id)))


def _settle(engine: Engine) -> None:
    """Do what PostgreSQL's autovacuum would do in time."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
    engine.dispose()
