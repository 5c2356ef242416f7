"""The clock of a demonstration: what it says in each place, and what will leave next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import get_timezone_location

from bot.programme import Programme
from bot.schedule import Occurrence
from bot.values import Say
from console.dates import short_words
from console.pages import named
from console.phones import Phone
from models.city import zone_of
from models.thread import Holder

SHOWN = 3


@dataclass(frozen=True, slots=True)
class Event:
    """Something that will leave, in words."""

    at: datetime  # in the zone of whom it is for
    when: str
    place: str
    what: str


def places(phones: Sequence[Phone], programme: Programme, say: Say) -> Mapping[str, ZoneInfo]:
    """Return the zones of the phones' cities by the city's name, and the Secretariat's last."""
    homes = (programme.cities.get(one.holder.city or "") for one in phones)
    found = {named(city.names, say.language): ZoneInfo(city.timezone) for city in homes if city}
    home = programme.secretariat.timezone
    return found | {_place(home, say): ZoneInfo(home)}


def next_events(
    planned: Sequence[Occurrence], people: Mapping[int, Holder], programme: Programme, at: datetime, say: Say
) -> list[Event]:
    """Return the next three events of these people, the first one first."""
    ahead = [one for one in planned if one.person in people and one.send_at > at and _leaves(one)]
    ahead.sort(key=lambda one: (one.send_at, one.key))
    return [_event(one, people[one.person], programme, say) for one in ahead[:SHOWN]]


def _leaves(one: Occurrence) -> bool:
    """Tell whether it leaves: as planned, or held until another time."""
    return not one.reason or one.send_at > one.due_at


def _event(one: Occurrence, person: Holder, programme: Programme, say: Say) -> Event:
    zone = person.timezone or programme.secretariat.timezone
    city = programme.cities.get(person.city or "")
    at = one.send_at.astimezone(zone_of(person.timezone, programme.secretariat.timezone))
    place = named(city.names, say.language) if city else _place(zone, say)
    return Event(at, short_words(at, say.locale), place, _what(one.kind, person.name, say))


def _place(zone: str, say: Say) -> str:
    return get_timezone_location(zone, locale=say.language, return_city=True)


def _what(kind: str, name: str, say: Say) -> str:
    words = {
        "prompt": say("Prompt to {name}", name=name),
        "nudge": say("Nudge to {name}", name=name),
        "last_call": say("Last call to {name}", name=name),
        "reminder": say("Milestone reminder to {name}", name=name),
        "overdue": say("Overdue notice to {name}", name=name),
        "escalation": say("Late cities to {name}", name=name),
        "digest": say("Digest to {name}", name=name),
    }
    return words.get(kind, say("Alert to {name}", name=name))
