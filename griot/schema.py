"""Whether the tables are those this code wants, and how they become so."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from griot.settings import data_folder
from models.db import Store
from models.patience import UNHURRIED, unhurried

if TYPE_CHECKING:
    from alembic.config import Config

LOCK = 7246  # PostgreSQL advisory lock: one migration at a time


class Standing(StrEnum):
    """How the database's schema compares with the code's."""

    CURRENT = "current"
    BEHIND = "behind"
    AHEAD = "ahead"


def revisions() -> list[str]:
    """Return the revisions this code knows, oldest first: the numbers that their files begin with."""
    files = (data_folder("migrations") / "versions").glob("[0-9]*_*.py")
    return sorted(path.name.partition("_")[0] for path in files)


def standing(store: Store) -> Standing:
    """Return whether the schema is current; raise SQLAlchemyError when the database does not answer."""
    with store.readers.begin() as db:
        found = _revision(db.connection())
    known = revisions()
    if found is None or found in known[:-1]:
        return Standing.BEHIND
    return Standing.CURRENT if found in known else Standing.AHEAD


def migrate(store: Store) -> None:
    """Bring the schema to the newest revision, in one transaction; several at once wait for one another."""
    if standing(store) == Standing.CURRENT:
        return
    with _alone(store) as connection:
        upgrade(connection)


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the schema up to a revision, in the caller's transaction."""
    from alembic import command

    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def downgrade(store: Store, revision: str) -> None:
    """Take the schema back to a revision (`base`: no tables); what it added is lost."""
    from alembic import command

    config = alembic_config()
    with _alone(store) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def alembic_config() -> "Config":
    """Return Alembic's configuration; the caller adds its `connection`."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(data_folder("migrations")))
    return config


@contextmanager
def _alone(store: Store) -> Iterator[Connection]:
    """Yield a transaction in which nobody else migrates; it may last: an index of a large table does.

    Locks of tables are waited for as briefly as ever: whoever comes behind a migration waits with it.
    """
    with unhurried(), store.alone(), store.engine.begin() as connection:
        if not store.is_sqlite:
            limit = connection.execute(text("SHOW lock_timeout")).scalar_one()
            connection.execute(text(f"{UNHURRIED}; SET LOCAL lock_timeout = 0"))
            connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
            connection.execute(text(f"SET LOCAL lock_timeout = '{limit}'"))
        yield connection
    store.engine.dispose()  # connections know how a file keeps times: that may have changed


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found
