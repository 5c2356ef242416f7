"""A day and a time of day."""

import re
from datetime import date
from functools import partial

from bot.dates import full_date, long_date
from bot.questions.base import Asked, Reading
from bot.questions.days import Day, read_day
from bot.questions.hours import Hour, read_hour
from bot.values import Answer, Doubt, Heard, Rejection, Say, Value
from bot.words import digits

_ISO = re.compile(r"\s*(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?\s*")
_JOINTS = re.compile(r"\s+|(?<=\d)[,،]\s*")
_AT = re.compile(
    r"^(?:at|à|a|às|as|ao|o|around|vers|على|في|,|،|-|–|—)\s+|\s+(?:at|à|a|às|as|ao|على|في|,|،|-)$"
)


class DateTime:
    """Accept a day and a time in one message, in any order: `15/09/2026 14:30`, `demain à 9h`."""

    def options(self, asked: Asked, say: Say) -> tuple[str, ...]:
        """Return no options."""
        return ()

    def read(self, asked: Asked, heard: Heard, say: Say) -> Reading:
        """Return `YYYY-MM-DDTHH:MM`, a doubt where either may be another, or ask for both."""
        found = _read(digits(heard.text), asked, say)
        if found is None:
            return Rejection(say("Please send the date and the time, like this: 15/09/2026 14:30."))
        day, hour = found
        value = f"{day.day.isoformat()}T{hour.time:%H:%M}"
        if day.is_doubtful or hour.is_doubtful:
            return Doubt(value, self.shown(asked, value, say))
        return Answer(value, f"{full_date(day.day, say.locale)}, {hour.time:%H:%M}")

    def shown(self, asked: Asked, value: Value, say: Say) -> str:
        """Return the long date and the time."""
        day, _, hour = str(value).partition("T")
        return f"{long_date(date.fromisoformat(day), say.locale)}, {hour[:5]}"


def _read(text: str, asked: Asked, say: Say) -> tuple[Day, Hour] | None:
    """Read the text cut in two at each joint: a day and a time, or a time and a day; the surest counts."""
    if len(text) > 80:
        return None
    if iso := _ISO.fullmatch(text):
        text = f"{iso[1]} {iso[2]}"
    found: list[tuple[Day, Hour]] = []
    for joint in _JOINTS.finditer(text):
        head, tail = _AT.sub("", text[: joint.start()]), _AT.sub("", text[joint.end() :])
        for day_text, hour_text in ((head, tail), (tail, head)):
            hour = read_hour(hour_text, fits=lambda time: True)
            if hour is None:
                continue
            fits = partial(_fits, asked, hour)
            if day := read_day(day_text, asked.today, say.language, fits):
                found.append((day, hour))
    return min(found, key=lambda each: each[0].is_doubtful + each[1].is_doubtful, default=None)


def _fits(asked: Asked, hour: Hour, day: date) -> bool:
    return asked.fits(f"{day.isoformat()}T{hour.time:%H:%M}")
