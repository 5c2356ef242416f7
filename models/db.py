"""The database: engines, sessions that write or only read, transactions repeated when it asks for it."""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol, TypeVar, cast

from sqlalchemy import URL, Connection, Engine, Insert, Table, Update, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from models.base import Base, Db
from models.lines import FileLine, Line, Place
from models.moments import learn
from models.prepared import find, run
from models.unreadable import read_json

T = TypeVar("T")

REPEATS = 3  # times a transaction is begun in all
PAUSE = 0.05  # seconds before a transaction is repeated, growing
LOCK_WAIT = 5.0  # seconds
LINE_WAIT = 0.5  # seconds in line, before whoever stands there is passed: that process may be frozen
SHORTEST_PAUSE, LONGEST_PAUSE = 0.0002, 0.001  # seconds between two looks at the lock
REPEATABLE_STATES = frozenset({"40001", "40P01", "57P01", "57P02", "08003", "08006", "25P03"})
LOCK_STATES = frozenset({"55P03", "57014"})  # lock_timeout and statement_timeout ran out
POSTGRES_TROUBLES = ("08", "53", "55P03", "57", "58")  # SQLSTATE classes: PostgreSQL, appendix A
SQLITE_TROUBLES = (  # primary result codes: sqlite.org/rescode.html
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
)

READER = {"is_reader": True}
WITHOUT_TRANSACTION = {"isolation_level": "AUTOCOMMIT"}
FIRST = {"goes_first": True}
GLANCE = {"is_glance": True}  # each statement by itself: see models/glance.py
LOG = "wal_autocheckpoint=4000"  # pages, then who commits puts them back: 1,000 were every 36th reply
ON_SQLITE = ("synchronous=FULL", "foreign_keys=ON", "mmap_size=0", "temp_store=MEMORY", LOG)
_CHANGES = "changes"  # of a connection, when its reader began


class UrlError(ValueError):
    """The database address is not one Griot can use."""


class Alone(Protocol):
    """Keeps others of this process from writing meanwhile."""

    def __call__(self, *, goes_first: bool = False) -> AbstractContextManager[None]: ...


@dataclass(frozen=True, slots=True)
class Store:
    """One database: makers of sessions; `alone` keeps this process to one writer on SQLite.

    Those of `firsts` write before all `writers` that wait for SQLite's lock.
    """

    engine: Engine
    writers: sessionmaker[Session]
    firsts: sessionmaker[Session]
    readers: sessionmaker[Session]
    alone: Alone

    @property
    def is_sqlite(self) -> bool:
        """Tell whether the database is an SQLite file."""
        return self.engine.dialect.name == "sqlite"

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def database_url(text: str) -> URL:
    """Return the address with its driver; raise UrlError unless it is an SQLite file or PostgreSQL."""
    try:
        url = make_url(text)
    except Exception as error:  # SQLAlchemy raises several kinds for a text that is no address
        raise UrlError("not a database address") from error
    match url.get_backend_name():
        case "sqlite" if url.database and url.database != ":memory:":
            return url.set(drivername="sqlite")
        case "postgres" | "postgresql":
            return url.set(drivername="postgresql+psycopg")
        case _:
            raise UrlError("only sqlite:///FILE and postgresql://… are supported")


def ready_url(text: str) -> URL:
    """Return the address, the folder of an SQLite file made; raise UrlError also when it cannot be made."""
    url = database_url(text)
    if url.get_backend_name() == "sqlite" and url.database:
        folder = Path(url.database).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UrlError(f"the folder {folder} cannot be made: {error.strerror}") from error
    return url


def open_store(address: str, connections: int = 16) -> Store:
    """Return the store at this address; raise UrlError.

    `connections`: so many transactions at once at most; on PostgreSQL a few of them stay open between two.
    """
    url = ready_url(address)
    if url.get_backend_name() == "sqlite":
        return _store(_sqlite_engine(url, connections), Line(LOCK_WAIT).alone)
    from models.postgres import open_engine  # 0.1 s: not where the database is SQLite

    return _store(open_engine(url, connections, LOCK_WAIT, _compact_json), _with_others)


def write(store: Store, work: Callable[[Db], T]) -> T:
    """Return what `work` returns, committed; the whole transaction is repeated when the database asks for it.

    `work` may run several times: it must change nothing but the database, under unique keys.
    """
    return _repeated(lambda: _once(store, work))


def write_first(store: Store, work: Callable[[Db], T]) -> T:
    """Do as `write` does, before all others who wait for SQLite's lock: somebody waits for the answer."""
    return _repeated(lambda: _once_first(store, work))


