"""What the digest's sections are made of: headings, lines, quotations, and the room there is for them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from babel.lists import format_list

from bot.dates import day_and_month
from bot.programme import City, Milestone, Programme
from bot.programme.shapes import name_in
from bot.say import LEFT_TO_RIGHT_MARK, RIGHT_TO_LEFT_MARK
from bot.values import Say
from bot.week import Standing, Week

MOST_URGENT = 5  # lines, domain rules section 6
SUCCESSES = 3


@dataclass(frozen=True, slots=True)
class Room:
    """How much the digest may say."""

    quote: int  # characters of a quotation; 0: none, and cities share a line
    cities: int  # named in one line; of more the number
    names: bool  # milestones with their names
    reasons: bool  # of pauses, extensions and waivers; and topics in a whole sentence
    urgent: int = MOST_URGENT  # lines
    lines: int = 12  # of another section
    successes: int = SUCCESSES


FULL = Room(1_000_000, 1_000, names=True, reasons=True, urgent=1_000, lines=1_000, successes=1_000)


@dataclass(frozen=True, slots=True)
class Quote:
    """Words as they were said, in which language, and for how long they have been said."""

    text: str
    language: str
    age: str = ""  # in the reader's words


@dataclass(frozen=True, slots=True)
class Line:
    """One line: what Griot says, then what others said."""

    text: str
    quotes: tuple[Quote, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its lines; without lines there is nothing."""

    heading: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """What the builders of sections share."""

    programme: Programme
    week: Week
    say: Say
    room: Room

    def cities(self, cities: Iterable[City], most: int = 0) -> str:
        """Return the names of the cities, each once; of many only the first and how many more."""
        most = most or self.room.cities
        named = list(dict.fromkeys(name_of(city, self.say) for city in cities))
        if len(named) <= most:
            return format_list(named, locale=self.say.locale)
        if len(named) == len(self.programme.cities):
            return self.say("all cities")
        comma = "، " if self.is_right_to_left else ", "
        return comma.join(named[: most - 1]) + more(len(named) - most + 1, self.say)

    def milestone(self, milestone: Milestone) -> str:
        """Return the id, with the name where there is room."""
        name = name_in(milestone.names, self.say.language)
        mark = RIGHT_TO_LEFT_MARK if self.is_right_to_left else ""  # the id is in Latin letters
        return f"{mark}{milestone.id} {name}" if self.room.names else milestone.id

    @property
    def is_right_to_left(self) -> bool:
        """Tell whether the reader's language is written so."""
        return self.say.language == "ar"

    def date(self, day: date) -> str:
        """Return a day in words."""
        return day_and_month(day, self.say.locale)


def changed(now: int, then: int, say: Say) -> str:
    """Return a number with its change, such as `9 (+2)`."""
    if now == then:
        return str(now)
    begin = RIGHT_TO_LEFT_MARK if say.language == "ar" else ""
    return f"{begin}{now} ({_left_to_right(say)}{now - then:+})"


def more(number: int, say: Say) -> str:
    """Return how many are not named, such as ` +3`; nothing for none."""
    return f" {_left_to_right(say)}+{number}" if number else ""


def _left_to_right(say: Say) -> str:
    return LEFT_TO_RIGHT_MARK if say.language == "ar" else ""  # signs before a number would follow it


def name_of(city: City, say: Say) -> str:
    """Return the city's name in the voice's language, else another of its names."""
    return name_in(city.names, say.language) or city.slug


def at_most(page: Page, lines: Sequence[Line], most: int) -> tuple[Line, ...]:
    """Return the first lines; the last says how many more there are."""
    if len(lines) <= most:
        return tuple(lines)
    left = len(lines) - (most - 1)
    return (*lines[: most - 1], Line(page.say.count("And {n} more.", "And {n} more.", left)))


def standing_in_words(standing: Standing, say: Say) -> str:
    """Return where a city stands, in words."""
    match standing:
        case Standing.SUBMITTED:
            return say("Received")
        case Standing.PARTIAL:
            return say("Begun, not sent")
        case Standing.SILENT:
            return say("Not received yet")
        case Standing.EXCUSED:
            return say("Excused")
        case Standing.PAUSED:
            return say("Paused")


def incomplete(say: Say) -> str:
    """Return the words for a report that was sent and lacks an answer since a change."""
    return say("Received, incomplete")
