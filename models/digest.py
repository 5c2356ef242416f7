"""What is known of a week for the digest."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from bot.periods import asked_until, days_of, previous
from bot.programme import Programme
from bot.recurring import weeks_told
from bot.week import LATE_AFTER, CityWeek, Deadline, Decision, Standing, Week, is_far_enough, words_at
from bot.words import fold
from models.base import Db
from models.decision import decisions_since
from models.form import FormShelf
from models.milestone import standings
from models.person import Person, Role
from models.received import received
from models.submission import Submission, SubmissionState
from models.week import COLUMNS, as_told, week_of_cities

LOOK_BACK = 3  # weeks before this one in which a missed update counts
AGE_AT_MOST = timedelta(weeks=26)  # how far back the same difficulty is looked for
PROGRESS_LIFE = timedelta(days=92)  # how long an answer about progress stands
_AWAY = (Standing.EXCUSED, Standing.PAUSED)


def week_in_full(
    db: Db, programme: Programme, shelf: FormShelf, week: str, since: datetime, until: datetime
) -> Week:
    """Return everything that the digest of an ISO week is made of.

    Reports of other weeks, needs, outputs and decisions count when they came after `since` and by `until`.
    """
    today = until.astimezone(ZoneInfo(programme.secretariat.timezone)).date()
    weeks = _weeks_back(db, programme, shelf, week)
    cities = _with_missed(db, programme, weeks)
    others = _others(db, programme, shelf, cities, since, until)
    told = _told(db, programme, until)
    return Week(
        name=week,
        day=today,
        cities=tuple(_with_ages(programme, told, cities, week)),
        before=tuple(weeks[previous(week)]),
        since=tuple(_with_ages(programme, told, others, "")),
        deadlines=tuple(_deadlines(db, programme, cities, today)),
        decisions=tuple(_decisions(db, programme, since, until)),
        received=tuple(received(db, programme, since, until)),
        outputs=_outputs(db, programme, since, until),
    )


def _weeks_back(
    db: Db, programme: Programme, shelf: FormShelf, week: str
) -> Mapping[str, Sequence[CityWeek]]:
    """Return what was given for this week and those before it, the newest first."""
    found = {}
    for _ in range(LOOK_BACK + 1):
        found[week] = week_of_cities(db, programme, shelf, week)
        week = previous(week)
    return found


def _with_missed(db: Db, programme: Programme, weeks: Mapping[str, Sequence[CityWeek]]) -> list[CityWeek]:
    """Return this week's cities, the silent ones with how many updates in a row they missed."""
    known_since = _known_since(db, programme)
    by_city = zip(*weeks.values(), strict=True)
    return [
        replace(row[0], missed=_missed(row, list(weeks), known_since.get(row[0].city.slug)))
        if row[0].standing is Standing.SILENT
        else row[0]
        for row in by_city
    ]


def _missed(row: Sequence[CityWeek], weeks: Sequence[str], known_since: date | None) -> int:
    missed = 0
    for each, week in zip(row, weeks, strict=True):
        if each.is_sent or known_since is None or days_of(week)[0] < known_since:
            break
        missed += each.is_asked and each.standing not in _AWAY
    return missed


def _known_since(db: Db, programme: Programme) -> Mapping[str, date]:
    """Return since when each city has somebody to ask."""
    asked = Person.role.in_((Role.COORDINATOR, Role.DEPUTY))
    query = select(Person.city, func.min(Person.created_at, type_=Person.created_at.type)).where(asked)
    found = db.execute(query.where(Person.city.is_not(None)).group_by(Person.city))
    zones = {slug: ZoneInfo(city.timezone) for slug, city in programme.cities.items()}
    return {slug: at.astimezone(zones[slug]).date() for slug, at in found if slug in zones}


_Told = Mapping[str, Mapping[date, set[str]]]  # folded difficulties by city and the Monday they belong to