def read(store: Store, work: Callable[[Db], T]) -> T:
    """Return what `work` reads: on SQLite in one transaction, which cannot write.

    On PostgreSQL in none, which saves two ways to the server: each statement sees its own moment anyway.
    """
    with store.readers.begin() as db:
        return work(db)


def may_repeat(error: DBAPIError) -> bool:
    """Tell whether a repeat can succeed: after serialisation failure, deadlock, lost connection."""
    state = getattr(error.orig, "sqlstate", None)
    return error.connection_invalidated or state in REPEATABLE_STATES


def is_transient(error: DBAPIError) -> bool:
    """Tell whether the database is in trouble, and not the statement: locked, full, out of memory, lost."""
    if may_repeat(error):
        return True
    state = getattr(error.orig, "sqlstate", None) or ""
    code = getattr(error.orig, "sqlite_errorcode", None)
    is_sqlite = code is not None and code & 0xFF in SQLITE_TROUBLES
    return is_sqlite or state.startswith(POSTGRES_TROUBLES)


def is_blocked(error: DBAPIError) -> bool:
    """Tell whether a statement waited too long for what another transaction holds; others may go on."""
    return getattr(error.orig, "sqlstate", None) in LOCK_STATES


def table_of(model: type[Base]) -> Table:
    """Return a model's table, for Core statements on the way of a turn."""
    return cast(Table, model.__table__)


def insert_into(table: Table, for_postgres: bool) -> postgresql.Insert | sqlite.Insert:
    """Return an insert of this database's own kind, which knows what to do on a conflict."""
    return postgresql.insert(table) if for_postgres else sqlite.insert(table)


