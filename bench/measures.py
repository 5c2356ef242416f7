"""What is measured of a bot: its pace, its calm, what it loses when it is killed, what its messages weigh."""

import asyncio
import math
import random
import re
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.bots import Bot
from bench.load import Load
from bench.running import Running, database_bytes, running
from tests.marks import without_mark

STALL = 300.0  # seconds without the acknowledgements that a kill waits for
AFTERMATH = 0.2  # seconds in which the last acknowledgements of the killed are read
HOUR_OF_TURNS = 72_000  # twenty a second
LOOKS, APART = 5, 1.0  # at memory, and seconds between them: a round that is under way takes some of its own
_NUMBER = re.compile(r"^\d+/\d+ ")


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    people: int = 320
    warm: int = 32  # of them report before anything is measured
    at_once: int = 64
    few: int = 8  # of them at once are what twenty turns a second come from
    rounds: int = 3  # in which the bots take turns
    seconds: float = 5.0  # as fast as it goes
    calm: float = 8.0  # seconds at `per_second`
    per_second: float = 20.0
    delay: float = 0.08  # seconds that the slow provider takes
    slow: float = 10.0  # seconds with it
    kills: int = 10
    acks: int = 5000  # over all kills
    killed_at_once: int = 32  # people who write while it is killed
    growth: int = HOUR_OF_TURNS  # turns over which memory is watched
    growth_per_second: float = 0.0  # of them; 0: as fast as it goes


QUICK = Size(
    people=64,
    warm=8,
    at_once=16,
    rounds=1,
    seconds=3.0,
    calm=4.0,
    slow=4.0,
    kills=2,
    acks=200,
    killed_at_once=16,
    growth=1_000,
)


@dataclass(frozen=True, slots=True)
class Pace:
    """Figures of one run: seconds, and turns a second."""

    turns: float
    cpu: float = 0.0  # seconds a turn, all processes
    acks: Sequence[float] = ()
    replies: Sequence[float] = ()
    memory: int = 0  # bytes
    report: float = 0.0  # bytes of the database, where many report at once


@dataclass(frozen=True, slots=True)
class Growth:
    """Memory of all processes in bytes, before and after so many turns."""

    early: float
    late: float
    turns: int

    def over(self, turns: int) -> float:
        """Return by which share memory grows in so many turns."""
        return (self.late - self.early) / self.early * turns / self.turns


@dataclass(frozen=True, slots=True)
class Losses:
    """What kills cost."""

    kills: int
    acks: int
    lost: int  # answers


@dataclass(frozen=True, slots=True)
class Weights:
    """The messages of one report, in bytes, and how many they are."""

    total: int
    messages: int
    questions: int
    bare: int  # labels and numbered options alone


