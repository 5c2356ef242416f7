"""What providers post: authenticated, bounded, kept, and only then answered.

Plain WSGI before the web framework, which would cost more than all of this together.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

from bot.values import Clock
from channels.base import BodyError, Channel, Envelope
from channels.twilio_webhooks import REFERENCE, is_whatsapp, to_keep
from models.inbox import Update
from webhooks.door import Answer, Door, Request, TooLargeError, Welcome, unavailable
from webhooks.intake import NotKeptError, Told

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

PREFIX = "/webhooks/"
TWILIO = ("whatsapp", "sms")  # which of them a request is for, its body says
Looked = Welcome | Answer


@dataclass(frozen=True, slots=True)
class Webhooks:
    """The routes `/webhooks/<channel>` of these channels, and Twilio's two.

    `keep` returns when an update is durable or raises NotKeptError; `measure(channel, status, seconds)` is
    told what each was answered and how long that took.
    """

    channels: Mapping[str, Channel]
    keep: Callable[[Update], None]
    clock: Clock
    base_url: str
    measure: Callable[[str, int, float], None]

    def around(self, inner: "WSGIApplication") -> "WSGIApplication":
        """Return the application that takes what providers post, and leaves all else to `inner`."""

        def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
            if not environ["PATH_INFO"].startswith(PREFIX):
                return inner(environ, start_response)
            answer = self._answer(Request(environ))
            start_response(answer.line, answer.headers)
            return [answer.body]

        return application

    def begin(
        self,
        begin: Callable[[Update, Told], None],
        environ: "WSGIEnvironment",
        reply: Callable[[Answer], None],
    ) -> None:
        """Return at once: `reply` gets the answer when `begin` tells that the update is durable, or is not.

        What is refused is replied to before this returns.
        """
        began = perf_counter()
        try:
            looked = self._look(Request(environ))
        except Exception as error:  # ours, and no reason to stop serving others
            log.error("a webhook raised", exc_info=error)
            looked = Answer(500)
        if isinstance(looked, Answer):
            reply(looked)
            return
        channel, answer = looked.update.channel, looked.answer

        def told(error: NotKeptError | None) -> None:
            answered = unavailable(channel, error) if error else answer
            reply(answered)
            self.measure(channel, answered.status, perf_counter() - began)

        begin(looked.update, told)

    def _answer(self, request: Request) -> Answer:
        began = perf_counter()
        looked = self._look(request)
        if isinstance(looked, Answer):
            return looked
        channel, answer = looked.update.channel, looked.answer
        try:
            self.keep(looked.update)
        except NotKeptError as error:
            answer = unavailable(channel, error)
        self.measure(channel, answer.status, perf_counter() - began)
        return answer

    def _look(self, request: Request) -> Looked:
        name = request.path.removeprefix(PREFIX)
        look = self._twilio(name) if name.partition("/")[0] == "twilio" else self._other(name)
        if look is None:
            return Answer(404, b"no such channel\n")
        if request.method != "POST":
            return Answer(405, b"POST only\n", more=(("Allow", "POST"),))
        return look(request)

    def _other(self, name: str) -> Callable[[Request], Looked] | None:
        channel = self.channels.get(name) if name not in TWILIO else None
        return (lambda request: self._measured(request, channel, _acknowledged)) if channel else None

    def _twilio(self, name: str) -> Callable[[Request], Looked] | None:
        if not any(each in self.channels for each in TWILIO):
            return None
        return {"twilio": self._look_at_message, "twilio/status": self._look_at_status}.get(name)

    def _look_at_message(self, request: Request) -> Looked:
        return self._measured(request, self._meant(request), _nothing_to_say, to_keep)

    def _look_at_status(self, request: Request) -> Looked:
        reference = request.asked(REFERENCE)
        return self._measured(request, self._meant(request), _noted, lambda body: to_keep(body, reference))

    def _measured(
        self,
        request: Request,
        channel: Channel,
        welcome: Callable[[Envelope], Answer],
        note: Callable[[bytes], bytes] = bytes,
    ) -> Looked:
        """Look at a request; how long a refusal took is told here, the rest when it is kept."""
        began = perf_counter()
        looked = Door(self.clock, self.base_url).look(request, channel, welcome, note)
        if isinstance(looked, Answer):
            self.measure(channel.name, looked.status, perf_counter() - began)
        return looked

    def _meant(self, request: Request) -> Channel:
        """Return the channel that the body names; where it cannot be read, or is off, the one that is on.

        Both know the account's tokens, so either tells whether the request is Twilio's.
        """
        try:
            wanted = TWILIO[0] if is_whatsapp(request.body()) else TWILIO[1]
        except (BodyError, TooLargeError):
            wanted = ""
        on = [self.channels[name] for name in TWILIO if name in self.channels]
        return next((channel for channel in on if channel.name == wanted), on[0])


def _acknowledged(envelope: Envelope) -> Answer:
    if envelope.acknowledge:
        return Answer(200, envelope.acknowledge.encode(), "application/json")
    return Answer(200)


def _nothing_to_say(_envelope: Envelope) -> Answer:
    """Return an empty TwiML document: replies leave through the outbox."""
    return Answer(200, b"<Response/>", "text/xml; charset=utf-8")


def _noted(_envelope: Envelope) -> Answer:
    return Answer(204)
