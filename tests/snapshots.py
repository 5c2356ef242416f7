"""What stands in a PostgreSQL database, put back into its copies after a test."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from psycopg import Connection, connect
from psycopg.sql import SQL, Identifier

Connected: TypeAlias = Connection[Any]

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
_SEQUENCES = "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1"
_END_OTHERS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_CATALOGS = ("pg_class", "pg_attribute", "pg_constraint", "pg_index", "pg_trigger", "pg_proc", "pg_statistic")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The rows of a database. To put them back costs a thirtieth of a new copy."""

    tables: Mapping[str, bytes]  # what COPY gave; nothing for an empty one
    sequences: Mapping[str, tuple[int, bool]]  # value, and whether it was taken
    schema: int

    @classmethod
    def of(cls, address: str) -> "Snapshot":
        """Return what is in a database now."""
        with connect(address) as database:
            tables = {name: _rows(database, name) for (name,) in database.execute(_TABLES).fetchall()}
            names = [name for (name,) in database.execute(_SEQUENCES).fetchall()]
            return cls(tables, {name: _place(database, name) for name in names}, _schema(database))

    def put_back(self, address: str) -> bool:
        """Return whether a copy holds these rows and no others again; False where its schema was changed.

        Whoever is connected to it is thrown out.
        """
        with connect(address) as database:
            database.execute(_END_OTHERS)
            if _schema(database) != self.schema:
                return False
            database.execute("SET session_replication_role = replica")  # no triggers, nor those of keys
            database.execute(
                SQL("; ").join(SQL("DELETE FROM {}").format(Identifier(one)) for one in self.tables)
            )
            for name, rows in self.tables.items():
                if rows:
                    copying = SQL("COPY {} FROM STDIN (FORMAT binary)").format(Identifier(name))
                    with database.cursor().copy(copying) as copy:
                        copy.write(rows)
            for name, (value, is_taken) in self.sequences.items():
                database.execute("SELECT setval(%s::regclass, %s, %s)", (f'"{name}"', value, is_taken))
        return True


def _schema(database: Connected) -> int:
    """Return the last transaction that changed the schema, or gathered statistics."""
    newest = (SQL("(SELECT max(xmin::text::bigint) FROM {})").format(Identifier(one)) for one in _CATALOGS)
    [last] = database.execute(SQL("SELECT greatest({})").format(SQL(", ").join(newest))).fetchone() or [0]
    return int(last)


def _rows(database: Connected, name: str) -> bytes:
    """Return a table as COPY writes it; nothing where it is empty."""
    table = Identifier(name)
    if database.execute(SQL("SELECT FROM {} LIMIT 1").format(table)).fetchone() is None:
        return b""
    with database.cursor().copy(SQL("COPY {} TO STDOUT (FORMAT binary)").format(table)) as copy:
        return b"".join(bytes(part) for part in copy)


def _place(database: Connected, name: str) -> tuple[int, bool]:
    found = database.execute(SQL("SELECT last_value, is_called FROM {}").format(Identifier(name))).fetchone()
    assert found is not None
    return found[0], found[1]
