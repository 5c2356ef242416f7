"""A database with three cities for each test of a model."""

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from models.base import Base, Db
from models.city import City

CITIES = (("bamako", "BKO", "Africa/Bamako"), ("kampala", "KLA", "Africa/Kampala"))


@pytest.fixture
def db() -> Iterator[Db]:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        for position, (slug, code, zone) in enumerate(CITIES):
            session.add(
                City(
                    slug=slug,
                    code=code,
                    name=slug.title(),
                    position=position,
                    timezone=zone,
                    facts={},
                )
            )
        session.flush()
        yield session
    engine.dispose()
