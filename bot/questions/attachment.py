"""A photo, a recording or a document."""

from bot.questions.base import Asked, Reading
from bot.questions.options import chosen
from bot.values import Answer, Heard, Media, MediaKind, Rejection, Say, Value

_MORE = {
    MediaKind.IMAGE: {MediaKind.FILE},
    MediaKind.AUDIO: {MediaKind.FILE},
    MediaKind.VIDEO: {MediaKind.FILE},
}


def value_of(media: Media) -> Value:
    """Return an attachment as an answer: type, name, size (bytes or null) and the provider's reference."""
    return {"type": media.kind.value, "name": media.name, "size": media.size, "ref": media.ref}


class Attachment:
    """Accept one attachment of a kind; a document counts for any kind, anything counts as a document."""

    def __init__(self, kind: MediaKind) -> None:
        self._kinds = {kind} | _MORE.get(kind, set(MediaKind))

    def options(self, asked: Asked, say: Say) -> tuple[str, ...]:
        """Return the one that leaves a required attachment for later; else none."""
        return (say("I will send it later"),) if asked.may_follow else ()

    def read(self, asked: Asked, heard: Heard, say: Say) -> Reading:
        """Return type, name, size (bytes or null) and the provider's reference, or ask for the attachment."""
        media = heard.media
        if media is None and asked.may_follow and self._is_later(asked, heard, say):
            return Answer(None)
        if media is None or media.kind not in self._kinds:
            return Rejection(
                say("Please attach it here with the paper clip of your messenger, like any photo or file.")
            )
        return Answer(value_of(media))

    def _is_later(self, asked: Asked, heard: Heard, say: Say) -> bool:
        if heard.press:
            return heard.press.option == 1
        return chosen(heard.text, [self.options(asked, say)]) == 0

    def shown(self, asked: Asked, value: Value, say: Say) -> str:
        """Return the file's name."""
        name = value.get("name") if isinstance(value, dict) else ""
        return str(name) or say("attached")
