"""Faults one at a time, and the seconds until all is well again."""

import random
import signal
import sqlite3
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from sqlalchemy import select

from models.base import Db
from models.db import read
from models.worker import LEADER, count_live, has_leader
from tests.chaos.crowd import AT_ONCE
from tests.chaos.doors import TELEGRAM, Doors
from tests.chaos.figures import Figure, p99
from tests.chaos.fleet import Member
from tests.chaos.stage import Stage, seconds_until
from tests.standin.phone import Phone
from tests.standin.server import EVERYBODY
from tests.standin.trouble import Fault, Trouble
from tests.standin.twilio import ACCOUNT_SID, AUTH_TOKEN, signed
from tests.standin.twilio_phone import PATH

LASTS = 7.0  # seconds of an outage: longer than a webhook waits for the database
GIVE_UP = 60.0  # seconds until a drill is taken for failed
PER_SECOND, PACED = 20, 200  # webhooks while the provider hangs
BODIES = 5000
MOST_MEMORY = 200  # MiB of one web process, its family included
NAMES = (b"chat", b"from", b"id", b"text", b"date", b"entities", b"photo", b"contact", b"x")
VALUES = (b"null", b"true", b"-1", b"1e400", b"9" * 40, b'"\\u0000"', b'"\xd8\xa7"', b'""')
WORDS = ("", "0", "-1", "whatsapp:", "+", "\x00", "\u202e", "x" * 5000, "https://[", "9" * 30)

