"""The job that decides what is due: what it found holds for a while only, and until it is seen to be kept."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, event, update

from bot.programme import Programme
from bot.values import Message
from griot.assembly import make_jobs
from griot.settings import data_folder
from griot.voices import voices
from models.base import Db
from models.city import pause
from models.db import read, write
from models.form import FormShelf
from models.outbox import OUT, enqueue
from models.programme import ProgrammeShelf
from models.sending import claim
from models.timetable import cancel_keys
from scheduler.job import Job
from scheduler.jobs.occurrences import occurrences
from scheduler.parts import Parts
from scheduler.planner import Planner
from tests.moved import Moved, Someone, a_moved_site, add_people

TEN = datetime(2026, 11, 23, 10, tzinfo=UTC)  # Monday's prompt in the cities whose time is UTC
CITIES = ("bamako", "kumasi", "nouakchott")
SECOND = timedelta(seconds=1)

Run = Callable[[datetime], int]


@pytest.fixture
def site(tmp_path: Path, aston_database: str) -> Iterator[Moved]:
    """Yield a site with three coordinators who are asked at the same moment."""
    with a_moved_site(tmp_path, aston_database, TEN) as running:
        people: list[Someone] = [
            ("coordinator", city, "fr", {"telegram": f"60000000{number}"})
            for number, city in enumerate(CITIES, start=1)
        ]
        add_people(running, people)
        yield running


@pytest.fixture
def run(site: Moved) -> Run:
    """Return what runs the job once, as the planner does."""
    (job,) = (job for job in make_jobs(site.settings, site.channels) if job.name == "occurrences")
    return partial(look_and_run, site, job)


def look_and_run(site: Moved, job: Job, at: datetime) -> int:
    """Look in a transaction that cannot write, then run the job in one of its own."""
    look = job.look
    assert look is not None
    read(site.store, lambda db: look(db, at))
    done: int = site.write(lambda db: job.run(db, at))
    return done


def asked(site: Moved) -> int:
    """Return how many were prompted."""
    return len(site.sent("prompt"))


def test_what_was_found_is_looked_at_again_after_a_pause(site: Moved, run: Run) -> None:
    """After hours without a database amid a batch, the rest waits for the offices to open."""
    while not asked(site):
        run(TEN)
    while run(TEN + timedelta(hours=9)):
        pass
    assert asked(site) == 1
    while run(TEN + timedelta(days=1)):
        pass
    assert asked(site) == len(CITIES)


def test_what_was_not_kept_is_decided_at_the_next_tick(site: Moved) -> None:
    """A transaction that fails at its end leaves nothing out, and delays nothing."""
    (job,) = (job for job in make_jobs(site.settings, site.channels) if job.name == "occurrences")

    def fail(db: Db) -> None:
        job.run(db, TEN)
        raise InterruptedError

    while not asked(site):
        look_and_run(site, job, TEN)
    for _ in CITIES:
        with pytest.raises(InterruptedError):
            site.write(fail)
    while look_and_run(site, job, TEN + SECOND):
        pass
    assert asked(site) == len(CITIES)


def test_what_leaves_at_this_moment_is_not_called_cancelled(site: Moved, run: Run) -> None:
    """Where another worker claims the message while it is being cancelled, it is sent, and says so."""
    if site.store.is_sqlite:
        pytest.skip("SQLite's writers wait for one another")
    while asked(site) < 1:
        run(TEN)
    with site.store.writers() as claiming, ThreadPoolExecutor(1) as pool:
        claimed = claim(claiming, 10, TEN, timedelta(minutes=1))[0]
        (row,) = [row for row in site.sent("prompt", "reminder") if row["id"] == claimed.id]
        cancelling = pool.submit(write, site.store, lambda db: cancel_keys(db, [row["key"]], TEN))
        time.sleep(0.5)  # it waits for the claimed row
        claiming.commit()
        assert cancelling.result(10) == 0
    (decided,) = [each for each in site.occurrences() if each["key"] == row["key"]]
    assert decided["state"] == "sent"


def test_nothing_is_decided_by_a_look_of_before(site: Moved) -> None:
    """A worker that is frozen between its look and its transaction decides nothing until it looked again."""
    (job,) = (job for job in make_jobs(site.settings, site.channels) if job.name == "occurrences")
    look, night = job.look, TEN + timedelta(hours=9)
    assert look is not None
    read(site.store, lambda db: look(db, TEN))
    assert site.write(lambda db: job.run(db, night)) == 0
    assert asked(site) == 0


def test_what_is_never_sent_is_kept_at_once(site: Moved, run: Run) -> None:
    """However much fell due before somebody agreed: one run keeps it all, the next one sends."""
    with counted(site) as inserts:
        over = run(TEN)
    assert asked(site) == 0
    kept = site.occurrences()
    assert over == len(kept) > len(CITIES)
    assert {each["state"] for each in kept} == {"superseded"}
    assert inserts == [over]
    assert run(TEN) == 1
    assert [each["state"] for each in site.occurrences()].count("sent") == 1


@contextmanager
def counted(site: Moved) -> Iterator[list[int]]:
    """Yield the sizes of the statements that keep occurrences in the block."""
    sizes: list[int] = []

    def note(_connection: object, _cursor: object, statement: str, rows: Any, *_more: object) -> None:
        if statement.startswith("INSERT INTO occurrence"):
            sizes.append(len(rows) if isinstance(rows, list) else 1)

    event.listen(site.store.engine, "before_cursor_execute", note)
    try:
        yield sizes
    finally:
        event.remove(site.store.engine, "before_cursor_execute", note)


def test_an_idle_second_begins_no_transaction_that_writes(site: Moved) -> None:
    """Of what is done every second each looks first: on SQLite turns wait for whoever may write."""
    jobs = [job for job in make_jobs(site.settings, site.channels) if job.cron == "* * * * * *"]
    assert {job.name for job in jobs} == {"lost_sends", "occurrences", "spending"}
    planner = Planner(site.store, jobs, ZoneInfo("UTC"), site.clock)
    site.now = TEN + timedelta(hours=10, seconds=1)  # at night
    while True:
        with writing(site) as begun:
            planner.tick(site.now)
        if not begun:
            break
        site.now += SECOND
        assert site.now < TEN + timedelta(hours=10, seconds=10)
    lost: dict[str, Any] = {"key": "demo", "kind": "notice", "message": Message("Demo"), "at": site.now}
    to = {"person_id": None, "recipient": "demo", "channel": "telegram", "address": "600000009"}
    site.write(lambda db: enqueue(db, **lost, **to))
    site.write(lambda db: db.execute(update(OUT).values(state="sending", lease_until=site.now)))
    site.now += SECOND
    with writing(site) as begun:
        planner.tick(site.now)
    assert begun


@contextmanager
def writing(site: Moved) -> Iterator[list[object]]:
    """Yield the transactions that may write and are begun in the block."""
    begun: list[object] = []

    def note(connection: Connection) -> None:
        options = connection.get_execution_options()
        if not options.get("is_reader") and options.get("isolation_level") != "AUTOCOMMIT":
            begun.append(connection)

    event.listen(site.store.engine, "begin", note)
    try:
        yield begun
    finally:
        event.remove(site.store.engine, "begin", note)


def test_a_digest_is_made_before_the_transaction_that_keeps_it(site: Moved) -> None:
    """All it is made of is read where nothing is written: on SQLite no turn waits for that."""
    add_people(site, [("officer", None, "fr", {"telegram": "600000009"})])
    (job,) = (job for job in make_jobs(site.settings, site.channels) if job.name == "occurrences")
    look, friday = job.look, datetime(2026, 11, 27, 8, tzinfo=UTC)  # nine o'clock in Paris
    assert look is not None
    for _ in range(200):
        read(site.store, lambda db: look(db, friday))
        with executed(site) as statements:
            site.write(lambda db: job.run(db, friday))
        if site.sent("digest"):
            break
    assert len(site.sent("digest")) == 1
    assert not [each for each in statements if "FROM submission" in each]


def test_a_digest_that_cannot_be_made_stops_nothing(site: Moved) -> None:
    """It is counted where it would be kept, and parked at last; what comes after it leaves."""
    add_people(site, [("officer", None, "fr", {"telegram": "600000009"})])
    forms, programmes, friday = FormShelf(), ProgrammeShelf(), datetime(2026, 11, 27, 8, tzinfo=UTC)

    def broken(*_about: object) -> Message:
        raise LookupError("demo")

    spoken = voices(data_folder("locales"))
    job = occurrences(Parts(forms, programmes, spoken, ("telegram",), ceiling=3, digest=broken))
    for step in range(6):
        while look_and_run(site, job, friday + step * timedelta(seconds=16)):
            pass
    decided = {each["kind"]: (each["state"], each["reason"]) for each in site.occurrences()}
    assert decided["digest"] == ("superseded", "fault")


@contextmanager
def executed(site: Moved) -> Iterator[list[str]]:
    """Yield the statements of the block."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        statements.append(statement)

    event.listen(site.store.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(site.store.engine, "before_cursor_execute", note)


def test_an_unchanged_world_is_left_alone(site: Moved) -> None:
    """A look takes a second in a large network: it comes after a change, else after a rest."""
    (job,) = (job for job in make_jobs(site.settings, site.channels) if job.name == "occurrences")
    night = TEN + timedelta(hours=9)

    def looks(seconds: int) -> bool:
        with executed(site) as statements:
            look_and_run(site, job, night + seconds * SECOND)
        return any("FROM person " in each and "max(" not in each for each in statements)

    while looks(0):
        pass
    assert not looks(30)
    site.write(lambda db: pause(db, "bamako", None, "demo", night))
    assert looks(55)  # a rest lasts for a minute at least
    assert not looks(56)
    assert looks(56 + 300)


def test_a_look_that_raises_is_not_repeated_every_second(site: Moved) -> None:
    """A defect takes no more time than a look that works, and is logged four times a minute, not sixty."""
    looked: list[datetime] = []

    class Broken(ProgrammeShelf):
        def programme(self, db: Db) -> Programme:
            looked.append(TEN)
            raise ZeroDivisionError("demo")

    spoken = voices(data_folder("locales"))
    parts = Parts(FormShelf(), Broken(), spoken, ("telegram",), ceiling=3, digest=lambda *_: Message("Demo"))
    planner = Planner(site.store, [occurrences(parts)], ZoneInfo("UTC"), site.clock)
    for _ in range(20):
        planner.tick(site.now)
        site.now += SECOND
    assert len(looked) == 2
