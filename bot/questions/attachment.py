"""A photo, a recording or a document."""

import re

from bot.questions.base import Asked, Reading
from bot.questions.options import chosen
from bot.values import Answer, Heard, Media, MediaKind, Rejection, Say, Value

_MORE = {
    MediaKind.IMAGE: {MediaKind.FILE},
    MediaKind.AUDIO: {MediaKind.FILE},
    MediaKind.VIDEO: {MediaKind.FILE},
}
LINK = "link"  # the type of a document that lies elsewhere: its address is its name, nothing is fetched
_ADDRESS = re.compile(r"https?://[^\s<>\"/?#]+\.[^\s<>\"]+", re.IGNORECASE)
_LONGEST = 2000  # characters of an address


def value_of(media: Media) -> Value:
    """Return an attachment as an answer: type, name, size (bytes or null) and the provider's reference."""
    return {"type": media.kind.value, "name": media.name, "size": media.size, "ref": media.ref}


def is_attached(value: Value) -> bool:
    """Tell whether an answer is something attached."""
    return isinstance(value, dict) and bool(value.get("ref"))


class Attachment:
    """Accept one attachment of a kind; a document counts for any kind.

    For a document anything counts, a link to it too.
    """

    def __init__(self, kind: MediaKind) -> None:
        self._kinds = {kind} | _MORE.get(kind, set(MediaKind))
        self._takes_link = kind is MediaKind.FILE

    def options(self, asked: Asked, say: Say) -> tuple[str, ...]:
        """Return the one that leaves a required attachment for later; else none."""
        return (say("I will send it later"),) if asked.may_follow else ()

    def read(self, asked: Asked, heard: Heard, say: Say) -> Reading:
        """Return type, name, size (bytes or null) and the provider's reference, or ask for the attachment."""
        media = heard.media
        if media is not None and media.kind in self._kinds:
            return Answer(value_of(media))
        if media is None and asked.may_follow and self._is_later(asked, heard, say):
            return Answer(None)
        if not self._takes_link:
            return Rejection(
                say("Please attach it here with the paper clip of your messenger, like any photo or file.")
            )
        addresses = _ADDRESS.findall(heard.text)
        if len(addresses) == 1 and len(addresses[0]) <= _LONGEST:
            address = addresses[0].rstrip(".,;:!)»،؛")
            return Answer({"type": LINK, "name": address, "size": None, "ref": ""})
        return Rejection(
            say(
                "Please attach the file here with the paper clip, or send one link that begins with https://."
            )
        )

    def _is_later(self, asked: Asked, heard: Heard, say: Say) -> bool:
        if heard.press:
            return heard.press.option == 1
        return chosen(heard.text, [self.options(asked, say)]) == 0

    def shown(self, asked: Asked, value: Value, say: Say) -> str:
        """Return the file's name, or the link."""
        name = value.get("name") if isinstance(value, dict) else ""
        return str(name) or say("attached")