def insert_unless_there(db: Db, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert rows in one statement; those whose unique key is there already change nothing."""
    if rows:
        run(db, _insert_new(table, is_postgres(db), returning=False), *rows)


def insert_new(db: Db, table: Table, **values: object) -> int | None:
    """Insert a row and return its id, or None when a unique key already has one."""
    rows = find(db, _insert_new(table, is_postgres(db), returning=True), values)
    return rows[0][0] if rows else None


def insert_first(db: Db, table: Table, **values: object) -> bool:
    """Insert a row; return False when a unique key already has one."""
    return bool(find(db, _insert_new(table, is_postgres(db), returning=True), values))


@contextmanager
def gather(db: Db) -> Iterator[None]:
    """Keep what `later` is given until this ends: rows of one statement are written together."""
    db.info[_LATER] = {}
    try:
        yield
        settle(db)
    finally:
        del db.info[_LATER]


def later(db: Db, statement: Insert | Update, row: Mapping[str, object]) -> None:
    """Run a statement for this row when what is gathered is written; at once where nothing is gathered."""
    kept = db.info.get(_LATER)
    if kept is None:
        run(db, statement, row)
    else:
        kept.setdefault(statement, []).append(row)


def settle(db: Db, *tables: Table) -> None:
    """Write what was gathered until now, for these tables or all: what follows reads it or changes it."""
    kept = db.info.get(_LATER) or {}
    for statement in [one for one in kept if not tables or one.table in tables]:
        run(db, statement, *kept.pop(statement))


def read_once(db: Db, find: Callable[[Db], T]) -> T:
    """Return what `find` reads, read once a transaction; who changes it calls `read_again`."""
    known = db.info.setdefault(_READ, {})
    if find not in known:
        known[find] = find(db)
    found: T = known[find]
    return found


def read_again(db: Db, find: Callable[[Db], object]) -> None:
    """Forget what `read_once` found: it was changed."""
    db.info.get(_READ, {}).pop(find, None)


_LATER, _READ = "later", "read"


def new_row(db: Db, table: Table) -> Insert:
    """Return the statement that inserts a row unless its unique key is there, built once."""
    return _insert_new(table, is_postgres(db), returning=False)


def is_postgres(db: Db) -> bool:
    """Tell whether this session speaks to PostgreSQL."""
    return db.get_bind().dialect.name == "postgresql"


@cache  # a statement is built once: building costs as much as running it
def _insert_new(table: Table, for_postgres: bool, *, returning: bool) -> Insert:
    statement: Insert = insert_into(table, for_postgres).on_conflict_do_nothing()
    return statement.returning(*table.primary_key) if returning else statement


def _repeated(once: Callable[[], T]) -> T:
    for attempt in range(1, REPEATS):
        try:
            return once()
        except DBAPIError as error:
            if not may_repeat(error):
                raise
            time.sleep(PAUSE * attempt)
    return once()


def _once(store: Store, work: Callable[[Db], T]) -> T:
    with store.alone(), store.writers.begin() as db:
        return work(db)


def _once_first(store: Store, work: Callable[[Db], T]) -> T:
    with store.alone(goes_first=True), store.firsts.begin() as db:
        return work(db)


def _with_others(*, goes_first: bool = False) -> AbstractContextManager[None]:
    return nullcontext()


def _store(engine: Engine, alone: Alone) -> Store:
    reader = READER if engine.dialect.name == "sqlite" else WITHOUT_TRANSACTION
    return Store(
        engine,
        sessionmaker(engine, expire_on_commit=False),
        sessionmaker(engine.execution_options(**FIRST), expire_on_commit=False),
        sessionmaker(engine.execution_options(**reader), expire_on_commit=False),
        alone,
    )


def _sqlite_engine(url: URL, connections: int) -> Engine:
    engine = create_engine(
        url,
        pool_size=connections,
        max_overflow=connections,
        pool_timeout=LOCK_WAIT,
        pool_use_lifo=True,  # what a connection has prepared and read is soon wanted again
        json_serializer=_compact_json,
        json_deserializer=read_json,
        hide_parameters=True,
    )
    line = FileLine(str(url.database))

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the begin event begins, not the driver
        connection.execute("PRAGMA busy_timeout=5000")
        _write_ahead(connection)
        for pragma in ON_SQLITE:
            connection.execute(f"PRAGMA {pragma}")
        learn(connection, engine.dialect)

    @event.listens_for(engine, "engine_disposed")
    def forget(_engine: Engine) -> None:
        line.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        driver, options = _driver_of(connection), connection.get_execution_options()
        if options.get("is_glance"):
            return
        if options.get("is_reader"):
            connection.info[_CHANGES] = driver.total_changes
            driver.execute("BEGIN")
        else:
            _begin_writing(driver, line.place(goes_first=options.get("goes_first", False)))

    @event.listens_for(engine, "commit")
    def refuse_writes(connection: Connection) -> None:
        # `PRAGMA query_only` would forbid it too, but forgets all that the connection has prepared
        is_reader = connection.get_execution_options().get("is_reader")
        if is_reader and _driver_of(connection).total_changes != connection.info[_CHANGES]:
            raise OperationalError("COMMIT", None, sqlite3.OperationalError("a reader may not write"))

    return engine


def _driver_of(connection: Connection) -> sqlite3.Connection:
    return cast(sqlite3.Connection, connection.connection.driver_connection)


def _write_ahead(driver: sqlite3.Connection) -> None:
    """Turn the write-ahead log on; the busy handler does not wait for others who do so in a new file."""
    for pause in _pauses():
        try:
            driver.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            time.sleep(pause)
        else:
            return
    raise sqlite3.OperationalError("database is locked")


def _begin_writing(driver: sqlite3.Connection, place: Place) -> None:
    """Begin a write transaction; raise OperationalError when another holds the lock for five seconds.

    SQLite's own busy handler sleeps up to 100 ms between two looks. Measured with three writing processes
    and 2 ms between their transactions: p99 35 ms with it, 3 ms with this poll, throughput 1.6 times.
    A process that writes without a pause would still be first again and again: whose `place` comes is next.
    Looking is what waiting costs: with pauses of always 0.2 ms it was most of the CPU of a webhook.
    """
    driver.execute("PRAGMA busy_timeout=0")
    began = time.monotonic()
    try:
        for pause in _pauses():
            waited = time.monotonic() - began
            if (place.is_next() or waited > LINE_WAIT) and _begins(driver):
                return
            if waited > LOCK_WAIT:  # by the clock: a busy machine makes each look longer
                break
            time.sleep(pause)
    finally:
        place.leave()
        driver.execute("PRAGMA busy_timeout=5000")
    raise OperationalError("BEGIN IMMEDIATE", None, sqlite3.OperationalError("database is locked"))


def _begins(driver: sqlite3.Connection) -> bool:
    try:
        driver.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise OperationalError("BEGIN IMMEDIATE", None, error) from error
        return False
    return True


def _pauses() -> Iterator[float]:
    """Yield pauses of an eighth of the wait until then, five seconds in all."""
    waited = 0.0
    while waited < LOCK_WAIT:
        pause = min(max(waited / 8, SHORTEST_PAUSE), LONGEST_PAUSE)
        yield pause
        waited += pause


_compact_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode  # made once
