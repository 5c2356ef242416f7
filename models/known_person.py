"""Who writes, as a turn knows them: read and locked in one statement."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, select

from models.base import Db
from models.db import table_of
from models.person import Address, Person, PersonState
from models.prepared import find

_PERSON, _ADDRESS = table_of(Person), table_of(Address)


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """What a turn needs to know of the person it serves."""

    id: int
    name: str
    role: str
    city: str | None
    language: str
    state: PersonState
    paused_until: date | None
    last_in_at: datetime | None = None  # when they wrote last from the address that they were found by


# On the way of every turn: Core, built once.
_FACTS = tuple(
    _PERSON.c[each] for each in ("id", "name", "role", "city", "language", "state", "paused_until")
)
_BY_ID = select(*_FACTS).where(_PERSON.c.id == bindparam("id")).with_for_update(of=_PERSON)
_BY_ADDRESS = (
    select(*_FACTS, _ADDRESS.c.last_in_at)
    .join(_ADDRESS, _ADDRESS.c.person_id == _PERSON.c.id)
    .where(_ADDRESS.c.channel == bindparam("on"), _ADDRESS.c.value == bindparam("from"))
    .with_for_update(of=_PERSON)
)
_HOLDERS = select(_ADDRESS.c.channel, _ADDRESS.c.value, _ADDRESS.c.person_id, _ADDRESS.c.last_in_at).where(
    _ADDRESS.c.channel.in_(bindparam("on", expanding=True)),
    _ADDRESS.c.value.in_(bindparam("from", expanding=True)),
)
_FREE = (
    select(*_FACTS)
    .where(_PERSON.c.id.in_(bindparam("ids", expanding=True)))
    .with_for_update(skip_locked=True)
)


def person_of(db: Db, channel: str, value: str) -> KnownPerson | None:
    """Return the person at this address, or None for a stranger.

    On PostgreSQL the person stays locked until the transaction ends: one turn at a time.
    """
    db.flush()
    rows = find(db, _BY_ADDRESS, {"on": channel, "from": value})
    return _person_in(rows[0]) if rows else None


def people_at(db: Db, addresses: Set[tuple[str, str]]) -> Mapping[tuple[str, str], KnownPerson | None]:
    """Return the persons at these addresses (channel, value), locked like `person_of`; no strangers.

    None stands for a person whom another transaction holds: nobody is waited for.
    """
    if not addresses:
        return {}
    db.flush()
    asked = {"on": list({on for on, _ in addresses}), "from": [value for _, value in addresses]}
    holders = find(db, _HOLDERS, asked)
    ids = list({id for _, _, id, _ in holders})
    people = {row[0]: _person_in(row) for row in find(db, _FREE, {"ids": ids})}
    return {
        (on, value): replace(people[id], last_in_at=last_in_at) if id in people else None
        for on, value, id, last_in_at in holders
        if (on, value) in addresses
    }


def person_with(db: Db, person_id: int) -> KnownPerson | None:
    """Return the person with this id, locked like `person_of`, or None when there is none."""
    db.flush()
    rows = find(db, _BY_ID, {"id": person_id})
    return _person_in(rows[0]) if rows else None


def _person_in(row: Sequence[Any]) -> KnownPerson:
    id, name, role, city, language, state, *times = row
    return KnownPerson(id, name, role, city, language, PersonState(state), *times)
