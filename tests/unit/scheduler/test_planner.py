"""The schedule: due once, caught up at a start, led by one worker, ticking whatever the clock does."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from models.base import Db
from models.db import Store, open_store, read, write
from models.worker import count_live, has_leader, last_beat, lead, leads, leave
from scheduler.job import Job
from scheduler.loop import Ticker
from scheduler.planner import LEASE as PLANNER_LEASE
from scheduler.planner import SHORTEST_LEASE, Planner

AT = datetime(2026, 11, 23, 8, 59, 59, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LEASE = timedelta(seconds=20)


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    """Yield a database with every table."""
    opened = open_store(database)
    yield opened
    opened.close()


def counting(runs: list[datetime], found: int = 0) -> Callable[[Db, datetime], int]:
    """Return a job's function that notes its runs; it finds work so many times."""
    left = [found]

    def run(db: Db, at: datetime) -> int:
        runs.append(at)
        left[0] -= 1
        return int(left[0] >= 0)

    return run


def test_a_job_runs_when_it_is_due(store: Store) -> None:
    """At a start everything runs once; then each at its time in the programme's zone."""
    runs: list[datetime] = []
    job = Job("ten o'clock", "0 0 10 * * mon", counting(runs))
    now = [AT]
    planner = Planner(store, [job], ZoneInfo("Europe/Paris"), lambda: now[0])
    for step in range(4):
        now[0] = AT + step * SECOND
        planner.tick(now[0])
    assert runs == [AT, AT + SECOND]  # 09:00 UTC is 10:00 in Paris, a Monday


def test_a_job_of_every_second_runs_once_a_second(store: Store) -> None:
    """However often the worker asks, and also after a pause."""
    runs: list[datetime] = []
    now = [AT]
    planner = Planner(store, [Job("busy", "* * * * * *", counting(runs))], ZoneInfo("UTC"), lambda: now[0])
    for part in (0, 0.2, 0.9, 1.0, 1.9, 5.5, 5.6):
        now[0] = AT + part * SECOND
        planner.tick(now[0])
    assert runs == [AT, AT + SECOND, AT + 5.5 * SECOND]


def test_a_job_is_called_until_it_finds_nothing(store: Store) -> None:
    """Work is done in portions, each in a transaction."""
    runs: list[datetime] = []
    Planner(store, [Job("busy", "* * * * * *", counting(runs, found=3))], ZoneInfo("UTC"), lambda: AT).tick(
        AT
    )
    assert len(runs) == 4


