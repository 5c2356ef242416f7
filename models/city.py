"""Cities of the programme, and what an officer decided for one of them."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Mapped, mapped_column

from bot.programme import Programme, city_facts
from bot.values import Problem
from models.base import Base, Db, Json

REASON_CHARACTERS = 300  # of a decision's reason


class City(Base):
    """One city; `facts` is its entry in the programme's cities.yaml."""

    __tablename__ = "city"

    slug: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]  # in the programme's first language
    position: Mapped[int]
    timezone: Mapped[str]
    facts: Mapped[dict[str, Json]]
    is_closed: Mapped[bool] = mapped_column(default=False)  # no longer in the programme's data
    paused_at: Mapped[datetime | None]  # decided by an officer; kept by `programme load`
    paused_until: Mapped[date | None]  # last day, city time; None: until it is resumed
    paused_reason: Mapped[str] = mapped_column(default="")
    excused_at: Mapped[datetime | None]
    excused_until: Mapped[date | None]  # last day, city time
    excused_reason: Mapped[str] = mapped_column(default="")
    changed_at: Mapped[datetime]  # by a load or a decision, for `export --since`


_ZONES = select(City.slug, City.timezone).where(City.is_closed.is_(False)).order_by(City.position)


class DecisionError(Exception):
    """What an officer decided for a city cannot be kept; `problem` says why and how to mend it."""

    def __init__(self, code: str, where: str, message: str, mend: str) -> None:
        super().__init__(f"{message} {mend}")
        self.problem = Problem(code, where, mend, message)


@dataclass(frozen=True, slots=True)
class Absence:
    """A pause or an excuse of a city."""

    kind: Literal["paused", "excused"]
    at: datetime  # when it was decided
    until: date | None  # last day, city time; None: until it is resumed
    reason: str

    def holds(self, day: date) -> bool:
        """Return whether it has not ended before this day, city time."""
        return self.until is None or day <= self.until


def open_cities(db: Db) -> Sequence[City]:
    """Return the cities of the programme in its order, closed ones left out."""
    return db.scalars(select(City).where(City.is_closed.is_(False)).order_by(City.position)).all()


def absences(city: City) -> tuple[Absence, ...]:
    """Return what was decided for the city and not undone, ended or not; a pause before an excuse."""
    found: list[Absence] = []
    if city.paused_at is not None:
        found.append(Absence("paused", city.paused_at, city.paused_until, city.paused_reason))
    if city.excused_at is not None:
        found.append(Absence("excused", city.excused_at, city.excused_until, city.excused_reason))
    return tuple(found)


def absence_on(city: City, day: date) -> Absence | None:
    """Return the pause or the excuse that holds on a day, city time; a pause goes before an excuse."""
    return next((absence for absence in absences(city) if absence.holds(day)), None)


def decided(city: City, day: date) -> Literal["paused", "excused"] | None:
    """Return whether the city is paused or excused on a day, city time, by what is decided now."""
    absence = absence_on(city, day)
    return absence.kind if absence else None


def pause(db: Db, slug: str, until: date | None, reason: str, at: datetime) -> None:
    """Ask a city for nothing through the day `until`, city time, or until `resume`; raise DecisionError."""
    city = city_to_change(db, slug)
    _check_until(city, until, at)
    city.paused_at, city.paused_until, city.paused_reason = at, until, checked_reason(reason)
    city.changed_at = at
    db.flush()


def excuse(db: Db, slug: str, until: date | None, reason: str, at: datetime) -> None:
    """Expect nothing of a city through the day `until`, city time; through this week without one.

    Raise DecisionError for an unknown city, a day that is over, or a reason that is none.
    """
    city = city_to_change(db, slug)
    _check_until(city, until, at)
    city.excused_at, city.excused_reason = at, checked_reason(reason)
    city.excused_until = until or _sunday(today_in(city, at))
    city.changed_at = at
    db.flush()


def resume(db: Db, slug: str, at: datetime) -> None:
    """End a city's pause and excuse; nothing changes without one. Raise DecisionError for an unknown city."""
    city = city_to_change(db, slug)
    if not absences(city):
        return
    city.paused_at = city.paused_until = city.excused_at = city.excused_until = None
    city.paused_reason = city.excused_reason = ""
    city.changed_at = at
    db.flush()


