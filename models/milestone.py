"""Milestones of each city: the date in force, and what an officer decided about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import ForeignKey, Row, String, case, cast, exists, func, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from bot.programme import Milestone, Programme
from models.base import Base, Db
from models.city import City, DecisionError, checked_reason, city_to_change, today_in
from models.db import table_of
from models.output import Output, outputs

Place: TypeAlias = tuple[str, str]  # slug of a city, id of a milestone


class CityMilestone(Base):
    """One milestone of one city."""

    __tablename__ = "milestone"

    city: Mapped[str] = mapped_column(ForeignKey("city.slug"), primary_key=True)
    milestone: Mapped[str] = mapped_column(primary_key=True)  # M05
    due: Mapped[date]  # in force: the programme's for this city, or the extended one
    since: Mapped[datetime]  # when the date in force was set: what fell due before is not sent
    extended_to: Mapped[date | None]  # decided by an officer; kept by `programme load`
    extended_reason: Mapped[str] = mapped_column(default="")
    waived_at: Mapped[datetime | None]
    waived_reason: Mapped[str] = mapped_column(default="")
    changed_at: Mapped[datetime]


MILESTONE = table_of(CityMilestone)
SEEN = "current programme"  # key of a session's notes: one look a transaction, forgotten by each change


_IS_DECIDED = or_(MILESTONE.c.extended_to.is_not(None), MILESTONE.c.waived_at.is_not(None))
_TOLD = (
    MILESTONE.c.city
    + " "
    + MILESTONE.c.milestone
    + " "
    + func.coalesce(cast(MILESTONE.c.extended_to, String), "")
    + case((MILESTONE.c.waived_at.is_not(None), " waived"), else_="")
)
# All that is decided, in one text: read on the way of every turn, where a row each would cost more.
DECISIONS = select(func.aggregate_strings(_TOLD, ";")).where(_IS_DECIDED).scalar_subquery()
_DECIDED = select(
    MILESTONE.c.city, MILESTONE.c.milestone, MILESTONE.c.extended_to, MILESTONE.c.waived_at.is_not(None)
).where(_IS_DECIDED)


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided for a milestone of a city."""

    city: str
    milestone: str
    extended_to: date | None
    is_waived: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a city stands with a milestone."""

    due: date  # in force
    since: datetime  # when this date was set
    changed_at: datetime  # the date, a decision, or an output of it
    extended_to: date | None = None
    extended_reason: str = ""
    waived_at: datetime | None = None
    waived_reason: str = ""
    handed_in_at: datetime | None = None  # the first time
    handed_in_reference: str = ""  # of the first report that still counts
    started: bool = False  # a report of it is begun and holds an answer


def has_milestones(db: Db) -> bool:
    """Return whether any milestone is kept: a database of before has none until the next load."""
    return bool(db.scalar(select(exists().where(CityMilestone.city.is_not(None)))))


def put_milestones(db: Db, programme: Programme, since: datetime, at: datetime) -> None:
    """Keep a row for each city and milestone of the programme; an extended date stays.

    `since` is when the dates of this load came into force. Rows that the programme no longer has stay too.
    """
    stored = {(row.city, row.milestone): row for row in db.scalars(select(CityMilestone))}
    for slug, city in programme.cities.items():
        for milestone in programme.milestones.values():
            due = programme.due(milestone, city)
            row = stored.get((slug, milestone.id))
            if row is None:
                values = {"due": due, "since": since, "changed_at": at}
                db.add(CityMilestone(city=slug, milestone=milestone.id, **values))
            elif row.extended_to is None and row.due != due:
                row.due, row.since, row.changed_at = due, since, at
    db.flush()


def extend(
    db: Db, programme: Programme, city: str, milestone: str, to: date, reason: str, at: datetime
) -> None:
    """Give one city until the day `to`, city time, for a milestone.

    Raise DecisionError for an unknown name, a day that is over, no later than the programme's own or after
    its cycle, a reason that is none, or a milestone that is handed in or waived.
    """
    place = city_to_change(db, city)
    row = _open_row(db, programme, place, milestone)
    _check_day(programme, place, programme.milestones[milestone], to, at)
    row.extended_reason = checked_reason(reason)
    if row.due != to:
        row.since = at
    row.due = row.extended_to = to
    row.changed_at = at
    _changed(db)


def waive(db: Db, programme: Programme, city: str, milestone: str, reason: str, at: datetime) -> None:
    """Ask one city for this milestone no more.

    Raise DecisionError for an unknown name, a reason that is none, a milestone that is handed in or waived.
    """
    row = _open_row(db, programme, city_to_change(db, city), milestone)
    row.waived_reason = checked_reason(reason)
    row.waived_at = row.changed_at = at
    _changed(db)


def with_decisions(db: Db, programme: Programme) -> Programme:
    """Return the programme with each city's extended dates and what was waived."""
    decided = [Decided(*row) for row in db.connection().execute(_DECIDED)]
    cities = dict(programme.cities)
    for each in decided:
        if each.extended_to is not None and each.city in cities and each.milestone in programme.milestones:
            city = cities[each.city]
            cities[each.city] = replace(city, due={**city.due, each.milestone: each.extended_to})
    waived = frozenset((each.city, each.milestone) for each in decided if each.is_waived)
    return replace(programme, cities=cities, waived=waived) if decided else programme