def _told(db: Db, programme: Programme, until: datetime) -> _Told:
    """Return the difficulties that each city told in reports of the rhythm, up to half a year back."""
    asked = {name for name, entry in programme.forms.items() if entry.every}
    paths = {name: rules.difficulties for name, rules in programme.digest.items() if name in asked}
    query = select(Submission.city, Submission.form, Submission.period, Submission.answers).where(
        Submission.state == SubmissionState.SUBMITTED,
        Submission.nothing.is_(False),
        Submission.form.in_(sorted(paths)),
        Submission.submitted_at > until - AGE_AT_MOST,
        Submission.submitted_at <= until,
    )
    found: dict[str, dict[date, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in db.execute(query):
        if row.period and row.city in programme.cities:
            monday = _monday_of(programme, row.city, row.period)
            found[row.city][monday].update(map(fold, words_at(row.answers, paths[row.form])))
    return found


def _monday_of(programme: Programme, city: str, period: str) -> date:
    """Return the Monday of the week in which a period is asked for."""
    return asked_until(programme, programme.cities[city], period) - timedelta(days=6)


def _with_ages(
    programme: Programme, told: _Told, reports: Iterable[CityWeek], week: str
) -> Iterator[CityWeek]:
    """Yield reports of a week, or each of its own period, with how long their difficulties were told."""
    for each in reports:
        period = week or each.period
        if each.is_sent and period and each.city.slug in told:
            monday = _monday_of(programme, each.city.slug, period)
            yield replace(each, weeks_told=weeks_told(told[each.city.slug], monday))
        else:
            yield each


def _others(
    db: Db,
    programme: Programme,
    shelf: FormShelf,
    cities: Sequence[CityWeek],
    since: datetime,
    until: datetime,
) -> Iterator[CityWeek]:
    """Yield what came besides the reports that count for this week, in the programme's order."""
    counted = {each.reference for each in cities}
    query = (
        select(*COLUMNS)
        .where(Submission.state == SubmissionState.SUBMITTED, Submission.form.in_(sorted(programme.digest)))
        .where(Submission.submitted_at > since, Submission.submitted_at <= until)
        .order_by(Submission.submitted_at, Submission.id)
    )
    order = list(programme.cities)
    rows = [row for row in db.execute(query) if row.city in programme.cities and row.reference not in counted]
    for row in sorted(rows, key=lambda row: order.index(row.city)):
        entry = programme.forms.get(row.form)
        period = row.period or "" if entry and entry.every else ""
        yield replace(as_told(db, shelf, programme.cities[row.city], tuple(row)), period=period)


def _deadlines(db: Db, programme: Programme, cities: Sequence[CityWeek], today: date) -> Iterator[Deadline]:
    """Yield what is not handed in nor waived; a paused city is left in peace.

    What was late by more than a week when it was set was never asked for, and is not told either.
    """
    progress = _progress(db, programme, today)
    paused = {each.city.slug for each in cities if each.standing is Standing.PAUSED}
    for (slug, id), standing in standings(db, programme).items():
        city = programme.cities[slug]
        deadline = datetime.combine(standing.due, programme.due_at, ZoneInfo(city.timezone))
        is_open = standing.waived_at is None and standing.handed_in_at is None
        if is_open and slug not in paused and deadline + LATE_AFTER >= standing.since:
            is_far = progress.get((slug, id), False)
            yield Deadline(programme.milestones[id], city, standing.due, is_far)


def _progress(db: Db, programme: Programme, today: date) -> Mapping[tuple[str, str], bool]:
    """Return whether each city called each milestone far enough when it last answered about it."""
    forms = [name for name, rules in programme.digest.items() if rules.progress]
    begin = datetime.combine(today, time(), ZoneInfo("UTC")) - PROGRESS_LIFE
    query = (
        select(Submission.city, Submission.form, Submission.hidden, Submission.answers)
        .where(Submission.state == SubmissionState.SUBMITTED, Submission.form.in_(forms))
        .where(Submission.submitted_at > begin)
        .order_by(Submission.submitted_at, Submission.id)
    )
    found: dict[tuple[str, str], bool] = {}
    for city, form, hidden, answers in db.execute(query):
        is_far = is_far_enough(programme, form, answers)
        if is_far is not None:
            found[str(city), hidden.get("milestone", "")] = is_far
    return found


def _decisions(db: Db, programme: Programme, since: datetime, until: datetime) -> Iterator[Decision]:
    for each in decisions_since(db, programme, since):
        if each.milestone and each.at <= until:
            milestone = programme.milestones[each.milestone]
            yield Decision(programme.cities[each.city], milestone, each.until, each.reason)


def _outputs(db: Db, programme: Programme, since: datetime, until: datetime) -> int | None:
    """Return how many outputs were handed in, or None when the programme asks for none."""
    form = programme.words.get("output")
    if form is None:
        return None
    handed_in = select(func.count()).where(
        Submission.form == form,
        Submission.state == SubmissionState.SUBMITTED,
        Submission.submitted_at > since,
        Submission.submitted_at <= until,
    )
    return db.scalar(handed_in) or 0
