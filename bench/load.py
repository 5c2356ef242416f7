"""Phones and provider in one event loop: each reply sent to a chat lets its phone go on."""

import asyncio
import itertools
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
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
"""The shortest weekly update: nine replies, each answered by one message."""


@dataclass
class Measured:
    """Seconds from POST to response, and from POST to the reply at the provider."""

    acks: list[float] = field(default_factory=list)
    replies: list[float] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)  # of the first phone


class Load:
    """Phones that write to a site, and the provider that takes what it sends back."""

    def __init__(self) -> None:
        self.measured = Measured()
        self.url = ""
        self._waiting: dict[str, asyncio.Future[float]] = {}
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
        if waiting and not waiting.done():
            waiting.set_result(time.perf_counter())
        if chat == str(FIRST_PERSON):
            self.measured.texts.append(fields.get("text", [""])[0])
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
                    for text in REPORT:
                        await self._round(session, target, person, text)

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
        for person in people:
            for text in REPORT:
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                due += 1 / per_second
                await self._round(session, target, person, text)

    async def _round(self, session: ClientSession, target: str, person: int, text: str) -> None:
        chat = str(FIRST_PERSON + person)
        answered: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting[chat] = answered
        began = time.perf_counter()
        headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET, "Content-Type": "application/json"}
        async with session.post(
            f"{target}/webhooks/telegram", data=self._update(chat, text), headers=headers
        ) as ack:
            assert ack.status == 200, await ack.text()
            await ack.read()
        self.measured.acks.append(time.perf_counter() - began)
        self.measured.replies.append(await asyncio.wait_for(answered, 60) - began)

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