def standings(db: Db, programme: Programme) -> Mapping[Place, Standing]:
    """Return where every city of the programme stands with every milestone, in the programme's order."""
    of_cities = MILESTONE.c.city.in_(sorted(programme.cities))
    kept = db.execute(select(MILESTONE).where(of_cities))  # rows, not objects: of 500 cities there are 8,000
    rows = {(row.city, row.milestone): row for row in kept}
    given = _outputs(db, programme)
    return {
        place: _standing(rows[place], given.get(place, ()))
        for place in ((slug, id) for slug in programme.cities for id in programme.milestones)
        if place in rows
    }


def state_of(standing: Standing, at: datetime, zone: str, due_at: time) -> str:
    """Return the state of a milestone in one word; `due_at` is the programme's hour, `zone` the city's.

    One of waived, submitted, overdue, extended, in_progress, not_started.
    """
    if standing.waived_at is not None:
        return "waived"
    if standing.handed_in_at is not None:
        return "submitted"
    if at > datetime.combine(standing.due, due_at, ZoneInfo(zone)):
        return "overdue"
    if standing.extended_to is not None:
        return "extended"
    return "in_progress" if standing.started else "not_started"


def _changed(db: Db) -> None:
    db.flush()
    db.info.pop(SEEN, None)


def _open_row(db: Db, programme: Programme, city: City, milestone: str) -> CityMilestone:
    """Return the row of a milestone about which something can be decided."""
    where = "milestone"
    if milestone not in programme.milestones:
        known = ", ".join(programme.milestones)
        message = f"There is no milestone {milestone!r}."
        raise DecisionError("unknown_milestone", where, message, f"Use one of {known}.")
    row = db.get(CityMilestone, (city.slug, milestone))
    if row is None:
        message = f"{milestone} is not kept for {city.name} yet."
        raise DecisionError("not_loaded", where, message, "Run `griot programme load`.")
    if row.waived_at is not None:
        message = f"{milestone} was waived for {city.name}."
        raise DecisionError("waived", where, message, "Nothing is asked of them: there is nothing to decide.")
    standing = _standing(row, _outputs(db, programme).get((city.slug, milestone), ()))
    if standing.handed_in_at is not None:
        message = f"{city.name} has handed in {milestone}: {standing.handed_in_reference}."
        raise DecisionError("handed_in", where, message, "There is nothing to wait for.")
    return row


def _check_day(programme: Programme, city: City, milestone: Milestone, to: date, at: datetime) -> None:
    today, own, end = today_in(city, at), _own_date(city, milestone), programme.cycle.end
    if to <= today:
        raise DecisionError("past_day", "to", f"{to} is no day to come in {city.name}.", "Give a later day.")
    if to <= own:
        message = f"{milestone.id} is due on {own} in {city.name} without an extension."
        raise DecisionError("early_day", "to", message, "Give a later day.")
    if to > end:
        message = f"{to} is after the end of the cycle."
        raise DecisionError("late_day", "to", message, f"Give {end} or a day before.")


def _own_date(city: City, milestone: Milestone) -> date:
    """Return the date that the programme's files give this city."""
    own: str | None = city.facts.get("due", {}).get(milestone.id)
    return date.fromisoformat(own) if own else milestone.due


def _outputs(db: Db, programme: Programme) -> dict[Place, list[Output]]:
    found: dict[Place, list[Output]] = {}
    for output in outputs(db, programme):
        found.setdefault((output.city, output.milestone), []).append(output)
    return found


def _standing(row: CityMilestone | Row[*tuple[Any, ...]], given: Sequence[Output]) -> Standing:
    counting = [each for each in given if each.counts]
    sent = [each.sent_at for each in given if each.sent_at is not None]
    return Standing(
        due=row.due,
        since=row.since,
        extended_to=row.extended_to,
        extended_reason=row.extended_reason,
        waived_at=row.waived_at,
        waived_reason=row.waived_reason,
        handed_in_at=min(sent) if counting else None,
        handed_in_reference=counting[0].reference or "" if counting else "",
        started=any(each.is_begun for each in given),
        changed_at=max(row.changed_at, *(each.changed_at for each in given)) if given else row.changed_at,
    )
