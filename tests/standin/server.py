"""The stand-in as an HTTP server in a thread of its own."""

import asyncio
import dataclasses
import json
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from aiohttp import ClientError, ClientSession, web

from tests.standin.record import Call, Record, Sent
from tests.standin.telegram import FAULTS, Reply, Telegram, error
from tests.standin.trouble import Fault, Trouble
from tests.standin.twilio import Callback, Status, Twilio
from tests.standin.twilio_content import TwilioContent

TOKEN = "700100200:STANDIN-token-of-nobody-0123456789abcdef"  # fictitious
EVERYBODY = "*"
_NOTHING = Reply(500, {})


class StandIn:
    """A provider on 127.0.0.1: `with StandIn() as provider: ... provider.url`.

    The first part of a path decides who answers: `/bot<token>/<method>` is Telegram, `/file/bot<token>/…`
    its files, `/v1/…` Twilio's contents, `/media/…` its store of attachments, `/admin/…` is for another
    process (see `tests/standin/client.py`). Other providers find their place beside them.
    """

    def __init__(self, port: int = 0, token: str = TOKEN) -> None:
        self.record = Record()
        self.telegram = Telegram(token, self.record)
        self.content = TwilioContent()
        self.twilio = Twilio(self.record, self.content.contents)
        self.troubles: dict[str, Trouble] = {}
        self._telling: list[asyncio.Task[None]] = []
        self.url = ""
        self._port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="stand-in", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._on_loop(self._open())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._on_loop(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def attach(self, file_id: str, content: bytes) -> str:
        """Take a file that a person sends on Telegram; return its file_id."""
        self.telegram.files[file_id] = content
        return file_id

    def attach_to_twilio(self, content: bytes) -> str:
        """Take a file that a person sends on WhatsApp; return the MediaUrl0 of its webhook."""
        return self.twilio.attach(content, self.url)

    def messages(self, chat: str | int) -> list[Sent]:
        """Return what the chat shows, edits in place, oldest first."""
        return self.record.messages(chat)

    def wait(self, chat: str | int, count: int, seconds: float = 10.0) -> list[Sent]:
        """Return the chat's messages and edits as taken, once there are `count` or the time is up."""
        return self.record.wait(chat, count, seconds)

    def calls(self, method: str) -> list[Call]:
        """Return the calls of one method, oldest first."""
        return [call for call in self.record.calls if call.method == method]

    def trouble(self, chat: str | int = EVERYBODY, trouble: Trouble | None = None) -> None:
        """Make calls for the chat go wrong, or right again."""
        if trouble is None:
            self.troubles.pop(str(chat), None)
        else:
            self.troubles[str(chat)] = trouble

    def hears(self, address: str) -> None:
        """Note that a person writes on WhatsApp now: the window opens."""
        self.twilio.hears(address)

    def clear(self) -> None:
        """Forget messages, calls and troubles."""
        self.record.clear()
        self.twilio.clear()
        self.telegram.files.clear()
        self.troubles.clear()

    def _on_loop(self, work: object) -> None:
        assert asyncio.iscoroutine(work)
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _open(self) -> None:
        self._runner = web.ServerRunner(web.Server(self._handle, access_log=None), shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, backlog=1024)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = self.twilio.store = f"http://{host}:{port}"

    async def _close(self) -> None:
        for telling in self._telling:
            telling.cancel()
        await asyncio.gather(*self._telling, return_exceptions=True)
        await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        first, _, rest = request.path.lstrip("/").partition("/")
        body = await request.read()
        if first == "admin":
            return await self._administer(rest, request.query, body)
        if first.startswith("bot"):
            return await self._answer_telegram(request, first[3:], rest, body)
        if first == "file":
            token, _, path = rest.removeprefix("bot").partition("/")
            found = self.telegram.file_at(path) if token == self.telegram.token else None
            return await self._answer_file(request, "file", found)
        if first == "media":
            return await self._answer_file(request, "media", self.twilio.files.get(rest))
        if first == "v1":
            return await self._answer_content(request, body)
        if first == "2010-04-01":
            return await self._answer_twilio(request, body)
        return web.Response(status=404)

    async def _answer_file(
        self, request: web.BaseRequest, what: str, content: bytes | None
    ) -> web.StreamResponse:
        """Give out a file; what goes wrong is the trouble of `file` (Telegram's) or `media` (Twilio's)."""
        told = {"Authorization": request.headers.get("Authorization", "")}
        trouble = self._trouble_of(what)
        if trouble.delay:
            await asyncio.sleep(trouble.delay)
        if trouble.fault in {Fault.STALL, Fault.DROP}:
            return await self._fall_silent(request, what, told, stall=trouble.fault is Fault.STALL)
        if trouble.fault is Fault.ENDLESS:
            return await self._pour(request)
        if trouble.fault:
            return self._respond(what, told, FAULTS[trouble.fault](trouble))
        status = 404 if content is None else 200
        self.record.calls.append(Call(what, told, status, {}))
        return web.Response(status=status, body=content or b"", content_type="application/octet-stream")

    async def _pour(self, request: web.BaseRequest) -> web.StreamResponse:
        """Give out bytes without an end, and without saying how many."""
        answer = web.StreamResponse()
        answer.enable_chunked_encoding()
        await answer.prepare(request)
        with suppress(ConnectionError):
            while True:
                await answer.write(b"x" * 65_536)
        return answer

    async def _answer_twilio(self, request: web.BaseRequest, body: bytes) -> web.StreamResponse:
        """Answer a call of Twilio's Messages API; what goes wrong is the trouble of its `To`, or `delete`."""
        fields = dict(parse_qsl(body.decode() or request.query_string, keep_blank_values=True))
        method = f"{request.method} Messages"
        whom = "delete" if request.method == "DELETE" else fields.get("To", EVERYBODY)
        trouble = self._trouble_of(whom)
        if trouble.delay:
            await asyncio.sleep(trouble.delay)
        answers = not trouble.fault or trouble.accepts
        told = len(self.twilio.callbacks)
        reply = (
            self.twilio.answer(request.method, request.path_qs, request.headers, body) if answers else None
        )
        if self.twilio.callbacks_to and (callbacks := self.twilio.callbacks[told:]):
            self._telling.append(asyncio.create_task(self._tell(callbacks)))
        if trouble.fault in {Fault.STALL, Fault.DROP}:
            return await self._fall_silent(request, method, fields, stall=trouble.fault is Fault.STALL)
        return self._respond(
            method, fields, self.twilio.fault(trouble) if trouble.fault else reply or _NOTHING
        )

    async def _tell(self, callbacks: Sequence[Callback]) -> None:
        """Post statuses to the product, wherever it really is."""
        async with ClientSession() as session:
            for one in callbacks:
                await asyncio.sleep(one.delay)
                parts = urlsplit(one.url)
                url = f"{self.twilio.callbacks_to.rstrip('/')}{parts.path}?{parts.query}"
                with suppress(ClientError):  # the product is down: Twilio does not insist either
                    await session.post(url, data=one.body, headers=one.headers)

    async def _answer_telegram(
        self, request: web.BaseRequest, token: str, method: str, body: bytes
    ) -> web.StreamResponse:
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True))
        if token != self.telegram.token:
            status = 401 if ":" in token else 404
            return self._respond(
                method, fields, error(status, "Unauthorized" if status == 401 else "Not Found")
            )
        trouble = self._trouble_of(fields.get("chat_id", EVERYBODY))
        if trouble.delay:
            await asyncio.sleep(trouble.delay)
        reply = self.telegram.answer(method, fields) if not trouble.fault or trouble.accepts else None
        if trouble.fault in {Fault.STALL, Fault.DROP}:
            return await self._fall_silent(request, method, fields, stall=trouble.fault is Fault.STALL)
        if trouble.fault:
            reply = FAULTS[trouble.fault](trouble)
        if method == "getUpdates" and not (reply and reply.answer.get("result")):
            await asyncio.sleep(min(float(fields.get("timeout", "0")), 0.2))
        assert reply is not None
        return self._respond(method, fields, reply)

    async def _answer_content(self, request: web.BaseRequest, body: bytes) -> web.StreamResponse:
        """Answer a call of Twilio's Content API; what goes wrong is the trouble of `content`."""
        method, fields = f"{request.method} {request.path}", {"body": body.decode()} if body else {}
        trouble = self._trouble_of("content")
        if trouble.delay:
            await asyncio.sleep(trouble.delay)
        reply = self.content.answer(request.method, request.path_qs, request.headers, body)
        if trouble.fault in {Fault.STALL, Fault.DROP}:
            return await self._fall_silent(request, method, fields, stall=trouble.fault is Fault.STALL)
        return self._respond(method, fields, FAULTS[trouble.fault](trouble) if trouble.fault else reply)

    def _trouble_of(self, chat: str) -> Trouble:
        """Return what goes wrong with this call, and count it."""
        for key in (chat, EVERYBODY):
            trouble = self.troubles.get(key)
            if trouble is None:
                continue
            if trouble.times == 1:
                del self.troubles[key]
            trouble.times -= 1 if trouble.times > 1 else 0
            return trouble
        return Trouble()

    async def _fall_silent(
        self, request: web.BaseRequest, method: str, fields: Mapping[str, str], *, stall: bool
    ) -> web.StreamResponse:
        """Give no answer: hang up now, or when the other side does."""
        self.record.calls.append(Call(method, fields, 0, {}))
        while stall and request.transport is not None and not request.transport.is_closing():
            await asyncio.sleep(0.1)  # hundreds of calls may hang at once
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    def _respond(self, method: str, fields: Mapping[str, str], reply: Reply) -> web.Response:
        self.record.calls.append(Call(method, fields, reply.status, reply.answer))
        if reply.body is not None:
            return web.Response(status=reply.status, body=reply.body, content_type="text/html")
        return web.Response(
            status=reply.status,
            body=json.dumps(reply.answer).encode(),
            headers=reply.headers,
            content_type="application/json",
        )

    async def _administer(self, what: str, query: Mapping[str, str], body: bytes) -> web.Response:
        """Answer the other process; `tests/standin/client.py` is the only caller."""
        match what:
            case "messages":
                return web.json_response([dataclasses.asdict(one) for one in self.messages(query["chat"])])
            case "history":
                await self._until(query)
                return web.json_response(
                    [dataclasses.asdict(one) for one in self.record.history(query["chat"])]
                )
            case "count":
                return web.json_response(self.record.count)
            case "calls":
                return web.json_response([dataclasses.asdict(one) for one in self.calls(query["method"])])
            case "trouble":
                given = json.loads(body)
                self.trouble(given["chat"], Trouble(**given["trouble"]) if given["trouble"] else None)
            case "updates":
                self.telegram.updates.append(json.loads(body))
            case "hears":
                self.hears(json.loads(body)["address"])
            case "twilio":
                self._set_twilio(json.loads(body))
            case "clear":
                self.clear()
            case _:
                return web.json_response({"error": f"no {what}"}, status=404)
        return web.json_response({"ok": True})

    def _set_twilio(self, given: Mapping[str, Any]) -> None:
        """Set what the account does: `callbacks_to`, `refuses_at_once`, `plans` of statuses by address."""
        for name, value in given.items():
            if name == "plans":
                self.twilio.plans |= {to: [Status(**one) for one in plan] for to, plan in value.items()}
            else:
                setattr(self.twilio, name, value)

    async def _until(self, query: Mapping[str, str]) -> None:
        """Wait for `count` messages of a chat, at most `seconds`."""
        until = self._loop.time() + float(query.get("seconds", "0"))
        wanted = int(query.get("count", "0"))
        while len(self.record.history(query["chat"])) < wanted and self._loop.time() < until:
            await asyncio.sleep(0.005)
