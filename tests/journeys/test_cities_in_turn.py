"""A transaction that sends reports of several cities holds them in one order, on PostgreSQL."""

import threading
from time import monotonic, sleep

import pytest
from sqlalchemy import Select, select, text
from sqlalchemy.exc import OperationalError

from bot.values import Heard
from channels.chat import written_down
from models.base import Db
from models.city import City
from models.db import Store, open_store, read, write
from models.inbox import finish, receive, take
from models.submission import Submission
from tests.conversations.stage import Stage, a_stage
from tests.databases import Databases, load_aston

WORDS = ("report", "1", "3", "Atelier avec les vendeuses.", "2", "1", "-", "Visite vendredi.")
FIRST, SECOND = "bamako", "matola"  # in the order of their names, which is not that of the messages
PATIENCE = 30.0  # seconds
LOCKED = "55P03"  # PostgreSQL: lock_not_available


@pytest.mark.timeout(120)
def test_a_city_is_not_held_while_one_before_it_is_waited_for(postgresql_databases: Databases) -> None:
    """Else two workers wait for each other until PostgreSQL ends one, a second later: everybody waits."""
    address = postgresql_databases.copy_of("aston", load_aston)
    store, other = open_store(address), open_store(address)
    stages = [a_stage(store, city) for city in (SECOND, FIRST)]
    for stage in stages:
        for words in WORDS:
            stage.says(words)
    sending = threading.Thread(target=write, args=(store, lambda db: _send_both(db, stages)))
    with other.engine.connect() as holder:
        holder.execute(_city(FIRST, nowait=False))
        sending.start()
        _until_it_waits(other)
        assert not _is_held(other, SECOND)
        assert _is_held(other, FIRST)
    sending.join(PATIENCE)
    sent = read(store, lambda db: set(db.scalars(select(Submission.city).where(Submission.reference != ""))))
    assert sent == {FIRST, SECOND}
    for each in (store, other):
        each.close()
    postgresql_databases.drop(address)


def _send_both(db: Db, stages: list[Stage]) -> None:
    """Take the last word of both reports in one transaction, in the order of the stages."""
    for number, stage in enumerate(stages):
        body = written_down(f"last-{number}", stage.address, Heard(text="1"))
        receive(db, stage.channel, f"last-{number}", f"{stage.channel}:{stage.address}", body, stage.clock)
    at = max(stage.clock for stage in stages)
    handled = stages[0].turns(db, take(db, len(stages), at), at)
    finish(db, [row.id for row in handled], at)


def _city(slug: str, *, nowait: bool) -> Select[tuple[str]]:
    return select(City.slug).where(City.slug == slug).with_for_update(nowait=nowait)


def _until_it_waits(store: Store) -> None:
    """Return when a transaction of this database waits for another."""
    waits = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    until = monotonic() + PATIENCE
    while not read(store, lambda db: db.scalar(waits)):
        assert monotonic() < until, "nobody waits"
        sleep(0.02)


def _is_held(store: Store, slug: str) -> bool:
    with store.engine.connect() as connection:
        try:
            connection.execute(_city(slug, nowait=True))
        except OperationalError as error:
            return getattr(error.orig, "sqlstate", "") == LOCKED
        return False