Outage = Callable[[Stage], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Promises:
    """What docs/reliability.md promises, and how much is posted to see whether it is kept."""

    take_over: float = 30.0  # seconds until another leads
    recovered: float = 10.0  # seconds until a reply comes again
    ack: float = 300.0  # milliseconds for a webhook, 99 of 100
    paced: int = PACED
    bodies: int = BODIES


def drills(stage: Stage, promises: Promises = Promises()) -> Iterator[Figure]:
    """Yield the figures of each drill that this database allows."""
    yield take_over(stage, promises, signal.SIGKILL)
    yield take_over(stage, promises, signal.SIGSTOP)
    if stage.store.is_sqlite:
        yield from outage(stage, promises, "a lock on the database", locked)
        yield from outage(stage, promises, "a full disk", full)
    else:
        yield from outage(stage, promises, "a restart of the database", down)
    yield from hanging_provider(stage, promises)
    yield from random_bodies(stage, promises.bodies)


def take_over(stage: Stage, promises: Promises, number: signal.Signals) -> Figure:
    """Kill or freeze the worker that leads; return the seconds until another does."""
    seconds = float("inf")
    for worker in stage.fleet.workers:  # which of them leads is not told: one after the other
        seconds_until(lambda: read(stage.store, _live) == len(stage.fleet.workers), GIVE_UP)
        before, began = read(stage.store, _lead), time.monotonic()
        _strike(worker, number)
        time.sleep(0.3)  # a sign of life under way arrives
        seen = read(stage.store, _lead)
        seconds_until(lambda seen=seen: read(stage.store, _lead) != seen, GIVE_UP)
        is_replaced = read(stage.store, _lead)[0] > before[0]
        seconds = time.monotonic() - began if is_replaced else seconds
        _restore(worker, number)
        if is_replaced:
            break
    verb = {signal.SIGKILL: "killed", signal.SIGSTOP: "frozen"}[number]
    return Figure(f"seconds until a leader that was {verb} is replaced", seconds, promises.take_over)


def outage(stage: Stage, promises: Promises, name: str, fault: Outage) -> list[Figure]:
    """Let somebody write during a fault; return what was answered, and how soon a reply comes after it."""
    doors = Doors(stage.fleet.urls, random.Random(1))
    phone = Phone(doors.telegram, stage.provider, int(stage.crowd.writers[0].address))
    assert stage.crowd.writers[0].channel == "telegram"
    before = len(stage.provider.messages(phone.user_id))
    told = threading.Thread(target=phone.say, args=("HELP",))
    with fault(stage):
        told.start()
        time.sleep(LASTS)
    began = time.monotonic()
    told.join()
    accepted = time.monotonic() - began
    seconds_until(lambda: len(stage.provider.messages(phone.user_id)) > before, GIVE_UP)
    replied = time.monotonic() - began
    seconds_until(lambda: read(stage.store, lambda db: has_leader(db, datetime.now(UTC))), GIVE_UP)
    led = time.monotonic() - began
    odd = sum(count for status, count in doors.answers.items() if status not in {0, 200, 503})
    return [
        Figure(f"{name}: webhooks answered 503 with Retry-After", doors.answers[503]),
        Figure(f"{name}: webhooks answered otherwise", odd, 0),
        Figure(f"{name}: seconds after it until one is accepted", accepted, promises.recovered),
        Figure(f"{name}: seconds after it until a reply comes", replied, promises.recovered),
        Figure(f"{name}: seconds after it until the schedule is led", led, promises.take_over),
    ]


@contextmanager
def locked(stage: Stage) -> Iterator[None]:
    """Hold SQLite's lock to write."""
    file = stage.database.removeprefix("sqlite:///")
    with closing(sqlite3.connect(file, timeout=20, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def full(stage: Stage) -> Iterator[None]:
    """Let every process's writes to files fail."""
    with ExitStack() as stack:
        for member in stage.fleet.all:
            stack.enter_context(member.without_disk())
        yield


@contextmanager
def down(stage: Stage) -> Iterator[None]:
    """End the database at once, and start it again."""
    assert stage.server is not None
    stage.server.crash()
    try:
        yield
    finally:
        stage.server.start()


def hanging_provider(stage: Stage, promises: Promises) -> list[Figure]:
    """Post webhooks steadily while no call to a provider is answered; return how soon they are."""
    _wake(stage)
    doors = Doors(stage.fleet.urls, random.Random(2))
    phones = _phones(stage, doors)
    stage.provider.trouble(EVERYBODY, Trouble(fault=Fault.STALL))
    began = time.monotonic()
    threads = []
    for number in range(promises.paced):
        time.sleep(max(0.0, began + number / PER_SECOND - time.monotonic()))
        threads.append(threading.Thread(target=phones[number % len(phones)].say, args=("HELP",)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    stage.provider.trouble(EVERYBODY)
    settled = seconds_until(stage.is_settled, 2 * GIVE_UP)
    return [
        Figure("a provider that hangs: median of a webhook, ms", statistics.median(doors.seconds) * 1e3),
        Figure("a provider that hangs: p99 of a webhook, ms", p99(doors.seconds), promises.ack),
        Figure("a provider that hangs: seconds after it until all is settled", settled, 2 * GIVE_UP),
    ]


def _wake(stage: Stage) -> None:
    """Return once all workers live, those that were killed before too, and have handled something."""
    seconds_until(lambda: read(stage.store, _live) == len(stage.fleet.workers), GIVE_UP)
    for phone in _phones(stage, Doors(stage.fleet.urls, random.Random(4))):
        phone.say("HELP")
    seconds_until(stage.is_settled, GIVE_UP)


def _phones(stage: Stage, doors: Doors) -> list[Phone]:
    """Return the phones of those who write on Telegram."""
    those = [one for one in stage.crowd.writers if one.channel == "telegram"]
    return [Phone(doors.telegram, stage.provider, int(one.address)) for one in those[:AT_ONCE]]


def random_bodies(stage: Stage, count: int) -> list[Figure]:
    """Post bodies that are no update, rightly signed; return what they were answered and what it cost."""
    chance = random.Random(3)
    answers: Counter[int] = Counter()
    target = urlsplit(stage.fleet.urls[0])
    with closing(HTTPConnection(target.hostname or "", target.port, timeout=20)) as connection:
        for _ in range(count):
            path, body, headers = _noise(chance, stage.environment["BASE_URL"])
            try:
                connection.request("POST", path, body, dict(headers))
                answer = connection.getresponse()
                answer.read()
                answers[answer.status] += 1
            except (OSError, HTTPException):
                connection.close()  # the answer to too large a body comes before its end
                answers[413] += 1
    seconds_until(stage.is_settled, GIVE_UP)
    memory = max(web.memory() for web in stage.fleet.webs) / 2**20
    return [
        *(Figure(f"random bodies answered {status}", n) for status, n in sorted(answers.items())),
        Figure("random bodies answered 5xx", sum(n for status, n in answers.items() if status >= 500), 0),
        Figure("memory of a web process after them, MiB", round(memory), MOST_MEMORY),
    ]


def _noise(chance: random.Random, base_url: str) -> tuple[str, bytes, dict[str, str]]:
    """Return a webhook whose sender is authentic and whose body is anything."""
    match chance.randrange(6):
        case 0:
            body = chance.randbytes(chance.randrange(2000))
        case 1:
            body = b"[" * chance.randrange(1, 200_000)
        case 2:
            body = b'{"update_id": %d, "message": %s}' % (chance.randrange(10**12), _json(chance, 6))
        case 3:
            body = _json(chance, 8)
        case 4:
            body = b'{"update_id": "\\ud800\\u0000", "message": {"text": "\\udfff"}}'
        case _:
            names = ("MessageSid", "From", "Body", "NumMedia", "MediaUrl0", "OptOutType", "ButtonPayload")
            form = {name: _word(chance) for name in names if chance.random() < 0.8}
            form["AccountSid"] = ACCOUNT_SID
            headers, body = signed(base_url + PATH, form, AUTH_TOKEN)
            return PATH, body, headers
    return "/webhooks/telegram", body, dict(TELEGRAM)


def _json(chance: random.Random, depth: int) -> bytes:
    match chance.randrange(5) if depth else 4:
        case 0 | 1 | 2:
            chosen = chance.sample(NAMES, chance.randrange(4))
            inner = (b'"%s": %s' % (name, _json(chance, depth - 1)) for name in chosen)
            return b"{" + b", ".join(inner) + b"}"
        case 3:
            return b"[" + b", ".join(_json(chance, depth - 1) for _ in range(chance.randrange(4))) + b"]"
        case _:
            return chance.choice(VALUES)


def _word(chance: random.Random) -> str:
    return chance.choice(WORDS)


def _lead(db: Db) -> tuple[int, datetime]:
    found = db.connection().execute(select(LEADER.c.number, LEADER.c.until)).one()
    return found.number, found.until


def _live(db: Db) -> int:
    return count_live(db, datetime.now(UTC) - timedelta(seconds=3))


def _strike(worker: Member, number: signal.Signals) -> None:
    if number == signal.SIGKILL:
        worker.kill()
    else:
        worker.tell(number)


def _restore(worker: Member, number: signal.Signals) -> None:
    if number == signal.SIGKILL:
        worker.start()
    else:
        worker.tell(signal.SIGCONT)
