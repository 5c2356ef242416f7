"""`python -m bench.processes`: several web and worker processes on one database, alone and amid bulk.

They share the work and get in nobody's way: turns a second, connections, deadlocks, what was lost or doubled,
and how soon replies come while a message to everybody leaves.
"""

import argparse
import asyncio
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select, text

from bench.__main__ import milliseconds, show
from bench.bots import Griot
from bench.crowd import Crowd, awake, fill, programme_files
from bench.load import Load
from bench.running import Running, running
from bench.scale import NOTICE, queue_for_all
from bench.wires import VOICES, TelegramWire
from griot.clock import now
from griot.schema import migrate
from models.base import Db
from models.db import Store, open_store, read, write
from models.inbox import IN
from models.outbox import OUT, OutboxState
from tests.databases import Server
from tests.site import add_coordinators, free_port
from tests.starting import ROOT, griot_command

FEW = 64  # people who report at once
WARM = 32  # reports before anything is measured
LOOK = 0.2  # seconds between two looks at the connections


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    webs: int
    workers: int
    people: int  # who get the message to everybody
    seconds: float
    reporting: int = 320
    per_second: float = 20.0


class Network(Griot):
    """Griot with several processes of each role on a database at `address`."""

    def __init__(self, address: str, size: Size) -> None:
        super().__init__(TelegramWire())
        self._address, self._size = address, size

    def prepare(self, folder: Path, people: int, provider: str) -> None:
        """Make everybody known who is written to or reports; decide what is due about them."""
        with _store(self._address) as store:
            migrate(store)
        crowd = Crowd(11, self._size.people, 200, weeks=4, talked=100)
        fill(self._address, crowd, files=awake(programme_files(crowd.cities), now()))
        addresses = [self.wire.contact(number) for number in range(people)]
        who = [VOICES[number % len(VOICES)] for number in range(people)]
        add_coordinators(self._address, who, addresses, self.wire.channel)
        environment = self.environment(folder, free_port(), provider)
        subprocess.run([griot_command(), "worker", "--once"], env=environment, cwd=ROOT, check=True)

    def commands(self, folder: Path, port: int) -> Sequence[Sequence[str]]:
        """Return one web, which starts several processes, and the workers."""
        return [[griot_command(), "web"], *([griot_command(), "worker"] for _ in range(self._size.workers))]

    def is_settled(self, folder: Path) -> bool:
        """Tell whether nothing waits in either queue."""
        with _store(self._address) as store:
            return not read(store, _waiting)

    def environment(self, folder: Path, port: int, provider: str) -> Mapping[str, str]:
        """Return a complete configuration on the shared database."""
        several = {"DATABASE_URL": self._address, "WEB_CONCURRENCY": str(self._size.webs)}
        return {**super().environment(folder, port, provider), **several}


