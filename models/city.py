"""Cities of the programme, and what an officer decided for one of them."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Mapped, mapped_column

from bot.programme import Programme, city_facts
from bot.values import Problem
from models.base import Base, Db, Json


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


def open_cities(db: Db) -> Sequence[City]:
    """Return the cities of the programme in its order, closed ones left out."""
    return db.scalars(select(City).where(City.is_closed.is_(False)).order_by(City.position)).all()


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
