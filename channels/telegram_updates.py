"""A Telegram update as the reply or the news that it brings."""

import re
from collections.abc import Mapping
from typing import Any

from telegram import CallbackQuery, Chat, ChatMemberUpdated, Message, Update, User

from bot.values import Heard, Location, Media, MediaKind, Press
from channels.base import Inbound, Reach, Receipt
from channels.cleaning import clean, clean_name, primary_subtag

_COMMAND = re.compile(r"^(/[A-Za-z0-9_]{1,32})@[A-Za-z0-9_]+")  # /help@griot_demo_bot
_NUMBER = re.compile(r"[0-9]{1,3}")
_REACH = {"kicked": Reach.BLOCKED, "member": Reach.RETURNED}  # ChatMember, status

# What is read of a message (Bot API, Message); the rest, stickers and later inventions, is not looked at.
_READ = (
    "message_id",
    "from",
    "chat",
    "date",
    "text",
    "caption",
    "photo",
    "voice",
    "audio",
    "video",
    "video_note",
    "animation",
    "document",
    "location",
    "contact",
)
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
_ABSENT = (None, False)  # not {}: an event without particulars is one


def read_update(update: Any) -> list[Inbound | Receipt]:
    """Return what the update (decoded JSON) says; [] for unknown kinds and for what the library refuses."""
    try:
        return _read(Update.de_json(_trimmed(update), None))
    except (TypeError, AttributeError, ValueError, KeyError, OverflowError, OSError):
        return []  # the library validates nothing: odd types surface as these (platforms 3.1, Parsing)


def _trimmed(update: Mapping[str, Any]) -> dict[str, Any]:
    """Return the update with only the parts that are read: an odd field elsewhere costs no reply."""
    kept = {"update_id": update["update_id"]}
    for kind in ("message", "edited_message"):
        said = update.get(kind)
        if said and not any(said.get(name) not in _ABSENT for name in _SERVICE):
            kept[kind] = _parts(said)
    if tap := update.get("callback_query"):
        kept["callback_query"] = {**tap, "message": _parts(tap.get("message") or {}) or None}
    if change := update.get("my_chat_member"):
        kept["my_chat_member"] = change
    return kept


def _parts(message: Mapping[str, Any]) -> dict[str, Any]:
    return {name: message[name] for name in _READ if name in message}


def _read(update: Update) -> list[Inbound | Receipt]:
    if update.message:
        return _read_message(update.message, edited=False)
    if update.edited_message:
        return _read_message(update.edited_message, edited=True)
    if update.callback_query:
        return [_read_tap(update.callback_query)]
    if update.my_chat_member:
        return _read_membership(update.my_chat_member)
    return []


def _read_message(message: Message, *, edited: bool) -> list[Inbound | Receipt]:
    sender = message.from_user
    if sender is None or sender.is_bot:
        return []
    heard = Heard(
        text=_text(message),
        media=_media(message),
        location=_location(message),
        source=f"{message.chat.id}:{message.message_id}",
        edited=edited,
    )
    return [_inbound(message.chat, sender, heard)]


def _read_tap(tap: CallbackQuery) -> Inbound:
    """Return the option pressed; `source` is the bot's own message that carried the button."""
    source = f"{tap.message.chat.id}:{tap.message.message_id}" if tap.message else ""
    heard = Heard(press=_press(tap.data or ""), source=source)
    return _inbound(tap.message.chat if tap.message else None, tap.from_user, heard)


def _inbound(chat: Chat | None, sender: User, heard: Heard) -> Inbound:
    return Inbound(
        address=str(chat.id if chat else sender.id),
        heard=heard,
        language=primary_subtag(sender.language_code),
        is_private=chat is None or chat.type == Chat.PRIVATE,
    )


def _press(data: str) -> Press:
    """Return token and option of `<token>:<number>`; option 0 for what Griot never wrote."""
    token, _, number = clean(data).rpartition(":")
    if _NUMBER.fullmatch(number):
        return Press(token, int(number))
    return Press(clean(data), 0)


def _read_membership(change: ChatMemberUpdated) -> list[Inbound | Receipt]:
    reach = _REACH.get(change.new_chat_member.status)
    if reach is None or change.chat.type != Chat.PRIVATE:
        return []
    return [Receipt(address=str(change.chat.id), reach=reach)]


def _text(message: Message) -> str:
    """Return text or caption; of a shared contact the name and the number, as if typed."""
    if message.contact:
        contact = message.contact
        number = "+" + contact.phone_number.lstrip("+")
        return clean(" ".join(filter(None, (contact.first_name, contact.last_name, number))))
    return _COMMAND.sub(r"\1", clean(message.text or message.caption or ""))


def _location(message: Message) -> Location | None:
    place = message.location
    if place is None:
        return None
    return Location(float(place.latitude), float(place.longitude), float(place.horizontal_accuracy or 0))


def _media(message: Message) -> Media | None:
    """Return the attachment, of a photo its largest size; nothing is fetched."""
    if message.photo:
        photo = message.photo[-1]
        return Media(MediaKind.IMAGE, photo.file_id, content_type="image/jpeg", size=photo.file_size)
    for name, kind, content_type in _ATTACHMENTS:
        found = getattr(message, name)
        if found is not None:
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


def _attachment(found: Any, kind: MediaKind, content_type: str) -> Media:
    """Return the attachment; a picture sent "as a file" is a picture."""
    declared = clean(getattr(found, "mime_type", None) or content_type)
    if kind is MediaKind.FILE:
        kind = _KINDS.get(declared.partition("/")[0], MediaKind.FILE)
    name = clean_name(getattr(found, "file_name", None) or "")
    return Media(kind, found.file_id, name, declared, found.file_size)
