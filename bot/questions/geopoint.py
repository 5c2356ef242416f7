"""A place."""

import re

from bot.questions.base import Asked, Reading
from bot.values import Answer, Heard, Location, Rejection, Say, Value
from bot.words import digits

_TYPED = re.compile(r"\s*(-?\d{1,2}(?:\.\d+)?)\s*[,،;\s]\s*(-?\d{1,3}(?:\.\d+)?)\s*")


class Geopoint:
    """Accept a shared location, or latitude and longitude in degrees (`12.65, -8.00`)."""

    def options(self, asked: Asked, say: Say) -> tuple[str, ...]:
        """Return no options."""
        return ()

    def read(self, asked: Asked, heard: Heard, say: Say) -> Reading:
        """Return ODK's "latitude longitude altitude accuracy" (degrees, metres), or ask for a location."""
        place = heard.location or _typed(heard.text)
        if place and abs(place.latitude) <= 90 and abs(place.longitude) <= 180:
            return Answer(f"{place.latitude} {place.longitude} 0 {place.accuracy:g}")
        return Rejection(say("Please share your location, or write it like this: 12.65, -8.00."))

    def shown(self, asked: Asked, value: Value, say: Say) -> str:
        """Return latitude and longitude."""
        return ", ".join(str(value).split()[:2])


def _typed(text: str) -> Location | None:
    found = _TYPED.fullmatch(digits(text))
    return Location(float(found[1]), float(found[2])) if found else None
