"""Web and worker are killed while people write: nothing is lost, nothing is handled twice."""

import itertools
import json
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from sqlalchemy import func, select

from models.base import Db
from models.db import open_store, read
from models.inbox import Inbox, InboxState
from models.outbox import Outbox, OutboxState
from tests.chaos.crowd import CITIES
from tests.site import FIRST_PERSON, SECRET, TOKEN, Site, a_site
from tests.standin.phone import Post, webhook
from tests.standin.record import Call
from tests.standin.server import StandIn
from tests.starting import Running, start

KILLS = 10
REPORTS = 8  # of each person
OPEN_STATES = (OutboxState.QUEUED, OutboxState.SENDING)


def the_words(person: int, report: int) -> list[str]:
    """Return what a person types for one report.

    From the second on, last time's answers are offered and not kept, and it is added to the one before.
    """
    mark = f"{person}-{report}"
    answers = ["1", "3", f"activity {mark}", "1", "24", "2", f"challenge {mark}", "1", "-", f"next {mark}"]
    ending = ["1", "2"] if report else ["1"]  # send; add to the one before
    beginning = ["/report weekly_update", "2"] if report else ["/report weekly_update"]
    return [*beginning, *answers, *ending]


class Processes:
    """A web and a worker process that are started again whenever they are killed."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._running = dict(zip(("web", "worker"), site.processes, strict=True))
        self._started: list[Running] = []

    def kill(self, role: str) -> None:
        """Kill a process and its children with SIGKILL, and start it again."""
        process = self._running[role]
        family = [process, *process.children(recursive=True)]
        for one in family:
            one.kill()
        psutil.wait_procs(family, timeout=10)
        for started in self._started:
            started.poll()  # psutil saw its end; so must the object
        self._running[role] = self._start(role)

    def end(self) -> None:
        """End what was started here."""
        for process in self._started:
            process.send_signal(signal.SIGTERM)
        for process in self._started:
            process.wait(15)

    def _start(self, role: str) -> psutil.Process:
        process = start(role, env=self._site.environment)
        self._started.append(process)
        return psutil.Process(process.pid)


@pytest.fixture
def site(tmp_path: Path, site_database: str) -> Iterator[tuple[Site, StandIn]]:
    """Yield a running site whose leases are short, and its provider."""
    people = [(city, "en") for city in CITIES]
    short = {"GRIOT_HTTP_TIMEOUT": "2", "GRIOT_LEASE_SECONDS": "5"}
    with (
        StandIn(token=TOKEN) as provider,
        a_site(tmp_path, provider.url, people, site_database, **short) as running,
    ):
        yield running, provider


@pytest.mark.chaos
@pytest.mark.timeout(400)
def test_ten_kills_lose_and_double_nothing(site: tuple[Site, StandIn]) -> None:
    """Of a thousand messages none is lost or handled twice; answers leave, twice at most, or are listed."""
    running, provider = site
    processes = Processes(running)
    try:
        posted = _write_while_killing(running, processes)
        _check(running, provider, posted)
    finally:
        processes.end()


def _write_while_killing(running: Site, processes: Processes) -> int:
    """Return how many updates were accepted."""
    killer = threading.Thread(target=_kill, args=(processes,))
    killer.start()
    with ThreadPoolExecutor(len(CITIES)) as pool:
        posted = sum(pool.map(lambda person: _write(running.url, person), range(len(CITIES))))
    killer.join()
    return posted


def _check(running: Site, provider: StandIn, posted: int) -> None:
    store = open_store(running.environment["DATABASE_URL"])
    _wait_until(lambda: read(store, _is_settled), seconds=150)
    assert posted >= 1000
    assert read(store, _inbox_states) == {InboxState.DONE: posted}
    read(store, lambda db: _check_copies(db, provider))
    store.close()
    _check_reports(running)


def _write(url: str, person: int) -> int:
    """Post a person's updates in order, each until it is accepted; return how many."""
    post, count = webhook(url, SECRET), 0
    updates = itertools.count(900_000_000 + person * 100_000)
    for report in range(REPORTS):
        for text in the_words(person, report):
            count += 1
            _post_until_accepted(post, _update(next(updates), person, count, text))
            time.sleep(0.02)
    return count


def _update(update_id: int, person: int, number: int, text: str) -> bytes:
    user = FIRST_PERSON + person
    message = {
        "message_id": number,
        "from": {"id": user, "is_bot": False, "first_name": "Demo", "language_code": "en"},
        "chat": {"id": user, "first_name": "Demo", "type": "private"},
        "date": int(time.time()),
        "text": text,
    }
    return json.dumps({"update_id": update_id, "message": message}).encode()


def _post_until_accepted(post: Post, body: bytes) -> None:
    """Post as Telegram does: again until the answer is 200."""
    for _ in range(600):
        try:
            status, _ = post(body)
        except OSError:
            status = 0
        if status == 200:
            return
        assert status in {0, 503}, status
        time.sleep(0.1)
    raise AssertionError("never accepted")


def _kill(processes: Processes) -> None:
    chance = random.Random(20261124)
    for role in itertools.islice(itertools.cycle(("worker", "web")), KILLS):
        time.sleep(0.7 + chance.random())
        processes.kill(role)


def _wait_until(is_so: Callable[[], bool], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, "the queues did not empty"
        time.sleep(0.2)


def _is_settled(db: Db) -> bool:
    waiting = db.scalar(select(func.count()).where(Inbox.state == InboxState.OPEN))
    leaving = db.scalar(select(func.count()).where(Outbox.state.in_(OPEN_STATES)))
    return not waiting and not leaving


def _inbox_states(db: Db) -> dict[str, int]:
    return dict(db.execute(select(Inbox.state, func.count()).group_by(Inbox.state)).all())


def _check_copies(db: Db, provider: StandIn) -> None:
    """Every message was taken once, or is listed; twice only where it was repeated."""
    listed = {OutboxState.SENT, OutboxState.UNCERTAIN}
    for person in range(len(CITIES)):
        chat = str(FIRST_PERSON + person)
        rows = db.scalars(select(Outbox).where(Outbox.address == chat)).all()
        assert {row.state for row in rows} <= listed
        taken = Counter(call.fields["text"] for call in _calls(provider, chat))
        sure = Counter(row.text for row in rows if row.state == OutboxState.SENT)
        most = Counter(dict.fromkeys(taken, 0))
        for row in rows:
            most[row.text] += 1 + row.repeats
        assert sum(taken.values()) >= sum(sure.values())
        assert sum(taken.values()) <= sum(most.values())
        assert all(row.repeats <= 1 and row.tries <= 2 + row.repeats for row in rows)


def _calls(provider: StandIn, chat: str) -> list[Call]:
    return [call for call in provider.calls("sendMessage") if call.fields["chat_id"] == chat]


def _check_reports(site: Site) -> None:
    """Every report of every person stands there, each answer in its question."""
    rows = json.loads(site.griot("export", "submissions", "--format", "json"))
    expected = {f"activity {p}-{r}" for p in range(len(CITIES)) for r in range(REPORTS)}
    sent = [row for row in rows if row["state"] == "submitted"]
    assert Counter(row["answers"]["main_activity"] for row in sent) == Counter(expected)
    for row in sent:
        mark = row["answers"]["main_activity"].removeprefix("activity ")
        assert row["answers"]["challenge"] == f"challenge {mark}"
        assert row["answers"]["next_step"] == f"next {mark}"
