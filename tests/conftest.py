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
    sqlite_databases,
)

__all__ = [
    "aston_database",
    "collect_between_modules",
    "database",
    "databases",
    "empty_database",
    "postgresql_databases",
    "sqlite_databases",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--rewrite`: transcripts are written down anew instead of being compared."""
    parser.addoption("--rewrite", action="store_true", help="write the transcripts down as they are now")


@pytest.fixture(autouse=True, scope="module")
def collect_between_modules() -> Iterator[None]:
    """Collect garbage between modules only.

    A collection within `ast.parse`, which Flask's routes use, can end in "SystemError: AST constructor
    recursion depth mismatch" on CPython 3.11 (gh-106905): seen once in four runs of the whole suite.
    """
    gc.disable()
    yield
    gc.enable()
    gc.collect()
