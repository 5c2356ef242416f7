"""Which phones the simulator shows side by side, and the addresses that change it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.programme import DemoPerson
from console.renderings import RENDERINGS
from models.person import Role
from models.thread import Holder

MOST = 4  # phones at once
USUAL, MAIL = "telegram", "email"


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone on the page: whose it is, and as which channel it is shown."""

    holder: Holder
    channel: str
    email: str = ""

    @property
    def channels(self) -> tuple[str, ...]:
        """Return what this phone may be shown as; only the Secretariat reads e-mail."""
        return tuple(name for name in RENDERINGS if name != MAIL or self.holder.city is None)


def phones_named(wish: str, people: Sequence[Holder], cast: Mapping[str, DemoPerson]) -> list[Phone]:
    """Return the phones of a wish such as `7.whatsapp,1`; what is not there is left out."""
    known = {str(one.id): one for one in people}
    wished = (one.partition(".") for one in wish.split(","))
    found = {id: _phone(known[id], channel, cast) for id, _, channel in wished if id in known}
    return list(found.values())[:MOST]


def first_phones(
    person: Holder | None, people: Sequence[Holder], cast: Mapping[str, DemoPerson]
) -> list[Phone]:
    """Return this person's phone, else the first one, and beside it the officer's."""
    first = person or next(iter(people), None)
    officer = next((one for one in people if one.role == Role.OFFICER and one != first), None)
    return [_phone(one, "", cast) for one in (first, officer) if one is not None]


def wish_of(phones: Sequence[Phone]) -> str:
    """Return the wish that shows these phones."""
    return ",".join(f"{one.holder.id}.{one.channel}" for one in phones)


def shown_as(phones: Sequence[Phone], phone: Phone, channel: str) -> str:
    """Return the wish that shows one of the phones as another channel."""
    changed = Phone(phone.holder, channel, phone.email)
    return wish_of([changed if one == phone else one for one in phones])


def without(phones: Sequence[Phone], phone: Phone) -> str:
    """Return the wish that puts one phone away."""
    return wish_of([one for one in phones if one != phone])


def instead(phones: Sequence[Phone], person: Holder) -> str:
    """Return the wish that shows this person where their side, city or Secretariat, has its first phone."""
    is_same_side = [(one.holder.city is None) == (person.city is None) for one in phones]
    place = is_same_side.index(True) if True in is_same_side else len(phones)
    return ",".join([*_wishes(phones[:place]), str(person.id), *_wishes(phones[place + 1 :])])


def beside(phones: Sequence[Phone], person: Holder) -> str:
    """Return the wish that shows this person beside the others."""
    return ",".join([*_wishes(phones), str(person.id)])


def _wishes(phones: Sequence[Phone]) -> Iterator[str]:
    return (wish_of([one]) for one in phones)


def _phone(holder: Holder, channel: str, cast: Mapping[str, DemoPerson]) -> Phone:
    one = cast.get(holder.name)
    phone = Phone(holder, channel, one.email if one else "")
    if channel in phone.channels:
        return phone
    return Phone(holder, one.channel if one else USUAL, phone.email)
