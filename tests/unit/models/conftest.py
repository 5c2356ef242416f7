"""A session on a database with two cities, rolled back after each test of a model."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from models.base import Db
from models.city import City
from models.db import open_store
from tests.databases import Databases, make_tables

LOADED_AT = datetime(2026, 9, 1, tzinfo=UTC)
CITIES = (("bamako", "BKO", "Africa/Bamako"), ("kampala", "KLA", "Africa/Kampala"))


@pytest.fixture
def db(databases: Databases) -> Iterator[Db]:
    """Yield a session, once on SQLite and once on PostgreSQL."""
    store = open_store(databases.shared("models", make_tables))
    with store.writers() as session:
        for position, (slug, code, zone) in enumerate(CITIES):
            session.add(
                City(
                    slug=slug,
                    code=code,
                    name=slug.title(),
                    position=position,
                    timezone=zone,
                    facts={},
                    changed_at=LOADED_AT,
                )
            )
        session.flush()
        yield session
    store.close()
