"""The database is away for ten minutes, amid ticks of the schedule and while people write."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from models.db import read
from models.outbox import OUT, OutboxState
from tests.databases import Databases, load_aston
from tests.moved import Moved, a_moved_site, add_people, minutes

BEFORE = datetime(2026, 11, 23, 6, 58, tzinfo=UTC)  # a Monday, two minutes before the prompt in Kampala
AFTER = datetime(2026, 11, 23, 7, 8, tzinfo=UTC)
USER = 600000001


def test_ten_minutes_without_a_database(tmp_path: Path, postgresql_databases: Databases) -> None:
    """What came meanwhile is refused until it is kept, what fell due leaves once; no process starts anew."""
    server = postgresql_databases.server
    assert server is not None
    with a_moved_site(tmp_path, postgresql_databases.copy_of("aston", load_aston), BEFORE) as site:
        add_people(site, [("coordinator", "kampala", "en", {"telegram": str(USER)})])
        site.start(workers=2)
        site.work()
        phone = site.telegram(USER, "en")
        server.crash()
        with pytest.raises(AssertionError, match="answered 503"):
            phone.say("help")
        while site.now < AFTER:
            site.now += minutes(1)
            _tick(site)
        with pytest.raises(AssertionError, match="answered 503"):
            phone.deliver_again()
        server.start()
        for _ in range(2):
            phone.deliver_again()
        site.work()
        site.now += minutes(1)
        site.work()
        rows = read(site.store, lambda db: db.execute(select(OUT.c.kind, OUT.c.state)).all())
        assert {row.state for row in rows} == {OutboxState.SENT}
        assert [row.kind for row in rows].count("prompt") == 1
        texts = [one.text for one in phone.messages()]
        assert len(texts) == len(set(texts)) == len(rows)


def _tick(site: Moved) -> None:
    for planner in site.planners:
        planner.tick(site.now)
