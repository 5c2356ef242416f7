"""Fixtures that all tests share."""

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
    "database",
    "databases",
    "empty_database",
    "postgresql_databases",
    "sqlite_databases",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--rewrite`: transcripts are written down anew instead of being compared."""
    parser.addoption("--rewrite", action="store_true", help="write the transcripts down as they are now")
