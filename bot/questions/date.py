"""A day."""

from datetime import date

from bot.dates import full_date, long_date
from bot.questions.base import Asked, Reading
from bot.questions.days import read_day
from bot.values import Answer, Doubt, Heard, Rejection, Say, Value
from bot.words import fold


class Date:
    """Accept 15/09/2026, 15/09, `15 septembre`, `next Friday`, `بعد غد`, `in 3 days`; any digits.

    What was written in another way than it is shown is said back with its day of the week.
    """

    def options(self, asked: Asked, say: Say) -> tuple[str, ...]:
        """Return no options."""
        return ()

    def read(self, asked: Asked, heard: Heard, say: Say) -> Reading:
        """Return the day as `YYYY-MM-DD`, a doubt where it may be another day, or ask for a form."""
        found = read_day(heard.text, asked.today, say.language, fits=lambda day: asked.fits(day.isoformat()))
        if found is None:
            return Rejection(say("That could not be read as a date. Please write it like this: 15/09/2026."))
        value = found.day.isoformat()
        shown = self.shown(asked, value, say)
        if found.is_doubtful:
            return Doubt(value, shown)
        return Answer(value, "" if fold(heard.text) == fold(shown) else full_date(found.day, say.locale))

    def shown(self, asked: Asked, value: Value, say: Say) -> str:
        """Return the long date."""
        return long_date(date.fromisoformat(str(value)), say.locale)
