"""The channel `chat`: the phone in the terminal and in the simulator, which reads the outbox itself."""

import contextlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from secrets import token_hex
from typing import Any

from bot.values import Heard, Location, Media, MediaKind, Press
from channels.base import (
    BodyError,
    Envelope,
    Fetched,
    FetchError,
    Inbound,
    Lack,
    Limits,
    Outgoing,
    Receipt,
    SignatureError,
    too_large,
)
from channels.cleaning import clean

MOST_WAITING = 50  # files that nobody fetched, or that were not kept: the oldest give way to new ones
_REF = re.compile(r"[0-9a-f]{32}")


class Chat:
    """A phone without a provider: its bodies are written here and read here.

    `folder` holds what is attached until the worker has fetched it; without one nothing can be attached.
    """

    name = "chat"
    limits = Limits(characters=4096, buttons=100, label=200)  # as Telegram, so that it shows the same

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def verify(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Raise SignatureError: no request from outside speaks for this channel."""
        raise SignatureError("the channel chat has no webhook")

    def envelope(self, body: bytes) -> Envelope:
        """Return the id and the address of a body that `written_down` made; raise BodyError for another."""
        said = _read_json(body)
        if not isinstance(said.get("id"), str) or not isinstance(said.get("address"), str):
            raise BodyError("a body of the channel chat has an id and an address")
        return Envelope(said["id"], said["address"])

    def parse(self, body: bytes) -> list[Inbound | Receipt]:
        """Return the reply."""
        return read_said(body)

    def send(self, out: Outgoing) -> str:
        """Return an id at once: the phone shows the outbox row itself."""
        return out.message.replaces or f"chat:{out.reference}"

    def take_in(self, content: bytes) -> str:
        """Return the reference by which `fetch` finds a file that the phone sends; raise OSError."""
        ref = token_hex(16)
        target = self._found(ref)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._make_room(target.parent)
        with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        return ref

    def fetch(self, ref: str, most_bytes: int) -> Fetched:
        """Return a file that the phone sent; raise FetchError."""
        try:
            with self._found(ref).open("rb") as file:
                content = file.read(most_bytes + 1)
        except FileNotFoundError:
            raise FetchError(Lack.GONE, "the phone does not have it") from None
        if len(content) > most_bytes:
            raise too_large(most_bytes)
        return Fetched(content)

    def forget(self, ref: str) -> None:
        """Delete a file that the phone sent; raise OSError."""
        self._found(ref).unlink(missing_ok=True)

    def _make_room(self, folder: Path) -> None:
        with contextlib.suppress(FileNotFoundError):  # another request makes room, or a file is fetched
            lying = sorted((each.stat().st_mtime_ns, each.name) for each in folder.iterdir())
            for _, name in lying[: max(0, len(lying) - MOST_WAITING + 1)]:
                (folder / name).unlink(missing_ok=True)

    def _found(self, ref: str) -> Path:
        """Return where a file lies; raise FileNotFoundError for a reference that `take_in` never made."""
        if self._folder is None or not _REF.fullmatch(ref):
            raise FileNotFoundError(ref)
        return self._folder / ref


def written_down(provider_id: str, address: str, heard: Heard) -> bytes:
    """Return a body of the channel chat: `{"id", "address", "text"|"press"|"media"|"location", …}`."""
    said: dict[str, object] = {"id": provider_id, "address": address, "source": heard.source or provider_id}
    said |= {"text": heard.text} if heard.text else {}
    said |= {"edited": True} if heard.edited else {}
    said |= {"opt_out": heard.opt_out} if heard.opt_out else {}
    if heard.press:
        said["press"] = {"token": heard.press.token, "option": heard.press.option}
    if heard.media:
        media = heard.media
        said["media"] = [media.kind, media.ref, media.name, media.content_type, media.size]
    if heard.location:
        place = heard.location
        said["location"] = [place.latitude, place.longitude, place.accuracy]
    return json.dumps(said).encode()


def read_said(body: bytes) -> list[Inbound | Receipt]:
    """Return the reply that a phone here wrote down; raise BodyError for what `written_down` did not make."""
    said = _read_json(body)
    return [Inbound(str(said.get("address", "")), _heard(said))]


def _read_json(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BodyError("the body is not JSON") from error
    if not isinstance(said, dict):
        raise BodyError("the body is not a JSON object")
    return said


def _heard(said: Mapping[str, Any]) -> Heard:
    press, media, place = said.get("press"), said.get("media"), said.get("location")
    return Heard(
        text=clean(said.get("text", "")),
        press=Press(press["token"], press["option"]) if press else None,
        media=Media(MediaKind(media[0]), *media[1:]) if media else None,
        location=Location(*place) if place else None,
        source=said.get("source", ""),
        edited=said.get("edited", False),
        opt_out=said.get("opt_out", ""),
    )
