"""Two workers on one database: one leads the schedule; frozen, killed or ended, the other takes its place."""

import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from sqlalchemy import func, select

from bot.schedule import ALERT, HELD, Occurrence
from models.base import Db, Json
from models.consent import record_consent
from models.db import Store, open_store, read, write
from models.occurrence import OCCURRENCE, OccurrenceState, decide
from models.outbox import OUT
from models.person import add_person
from models.worker import LEADER, count_live
from tests.site import TOKEN, Site, a_site
from tests.standin.server import StandIn
from tests.starting import Running, start

OFFICERS = 10
FIRST_USER = 600_000_001  # of the officers on Telegram
LEAD_WITHIN = 30.0  # seconds in which a frozen leader is replaced
END_WITHIN = 10.0  # seconds from SIGTERM to the end
DELIVERED_WITHIN = 40.0  # seconds, where the machine is busy with other tests
LEASE = 8.0  # seconds
BEAT = 2.0  # seconds: a leader that ended has so much less left of its lease
SHORT = {"GRIOT_HTTP_TIMEOUT": "3", "GRIOT_LEASE_SECONDS": f"{LEASE}"}


@dataclass
class Pair:
    """A site whose worker `leader` leads, and a second worker that waits."""

    site: Site
    store: Store
    provider: StandIn
    leader: psutil.Process
    second: psutil.Process
    officers: list[int]
    started: list[Running]

    def another(self) -> psutil.Process:
        """Start one more worker; return it once it gives signs of life."""
        before = _workers(self.store)
        process = start("worker", env=self.site.environment)
        self.started.append(process)
        _wait_until(lambda: _workers(self.store) > before, 60)
        return psutil.Process(process.pid)

    def alert(self, *abouts: str) -> None:
        """Keep alerts to every officer that waited until now for the Secretariat's hours."""
        at = datetime.now(UTC)
        write(self.store, lambda db: _hold(db, self.officers, abouts, at))

    def number(self) -> int:
        """Return the fencing number of the leader."""
        return int(self._one(select(LEADER.c.number)))

    def decided(self) -> int:
        """Return how many alerts were decided."""
        return int(self._one(select(func.count()).where(OCCURRENCE.c.state == OccurrenceState.SENT)))

    def sent(self) -> list[Json]:
        """Return every row of the outbox, oldest first."""
        rows = select(OUT).order_by(OUT.c.id)
        return read(self.store, lambda db: list(db.connection().execute(rows).mappings()))

    def copies(self) -> Counter[tuple[str, str]]:
        """Return how often the provider took each text for each chat."""
        taken = [call.fields for call in self.provider.calls("sendMessage")]
        return Counter((fields["chat_id"], fields["text"]) for fields in taken)

    def _one(self, query: Json) -> Json:
        return read(self.store, lambda db: db.connection().execute(query).scalar())


@pytest.fixture
def pair(tmp_path: Path, site_database: str) -> Iterator[Pair]:
    """Yield two workers of which the first leads."""
    with (
        StandIn(token=TOKEN) as provider,
        a_site(tmp_path, provider.url, (), site_database, **SHORT) as site,
    ):
        store = open_store(site_database)
        officers = write(store, _add_officers)
        _wait_until(lambda: _workers(store) == 1, 60)
        leader = site.processes[1]
        pair = Pair(site, store, provider, leader, leader, officers, [])
        try:
            pair.second = pair.another()
            yield pair
        finally:
            for process in pair.started:
                process.send_signal(signal.SIGTERM)
            for process in pair.started:
                process.wait(15)
            store.close()


@pytest.mark.timeout(240)
def test_whatever_becomes_of_the_leader_another_leads(pair: Pair) -> None:
    """Frozen, killed amid a batch, told to end: three leaders one after the other, on one site."""
    _a_frozen_leader_is_replaced_and_changes_nothing(pair)
    pair.leader, pair.second = pair.second, pair.leader
    _a_leader_killed_amid_a_batch_leaves_none_out(pair)
    pair.leader, pair.second = pair.second, pair.another()
    _a_leader_that_ends_hands_over(pair)


