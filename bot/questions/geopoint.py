"""A place."""

from bot.questions.base import Asked, Reading
from bot.questions.places import Place, read_place
from bot.values import Answer, Doubt, Heard, Rejection, Say, Value


class Geopoint:
    """Accept a shared location, latitude and longitude in degrees (`12.65, -8.00`), or a map's link."""

    def options(self, asked: Asked, say: Say) -> tuple[str, ...]:
        """Return no options."""
        return ()

    def read(self, asked: Asked, heard: Heard, say: Say) -> Reading:
        """Return ODK's "latitude longitude altitude accuracy" (degrees, metres), or ask for a location."""
        shared = heard.location
        place = Place(shared.latitude, shared.longitude) if shared else read_place(heard.text)
        if place is None:
            return Rejection(say("Please share your location, or write it like this: 12.65, -8.00."))
        if not (abs(place.latitude) <= 90 and abs(place.longitude) <= 180):
            return Rejection(
                say(
                    "Latitude goes from -90 to 90, longitude from -180 to 180. Please write latitude first,"
                    " like this: 12.65, -8.00."
                )
            )
        accuracy = shared.accuracy if shared else 0.0
        value = f"{place.latitude} {place.longitude} 0 {accuracy:g}"
        return Doubt(value, self.shown(asked, value, say)) if place.is_doubtful else Answer(value)

    def shown(self, asked: Asked, value: Value, say: Say) -> str:
        """Return latitude and longitude."""
        return ", ".join(str(value).split()[:2])
