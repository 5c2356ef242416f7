"""What the schedule depends on, read from the store; and what it decided, kept there."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import and_, bindparam, func, literal_column, or_, select, update
from sqlalchemy.orm import aliased

from bot.due import COORDINATOR, DEPUTY, LIFE, is_away
from bot.periods import month_of, week_of
from bot.planning import late_at, plan
from bot.programme import Programme
from bot.schedule import HELD, Absence, Addressee, Deadline, Decided, Occurrence, Verdict, World
from models.base import Db, Json
from models.city import City, absences
from models.consent import Consent
from models.ladder import reached_all
from models.milestone import CityMilestone
from models.occurrence import HELD as IS_HELD
from models.occurrence import OCCURRENCE, OccurrenceState
from models.outbox import BULK, OUT, QUEUED, OutboxState
from models.output import outputs
from models.person import Person, PersonState, Role
from models.prepared import Row, find
from models.programme import ProgrammeShelf, Revision
from models.restored import restored_until
from models.spending import spending
from models.submission import DRAFT, SUBMITTED, Submission
from models.template import Template, approved

SCHEDULED = (Role.COORDINATOR, Role.DEPUTY, Role.OFFICER, Role.ADMIN)
PROMPTED = ("prompt", "nudge", "last_call")
RECALLED = ("reminder", "overdue")
TIMED = (*PROMPTED, *RECALLED, "escalation", "digest")  # kinds that leave at hours only, also when late
REMEMBERED = LIFE + timedelta(days=15)  # what was decided longer ago decides nothing any more
LOOKED_AT = 1000  # messages that wait, at a time
RECENT = timedelta(hours=24)  # WhatsApp's window: a report worked on longer ago is not begun
LOST = (OutboxState.FAILED, OutboxState.UNDELIVERABLE, OutboxState.EXPIRED, OutboxState.CANCELLED)


def world_of(db: Db, programme: Programme, channels: Collection[str], ceiling: int, at: datetime) -> World:
    """Return all that the schedule depends on at this time.

    `channels`: those that are on; `ceiling`: unsolicited messages a person and week, 0 for no limit.
    """
    people = _people(db)
    return World(
        programme=programme,
        people=people,
        absences=_absences(db, programme),
        deadlines=_deadlines(db, programme),
        submitted=_submitted(db, programme, at),
        begun=_begun(db, at),
        decided=_decided(db, people, at),
        held=_held(db),
        channels=channels,
        templates=approved(db),
        spending=spending(db, programme, at),
        ceiling=ceiling,
        restored_until=restored_until(db),
    )


Mark = tuple[object, ...]

_NEWEST = (Person.changed_at, City.changed_at, CityMilestone.changed_at, Template.checked_at)
_MARKING = select(
    *(select(func.max(column)).scalar_subquery() for column in (*_NEWEST, Revision.revision)),
    select(func.count()).where(OCCURRENCE.c.state == IS_HELD).scalar_subquery(),
)


def mark(db: Db) -> Mark:
    """Return what is another when somebody changed what may make something fall due, or leave, sooner.

    People with addresses and consent, cities, deadlines, templates, the programme, alerts that are held. Two
    changes of the same moment may look like one; reports are left out: they only make less fall due.
    """
    return tuple(db.connection().execute(_MARKING).one())


# Columns, not objects: of 1,000 persons and 8,000 deadlines these cost a tenth at each look.
_PERSON = (
    Person.id,
    Person.role,
    Person.city,
    Person.language,
    Person.state,
    Person.created_at,
    Person.paused_until,
)


_SCHEDULED = and_(Person.role.in_(SCHEDULED), Person.state != PersonState.ERASED)


def _people(db: Db) -> tuple[Addressee, ...]:
    query = select(*_PERSON).where(_SCHEDULED)
    people = db.execute(query.order_by(Person.id)).all()
    addresses, agreed = reached_all(db, _SCHEDULED), _agreed(db)
    return tuple(
        Addressee(*row, agreed_at=agreed.get(row.id), addresses=addresses.get(row.id, ())) for row in people
    )


def _agreed(db: Db) -> dict[int, datetime]:
    """Return when each person agreed, of those whose newest word is an agreement."""
    other = aliased(Consent)
    newest = select(func.max(other.id)).where(other.person_id == Person.id).scalar_subquery()
    query = select(Consent.person_id, Consent.at).join(Person, Consent.id == newest)
    return dict(db.execute(query.where(_SCHEDULED, Consent.agreed)).all())


def _absences(db: Db, programme: Programme) -> dict[str, tuple[Absence, ...]]:
    is_decided = or_(City.paused_at.is_not(None), City.excused_at.is_not(None))
    found = db.scalars(select(City).where(is_decided, City.slug.in_(programme.cities)))
    return {city.slug: tuple(Absence(each.kind, each.until) for each in absences(city)) for city in found}


def _deadlines(db: Db, programme: Programme) -> dict[tuple[str, str], Deadline]:
    handed_in = {(each.city, each.milestone) for each in outputs(db, programme) if each.counts}
    query = select(
        CityMilestone.city, CityMilestone.milestone, CityMilestone.due, CityMilestone.since
    ).add_columns(CityMilestone.waived_at.is_not(None))
    return {
        (city, milestone): Deadline(due, since, is_waived or (city, milestone) in handed_in)
        for city, milestone, due, since, is_waived in db.execute(
            query.where(CityMilestone.city.in_(programme.cities))
        )
        if milestone in programme.milestones
    }


def _submitted(db: Db, programme: Programme, at: datetime) -> frozenset[tuple[str, str, str]]:
    query = select(Submission.city, Submission.form, Submission.period).where(
        Submission.city.in_(sorted(programme.cities)),
        Submission.form.in_(sorted(name for name, entry in programme.forms.items() if entry.every)),
        Submission.period.in_(sorted(_periods(at.date()))),
        Submission.state == SUBMITTED,
    )
    return frozenset((str(city), form, str(period)) for city, form, period in db.execute(query))


def _periods(day: date) -> set[str]:
    """Return the weeks and months that a report may belong to about this day."""
    days = [day + timedelta(days=n) for n in range(-35, 15)]
    return {*map(week_of, days), *map(month_of, days)}


def _begun(db: Db, at: datetime) -> dict[tuple[str, str, str], datetime]:
    query = select(Submission.city, Submission.form, Submission.period, Submission.updated_at).where(
        Submission.state == DRAFT,
        Submission.updated_at > at - RECENT,
        Submission.period.is_not(None),
    )
    rows = db.execute(query.order_by(Submission.updated_at))
    return {(str(city), form, str(period)): worked for city, form, period, worked in rows}


def _decided(db: Db, people: Iterable[Addressee], at: datetime) -> dict[str, Decided]:
    columns = (OCCURRENCE.c[name] for name in ("key", "kind", "person_id", "send_at", "state"))
    query = select(*columns).where(
        OCCURRENCE.c.due_at >= at - REMEMBERED, OCCURRENCE.c.state != OccurrenceState.HELD
    )
    lost = _lost(db, people, at)
    return {
        key: Decided(kind, person, send_at, state == OccurrenceState.SENT, key in lost)
        for key, kind, person, send_at, state in db.connection().execute(query)
    }


def _lost(db: Db, people: Iterable[Addressee], at: datetime) -> set[str]:
    """Return the keys of what reached a coordinator on no rung, where a deputy could be asked instead."""
    people = tuple(people)
    with_deputy = {person.city for person in people if person.role == DEPUTY}
    asked = [one.id for one in people if one.role == COORDINATOR and one.city in with_deputy]
    if not asked:
        return set()
    query = select(OUT.c.key, OUT.c.state).where(
        OUT.c.person_id.in_(asked),
        OUT.c.kind.in_((*PROMPTED, *RECALLED)),
        OUT.c.created_at >= at - REMEMBERED,
    )
    lost: dict[str, bool] = {}
    for key, state in db.connection().execute(query):
        first = key.partition("/")[0]
        lost[first] = lost.get(first, True) and state in LOST
    return {key for key, is_lost in lost.items() if is_lost}


def _held(db: Db) -> tuple[Occurrence, ...]:
    query = select(OCCURRENCE).where(OCCURRENCE.c.state == IS_HELD)
    return tuple(_occurrence(row) for row in db.connection().execute(query.order_by(OCCURRENCE.c.send_at)))


def _occurrence(row: Json) -> Occurrence:
    return Occurrence(
        row.key, row.kind, row.person_id, row.city, row.due_at, row.send_at, state=HELD, reason=row.reason
    )


def upcoming(
    db: Db, programme: Programme, channels: Collection[str], ceiling: int, at: datetime, days: int
) -> list[Verdict]:
    """Return what will be sent in so many days, and what is held, in the order of the time it leaves."""
    until = at + timedelta(days=days)
    found = plan(world_of(db, programme, channels, ceiling, at), at, until)
    return [each for each in found if at <= each.occurrence.send_at <= until]


def cancel_report(db: Db, city: str, form: str, period: str, at: datetime) -> int:
    """Cancel what is queued to ask a city for a report of this form and period; return how many messages."""
    asked = find(db, _FOR_REPORT, {"city": city, "form": form, "period": period})
    return _cancel(db, asked, at)


def cancel_milestone(db: Db, city: str, milestone: str, at: datetime) -> int:
    """Cancel what is queued to recall a milestone to a city; return how many messages."""
    return _cancel(db, find(db, _FOR_MILESTONE, {"city": city, "milestone": milestone}), at)


def _cancel(db: Db, asked: Collection[Row], at: datetime) -> int:
    return cancel_keys(db, [key for (key,) in asked], at) if asked else 0


# On the way of a turn: built once.
_SENT_TO = select(OCCURRENCE.c.key).where(
    OCCURRENCE.c.state == literal_column("'sent'"), OCCURRENCE.c.city == bindparam("city")
)
_FOR_REPORT = _SENT_TO.where(
    OCCURRENCE.c.kind.in_(PROMPTED),
    OCCURRENCE.c.form == bindparam("form"),
    OCCURRENCE.c.period == bindparam("period"),
)
_FOR_MILESTONE = _SENT_TO.where(
    OCCURRENCE.c.kind.in_(RECALLED), OCCURRENCE.c.milestone == bindparam("milestone")
)


def cancel_keys(db: Db, keys: Collection[str], at: datetime) -> int:
    """Cancel the queued messages of these occurrences, on whatever rung; return how many."""
    people = select(OCCURRENCE.c.person_id).where(OCCURRENCE.c.key.in_(keys))
    queued = select(OUT.c.id, OUT.c.key).where(OUT.c.person_id.in_(people), OUT.c.state == OutboxState.QUEUED)
    rows = [(id, key.partition("/")[0]) for id, key in db.connection().execute(queued)]
    found = {id: first for id, first in rows if first in keys}
    if not found:
        return 0
    cancelling = update(OUT).where(OUT.c.id.in_(found), OUT.c.state == OutboxState.QUEUED)
    cancelling = cancelling.values(state=OutboxState.CANCELLED, changed_at=at)
    cancelled = db.connection().execute(cancelling.returning(OUT.c.id)).scalars().all()
    _note_cancelled(db, {found[id] for id in cancelled}, at)  # another worker may have claimed the rest
    return len(cancelled)


def _note_cancelled(db: Db, keys: Collection[str], at: datetime) -> None:
    if keys:
        noting = update(OCCURRENCE).where(OCCURRENCE.c.key.in_(keys))
        db.connection().execute(noting.values(state=OccurrenceState.CANCELLED, decided_at=at))


def last_digest(db: Db, before: datetime) -> datetime | None:
    """Return when the digest before that time was due, or None when none was ever sent."""
    query = select(func.max(OCCURRENCE.c.due_at, type_=OCCURRENCE.c.due_at.type)).where(
        OCCURRENCE.c.kind == "digest",
        OCCURRENCE.c.state == OccurrenceState.SENT,
        OCCURRENCE.c.due_at < before,
    )
    due: datetime | None = db.connection().execute(query).scalar()
    return due


def contacts(db: Db, cities: Collection[str]) -> dict[str, str]:
    """Return the name of each city's coordinator; of its deputy where there is none."""
    query = select(Person.city, Person.name).where(
        Person.city.in_(cities),
        Person.role.in_((Role.COORDINATOR, Role.DEPUTY)),
        Person.state != PersonState.ERASED,
    )
    found: dict[str, str] = {}
    for city, name in db.execute(query.order_by(Person.role, Person.id)):
        found.setdefault(str(city), name)
    return found


