"""The job that decides what is due: what it found holds for a while only, and until it is seen to be kept."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from griot.assembly import make_jobs
from models.base import Db
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
    """Return what runs the job once, in a transaction of its own."""
    (job,) = (job for job in make_jobs(site.settings, site.channels) if job.name == "occurrences")

    def once(at: datetime) -> int:
        done: int = site.write(lambda db: job.run(db, at))
        return done

    return once


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

    for _ in range(2):
        with pytest.raises(InterruptedError):
            site.write(fail)
    while site.write(lambda db: job.run(db, TEN + SECOND)):
        pass
    assert asked(site) == len(CITIES)
