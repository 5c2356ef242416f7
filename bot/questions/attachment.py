"""A photo, a recording or a document."""

from bot.questions.base import Asked, Reading
from bot.values import Answer, Heard, MediaKind, Rejection, Say, Value

_MORE = {
    MediaKind.IMAGE: {MediaKind.FILE},
    MediaKind.AUDIO: {MediaKind.FILE},
    MediaKind.VIDEO: {MediaKind.FILE},
}


class Attachment:
    """Accept one attachment of a kind; a document counts for any kind, anything counts as a document."""

    def __init__(self, kind: MediaKind) -> None:
        self._kinds = {kind} | _MORE.get(kind, set(MediaKind))

    def options(self, asked: Asked, say: Say) -> tuple[str, ...]:
        """Return no options."""
        return ()

    def read(self, asked: Asked, heard: Heard, say: Say) -> Reading:
        """Return type, name, size (bytes or null) and the provider's reference, or ask for the attachment."""
        media = heard.media
        if media is None or media.kind not in self._kinds:
            return Rejection(
                say("Please attach it here with the paper clip of your messenger, like any photo or file.")
            )
        return Answer({"type": media.kind.value, "name": media.name, "size": media.size, "ref": media.ref})

    def shown(self, asked: Asked, value: Value, say: Say) -> str:
        """Return the file's name."""
        name = value.get("name") if isinstance(value, dict) else ""
        return str(name) or say("attached")
