"""Phones and provider in one event loop: each reply sent to a chat lets its phone go on."""

import asyncio
import itertools
import json
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import parse_qs

from aiohttp import ClientSession, TCPConnector, web

from tests.site import FIRST_PERSON, SECRET

REPORT = (
    "/report",
    "1",
    "3",
    "Workshop with the market women, 40 people.",
    "2",
    "1",
    "-",
    "Visit on Friday.",
    "1",
)
"""The shortest weekly update: nine replies, each answered by one message.

Whose city has reported before is asked two questions more; `2` answers both: to ask each question, to add.
"""
_FIRST_QUESTION = re.compile(r"^1/\d+ ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Answered:
    """What the provider was given for a phone, and when."""

    at: float
    text: str
    has_options: bool


@dataclass
class Measured:
    """Seconds from POST to response, and from POST to the reply at the provider."""

    acks: list[float] = field(default_factory=list)
    replies: list[float] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)  # of the first phone
    reports: int = 0  # completed


class Load:
    """Phones that write to a site, and the provider that takes what it sends back."""

    def __init__(self) -> None:
        self.measured = Measured()
        self.url = ""
        self._waiting: dict[str, asyncio.Future[Answered]] = {}
        self._updates = itertools.count(1)
        self._messages = itertools.count(1)
        self.delay = 0.0  # seconds until the provider answers

    async def open(self) -> None:
        """Start the provider."""
        runner = web.ServerRunner(web.Server(self._take), access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=2048)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"

    async def _take(self, request: web.BaseRequest) -> web.Response:
        fields = parse_qs((await request.read()).decode())
        chat = fields.get("chat_id", [""])[0]
        waiting = self._waiting.pop(chat, None)
        text = fields.get("text", [""])[0]
        if waiting and not waiting.done():
            waiting.set_result(Answered(time.perf_counter(), text, "reply_markup" in fields))
        if chat == str(FIRST_PERSON):
            self.measured.texts.append(text)
        if self.delay:
            await asyncio.sleep(self.delay)
        number = next(self._messages)
        message = {"message_id": number, "date": 0, "chat": {"id": int(chat or 1), "type": "private"}}
        answer = {
            "ok": True,
            "result": message if chat else {"id": 1, "is_bot": True, "first_name": "G", "username": "g"},
        }
        return web.Response(body=json.dumps(answer).encode(), content_type="application/json")

    async def reports(self, target: str, people: Sequence[int], at_once: int) -> None:
        """Let every person make one report, so many at the same time."""
        gate = asyncio.Semaphore(at_once)
        async with ClientSession(connector=TCPConnector(limit=0)) as session:

            async def one(person: int) -> None:
                async with gate:
                    await self._report(partial(self._round, session, target, person))

            await asyncio.gather(*(one(person) for person in people))

    async def paced(self, target: str, people: Sequence[int], per_second: float) -> None:
        """Let people report one after the other, so many replies a second in all."""
        async with ClientSession(connector=TCPConnector(limit=0)) as session:
            lanes = [
                asyncio.create_task(self._lane(session, target, people[i::8], per_second / 8))
                for i in range(8)
            ]
            await asyncio.gather(*lanes)

    async def _lane(
        self, session: ClientSession, target: str, people: Sequence[int], per_second: float
    ) -> None:
        due = time.perf_counter()

        async def say(person: int, text: str) -> Answered:
            nonlocal due
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            due += 1 / per_second
            return await self._round(session, target, person, text)

        for person in people:
            await self._report(partial(say, person))

    async def _report(self, say: Callable[[str], Awaitable[Answered]]) -> None:
        """Make one report; raise RuntimeError when it was not received in the end."""
        answered = await say(REPORT[0])
        if not _FIRST_QUESTION.search(answered.text):  # is all of last time still so?
            await say("2")
        for text in REPORT[1:]:
            answered = await say(text)
        if answered.has_options:  # replace the report of this week, or add one?
            answered = await say("2")
        if answered.has_options:
            raise RuntimeError(f"not received: {answered.text}")
        self.measured.reports += 1

    async def _round(self, session: ClientSession, target: str, person: int, text: str) -> Answered:
        chat = str(FIRST_PERSON + person)
        waiting: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        self._waiting[chat] = waiting
        began = time.perf_counter()
        headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET, "Content-Type": "application/json"}
        async with session.post(
            f"{target}/webhooks/telegram", data=self._update(chat, text), headers=headers
        ) as ack:
            assert ack.status == 200, await ack.text()
            await ack.read()
        self.measured.acks.append(time.perf_counter() - began)
        answered = await asyncio.wait_for(waiting, 60)
        self.measured.replies.append(answered.at - began)
        return answered

    def _update(self, chat: str, text: str) -> bytes:
        number = next(self._updates)
        user = {"id": int(chat), "is_bot": False, "first_name": "Demo", "language_code": "fr"}
        message = {
            "message_id": number,
            "from": user,
            "chat": {"id": int(chat), "first_name": "Demo", "type": "private"},
            "date": int(time.time()),
            "text": text,
        }
        return json.dumps({"update_id": number, "message": message}).encode()