def names(db: Db, people: Collection[int]) -> dict[int, str]:
    """Return the names of these persons."""
    query = select(Person.id, Person.name).where(Person.id.in_(people))
    return dict(db.execute(query).all())


def name_of(db: Db, person_id: int) -> str:
    """Return a person's name, "" when there is no such person."""
    return db.scalar(select(Person.name).where(Person.id == person_id)) or ""


def language_of(db: Db, person_id: int) -> str:
    """Return a person's language; raise NoResultFound when there is no such person."""
    return db.scalars(select(Person.language).where(Person.id == person_id)).one()


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits in the outbox and cannot leave as it was decided."""

    untrue: tuple[str, ...]  # keys of what is to be cancelled
    later: tuple[tuple[int, datetime], ...]  # rows that are to wait until then

    def __bool__(self) -> bool:
        """Tell whether there is any."""
        return bool(self.untrue or self.later)


def waiting(db: Db, world: World, at: datetime) -> Waiting:
    """Return what waits and is no longer true, and what has to wait for the hour, of the first thousand due.

    It is there still because a channel or the network failed: meanwhile the city may have answered, been
    excused or got more time, and its offices may have closed. What lies behind is looked at when it leaves.
    """
    queued = (
        select(OUT.c.id, OUT.c.due_at, OUT.c.key)
        .where(OUT.c.state == QUEUED, OUT.c.lane == BULK, OUT.c.kind.in_(TIMED))
        .order_by(OUT.c.due_at, OUT.c.id)
        .limit(LOOKED_AT)
    )
    rows = [(id, due_at, key.partition("/")[0]) for id, due_at, key in db.connection().execute(queued)]
    times = _times(world, _decided_as(db, {key for _, _, key in rows}), at) if rows else {}
    later = []
    for id, due_at, key in rows:
        opens = times.get(key)
        if opens is not None and opens > at and due_at < opens:
            later.append((id, opens))
    return Waiting(tuple(key for key, opens in times.items() if opens is None), tuple(later))


def hold_untrue(db: Db, found: Waiting, at: datetime) -> int:
    """Cancel what is no longer true, let the rest wait for the hour; return how many messages changed."""
    changed = cancel_keys(db, found.untrue, at) if found.untrue else 0
    for id, opens in found.later:
        later = update(OUT).where(OUT.c.id == id, OUT.c.state == QUEUED)
        changed += db.connection().execute(later.values(due_at=opens, changed_at=at)).rowcount
    return changed


def may_leave(
    db: Db, programmes: ProgrammeShelf, ids: Collection[int], at: datetime
) -> dict[int, datetime | None]:
    """Return when claimed messages of the schedule may leave, `at` or later, by their id.

    None: what it says is no longer true; that is noted with the occurrence.
    """
    claimed = db.connection().execute(select(OUT.c.id, OUT.c.key).where(OUT.c.id.in_(ids)))
    keys = {id: key.partition("/")[0] for id, key in claimed}
    rows = _decided_as(db, set(keys.values()))
    if not rows:
        return {}
    world = _world_of_cities(db, programmes.programme(db), {row.city for row in rows}, at)
    times = _times(world, rows, at)
    _note_cancelled(db, [key for key, opens in times.items() if opens is None], at)
    return {id: times[key] for id, key in keys.items() if key in times}


def _decided_as(db: Db, keys: Collection[str]) -> Sequence[Json]:
    return db.connection().execute(select(OCCURRENCE).where(OCCURRENCE.c.key.in_(keys))).all()


def _times(world: World, rows: Iterable[Json], at: datetime) -> dict[str, datetime | None]:
    return {row.key: None if _is_untrue(world, row, at) else _opens(world, row, at) for row in rows}


def _world_of_cities(db: Db, programme: Programme, slugs: Collection[str | None], at: datetime) -> World:
    """Return what is known of some cities, without people."""
    cities = {slug: city for slug, city in programme.cities.items() if slug in slugs}
    part = replace(programme, cities=cities)
    submitted = _submitted(db, part, at)
    return World(part, (), _absences(db, part), _deadlines(db, part), submitted)


def _opens(world: World, row: Json, at: datetime) -> datetime:
    city = world.programme.cities.get(row.city or "") if row.kind in (*PROMPTED, *RECALLED) else None
    return late_at(world.programme, row.kind, city, row.due_at, at).at


def _is_untrue(world: World, row: Json, at: datetime) -> bool:
    if row.kind not in (*PROMPTED, *RECALLED):
        return False
    city = world.programme.cities.get(row.city or "")
    if city is None:
        return True
    away = is_away(world.absences.get(city.slug, ()), at.astimezone(ZoneInfo(city.timezone)).date())
    if row.kind in PROMPTED:
        return bool(away) or (city.slug, row.form, row.period) in world.submitted
    deadline = world.deadlines.get((city.slug, row.milestone))
    is_gone = deadline is None or deadline.is_closed or deadline.due != row.deadline
    return is_gone or (bool(away) and row.kind == "reminder")