def city_to_change(db: Db, slug: str) -> City:
    """Return a city of the programme, locked; raise DecisionError when there is none."""
    city = db.scalar(select(City).where(City.slug == slug, City.is_closed.is_(False)).with_for_update())
    if city is None:
        known = ", ".join(each.slug for each in open_cities(db))
        mend = f"Use one of {known}." if known else "Run `griot programme load` first."
        raise DecisionError("unknown_city", "city", f"There is no city {slug!r}.", mend)
    return city


def checked_reason(reason: str) -> str:
    """Return the reason in one line; raise DecisionError when there is none, or more than 300 characters."""
    spaced = "".join(" " if c.isspace() else c for c in reason)
    shown = " ".join("".join(c for c in spaced if unicodedata.category(c) not in {"Cc", "Cs"}).split())
    if not shown:
        raise DecisionError("no_reason", "reason", "The reason is empty.", "Say why: the digest tells it.")
    if len(shown) > REASON_CHARACTERS:
        mend = f"Use at most {REASON_CHARACTERS} characters."
        raise DecisionError("long_reason", "reason", f"The reason has {len(shown)} characters.", mend)
    return shown


def today_in(city: City, at: datetime) -> date:
    """Return the day that it is in the city."""
    return at.astimezone(zone_of(city.timezone)).date()


def zone_of(name: str | None, otherwise: str = "UTC") -> ZoneInfo:
    """Return a stored time zone, or `otherwise` where there is none or this machine does not know it."""
    return ZoneInfo(name if name and is_zone(name) else otherwise)


def is_zone(name: str) -> bool:
    """Tell whether this machine knows a time zone of this name."""
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):  # unknown; no name of one; the name of a folder
        return False
    return True


def unknown_zones(db: Db) -> list[tuple[str, str]]:
    """Return city and time zone of each open city whose zone this machine does not know."""
    rows = db.connection().execute(_ZONES).all()
    return [(row.slug, row.timezone) for row in rows if not is_zone(row.timezone)]


def _check_until(city: City, until: date | None, at: datetime) -> None:
    today = today_in(city, at)
    if until is not None and until < today:
        mend = f"Give {today} or a day to come."
        raise DecisionError("past_until", "until", f"{until} is over in {city.name}.", mend)


def _sunday(day: date) -> date:
    return day + timedelta(days=6 - day.weekday())


def codes_taken(db: Db, programme: Programme) -> tuple[Problem, ...]:
    """Return a problem for each code that a closed city keeps: its reports are known by it."""
    gone = select(City.code, City.slug).where(City.slug.not_in(programme.cities))
    kept = dict(db.execute(gone).all())
    return tuple(
        Problem(
            "code_taken",
            f"cities.yaml, cities.{city.slug}.code",
            "Choose another code: the references of reports begin with it.",
            f"The code {city.code} belonged to {kept[city.code]}.",
        )
        for city in programme.cities.values()
        if city.code in kept
    )


def put_cities(db: Db, programme: Programme, at: datetime) -> None:
    """Store the programme's cities as they are now; close those it no longer has; keep what was decided."""
    stored = {city.slug: city for city in db.scalars(select(City))}
    _free_codes(db, programme, stored)
    for position, (slug, entry) in enumerate(programme.cities.items(), start=1):
        city = stored.get(slug) or City(slug=slug)
        city.code = entry.code
        city.name = entry.names[programme.languages[0]]
        city.position = position
        city.timezone = entry.timezone
        city.facts = city_facts(entry)
        city.is_closed = False
        db.add(city)
    for slug in stored.keys() - programme.cities.keys():
        stored[slug].is_closed = True
    for city in {*db.new, *db.dirty}:
        if isinstance(city, City) and db.is_modified(city):
            city.changed_at = at
    db.flush()


def _free_codes(db: Db, programme: Programme, stored: dict[str, City]) -> None:
    # Two cities may exchange their codes; a code is unique at any moment.
    changed = [
        slug for slug, city in programme.cities.items() if slug in stored and stored[slug].code != city.code
    ]
    for slug in changed:
        db.execute(update(City).where(City.slug == slug).values(code=f"~{slug}"))
