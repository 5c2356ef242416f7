"""What providers post: authenticated, bounded, kept, and only then answered.

Plain WSGI before the web framework, which would cost more than all of this together.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.values import Clock
from channels.base import BodyError, Channel, Envelope
from channels.twilio_webhooks import REFERENCE, is_whatsapp, to_keep
from models.inbox import Update
from webhooks.door import Answer, Door, Request, TooLargeError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PREFIX = "/webhooks/"
TWILIO = ("whatsapp", "sms")  # which of them a request is for, its body says
Timed = Callable[[str], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Webhooks:
    """The routes `/webhooks/<channel>` of these channels, and Twilio's two.

    `keep` returns when an update is durable or raises NotKeptError; `timed(channel)` measures a request.
    """

    channels: Mapping[str, Channel]
    keep: Callable[[Update], None]
    clock: Clock
    base_url: str
    timed: Timed

    def around(self, inner: "WSGIApplication") -> "WSGIApplication":
        """Return the application that takes what providers post, and leaves all else to `inner`."""

        def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
            if not environ["PATH_INFO"].startswith(PREFIX):
                return inner(environ, start_response)
            answer = self._answer(Request(environ))
            start_response(answer.line, answer.headers)
            return [answer.body]

        return application

    def _answer(self, request: Request) -> Answer:
        name = request.path.removeprefix(PREFIX)
        take = self._twilio(name) if name.partition("/")[0] == "twilio" else self._other(name)
        if take is None:
            return Answer(404, b"no such channel\n")
        if request.method != "POST":
            return Answer(405, b"POST only\n", more=(("Allow", "POST"),))
        return take(request)

    def _other(self, name: str) -> Callable[[Request], Answer] | None:
        channel = self.channels.get(name) if name not in TWILIO else None
        return (lambda request: self._take(request, channel, _acknowledged)) if channel else None

    def _twilio(self, name: str) -> Callable[[Request], Answer] | None:
        if not any(each in self.channels for each in TWILIO):
            return None
        return {"twilio": self._take_message, "twilio/status": self._take_status}.get(name)

    def _take_message(self, request: Request) -> Answer:
        return self._take(request, self._meant(request), _nothing_to_say, to_keep)

    def _take_status(self, request: Request) -> Answer:
        reference = request.asked(REFERENCE)
        return self._take(request, self._meant(request), _noted, lambda body: to_keep(body, reference))

    def _take(
        self,
        request: Request,
        channel: Channel,
        welcome: Callable[[Envelope], Answer],
        note: Callable[[bytes], bytes] = bytes,
    ) -> Answer:
        with self.timed(channel.name):
            return Door(self.keep, self.clock, self.base_url).take(request, channel, welcome, note)

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
