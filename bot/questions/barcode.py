"""The characters of a barcode, typed."""

from bot.questions.base import Asked, Reading
from bot.questions.text import Text
from bot.values import Answer, Heard, Rejection, Say
from bot.words import digits


class Barcode:
    """Accept the characters under the bars; a code of digits alone is kept without the spaces between."""

    options = Text.options
    shown = Text.shown

    def read(self, asked: Asked, heard: Heard, say: Say) -> Reading:
        """Return the characters with Western digits and single spaces, or ask for them."""
        written = " ".join(digits(heard.text).split())
        code = written.replace(" ", "").replace("-", "")
        if written:
            return Answer(code if code.isdecimal() else written)
        return Rejection(say("Please type the characters under the barcode."))