def test_a_job_that_raises_stops_no_other(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged without what it says, and tried again at its next time."""
    runs: list[datetime] = []

    def breaks(db: Db, at: datetime) -> int:
        db.execute(text("INSERT INTO worker (id) VALUES (:id)"), {"id": "A" + "wa"})
        return 1

    jobs = [Job("broken", "* * * * * *", breaks), Job("whole", "* * * * * *", counting(runs))]
    planner = Planner(store, jobs, ZoneInfo("UTC"), lambda: AT)
    for step in range(2):
        planner.tick(AT + step * SECOND)
    assert len(runs) == 2
    assert [(told.getMessage(), told.__dict__["job"]) for told in caplog.records] == [
        ("a job raised", "broken")
    ] * 2


def test_a_job_is_told_the_time_of_its_transaction(store: Store) -> None:
    """The database may have been slow, or this process frozen, since the tick."""
    runs: list[datetime] = []
    later = AT + timedelta(minutes=2)
    planner = Planner(store, [Job("late", "* * * * * *", counting(runs))], ZoneInfo("UTC"), lambda: later)
    planner.tick(AT)
    assert runs == [later]


def test_much_work_does_not_cost_the_lead(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """A job that works for longer than the lease leads on, under the same number."""
    now = [AT]
    runs: list[datetime] = []

    def works(db: Db, at: datetime) -> int:
        runs.append(at)
        now[0] += timedelta(seconds=6)
        return int(len(runs) < 10)

    Planner(store, [Job("long", "* * * * * *", works, is_led=True)], ZoneInfo("UTC"), lambda: now[0]).tick(AT)
    assert len(runs) == 10
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("given", "lasts"),
    [
        pytest.param(timedelta(seconds=8), timedelta(seconds=8), id="as long as a send's"),
        pytest.param(timedelta(seconds=60), PLANNER_LEASE, id="20 seconds at most"),
        pytest.param(timedelta(seconds=0.5), SHORTEST_LEASE, id="longer than the time between two ticks"),
    ],
)
def test_a_silent_leader_is_replaced_when_its_lease_ends(
    store: Store, given: timedelta, lasts: timedelta
) -> None:
    """Until then the other worker runs nothing that is led."""
    runs: list[datetime] = []
    now = [AT]
    led = Job("led", "* * * * * *", counting(runs), is_led=True)
    Planner(store, [], ZoneInfo("UTC"), lambda: now[0], given).tick(AT)
    other = Planner(store, [led], ZoneInfo("UTC"), lambda: now[0], given)
    ended = AT + lasts
    for now[0] in (AT, ended, ended + 2 * SECOND + lasts / 4):  # it looks four times a lease
        other.tick(now[0])
    assert runs == [now[0]]


def test_a_gap_is_caught_up_once(store: Store) -> None:
    """After an hour's pause a job of every second runs once, not 3,600 times."""
    runs: list[datetime] = []
    planner = Planner(store, [Job("each second", "* * * * * *", counting(runs))], ZoneInfo("UTC"), lambda: AT)
    for at in (AT, AT + timedelta(hours=1), AT - timedelta(hours=1)):
        planner.tick(at)
    assert len(runs) == 3


def test_a_worker_is_seen_until_it_ends(store: Store) -> None:
    """A tick beats and leads; the end frees both at once."""
    planner = Planner(store, [], ZoneInfo("UTC"), lambda: AT)
    planner.tick(AT)
    assert read(store, last_beat) == AT
    assert read(store, lambda db: (count_live(db, AT), has_leader(db, AT))) == (1, True)
    planner.end()
    assert read(store, lambda db: (count_live(db, AT), has_leader(db, AT))) == (0, False)


def test_one_leads_at_a_time(store: Store) -> None:
    """The second takes over when the first is silent, under a higher number; the first finds out."""
    first = write(store, lambda db: lead(db, "one", AT, LEASE))
    assert first is not None
    assert write(store, lambda db: lead(db, "two", AT, LEASE)) is None
    assert write(store, lambda db: lead(db, "one", AT + LEASE, LEASE)) == first
    later = AT + 3 * LEASE
    second = write(store, lambda db: lead(db, "two", later, LEASE))
    assert second is not None
    assert second > first
    assert not read(store, lambda db: leads(db, "one", first, later))
    assert read(store, lambda db: leads(db, "two", second, later))
    write(store, lambda db: leave(db, "two"))
    assert write(store, lambda db: lead(db, "one", later, LEASE)) == second + 1


def test_a_killed_leader_is_waited_for_by_who_works_once(store: Store) -> None:
    """It leads, and runs what is led, as soon as the lease of the dead one is over, not a beat later."""
    write(store, lambda db: lead(db, "killed", AT, LEASE))
    runs: list[datetime] = []
    now = [AT + LEASE - timedelta(seconds=2)]
    jobs = [Job("led", "* * * * * *", counting(runs), is_led=True)]
    planner = Planner(store, jobs, ZoneInfo("UTC"), lambda: now[0])
    planner.tick(now[0])
    assert (runs, planner.lead_falls_free()) == ([], AT + LEASE)
    now[0] = AT + LEASE + timedelta(seconds=0.1)
    planner.tick(now[0])
    assert (runs, planner.lead_falls_free()) == ([now[0]], None)


def test_a_leader_that_lives_is_not_waited_for(store: Store) -> None:
    """One sign of life is enough: what is due is the leader's to decide."""
    write(store, lambda db: lead(db, "living", AT, LEASE))
    planner = Planner(store, [], ZoneInfo("UTC"), lambda: AT)
    planner.tick(AT)
    assert planner.lead_falls_free() == AT + LEASE
    write(store, lambda db: lead(db, "living", AT + timedelta(seconds=5), LEASE))
    planner.tick(AT + timedelta(seconds=5))
    assert planner.lead_falls_free() is None


def test_it_ticks_on_after_the_clock_jumped_back() -> None:
    """The watchdog arms a new scheduler when wall and monotonic clock part."""
    jump = [timedelta(0)]
    ticked = threading.Semaphore(0)
    ticker = Ticker(ticked.release, lambda: datetime.now(UTC) + jump[0])
    assert ticked.acquire(timeout=5)
    jump[0] = timedelta(hours=-1)
    time.sleep(0.7)
    while ticked.acquire(blocking=False):
        pass
    assert ticked.acquire(timeout=5)
    ticker.close()


def test_a_transaction_of_a_frozen_worker_ends_with_its_lease(store: Store) -> None:
    """PostgreSQL ends it, so that who leads by then does not wait for its locks."""
    if store.is_sqlite:
        pytest.skip("SQLite's lock stays with its process")
    found = read(store, lambda db: db.scalar(text("SHOW idle_in_transaction_session_timeout")))
    assert found == f"{PLANNER_LEASE.seconds}s"
