"""Phones that report to a bot, and the provider that takes its replies, in one event loop."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from aiohttp import ClientError, ClientSession, TCPConnector

from bench.provider import Provider
from bench.script import ADD, ANSWERS, EACH, FIRST_QUESTION, OPENING, SEND
from bench.wires import Wire
from tests.standin.record import Sent


class Given(str):
    """A reply that is an answer to a question."""

    __slots__ = ()


GIVEN = tuple(map(Given, ANSWERS))
WRONG = "9"
WRONG_AT = (0, 3)  # answers said wrong once, where the bot has no two questions about last time
PATIENCE = 120.0  # seconds for a reply
_OPTIONS = re.compile(r"^1\. ", re.MULTILINE)
Say = Callable[[str], Awaitable[str]]


class NotReceivedError(RuntimeError):
    """A report was not received in the end."""


@dataclass(frozen=True, slots=True)
class Target:
    """A bot: where it is reached and what it understands."""

    url: str
    wire: Wire


@dataclass
class Measured:
    """Seconds from POST to response, and from POST to the reply at the provider; reports completed."""

    acks: list[float] = field(default_factory=list)
    replies: list[float] = field(default_factory=list)
    reports: int = 0


class Load:
    """Phones that write to a bot, one report after the other, and what they saw."""

    def __init__(self) -> None:
        self.measured = Measured()
        self.reports = 0  # completed since the beginning
        self.acknowledged = 0  # webhooks, since the beginning
        self.refused = 0  # with 503
        self.answered: Counter[int] = Counter()  # answers that were acknowledged, by person
        self.taken: Counter[str] = Counter()  # messages that the provider took, by chat
        self.notice = ""  # the text of a message to everybody: it answers nobody
        self.provider = Provider(self._take)
        self._waiting: dict[str, asyncio.Future[tuple[float, str]]] = {}

    def begin(self) -> None:
        """Forget what was measured."""
        self.measured = Measured()

    def _take(self, sent: Sent) -> None:
        self.taken[sent.chat] += 1
        if sent.text == self.notice:
            return
        waiting = self._waiting.pop(sent.chat, None)
        if waiting is not None and not waiting.done():
            waiting.set_result((time.perf_counter(), sent.text))

    async def once(self, target: Target, person: int) -> list[str]:
        """Let one person make the plainest report; return what the bot said."""
        return await self._alone(target, person, _report)

    async def compact(self, target: Target, person: int) -> list[str]:
        """Let one person answer all questions in one message; return what the bot said."""
        return await self._alone(target, person, _report_in_lines)

    async def each(self, target: Target, people: Sequence[int], at_once: int) -> None:
        """Let every person make one report, so many at the same time."""
        gate = asyncio.Semaphore(at_once)

        async def one(session: ClientSession, person: int) -> None:
            async with gate:
                await self._reports(session, target, person)

        async with _session() as session:
            await asyncio.gather(*(one(session, person) for person in people))

    @asynccontextmanager
    async def busy(
        self, target: Target, people: Sequence[int], at_once: int, *, finish: bool = True
    ) -> AsyncIterator[None]:
        """Let people report again and again, so many at a time; at the end each may finish their report."""
        ended = asyncio.Event()
        assert len(people) >= at_once

        async def lane(session: ClientSession, mine: Sequence[int]) -> None:
            while not ended.is_set():
                for person in mine:
                    if not ended.is_set():
                        await self._reports(session, target, person)

        async with _session() as session:
            lanes = [asyncio.create_task(lane(session, people[i::at_once])) for i in range(at_once)]
            try:
                yield
                ended.set()
                if finish:
                    await asyncio.gather(*lanes)
            finally:
                await _cancelled(lanes)

    @asynccontextmanager
    async def until_killed(self, target: Target, people: Sequence[int], at_once: int) -> AsyncIterator[None]:
        """Let people report again and again, until the bot no longer answers."""

        async def lane(session: ClientSession, mine: Sequence[int]) -> None:
            try:
                while True:
                    for person in mine:
                        await self._reports(session, target, person)
            except ClientError:
                return  # killed

        async with _session() as session:
            lanes = [asyncio.create_task(lane(session, people[i::at_once])) for i in range(at_once)]
            try:
                yield
            finally:
                await _cancelled(lanes)

    async def paced(self, target: Target, people: Sequence[int], per_second: float, seconds: float) -> None:
        """Let people report for so many seconds, so many replies a second in all, one after the other."""
        lanes, begin = 8, time.perf_counter()
        async with _session() as session:
            each = per_second / lanes
            await asyncio.gather(
                *(
                    self._lane(
                        session, target, people[i::lanes], each, (begin + i / per_second, begin + seconds)
                    )
                    for i in range(lanes)
                )
            )

    async def _lane(
        self,
        session: ClientSession,
        target: Target,
        people: Sequence[int],
        per_second: float,
        times: tuple[float, float],
    ) -> None:
        due, end = times

        async def say(person: int, text: str) -> str:
            nonlocal due
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            due += 1 / per_second
            return await self._round(session, target, person, text)

        while True:
            for person in people:
                if time.perf_counter() > end:
                    return
                await self._report(partial(say, person))

    async def _alone(self, target: Target, person: int, report: Callable[[Say], Awaitable[str]]) -> list[str]:
        texts: list[str] = []
        async with _session() as session:

            async def say(text: str) -> str:
                texts.append(await self._round(session, target, person, text))
                return texts[-1]

            _received(await report(say))
        self.reports += 1
        return texts

    async def _reports(self, session: ClientSession, target: Target, person: int) -> None:
        await self._report(partial(self._round, session, target, person))

    async def _report(self, say: Say) -> None:
        """Make one report of eleven turns; raise NotReceivedError when it was not received in the end."""
        wrong: Sequence[int] = WRONG_AT
        if not FIRST_QUESTION.search(await say(OPENING)):
            await say(EACH)
            wrong = ()
        for at, text in enumerate(GIVEN):
            if at in wrong:
                await say(WRONG)
            await say(text)
        _received(await _sent(say))
        self.measured.reports += 1
        self.reports += 1

    async def _round(self, session: ClientSession, target: Target, person: int, text: str) -> str:
        address, url = target.wire.address(person), f"{target.url}{target.wire.path}"
        waiting: asyncio.Future[tuple[float, str]] = asyncio.get_running_loop().create_future()
        self._waiting[address] = waiting
        self.provider.twilio.hears(address)
        headers, body = target.wire.webhook(url, person, text)
        began = time.perf_counter()
        said = target.wire.replied(await self._delivered(session, url, headers, body))
        acked = time.perf_counter()
        self.acknowledged += 1
        self.answered[person] += isinstance(text, Given)
        at, shown = (acked, said) if said is not None else await asyncio.wait_for(waiting, PATIENCE)
        self.measured.acks.append(acked - began)
        self.measured.replies.append(at - began)
        return shown

    async def _delivered(
        self, session: ClientSession, url: str, headers: Mapping[str, str], body: bytes
    ) -> bytes:
        """Return what a webhook is answered; 503 has it repeated, as Telegram does (Retry-After obeyed)."""
        while True:
            async with session.post(url, data=body, headers=headers) as ack:
                answer = await ack.read()
            if ack.status != 503:
                break
            self.refused += 1
            await asyncio.sleep(float(ack.headers.get("Retry-After", "1")))
        assert ack.status == 200, answer
        return answer


async def _report(say: Say) -> str:
    """Make the plainest report: no question about last time is expected, and nothing is said wrong."""
    await say(OPENING)
    for text in GIVEN:
        await say(text)
    return await _sent(say)


async def _report_in_lines(say: Say) -> str:
    await say(OPENING)
    await say("\n".join(ANSWERS))
    return await _sent(say)


async def _sent(say: Say) -> str:
    """Send what was read back; return the last message."""
    said = await say(SEND)
    return await say(ADD) if _OPTIONS.search(said) else said


def _received(said: str) -> None:
    if _OPTIONS.search(said):
        raise NotReceivedError(said)


def _session() -> ClientSession:
    return ClientSession(connector=TCPConnector(limit=0))


async def _cancelled(lanes: Sequence["asyncio.Task[None]"]) -> None:
    for lane in lanes:
        lane.cancel()
    await asyncio.gather(*lanes, return_exceptions=True)
