"""Fixtures that all tests share."""

import gc
from collections.abc import Iterator

import pytest

from tests.databases import (
    aston_database,
    database,
    databases,
    empty_database,
    postgresql_databases,
    site_database,
    sqlite_databases,
)
from tests.starting import forking

__all__ = [
    "aston_database",
    "collect_between_modules",
    "database",
    "databases",
    "empty_database",
    "postgresql_databases",
    "site_database",
    "sqlite_databases",
    "start_by_forking",
]

MUCH = 500_000  # objects that may be garbage: a look for it takes about as long as a small module of tests

gc.disable()  # looking for garbage was a quarter of the time of collecting the tests


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--rewrite`: transcripts are written down anew instead of being compared."""
    parser.addoption("--rewrite", action="store_true", help="write the transcripts down as they are now")


@pytest.fixture(autouse=True, scope="session")
def start_by_forking() -> Iterator[None]:
    """Let commands of Griot start without the second that their imports take."""
    with forking():
        yield


def pytest_collection_finish() -> None:
    """Leave all that was imported out of every later look for garbage: a million objects that stay."""
    gc.freeze()


@pytest.fixture(autouse=True, scope="module")
def collect_between_modules() -> Iterator[None]:
    """Collect garbage between modules only, once there is much of it.

    On CPython 3.11 a collection within `ast.parse` that itself parses (a finalizer that formats an
    assertion, say) ends in "SystemError: AST constructor recursion depth mismatch" (pytest issue 10763).
    """
    gc.disable()  # what was tested may have begun to look for garbage again
    yield
    if gc.get_count()[0] > MUCH:
        gc.collect()
