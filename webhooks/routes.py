"""What providers post: authenticated, bounded, kept, and only then answered."""

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from flask import Blueprint, Response, request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from bot.values import Clock
from channels.base import BodyError, Channel, Envelope, SignatureError
from models.inbox import Update
from webhooks.intake import NotKeptError

MOST_BYTES = 1 << 20
RETRY_AFTER = "5"  # seconds; Telegram honours it (platforms.md T5)

log = logging.getLogger(__name__)


def webhooks(
    channels: Mapping[str, Channel],
    keep: Callable[[Update], None],
    clock: Clock,
    base_url: str,
    timed: Callable[[str], AbstractContextManager[None]],
) -> Blueprint:
    """Return the routes `/webhooks/<channel>` of these channels.

    `keep` returns when an update is durable or raises NotKeptError; `timed(channel)` measures a request.
    """
    rooms = Blueprint("webhooks", __name__)

    @rooms.post("/webhooks/<name>")
    def receive(name: str) -> Response:
        channel = channels.get(name)
        if channel is None:
            return Response("no such channel\n", 404)
        with timed(name):
            return _answer(channel, keep, clock, base_url)

    return rooms


def _answer(channel: Channel, keep: Callable[[Update], None], clock: Clock, base_url: str) -> Response:
    """Return 200 when the update is kept, else the code of contract section 2."""
    try:
        body = _body()
        channel.verify(_public_url(base_url), dict(request.headers), body)
        envelope = channel.envelope(body)
        keep(_update(channel.name, envelope, body, clock))
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
    if envelope.acknowledge:
        return Response(envelope.acknowledge, 200, mimetype="application/json")
    return Response(status=200)


def _body() -> bytes:
    request.max_content_length = MOST_BYTES + 1  # a body in chunks is cut there without an error
    body = request.get_data(cache=False)
    if len(body) > MOST_BYTES:
        raise RequestEntityTooLarge
    return body


def _public_url(base_url: str) -> str:
    """Return the address the provider called: what a proxy changed on the way does not count."""
    path = request.full_path if request.query_string else request.path
    return base_url.rstrip("/") + path


def _update(channel: str, envelope: Envelope, body: bytes, clock: Clock) -> Update:
    # what nobody sent waits for nothing: it is a sender of its own
    sender = envelope.sender or f"-{envelope.provider_id}"
    return Update(channel, envelope.provider_id, f"{channel}:{sender}", body, clock())
