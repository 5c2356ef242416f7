"""A whole number."""

from bot.questions.base import Asked, Reading
from bot.questions.numbers import read_number, shown_number
from bot.values import Answer, Doubt, Heard, Rejection, Say, Value


class Integer:
    """Accept a whole number in any digits and grouping."""

    def options(self, asked: Asked, say: Say) -> tuple[str, ...]:
        """Return no options."""
        return ()

    def read(self, asked: Asked, heard: Heard, say: Say) -> Reading:
        """Return the number, a doubt for `12.500`, or ask for digits."""
        read = read_number(heard.text)
        if read is not None and read.number != int(read.number):
            return Rejection(
                say(
                    "Understood as: {value}. Please send a whole number, for example 12.",
                    value=shown_number(read.number, say.locale),
                )
            )
        if read is None:
            return Rejection(
                say("That could not be read as a number. Please send digits only, for example 12.")
            )
        number = int(read.number)
        return Doubt(number, shown_number(number, say.locale)) if read.is_doubtful else Answer(number)

    def shown(self, asked: Asked, value: Value, say: Say) -> str:
        """Return the number in Western digits."""
        return shown_number(value, say.locale) if isinstance(value, int | float) else ""
