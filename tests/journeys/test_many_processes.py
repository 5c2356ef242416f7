"""Two webs and three workers on one database: the work is shared, its order kept, nothing doubled."""

import itertools
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep

import pytest
from flask import Flask
from sqlalchemy import select, text

from griot.assembly import make_app, open_channels
from griot.metrics import Measures
from griot.running import RunningWorker
from griot.settings import Settings
from griot.wake import announce, ear
from models.base import Db, Json
from models.consent import record_consent
from models.db import Store, is_postgres, open_store, read, write
from models.inbox import IN
from models.outbox import OUT
from models.person import add_person
from models.postgres import KEPT
from models.worker import LEADER
from tests.marks import without_mark
from tests.standin.phone import Phone
from tests.standin.server import StandIn

BASE_URL = "https://griot.example.org"
TOKEN = "700100200:MANY-token-of-nobody-0123456789abcdef"
SECRET = "many-secret_0123456789abcdef0123456789"
SATURDAY = datetime(2026, 11, 21, 12, tzinfo=UTC)  # nothing is due by itself
CITIES = ("bamako", "bizerte", "kampala", "kumasi", "matola")
WEBS, WORKERS, FIRST_USER = 2, 3, 41_000_000
WRITTEN = ("report", "1", "3", "Workshop with the market women.", "2", "1", "-", "Visit on Friday.", "1")
WANTED = ["on_track", "50", "Workshop with the market women.", "no", "none", None, "Visit on Friday."]
PATIENCE = 90.0  # seconds, where the machine is busy with other tests


@dataclass
class Processes:
    """What runs: each web and each worker has a store, channels and a clock as if it were alone."""

    settings: Settings
    provider: StandIn
    taken: Counter[int] = field(default_factory=Counter)  # turns, by worker
    workers: list[RunningWorker] = field(default_factory=list)
    stores: list[Store] = field(default_factory=list)
    began: float = field(default_factory=monotonic)

    def clock(self) -> datetime:
        """Return the time of the site."""
        return SATURDAY + timedelta(seconds=monotonic() - self.began)

    def start_worker(self, number: int) -> None:
        """Start a worker that counts its turns."""
        store = self._store()

        def count(_seconds: float) -> None:
            self.taken[number] += 1

        measures = Measures(lambda _: None, count, lambda *_: None, lambda *_: None)
        hearing = ear(store, is_alone=False)
        channels = open_channels(self.settings)
        self.workers.append(RunningWorker(self.settings, store, channels, measures, hearing, self.clock))

    def web(self) -> Flask:
        """Return the application of one web process."""
        measures = Measures(lambda _: None, lambda _: None, lambda *_: None, lambda *_: None)
        return make_app(self.settings, self._store(), measures, announce, lambda: None, clock=self.clock)

    def _store(self) -> Store:
        self.stores.append(open_store(self.settings.database_url))
        return self.stores[-1]

    def end(self) -> None:
        """Let everything end."""
        for worker in self.workers:
            worker.stop()
        for worker in self.workers:
            worker.wait()
        for store in self.stores:
            store.close()


@contextmanager
def processes(folder: Path, database: str) -> Iterator[Processes]:
    """Yield a site without limits, nothing of it running yet."""
    with StandIn(token=TOKEN) as provider:
        settings = Settings(
            _env_file=None,  # type: ignore[call-arg]  # pydantic-settings takes it
            database_url=database,
            griot_var=folder / "var",
            secret_key="many-key-0123456789abcdef0123456789abcdef",  # type: ignore[arg-type]
            base_url=BASE_URL,
            telegram_bot_token=TOKEN,  # type: ignore[arg-type]
            telegram_webhook_secret=SECRET,  # type: ignore[arg-type]
            telegram_api_url=provider.url,
            griot_telegram_chat_interval=0,
            griot_telegram_per_second=0,
            griot_senders=8,
        )
        site = Processes(settings, provider)
        try:
            yield site
        finally:
            site.end()