@dataclass
class Watch:
    """What is seen of a database while others use it."""

    store: Store
    most: int = 0  # connections of all processes at once
    _before: Counter[str] = field(default_factory=Counter)

    def begin(self) -> None:
        """Count from now on."""
        self._before = self._counts()

    def since(self) -> Counter[str]:
        """Return the transactions committed and rolled back, and the deadlocks, since then."""
        now = self._counts()
        now.subtract(self._before)
        return now

    def _counts(self) -> Counter[str]:
        if self.store.is_sqlite:
            return Counter()
        asked = text(
            "SELECT xact_commit AS commits, xact_rollback AS rollbacks, deadlocks FROM pg_stat_database"
            " WHERE datname = current_database()"
        )
        with self.store.engine.connect() as connection:
            return Counter(dict(connection.execute(asked).mappings().one()))

    @asynccontextmanager
    async def connections(self) -> AsyncIterator[None]:
        """Look again and again how many connections the processes hold, in the block."""
        looking = asyncio.create_task(self._look())
        try:
            yield
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)

    async def _look(self) -> None:
        asked = text(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        while not self.store.is_sqlite:
            found = await asyncio.to_thread(read, self.store, lambda db: db.scalar(asked) or 0)
            self.most = max(self.most, found)
            await asyncio.sleep(LOOK)


def main() -> None:
    """Measure, and print one line a figure."""
    asked = argparse.ArgumentParser(prog="python -m bench.processes", description=main.__doc__)
    asked.add_argument("--postgresql", action="store_true", help="on a server of its own, instead of SQLite")
    asked.add_argument("--webs", type=int, default=2)
    asked.add_argument("--workers", type=int, default=3)
    asked.add_argument("--people", type=int, default=100_000, help="who get the message to everybody")
    asked.add_argument("--seconds", type=float, default=10.0, help="of each measure")
    given = asked.parse_args()
    size = Size(given.webs, given.workers, given.people, given.seconds)
    with tempfile.TemporaryDirectory(prefix="griot-processes-") as name:
        folder = Path(name)
        with _address(folder, given.postgresql) as address:
            asyncio.run(measure(Network(address, size), address, folder, size))


@contextmanager
def _address(folder: Path, is_postgresql: bool) -> Iterator[str]:
    """Yield the address of an empty database: on PostgreSQL with every guarantee it gives."""
    if not is_postgresql:
        yield f"sqlite:///{folder / 'site.db'}"
        return
    server = Server(folder)
    yield server.url
    server.close()


async def measure(network: Network, address: str, folder: Path, size: Size) -> None:
    """Measure as fast as it goes, then calm, then calm amid the message to everybody; compare the books."""
    load = Load()
    load.notice = NOTICE
    await load.provider.open()
    await asyncio.to_thread(network.prepare, folder, size.reporting, load.provider.url)
    with _store(address) as store:
        watch = Watch(store)
        async with running(network, folder, load.provider.url) as run, watch.connections():
            await load.each(run.target, range(WARM), FEW)
            await _fast(load, run, watch, size)
            idle = await _calm(load, run, size, size.seconds)
            show(f"{size.per_second:.0f} replies a second, p50 / p99 ms", milliseconds(idle))
            await _amid_bulk(load, run, store, size)
            await run.settle()
        show("connections of all processes, at most", f"{watch.most}")
        show("deadlocks", f"{watch.since()['deadlocks']}")
        show("messages lost or taken twice", f"{read(store, lambda db: _differences(db, load))}")
    await load.provider.close()


async def _fast(load: Load, run: Running, watch: Watch, size: Size) -> None:
    """Let as many people report at once as there may be."""
    async with load.busy(run.target, range(size.reporting), FEW):
        load.begin()
        await asyncio.to_thread(watch.begin)
        before, began = run.cpu_of_each(), time.perf_counter()
        await asyncio.sleep(size.seconds)
        measured, seconds = load.measured, time.perf_counter() - began
        cpu = [now - then for now, then in zip(run.cpu_of_each(), before, strict=True)]
        counts = await asyncio.to_thread(watch.since)
        load.begin()
    turns = len(measured.replies)
    show(f"turns/s, {FEW} people at once", f"{turns / seconds:.0f}")
    show("CPU ms per turn, all processes of Griot", f"{sum(cpu) / turns * 1e3:.2f}")
    show("CPU seconds of each process", " ".join(f"{one:.1f}" for one in cpu))
    commits, rollbacks = counts["commits"] / turns, counts["rollbacks"] / turns
    show("transactions a turn, and rolled back", f"{commits:.2f} {rollbacks:.2f}")
    show("ack p50 / p99 ms", milliseconds(measured.acks))
    show("reply p50 / p99 ms", milliseconds(measured.replies))


async def _calm(load: Load, run: Running, size: Size, seconds: float) -> Sequence[float]:
    """Return the seconds until each reply when few people write."""
    load.begin()
    await load.paced(run.target, range(size.reporting), size.per_second, seconds)
    return load.measured.replies


async def _amid_bulk(load: Load, run: Running, store: Store, size: Size) -> None:
    """Queue a message to everybody, and let few people write until it has left or the time is over."""
    told, began = load.taken.total(), time.perf_counter()
    await asyncio.to_thread(write, store, queue_for_all)
    show("a message to everybody queued, seconds", f"{time.perf_counter() - began:.2f}")
    replies, began = await _calm(load, run, size, size.seconds), time.perf_counter() - size.seconds
    taken, seconds = load.taken.total() - told - len(replies), time.perf_counter() - began
    waiting = await asyncio.to_thread(read, store, _waiting)
    show("the same while it leaves, p50 / p99 ms", milliseconds(replies))
    show("its messages handed over a second meanwhile", f"{taken / seconds:.0f} ({waiting} still waited)")


def _waiting(db: Db) -> int:
    """Return how many updates and messages wait."""
    return sum(
        db.scalar(select(func.count()).where(table.c.state.in_(states))) or 0
        for table, states in ((IN, ["open"]), (OUT, ["queued", "sending"]))
    )


def _differences(db: Db, load: Load) -> int:
    """Return by how many messages what the provider took differs from what is stored as sent, by chat."""
    sent = select(OUT.c.address, func.count()).where(OUT.c.state == OutboxState.SENT)
    stored: Counter[str] = Counter({chat: n for chat, n in db.execute(sent.group_by(OUT.c.address))})  # noqa: C416 - rows are no pairs to mypy
    stored.subtract(load.taken)
    return sum(map(abs, stored.values()))


@contextmanager
def _store(address: str) -> Iterator[Store]:
    store = open_store(address)
    yield store
    store.close()


if __name__ == "__main__":
    main()