@dataclass
class Bench:
    """One provider, one load, and folders in which bots were set up."""

    size: Size
    folder: Path
    load: Load = field(default_factory=Load)
    _prepared: dict[tuple[type[Bot], str], Path] = field(default_factory=dict)

    async def open(self) -> None:
        """Start the provider."""
        await self.load.provider.open()

    async def close(self) -> None:
        """End the provider."""
        await self.load.provider.close()

    async def full_speed(self, bot: Bot) -> Pace:
        """Return the pace with as many people at once as there may be."""
        size, load = self.size, self.load
        async with self._warm(bot) as run:
            done = load.reports - size.warm
            async with load.busy(run.target, range(size.people), size.at_once):
                load.begin()
                began, cpu = time.perf_counter(), run.cpu_seconds()
                await asyncio.sleep(size.seconds)
                measured, seconds = load.measured, time.perf_counter() - began
                load.begin()
                turns, cpu, memory = len(measured.replies), run.cpu_seconds() - cpu, run.memory()
            await run.settle()
        bytes_before = database_bytes(bot.database(await self._folder(bot)))
        stored = database_bytes(bot.database(run.folder)) - bytes_before
        return Pace(
            turns / seconds,
            cpu / turns,
            measured.acks,
            measured.replies,
            memory,
            stored / (load.reports - done),
        )

    async def stored(self, bot: Bot) -> float:
        """Return the bytes by which the database grows a report where few people report at once."""
        folder, sizes = await self._copy(bot), []
        for people in (self.size.warm, self.size.people):
            async with running(bot, folder, self.load.provider.url) as run:
                await self.load.each(run.target, range(people), self.size.few)
                await run.settle()
            sizes.append(database_bytes(bot.database(folder)))
        return (sizes[1] - sizes[0]) / self.size.people

    async def calm(self, bot: Bot) -> Pace:
        """Return how soon a bot answers when few people write."""
        size, load = self.size, self.load
        async with self._warm(bot) as run:
            load.begin()
            await load.paced(run.target, range(size.people), size.per_second, size.calm)
            measured = load.measured
            load.begin()  # what the next bot does when it warms up is not this one's
        return Pace(size.per_second, acks=measured.acks, replies=measured.replies)

    async def slow(self, bot: Bot) -> Pace:
        """Return the pace with a provider that takes its time."""
        size, load = self.size, self.load
        async with self._warm(bot) as run:
            load.provider.delay = size.delay
            try:
                async with load.busy(run.target, range(size.people), size.at_once, finish=False):
                    load.begin()
                    await asyncio.sleep(size.slow)
                    measured = load.measured
                    load.begin()
            finally:
                load.provider.delay = 0.0
        return Pace(len(measured.replies) / size.slow, acks=measured.acks, replies=measured.replies)

    async def growth(self, bot: Bot) -> Growth:
        """Return by how much memory grows while people write.

        Everybody reports once before, and a tenth more of the turns is made: caches fill meanwhile.
        """
        size, load = self.size, self.load
        async with self._warm(bot) as run:
            await load.each(run.target, range(size.people), size.at_once)
            async with self._writing(run):
                await self._turns(size.growth // 10)
                early = await _memory(run)
                turns = await self._turns(size.growth)
                late = await _memory(run)
        return Growth(early, late, turns)

    async def _turns(self, n: int) -> int:
        """Return how many turns were made when at least so many were."""
        self.load.begin()
        while len(self.load.measured.replies) < n:
            await asyncio.sleep(0.05)
        return len(self.load.measured.replies)

    @asynccontextmanager
    async def _writing(self, run: Running) -> AsyncIterator[None]:
        """Let people write for as long as memory is watched."""
        size, people = self.size, range(self.size.people)
        if not size.growth_per_second:
            async with self.load.busy(run.target, people, size.at_once):
                yield
            return
        paced = self.load.paced(run.target, people, size.growth_per_second, math.inf)
        writing = asyncio.create_task(paced)
        try:
            yield
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)

    async def kills(self, bot: Bot) -> Losses:
        """Kill a bot again and again while people write; return what it had acknowledged and has not kept."""
        size, load, lost = self.size, self.load, 0
        began, chance = load.acknowledged, random.Random(5)
        load.answered.clear()
        folder = await self._copy(bot)
        async with running(bot, folder, load.provider.url) as run:
            for kill in range(size.kills):
                people = range(kill * size.killed_at_once, (kill + 1) * size.killed_at_once)
                wanted = load.acknowledged + size.acks // size.kills + chance.randrange(size.killed_at_once)
                await self._kill(run, people, wanted)
                kept = bot.kept(folder)
                lost += sum(
                    max(0, load.answered[person] - kept.get(bot.wire.contact(person), 0)) for person in people
                )
        return Losses(size.kills, load.acknowledged - began, lost)

    async def _kill(self, run: Running, people: Sequence[int], wanted: int) -> None:
        """Kill when so many webhooks are acknowledged in all; start again, wait for what was kept."""
        until = time.monotonic() + STALL
        async with self.load.until_killed(run.target, people, len(people)):
            while self.load.acknowledged < wanted:
                if time.monotonic() > until:
                    raise TimeoutError(f"{run.bot.name} acknowledges no more")
                await asyncio.sleep(0.005)
            run.kill()
            await asyncio.sleep(AFTERMATH)
        run.bot.mend(run.folder)
        await run.start()
        await run.settle()

    async def weigh(self, bot: Bot) -> tuple[Weights, int]:
        """Return what a plain French report weighs, and the messages of one answered in a single message.

        The second is 0 where the bot cannot read that.
        """
        async with running(bot, await self._copy(bot), self.load.provider.url) as run:
            plain = weights(await self.load.once(run.target, 0))
            return plain, len(await self.load.compact(run.target, 1)) if bot.reads_lines else 0

    @asynccontextmanager
    async def _warm(self, bot: Bot) -> AsyncIterator[Running]:
        """Yield a bot on a fresh copy of its folder, after its first reports."""
        folder = await self._copy(bot)
        async with running(bot, folder, self.load.provider.url) as run:
            await self.load.each(run.target, range(self.size.warm), self.size.at_once)
            yield run

    async def _copy(self, bot: Bot) -> Path:
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        shutil.copytree(await self._folder(bot), folder, dirs_exist_ok=True)
        return folder

    async def _folder(self, bot: Bot) -> Path:
        """Return the folder in which the bot was set up, once."""
        key = (type(bot), bot.wire.channel)
        if key not in self._prepared:
            folder = Path(tempfile.mkdtemp(dir=self.folder))
            await asyncio.to_thread(bot.prepare, folder, self.size.people, self.load.provider.url)
            database_bytes(bot.database(folder))  # the log put back: copies are of one file
            self._prepared[key] = folder
        return self._prepared[key]


async def _memory(run: Running) -> float:
    """Return the bytes in memory of all processes: the middle of a few looks."""
    looks = []
    for _ in range(LOOKS):
        looks.append(run.memory())
        await asyncio.sleep(APART)
    return statistics.median(looks)


def weights(texts: Sequence[str]) -> Weights:
    """Return what the messages of a report weigh, beside its bare questions.

    A bare question is its label, as filled in, and its numbered options: without number and mark.
    """
    questions = [text for text in texts if _NUMBER.match(text)]
    bare = [without_mark(_NUMBER.sub("", text)) for text in questions]
    total, asked, plain = (sum(len(text.encode()) for text in group) for group in (texts, questions, bare))
    return Weights(total, len(texts), asked, plain)


def both(seconds: Sequence[float]) -> tuple[float, float]:
    """Return median and 99th percentile."""
    cuts = statistics.quantiles(seconds, n=100)
    return cuts[49], cuts[98]
