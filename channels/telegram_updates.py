"""A Telegram update as the reply or the news that it brings."""

import re
from collections.abc import Mapping
from typing import Any, TypeAlias

from bot.values import Heard, Location, Media, MediaKind, Press
from channels.base import Inbound, Reach, Receipt
from channels.cleaning import clean, clean_name, primary_subtag

Object: TypeAlias = Mapping[str, Any]  # an object of the Bot API, as JSON

_COMMAND = re.compile(r"^(/[A-Za-z0-9_]{1,32})@[A-Za-z0-9_]+")  # /help@griot_demo_bot
_NUMBER = re.compile(r"[0-9]{1,3}")
_REACH = {"kicked": Reach.BLOCKED, "member": Reach.RETURNED}  # ChatMember, status

# What the app reports by itself in a chat: nobody said it.
_SERVICE = (
    "pinned_message",
    "message_auto_delete_timer_changed",
    "migrate_to_chat_id",
    "migrate_from_chat_id",
    "new_chat_members",
    "left_chat_member",
    "new_chat_title",
    "new_chat_photo",
    "delete_chat_photo",
    "group_chat_created",
    "supergroup_chat_created",
    "channel_chat_created",
    "write_access_allowed",
    "chat_background_set",
    "connected_website",
    "proximity_alert_triggered",
    "boost_added",
    "gift",
    "unique_gift",
    "successful_payment",
    "refunded_payment",
)
_PRIVATE = "private"  # Chat, type
FETCHED = "griot_fetched"  # the field of an update that no webhook brought: Telegram was asked for it
_ABSENT = (None, False)  # not {}: an event without particulars is one


def read_update(update: Any) -> list[Inbound | Receipt]:
    """Return what the update (decoded JSON) says; [] for unknown kinds, and where what is read is odd.

    Only what is used is looked at: a field that is odd elsewhere, or new, costs no reply.
    """
    try:
        return _read(update)
    except (TypeError, AttributeError, ValueError, KeyError, OverflowError):
        return []


def is_fetched(update: Any) -> bool:
    """Tell whether Telegram was asked for a kept update (decoded JSON): no webhook's secret proved it."""
    return isinstance(update, Mapping) and FETCHED in update


def _read(update: Object) -> list[Inbound | Receipt]:
    if said := update.get("message"):
        return _read_message(said, edited=False)
    if said := update.get("edited_message"):
        return _read_message(said, edited=True)
    if tap := update.get("callback_query"):
        return [_read_tap(tap)]
    if change := update.get("my_chat_member"):
        return _read_membership(change)
    return []


def _read_message(message: Object, *, edited: bool) -> list[Inbound | Receipt]:
    sender = message.get("from")
    if not sender or sender.get("is_bot") or any(message.get(name) not in _ABSENT for name in _SERVICE):
        return []
    heard = Heard(
        text=_text(message),
        media=_media(message),
        location=_location(message),
        source=_source(message),
        edited=edited,
    )
    return [_inbound(message["chat"], sender, heard)]


def _read_tap(tap: Object) -> Inbound:
    """Return the option pressed; `source` is the bot's own message that carried the button."""
    shown = tap.get("message")
    heard = Heard(press=_press(_str(tap.get("data") or "")), source=_source(shown) if shown else "")
    return _inbound(shown["chat"] if shown else None, tap["from"], heard)


def _inbound(chat: Object | None, sender: Object, heard: Heard) -> Inbound:
    return Inbound(
        address=str(_int((chat or sender)["id"])),
        heard=heard,
        language=primary_subtag(_str(sender.get("language_code") or "")),
        is_private=chat is None or chat["type"] == _PRIVATE,
    )


def _source(message: Object) -> str:
    return f"{_int(message['chat']['id'])}:{_int(message['message_id'])}"


def _press(data: str) -> Press:
    """Return token and option of `<token>:<number>`; option 0 for what Griot never wrote."""
    token, _, number = clean(data).rpartition(":")
    if _NUMBER.fullmatch(number):
        return Press(token, int(number))
    return Press(clean(data), 0)


def _read_membership(change: Object) -> list[Inbound | Receipt]:
    reach = _REACH.get(change["new_chat_member"]["status"])
    if reach is None or change["chat"]["type"] != _PRIVATE:
        return []
    return [Receipt(address=str(_int(change["chat"]["id"])), reach=reach)]


def _text(message: Object) -> str:
    """Return text or caption; of a shared contact the name and the number, as if typed."""
    if contact := message.get("contact"):
        number = "+" + _str(contact["phone_number"]).lstrip("+")
        names = (_str(contact.get(name) or "") for name in ("first_name", "last_name"))
        return clean(" ".join(filter(None, (*names, number))))
    return _COMMAND.sub(r"\1", clean(_str(message.get("text") or message.get("caption") or "")))


def _location(message: Object) -> Location | None:
    place = message.get("location")
    if not place:
        return None
    return Location(
        float(place["latitude"]), float(place["longitude"]), float(place.get("horizontal_accuracy") or 0)
    )


def _media(message: Object) -> Media | None:
    """Return the attachment, of a photo its largest size; nothing is fetched."""
    if sizes := message.get("photo"):
        return _attachment(sizes[-1], MediaKind.IMAGE, "image/jpeg")
    for name, kind, content_type in _ATTACHMENTS:
        if found := message.get(name):
            return _attachment(found, kind, content_type)
    return None


_ATTACHMENTS: tuple[tuple[str, MediaKind, str], ...] = (
    ("voice", MediaKind.AUDIO, "audio/ogg"),
    ("audio", MediaKind.AUDIO, ""),
    ("video", MediaKind.VIDEO, ""),
    ("video_note", MediaKind.VIDEO, "video/mp4"),
    ("animation", MediaKind.VIDEO, ""),  # before document: an animation is sent as both
    ("document", MediaKind.FILE, ""),
)
_KINDS: Mapping[str, MediaKind] = {
    "image": MediaKind.IMAGE,
    "audio": MediaKind.AUDIO,
    "video": MediaKind.VIDEO,
}


def _attachment(found: Object, kind: MediaKind, content_type: str) -> Media:
    """Return the attachment; a picture sent "as a file" is a picture."""
    declared = clean(_str(found.get("mime_type") or content_type))
    if kind is MediaKind.FILE:
        kind = _KINDS.get(declared.partition("/")[0], MediaKind.FILE)
    name, size = clean_name(_str(found.get("file_name") or "")), found.get("file_size")
    return Media(kind, _str(found["file_id"]), name, declared, None if size is None else _int(size))


def _int(value: object) -> int:
    if type(value) is not int:  # True is an int elsewhere
        raise TypeError("not a whole number")
    return value


def _str(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value