def phones(site: Processes, webs: list[Flask]) -> list[Phone]:
    """Return a phone in each city, each message of which comes in by another web process."""
    numbers = itertools.count()

    def post(body: bytes) -> tuple[int, bytes]:
        client = webs[next(numbers) % len(webs)].test_client()
        headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
        answer = client.post("/webhooks/telegram", data=body, headers=headers, base_url=BASE_URL)
        return answer.status_code, answer.data

    return [Phone(post, site.provider, FIRST_USER + number) for number in range(len(CITIES))]


def add_coordinators(db: Db) -> None:
    """Add the coordinator of each city, agreed."""
    agreed = {"agreed": True, "version": "1", "language": "en", "channel": "paper", "how": "test"}
    for number, city in enumerate(CITIES):
        addresses = {"telegram": str(FIRST_USER + number)}
        who = {"name": f"Demo {number}", "role": "coordinator", "city": city, "language": "en"}
        person = add_person(db, **who, addresses=addresses, at=SATURDAY)
        record_consent(db, person, **agreed, at=SATURDAY)


def write_all(phone: Phone) -> None:
    """Write a report at once, without waiting for any reply."""
    for words in WRITTEN:
        phone.say(words)


@pytest.mark.timeout(180)
def test_processes_share_the_work_and_keep_its_order(tmp_path: Path, aston_database: str) -> None:
    """Whole reports are written without a pause: each turn is taken once, in order, by some worker."""
    store = open_store(aston_database)
    write(store, add_coordinators)
    with processes(tmp_path, aston_database) as site:
        for number in range(WORKERS):
            site.start_worker(number)
        webs = [site.web() for _ in range(WEBS)]
        people = phones(site, webs)
        writing = [threading.Thread(target=write_all, args=(phone,)) for phone in people]
        for thread in writing:
            thread.start()
        for thread in writing:
            thread.join()
        until = monotonic() + PATIENCE
        while read(store, _waiting):
            assert monotonic() < until, "not all was handled"
            sleep(0.05)
        connections = read(store, _connections)
        heard = {phone.user_id: [_first_line(one.text) for one in phone.messages()] for phone in people}
        leader = read(store, lambda db: db.execute(select(LEADER.c.number)).scalar_one())
    assert sum(site.taken.values()) == len(CITIES) * len(WRITTEN)
    assert all(site.taken[number] for number in range(WORKERS))
    assert heard == read(store, _told)
    assert set(map(len, heard.values())) == {len(WRITTEN)}
    assert read(store, _answered) == dict.fromkeys(CITIES, WANTED)
    assert leader == 1
    assert connections <= 1 + WEBS * KEPT + WORKERS * (KEPT + 1)  # this one; of a worker one listens
    assert read(store, _deadlocks) == 0
    store.close()


def _waiting(db: Db) -> bool:
    open_ones = select(IN.c.id).where(IN.c.state == "open")
    leaving = select(OUT.c.id).where(OUT.c.state.in_(["queued", "sending"]))
    return any(db.execute(waiting).first() is not None for waiting in (open_ones, leaving))


def _told(db: Db) -> Mapping[int, list[str]]:
    """Return what was to be said to each chat, in the order in which it was decided."""
    told: dict[int, list[str]] = {}
    for address, words in db.execute(select(OUT.c.address, OUT.c.text).order_by(OUT.c.id)):
        told.setdefault(int(address), []).append(_first_line(words))
    return told


def _first_line(words: str) -> str:
    """Return a message without its options, which the channel writes out, and without how to skip it."""
    return without_mark(words.partition("\n")[0])


def _answered(db: Db) -> Mapping[str, list[Json]]:
    """Return the answers of each city's report, in the order of its questions."""
    asked = text(
        "SELECT city, value FROM answer JOIN submission ON submission.id = submission_id"
        " WHERE state = 'submitted' ORDER BY answer.id"
    ).columns(value=OUT.c.message.type)
    found: dict[str, list[Json]] = {}
    for city, value in db.execute(asked):
        found.setdefault(city, []).append(value["value"])
    return found


def _connections(db: Db) -> int:
    if not is_postgres(db):
        return 0
    counted = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
    return db.scalar(counted) or 0


def _deadlocks(db: Db) -> int:
    if not is_postgres(db):
        return 0
    return db.scalar(text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")) or 0
