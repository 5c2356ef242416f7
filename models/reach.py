"""Which cities somebody may read: the one policy, applied inside every query."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, false, true
from sqlalchemy.orm import InstrumentedAttribute

from models.person import Role

EVERY_CITY = frozenset({Role.ADMIN, Role.OFFICER, Role.VIEWER})
OWN_CITY = frozenset({Role.COORDINATOR, Role.DEPUTY, Role.GROUP})


@dataclass(frozen=True, slots=True)
class Reach:
    """Every city, one, or none."""

    every_city: bool = False
    city: str | None = None

    def covers(self, column: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
        """Return the condition that keeps the rows of the cities within reach."""
        if self.every_city:
            return true()
        return false() if self.city is None else column == self.city


def reach_of(role: str, city: str | None) -> Reach:
    """Return what a person with this role and city may read; nothing for an unknown role."""
    if role in EVERY_CITY:
        return Reach(every_city=True)
    return Reach(city=city) if role in OWN_CITY else Reach()
