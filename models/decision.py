"""What officers decided for the cities, with their reasons."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import or_, select

from bot.programme import Programme
from models.base import Db
from models.city import City, absences
from models.milestone import CityMilestone


@dataclass(frozen=True, slots=True)
class Decision:
    """What an officer decided for a city, still in force or ended by its day."""

    kind: str  # paused, excused, extended, waived
    city: str
    at: datetime
    until: date | None  # last day of an absence, the new date of an extension
    reason: str
    milestone: str = ""


def decisions_since(db: Db, programme: Programme, since: datetime) -> list[Decision]:
    """Return what was decided for the programme's cities at or after a time and not undone, oldest first."""
    is_decided = or_(City.paused_at.is_not(None), City.excused_at.is_not(None))
    found = [
        Decision(each.kind, city.slug, each.at, each.until, each.reason)
        for city in db.scalars(select(City).where(City.is_closed.is_(False), is_decided))
        for each in absences(city)
        if each.at >= since
    ]
    changed = or_(CityMilestone.extended_to.is_not(None), CityMilestone.waived_at.is_not(None))
    for row in db.scalars(select(CityMilestone).where(changed, CityMilestone.changed_at >= since)):
        if row.city in programme.cities and row.milestone in programme.milestones:
            found.extend(_decided(row, since))
    return sorted(found, key=lambda each: (each.at, each.city, each.milestone))


def _decided(row: CityMilestone, since: datetime) -> Iterator[Decision]:
    if row.extended_to is not None and row.since >= since:
        reason = row.extended_reason
        yield Decision("extended", row.city, row.since, row.extended_to, reason, row.milestone)
    if row.waived_at is not None and row.waived_at >= since:
        yield Decision("waived", row.city, row.waived_at, None, row.waived_reason, row.milestone)
