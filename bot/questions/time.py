"""A time of day."""

import re

from bot.questions.base import Asked, Reading
from bot.questions.hours import read_hour
from bot.values import Answer, Doubt, Heard, Rejection, Say, Value
from bot.words import digits


class Time:
    """Accept 14:30, `14h30`, `2:30 pm`, `midi`, `٣:٣٠ مساء`; ask back where morning or afternoon is open."""

    def options(self, asked: Asked, say: Say) -> tuple[str, ...]:
        """Return no options."""
        return ()

    def read(self, asked: Asked, heard: Heard, say: Say) -> Reading:
        """Return the time as `HH:MM`, a doubt where it may be another, or ask for a form."""
        found = read_hour(heard.text, fits=lambda time: asked.fits(f"{time:%H:%M}"))
        if found is None:
            return Rejection(say("That could not be read as a time. Please write it like this: 14:30."))
        value = f"{found.time:%H:%M}"
        if found.is_doubtful:
            return Doubt(value, value)
        written = [int(number) for number in re.findall(r"\d+", digits(heard.text))]
        is_same = [*written, 0][:2] == [found.time.hour, found.time.minute]
        return Answer(value, "" if is_same else value)

    def shown(self, asked: Asked, value: Value, say: Say) -> str:
        """Return hours and minutes."""
        return str(value)[:5]
