"""One site for a run: its database, its provider, its processes."""

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from models.base import Db
from models.db import Store, open_store, read
from models.inbox import IN, InboxState
from models.outbox import OUT
from tests.chaos.books import WAITING
from tests.chaos.crowd import Crowd
from tests.chaos.doors import Doors
from tests.chaos.fleet import Fleet
from tests.databases import Server
from tests.site import TOKEN, free_port, site_environment
from tests.standin.server import StandIn
from tests.standin.twilio import ACCOUNT_SID, AUTH_TOKEN, Status
from tests.starting import run

SHORT = {"GRIOT_HTTP_TIMEOUT": "2", "GRIOT_LEASE_SECONDS": "5"}
WEBS, WORKERS = 2, 2
NUMBER = "+10000000001"  # Griot's own
OUT_OF_ORDER = (Status("delivered"), Status("sent", delay=0.05), Status("read", delay=0.05))


@contextmanager
def a_server() -> Iterator[Server]:
    """Yield a PostgreSQL server with an empty database."""
    with tempfile.TemporaryDirectory(prefix="griot-chaos-", ignore_cleanup_errors=True) as name:
        server = Server(Path(name))
        try:
            yield server
        finally:
            server.close()


@dataclass
class Stage:
    """Everything a run needs."""

    database: str
    environment: dict[str, str]
    provider: StandIn
    fleet: Fleet
    doors: Doors
    crowd: Crowd
    store: Store
    chance: random.Random
    server: Server | None  # PostgreSQL's, where it may be ended

    def griot(self, *arguments: str) -> str:
        """Return what a command of the site prints; raise CalledProcessError when it fails."""
        done = run(*arguments, env=self.environment)
        done.check_returncode()
        return done.stdout

    def is_settled(self) -> bool:
        """Tell whether both queues are empty."""
        return read(self.store, _is_settled)


@contextmanager
def a_stage(
    folder: Path,
    database: str,
    people: int,
    seed: int,
    server: Server | None = None,
) -> Iterator[Stage]:
    """Yield a running site with so many people on a database that was set up."""
    chance = random.Random(seed)
    port = free_port()
    with StandIn(token=TOKEN) as provider:
        environment = site_environment(folder, provider.url, database, port) | SHORT | twilio(provider.url)
        provider.twilio.plans["*"] = OUT_OF_ORDER
        provider.twilio.callbacks_to = environment["BASE_URL"]
        store = open_store(database)
        try:
            with Fleet(environment, folder, WEBS, WORKERS) as fleet:
                doors = Doors(fleet.urls, chance)
                crowd = Crowd(people, doors, provider, environment["BASE_URL"])
                crowd.join(database)
                yield Stage(database, environment, provider, fleet, doors, crowd, store, chance, server)
        finally:
            store.close()


def twilio(provider: str) -> dict[str, str]:
    """Return the settings of WhatsApp and SMS, without limits."""
    return {
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "TWILIO_WHATSAPP_FROM": NUMBER,
        "TWILIO_SMS_FROM": NUMBER,
        "TWILIO_API_URL": provider,
        "TWILIO_CONTENT_URL": provider,
        "GRIOT_SMS_PER_SECOND": "0",
        "GRIOT_WHATSAPP_PER_SECOND": "0",
    }


def seconds_until(is_so: Callable[[], bool], at_most: float, pause: float = 0.05) -> float:
    """Return after how many seconds it was so; infinite when it was not within `at_most`."""
    began = time.monotonic()
    while not is_so():
        if time.monotonic() - began > at_most:
            return float("inf")
        time.sleep(pause)
    return time.monotonic() - began


def _is_settled(db: Db) -> bool:
    waiting = select(IN.c.id).where(IN.c.state == InboxState.OPEN).limit(1)
    leaving = select(OUT.c.id).where(OUT.c.state.in_(WAITING)).limit(1)
    return db.execute(waiting).first() is None and db.execute(leaving).first() is None
