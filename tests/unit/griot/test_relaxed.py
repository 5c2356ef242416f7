"""The comparison of FULL with NORMAL compares what it says."""

from pathlib import Path

from sqlalchemy import event
from sqlalchemy.pool import Pool

from bench.relaxed import relax
from models.db import open_store, read

FULL, NORMAL = 2, 1  # sqlite.org/pragma.html, synchronous


def synchronous(folder: Path) -> int:
    """Return how a connection of Griot's is set."""
    store = open_store(f"sqlite:///{folder / 'griot.db'}")
    found = read(store, lambda db: db.connection().exec_driver_sql("PRAGMA synchronous").scalar())
    store.close()
    assert isinstance(found, int)
    return found


def test_only_the_relaxed_start_is_at_normal(tmp_path: Path) -> None:
    """Griot itself is at FULL; a start through bench.relaxed is not."""
    assert synchronous(tmp_path) == FULL
    event.listen(Pool, "checkout", relax)
    try:
        assert synchronous(tmp_path) == NORMAL
    finally:
        event.remove(Pool, "checkout", relax)
