"""A number that may have decimals."""

from bot.questions.base import Asked, Reading
from bot.questions.integer import Integer, no_number, number_read
from bot.questions.numbers import decimal_sign, read_number
from bot.values import Heard, Say


class Decimal:
    """Accept a number in any digits, grouping and decimal sign; ask back when it can be read in two ways."""

    options = Integer.options
    shown = Integer.shown

    def read(self, asked: Asked, heard: Heard, say: Say) -> Reading:
        """Return the number, a doubt for `12.500` or `about 20`, or ask for digits."""
        read = read_number(heard.text, decimal_sign(say.locale))
        return no_number(heard.text, say) if read is None else number_read(read, say)
