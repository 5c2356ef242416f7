"""What providers post: authenticated, bounded, kept, and only then answered."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from flask import Blueprint, Response, request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from bot.values import Clock
from channels.base import BodyError, Channel, Envelope
from channels.twilio_webhooks import REFERENCE, is_whatsapp, to_keep
from models.inbox import Update
from webhooks.door import Door, read_body

TWILIO = ("whatsapp", "sms")  # which of them a request is for, its body says
NO_CHANNEL = "no such channel\n"
Timed = Callable[[str], AbstractContextManager[None]]


def webhooks(
    channels: Mapping[str, Channel],
    keep: Callable[[Update], None],
    clock: Clock,
    base_url: str,
    timed: Timed,
) -> Blueprint:
    """Return the routes `/webhooks/<channel>` of these channels, and Twilio's two.

    `keep` returns when an update is durable or raises NotKeptError; `timed(channel)` measures a request.
    """
    rooms = Blueprint("webhooks", __name__)
    door = Door(keep, clock, base_url)

    @rooms.post("/webhooks/<name>")
    def receive(name: str) -> Response:
        channel = channels.get(name) if name not in TWILIO else None
        if channel is None:
            return Response(NO_CHANNEL, 404)
        with timed(name):
            return door.take(channel, _acknowledged)

    twilio = {name: channels[name] for name in TWILIO if name in channels}
    if twilio:
        _add_twilio(rooms, twilio, door, timed)
    return rooms


def _add_twilio(rooms: Blueprint, channels: Mapping[str, Channel], door: Door, timed: Timed) -> None:
    @rooms.post("/webhooks/twilio")
    def receive_twilio() -> Response:
        channel = _meant(channels)
        with timed(channel.name):
            return door.take(channel, _nothing_to_say, to_keep)

    @rooms.post("/webhooks/twilio/status")
    def receive_status() -> Response:
        channel = _meant(channels)
        reference = request.args.get(REFERENCE, "")
        with timed(channel.name):
            return door.take(channel, _noted, lambda body: to_keep(body, reference))


def _meant(channels: Mapping[str, Channel]) -> Channel:
    """Return the channel that the body names; where it cannot be read, or is off, the one that is on.

    Both know the account's tokens, so either tells whether the request is Twilio's.
    """
    try:
        wanted = TWILIO[0] if is_whatsapp(read_body()) else TWILIO[1]
    except (BodyError, RequestEntityTooLarge, ClientDisconnected):
        wanted = ""
    return channels.get(wanted) or next(iter(channels.values()))


def _acknowledged(envelope: Envelope) -> Response:
    if envelope.acknowledge:
        return Response(envelope.acknowledge, 200, mimetype="application/json")
    return Response(status=200)


def _nothing_to_say(_envelope: Envelope) -> Response:
    """Return an empty TwiML document: replies leave through the outbox."""
    return Response("<Response/>", 200, mimetype="text/xml")


def _noted(_envelope: Envelope) -> Response:
    return Response(status=204)
