"""Since when a provider's webhook did not work, and who may have answered in vain."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from models.base import Db
from models.conversation import Chat
from models.demo import Marker
from models.person import Address, Person, PersonState


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody with an open question on a channel."""

    person_id: int
    city: str | None
    language: str
    address: str


def last_well(db: Db, channel: str) -> datetime | None:
    """Return when everything that people wrote on a channel was last known to arrive, None at first."""
    found = db.get(Marker, _name(channel))
    return found.at if found is not None else None


def note_well(db: Db, channel: str, at: datetime) -> None:
    """Note that everything that people write on a channel arrives."""
    db.merge(Marker(name=_name(channel), at=at))


def waited_for(db: Db, channel: str, since: datetime) -> Iterator[Waiting]:
    """Yield who wrote on a channel last, has a report open there, and was not heard since then."""
    query = (
        select(Person.id, Person.city, Person.language, Address.value)
        .join(Chat, Chat.person_id == Person.id)
        .join(Address, Address.person_id == Person.id)
        .where(
            Person.state == PersonState.ACTIVE,
            Chat.channel == channel,
            Chat.submission_id.is_not(None),
            Address.channel == channel,
            Address.reachable == "yes",
            or_(Address.last_in_at.is_(None), Address.last_in_at <= since),
        )
        .order_by(Person.id)
    )
    yield from (Waiting(*row) for row in db.execute(query).all())


def _name(channel: str) -> str:
    return f"{channel} well"
