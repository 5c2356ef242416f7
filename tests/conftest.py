"""Fixtures that all tests share."""

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
