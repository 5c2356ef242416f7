"""Griot's commands with SQLite at synchronous=NORMAL: only to measure what FULL costs.

`python -m bench.relaxed worker`: as `griot worker`; a loss of power may take what was acknowledged last.
"""

import sqlite3

from sqlalchemy import event
from sqlalchemy.pool import ConnectionPoolEntry, Pool

_RELAXED = "bench.relaxed"


def relax(connection: sqlite3.Connection, entry: ConnectionPoolEntry, _proxy: object) -> None:
    """Set a connection to NORMAL when it is first taken from its pool, after Griot has set it up."""
    if _RELAXED not in entry.info and isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous=NORMAL")
        entry.info[_RELAXED] = True


def main() -> None:
    """Run a command of Griot's."""
    from griot.cli import main as griot

    event.listen(Pool, "checkout", relax)
    griot()


if __name__ == "__main__":
    main()
