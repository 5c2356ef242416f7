"""The channel of the terminal and of the simulator."""

import os
from pathlib import Path

import pytest

from bot.values import Heard, Location, Media, MediaKind, Message, Press
from channels.base import BodyError, FetchError, Inbound, Lack, Outgoing, SignatureError
from channels.chat import MOST_WAITING, Chat, written_down

CHAT = Chat()


@pytest.mark.parametrize(
    "heard",
    [
        Heard("Bonjour", source="1"),
        Heard("4 of 5", source="1", edited=True),
        Heard(press=Press("t", 2), source="1"),
        Heard(media=Media(MediaKind.IMAGE, "ref", "a.png", "image/png", 7), source="1"),
        Heard(location=Location(-1.9, 30.1, 25.0), source="1"),
    ],
)
def test_what_is_written_down_is_read(heard: Heard) -> None:
    """A body gives back what was heard, the address, and the id that makes it unique."""
    body = written_down("1", "42", heard)
    assert CHAT.parse(body) == [Inbound("42", heard)]
    envelope = CHAT.envelope(body)
    assert (envelope.provider_id, envelope.sender) == ("1", "42")


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"id": 1, "address": "42"}', b"[" * 100_000])
def test_other_bodies_are_refused(body: bytes) -> None:
    """What `written_down` did not write is a BodyError."""
    with pytest.raises(BodyError):
        CHAT.envelope(body)


def test_nobody_outside_speaks_for_it() -> None:
    """The channel has no webhook."""
    with pytest.raises(SignatureError):
        CHAT.verify("", {}, b"")


def test_sending_is_being_in_the_outbox() -> None:
    """An id comes at once; a message put in place of another keeps the other's."""
    assert CHAT.send(Outgoing("42", Message("Hello"), "7")) == "chat:7"
    assert CHAT.send(Outgoing("42", Message("Hello", replaces="chat:6"), "7")) == "chat:6"


def test_what_the_phone_sends_is_fetched_until_it_is_forgotten(tmp_path: Path) -> None:
    """A file lies in the folder under a name of our own, readable by nobody else."""
    phone = Chat(tmp_path / "phone")
    ref = phone.take_in(b"a photo")
    assert phone.fetch(ref, 7).content == b"a photo"
    assert (tmp_path / "phone" / ref).stat().st_mode & 0o777 == 0o600
    with pytest.raises(FetchError) as raised:
        phone.fetch(ref, 6)
    assert raised.value.lack is Lack.REFUSED
    phone.forget(ref)
    phone.forget(ref)
    with pytest.raises(FetchError) as raised:
        phone.fetch(ref, 7)
    assert raised.value.lack is Lack.GONE


def test_what_nobody_fetches_does_not_fill_the_disk(tmp_path: Path) -> None:
    """What was refused, or sent to no report, gives way: the oldest first."""
    phone = Chat(tmp_path)
    refs = [phone.take_in(b"x") for _ in range(MOST_WAITING)]
    os.utime(tmp_path / refs[7], (0, 0))
    last = phone.take_in(b"x")
    assert {each.name for each in tmp_path.iterdir()} == {*refs, last} - {refs[7]}


@pytest.mark.parametrize("ref", ["", "../secret", "/etc/hostname", "a" * 31, "A" * 32, "0" * 32 + "\n"])
def test_a_reference_never_leads_out_of_the_folder(tmp_path: Path, ref: str) -> None:
    """Only references that the channel made are looked for."""
    (tmp_path / "secret").write_text("not for a phone")
    for phone in (Chat(tmp_path / "phone"), Chat()):
        with pytest.raises(FetchError) as raised:
            phone.fetch(ref, 100)
        assert raised.value.lack is Lack.GONE