def _a_frozen_leader_is_replaced_and_changes_nothing(pair: Pair) -> None:
    """Another leads within 30 s and sends what is due once; thawed, the first decides nothing."""
    before = pair.number()
    _freeze(pair)
    try:
        pair.alert("a", "b")
        _wait_until(lambda: pair.number() > before, LEAD_WITHIN)
        _wait_until(lambda: len(pair.provider.calls("sendMessage")) == 2 * OFFICERS, DELIVERED_WITHIN)
        _wait_until(lambda: _settled(pair), DELIVERED_WITHIN)
        _wait_until(lambda: all(row["parts"] for row in pair.sent()), DELIVERED_WITHIN)  # counted too
        rows = pair.sent()
    finally:
        pair.leader.resume()
    time.sleep(2 * BEAT)
    assert pair.number() == before + 1
    assert pair.sent() == rows
    assert Counter(pair.copies().values()) == {1: 2 * OFFICERS}


def _a_leader_killed_amid_a_batch_leaves_none_out(pair: Pair) -> None:
    """Each alert is decided once and arrives; twice only where the answer to a call was never seen."""
    count, before = 20, pair.decided()
    pair.provider.clear()
    pair.alert(*(f"{number}" for number in range(count)))
    _wait_until(lambda: pair.decided() > before + count, DELIVERED_WITHIN, pause=0.0)
    pair.leader.kill()
    decided, all_of_them = pair.decided(), before + count * OFFICERS
    assert decided < all_of_them  # amid the batch
    _wait_until(lambda: pair.decided() == all_of_them, LEAD_WITHIN + DELIVERED_WITHIN)
    _wait_until(lambda: _settled(pair), DELIVERED_WITHIN)
    rows, copies = pair.sent()[before:], pair.copies()
    assert len(rows) == len(copies) == count * OFFICERS
    assert max(copies.values()) <= 2
    assert sum(copies.values()) <= len(rows) + sum(row["repeats"] for row in rows)


def _a_leader_that_ends_hands_over(pair: Pair) -> None:
    """After SIGTERM it ends within ten seconds and well; the other leads without waiting for a lease."""
    number, before = pair.number(), pair.decided()
    pair.provider.clear()
    pair.leader.terminate()
    assert pair.leader == pair.site.processes[1]
    assert pair.site.started[1].wait(END_WITHIN) == 0
    _wait_until(lambda: pair.number() > number, LEASE - BEAT)
    pair.alert("c")
    _wait_until(lambda: pair.decided() == before + OFFICERS, DELIVERED_WITHIN)
    _wait_until(lambda: _settled(pair), DELIVERED_WITHIN)
    assert Counter(pair.copies().values()) == {1: OFFICERS}


def _add_officers(db: Db) -> list[int]:
    at = datetime.now(UTC)
    people = []
    for number in range(OFFICERS):
        address = {"telegram": str(FIRST_USER + number)}
        id = add_person(
            db, name=f"Officer {number} Demo", role="officer", language="en", addresses=address, at=at
        )
        record_consent(
            db, id, agreed=True, version="test", language="en", channel="telegram", how="test", at=at
        )
        people.append(id)
    return people


def _hold(db: Db, officers: list[int], abouts: tuple[str, ...], at: datetime) -> None:
    due = at - timedelta(seconds=1)
    for about in abouts:
        for officer in officers:
            key = f"alert:safety:{about}:{officer}"  # at any hour
            alert = Occurrence(key, ALERT, officer, None, due, due, state=HELD, reason="office_hours")
            assert decide(db, alert, OccurrenceState.HELD, at, alert.reason, {"text": f"About {about}."})


def _freeze(pair: Pair) -> None:
    """Stop the leader between two of its transactions: SQLite's lock would stay with it."""
    for _ in range(100):
        pair.leader.suspend()
        if _may_write(pair.site.environment["DATABASE_URL"]):
            return
        pair.leader.resume()
        time.sleep(0.05)
    raise AssertionError("it never let go of the lock")


def _may_write(url: str) -> bool:
    if not url.startswith("sqlite"):
        return True
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=0.5, isolation_level=None)) as file:
        try:
            file.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        file.execute("ROLLBACK")
    return True


def _workers(store: Store) -> int:
    return read(store, lambda db: count_live(db, datetime.now(UTC) - timedelta(hours=1)))


def _settled(pair: Pair) -> bool:
    rows = pair.sent()
    return bool(rows) and {row["state"] for row in rows} <= {"sent", "uncertain"}


def _wait_until(is_so: Callable[[], bool], seconds: float, pause: float = 0.1) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(pause)
