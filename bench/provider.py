"""The stand-in provider in the event loop of the phones: what it takes wakes the phone that waits."""

import asyncio
import json
from collections.abc import Callable
from urllib.parse import parse_qsl

from aiohttp import web

from tests.site import TOKEN
from tests.standin.record import Record, Sent
from tests.standin.telegram import Reply, Telegram
from tests.standin.twilio import EVERYBODY, Twilio
from tests.standin.twilio_content import TwilioContent

MOST_KEPT = 1000  # messages that Twilio's list may hold


class Listening(Record):
    """A record that keeps nothing and tells of each message."""

    def __init__(self, told: Callable[[Sent], None]) -> None:
        super().__init__()
        self._told = told

    def take(self, sent: Sent) -> None:
        """Tell of a message."""
        self._told(sent)


class Provider:
    """Telegram and Twilio by the rules of tests/standin, without status callbacks."""

    def __init__(self, told: Callable[[Sent], None]) -> None:
        record = Listening(told)
        self.url = ""
        self.delay = 0.0  # seconds until a call is taken and answered
        self.telegram = Telegram(TOKEN, record)
        self._content = TwilioContent()
        self.twilio = Twilio(record, self._content.contents, plans={EVERYBODY: ()})
        self._runner = web.ServerRunner(web.Server(self._answer, access_log=None), shutdown_timeout=0.1)

    async def open(self) -> None:
        """Listen on a free port of 127.0.0.1."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, backlog=2048)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"

    async def close(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        try:
            body = await request.read()
        except ConnectionError:  # the caller was killed
            return web.Response()
        if self.delay:
            await asyncio.sleep(self.delay)
        reply = self._reply(request, body)
        return web.Response(
            status=reply.status,
            body=json.dumps(reply.answer).encode(),
            headers=reply.headers,
            content_type="application/json",
        )

    def _reply(self, request: web.BaseRequest, body: bytes) -> Reply:
        first, _, method = request.path.lstrip("/").partition("/")
        if first == f"bot{TOKEN}":
            return self.telegram.answer(method, dict(parse_qsl(body.decode(), keep_blank_values=True)))
        if first == "v1":
            return self._content.answer(request.method, request.path_qs, request.headers, body)
        del self.twilio.messages[:-MOST_KEPT]
        return self.twilio.answer(request.method, request.path_qs, request.headers, body)
