"""A worker ends in the middle of a fetch: the file is fetched again, and kept once."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from sqlalchemy import select

from models.db import Store, open_store, read
from models.media import Media, MediaState
from models.media_files import FOLDER
from tests.databases import Databases
from tests.site import FIRST_PERSON, SECRET, TOKEN, Site, a_site, set_up
from tests.standin.phone import Phone, webhook
from tests.standin.server import StandIn
from tests.standin.trouble import Trouble
from tests.starting import start
from tests.unit.channels.test_arriving import a_photo

PATIENCE = 60.0  # seconds until a test gives up


@contextmanager
def fetching(folder: Path, database: str, timeout: int, lease: int) -> Iterator[tuple[Site, Store]]:
    """Yield a site whose worker has begun to fetch a photo, which takes until the deadline of a call."""
    short = {"GRIOT_HTTP_TIMEOUT": str(timeout), "GRIOT_LEASE_SECONDS": str(lease)}
    with (
        StandIn(token=TOKEN) as provider,
        a_site(folder, provider.url, [("bamako", "en")], database, **short) as site,
    ):
        store = open_store(site.environment["DATABASE_URL"])
        provider.attach("photo-1", a_photo())
        provider.trouble("file", Trouble(delay=float(timeout), times=1))
        phone = Phone(webhook(site.url, SECRET), provider, FIRST_PERSON)
        phone.say("/report good_practice")
        phone.send(photo=[{"file_id": "photo-1", "file_unique_id": "u", "width": 1600, "height": 1200}])
        wait_until(lambda: "file" not in provider.troubles)  # the one slow call has arrived
        assert [row.tries for row in rows(store) if row.lease_token] == [1]
        yield site, store
        store.close()


def rows(store: Store) -> list[Media]:
    """Return every attachment as it stands."""
    return read(store, lambda db: list(db.scalars(select(Media))))


def wait_until(is_so: Callable[[], bool]) -> None:
    """Return once it is so."""
    until = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.1)


@pytest.mark.timeout(180)
def test_a_worker_killed_in_a_fetch_loses_and_doubles_nothing(tmp_path: Path, site_database: str) -> None:
    """Once the lease of the dead one is over another fetches the file, and keeps it once."""
    with fetching(tmp_path, site_database, timeout=4, lease=9) as (site, store):
        worker = site.processes[1]
        family = [worker, *worker.children(recursive=True)]
        for one in family:
            one.kill()
        psutil.wait_procs(family, timeout=10)
        second = start("worker", env=site.environment)
        try:
            wait_until(lambda: [row.state for row in rows(store)] == [MediaState.KEPT])
        finally:
            second.send_signal(signal.SIGTERM)
            second.wait(15)
        assert [row.tries for row in rows(store)] == [2]
        folder = Path(site.environment["GRIOT_VAR"]) / FOLDER
        assert [path.suffix for path in folder.rglob("*") if path.is_file()] == [".jpg"]


@pytest.mark.timeout(180)
def test_a_worker_told_to_end_does_not_wait_for_a_fetch(tmp_path: Path, sqlite_databases: Databases) -> None:
    """It ends within ten seconds, whatever the database; the attachment still waits, for the next worker."""
    database = sqlite_databases.copy_of("site", set_up)
    with fetching(tmp_path, database, timeout=50, lease=110) as (site, store):
        began = time.monotonic()
        site.processes[1].send_signal(signal.SIGTERM)
        psutil.wait_procs(site.processes[1:], timeout=20)
        assert time.monotonic() - began < 10
        assert [row.state for row in rows(store)] == [MediaState.WAITING]
