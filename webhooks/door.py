"""How one request of a provider is taken: authenticated, bounded, kept."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from flask import Response, request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from bot.values import Clock
from channels.base import BodyError, Channel, Envelope, SignatureError
from models.inbox import Update, sender_key
from webhooks.intake import NotKeptError

MOST_BYTES = 1 << 20
RETRY_AFTER = "5"  # seconds; Telegram honours it (platforms.md T5)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Door:
    """The way in. `keep` returns when an update is durable or raises NotKeptError."""

    keep: Callable[[Update], None]
    clock: Clock
    base_url: str

    def take(
        self,
        channel: Channel,
        welcome: Callable[[Envelope], Response],
        note: Callable[[bytes], bytes] = bytes,
    ) -> Response:
        """Return `welcome` when the update is kept, else the code of contract section 2.

        `note` adds what must be kept with the body.
        """
        try:
            body = read_body()
            channel.verify(self._public_url(), dict(request.headers), body)
            envelope = channel.envelope(body)
            self.keep(self._update(channel.name, envelope, note(body)))
        except RequestEntityTooLarge:
            return Response("over 1 MiB\n", 413)
        except ClientDisconnected:
            return Response("the body ended early\n", 400)
        except SignatureError:
            return Response("not from the provider\n", 403)
        except BodyError as error:
            return Response(f"{error}\n", 400)
        except NotKeptError as error:
            log.error("an update of %s was not kept: %s", channel.name, error)
            return Response("the database is unavailable\n", 503, {"Retry-After": RETRY_AFTER})
        return welcome(envelope)

    def _public_url(self) -> str:
        """Return the address the provider called: what a proxy changed on the way does not count."""
        query = request.query_string.decode("utf-8", "replace")
        return self.base_url.rstrip("/") + request.path + (f"?{query}" if query else "")

    def _update(self, channel: str, envelope: Envelope, body: bytes) -> Update:
        sender = sender_key(channel, envelope.sender, envelope.provider_id)
        return Update(channel, envelope.provider_id, sender, body, self.clock())


def read_body() -> bytes:
    """Return the request's body, the same at each call; raise RequestEntityTooLarge."""
    request.max_content_length = MOST_BYTES + 1  # a body in chunks is cut there without an error
    body = request.get_data()
    if len(body) > MOST_BYTES:
        raise RequestEntityTooLarge
    return body
