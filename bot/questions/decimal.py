"""A number that may have decimals."""

from bot.questions.base import Asked, Reading
from bot.questions.integer import Integer
from bot.questions.numbers import read_number, shown_number
from bot.values import Answer, Doubt, Heard, Rejection, Say


class Decimal:
    """Accept a number in any digits, grouping and decimal sign; ask back when it can be read in two ways."""

    options = Integer.options
    shown = Integer.shown

    def read(self, asked: Asked, heard: Heard, say: Say) -> Reading:
        """Return the number, a doubt for `12.500`, or ask for digits."""
        read = read_number(heard.text)
        if read is None:
            return Rejection(
                say("That could not be read as a number. Please send digits only, for example 12.")
            )
        return (
            Doubt(read.number, shown_number(read.number, say.locale))
            if read.is_doubtful
            else Answer(read.number)
        )
