"""Free text."""

from bot.questions.base import Asked, Reading
from bot.values import Answer, Heard, Rejection, Say, Value


class Text:
    """Accept any text, as written; the caption of an attachment counts."""

    def options(self, asked: Asked, say: Say) -> tuple[str, ...]:
        """Return no options."""
        return ()

    def read(self, asked: Asked, heard: Heard, say: Say) -> Reading:
        """Return the text without outer spaces, or ask for writing."""
        written = heard.text.strip()
        if written:
            return Answer(written)
        return Rejection(
            say("This question needs a written answer. What you sent is kept; please also write it.")
        )

    def shown(self, asked: Asked, value: Value, say: Say) -> str:
        """Return the text as written."""
        return str(value)
