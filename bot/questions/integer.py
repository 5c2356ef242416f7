"""A whole number."""

from dataclasses import replace

from bot.questions.base import Asked, Reading
from bot.questions.numbers import Read, holds_several, read_number, shown_number
from bot.values import Answer, Doubt, Heard, Rejection, Say, Value


class Integer:
    """Accept a whole number in any digits and grouping, or in words."""

    def options(self, asked: Asked, say: Say) -> tuple[str, ...]:
        """Return no options."""
        return ()

    def read(self, asked: Asked, heard: Heard, say: Say) -> Reading:
        """Return the number, a doubt for `12.500` or `about 20`, or ask for digits."""
        read = read_number(heard.text)
        if read is not None and read.number != int(read.number):
            return Rejection(
                say(
                    "Understood as: {value}. Please send a whole number, for example 12.",
                    value=shown_number(read.number, say.locale),
                )
            )
        if read is None:
            return no_number(heard.text, say)
        return number_read(replace(read, number=int(read.number)), say)

    def shown(self, asked: Asked, value: Value, say: Say) -> str:
        """Return the number in Western digits."""
        return shown_number(value, say.locale) if isinstance(value, int | float) else ""


def number_read(read: Read, say: Say) -> Answer | Doubt:
    """Return the number as an answer, said back where it was written in words."""
    shown = shown_number(read.number, say.locale)
    if read.is_doubtful:
        return Doubt(read.number, shown)
    return Answer(read.number, shown if read.is_worded else "")


def no_number(text: str, say: Say) -> Rejection:
    """Ask for digits, or for one number where there were more."""
    if holds_several(text):
        return Rejection(say("Please send one number only, for example 12."))
    return Rejection(say("That could not be read as a number. Please send digits only, for example 12."))
