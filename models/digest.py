"""What is known of a week for the digest."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, select

from bot.periods import asked_until, days_of, previous
from bot.programme import Programme
from bot.recurring import weeks_told
from bot.week import LATE_AFTER, CityWeek, Deadline, Decision, Standing, Week, is_far_enough, words_at
from bot.words import fold
from models.base import Db, Json
from models.decision import decisions_since
from models.form import FormShelf
from models.milestone import standings
from models.person import Person, Role
from models.received import received
from models.submission import Submission, SubmissionState
from models.unreadable import Legible
from models.week import COLUMNS, as_told, week_of_cities

RECENTLY = timedelta(weeks=5)  # how far back it is looked for first: most difficulties come and go
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
    before = week_of_cities(db, programme, shelf, previous(week))
    cities = _with_missed(db, programme, shelf, week_of_cities(db, programme, shelf, week), before, week)
    others = list(_others(db, programme, shelf, cities, since, until))
    shown = [*((each, week) for each in cities), *((each, each.period) for each in others)]
    told = _told(db, programme, shown, until)
    return Week(
        name=week,
        day=today,
        cities=tuple(_with_ages(programme, told, cities, week)),
        before=tuple(before),
        since=tuple(_with_ages(programme, told, others, "")),
        deadlines=tuple(_deadlines(db, programme, cities, today)),
        decisions=tuple(_decisions(db, programme, since, until)),
        received=tuple(received(db, programme, since, until)),
        outputs=_outputs(db, programme, since, until),
    )


def _with_missed(
    db: Db,
    programme: Programme,
    shelf: FormShelf,
    cities: Sequence[CityWeek],
    before: Sequence[CityWeek],
    week: str,
) -> list[CityWeek]:
    """Return this week's cities, the silent ones with how many updates in a row they missed."""
    silent = [each.city.slug for each in cities if each.standing is Standing.SILENT]
    if not silent:
        return list(cities)
    rows = _weeks_back(db, programme, shelf, silent, [cities, before], week)
    weeks, known_since = _names_back(week), _known_since(db, programme, silent)
    missed = {slug: _missed(row, weeks, known_since.get(slug)) for slug, row in rows.items()}
    return [replace(each, missed=missed.get(each.city.slug, each.missed)) for each in cities]


def _names_back(week: str) -> list[str]:
    """Return this week and those before it in which a missed update counts, the newest first."""
    found = [week]
    for _ in range(LOOK_BACK):
        found.append(previous(found[-1]))
    return found


def _weeks_back(
    db: Db,
    programme: Programme,
    shelf: FormShelf,
    slugs: Sequence[str],
    known: Sequence[Sequence[CityWeek]],
    week: str,
) -> Mapping[str, Sequence[CityWeek]]:
    """Return what these cities gave for this week and those before it; `known`: the newest, of every city."""
    some = replace(programme, cities={slug: programme.cities[slug] for slug in slugs})
    further = [week_of_cities(db, some, shelf, each) for each in _names_back(week)[len(known) :]]
    by_city = [{each.city.slug: each for each in one} for one in (*known, *further)]
    return {slug: [one[slug] for one in by_city] for slug in slugs}


def _missed(row: Sequence[CityWeek], weeks: Sequence[str], known_since: date | None) -> int:
    missed = 0
    for each, week in zip(row, weeks, strict=True):
        if each.is_sent or known_since is None or days_of(week)[0] < known_since:
            break
        missed += each.is_asked and each.standing not in _AWAY
    return missed


def _known_since(db: Db, programme: Programme, slugs: Sequence[str]) -> Mapping[str, date]:
    """Return since when each of these cities has somebody to ask."""
    asked = Person.role.in_((Role.COORDINATOR, Role.DEPUTY))
    query = select(Person.city, func.min(Person.created_at, type_=Person.created_at.type)).where(asked)
    found = db.execute(query.where(Person.city.in_(slugs)).group_by(Person.city))
    zones = {slug: ZoneInfo(city.timezone) for slug, city in programme.cities.items()}
    return {slug: at.astimezone(zones[slug]).date() for slug, at in found if slug in zones}


_Told = Mapping[str, Mapping[date, set[str]]]  # folded difficulties by city and the Monday they belong to


def _told(db: Db, programme: Programme, shown: Iterable[tuple[CityWeek, str]], until: datetime) -> _Told:
    """Return the difficulties that cities told in reports of the rhythm, as far back as a row may reach.

    `shown`: the reports of the digest, each with its period. Half a year is read of who told a difficulty of
    theirs again in each of the last weeks, and these weeks of the others.
    """
    said: dict[str, dict[date, set[str]]] = defaultdict(lambda: defaultdict(set))
    for each, period in shown:
        words = _difficulties(programme, each.form.name if each.form else "", each.answers or {})
        if each.is_sent and words and period:
            said[each.city.slug][_monday_of(programme, each.city.slug, period)] |= words
    lately = _told_since(db, programme, said, until - RECENTLY, until)
    whole = (until - RECENTLY).date() + timedelta(days=1)  # of weeks from here on no report lies before
    longer = [slug for slug, told in said.items() if _goes_on(told, lately.get(slug, {}), whole)]
    return {**lately, **_told_since(db, programme, longer, until - AGE_AT_MOST, until)}


def _goes_on(said: Mapping[date, set[str]], told: Mapping[date, set[str]], since: date) -> bool:
    """Tell whether a difficulty said now was told in every report before it that is known since a day."""
    first = min(said)
    before = [words for monday, words in told.items() if since <= monday < first]
    return any(all(text in words for words in before) for words in said.values() for text in words)


def _told_since(
    db: Db, programme: Programme, slugs: Iterable[str], since: datetime, until: datetime
) -> dict[str, dict[date, set[str]]]:
    cities = sorted(slugs)
    if not cities:
        return {}
    asked = sorted(
        name for name, entry in programme.forms.items() if entry.every and name in programme.digest
    )
    paths = sorted({path for name in asked for path in programme.digest[name].difficulties})
    query = select(Submission.city, Submission.form, Submission.period, *_answers_at(paths)).where(
        _of_cities(programme, asked),
        Submission.city.in_(cities),
        Submission.nothing.is_(False),
        Submission.submitted_at > since,
        Submission.submitted_at <= until,
    )
    found: dict[str, dict[date, set[str]]] = defaultdict(lambda: defaultdict(set))
    for city, form, period, *answers in db.execute(query):
        if period:
            told = _difficulties(programme, form, dict(zip(paths, answers, strict=True)))
            found[city][_monday_of(programme, city, period)] |= told
    return found


def _answers_at(paths: Sequence[str]) -> list[ColumnElement[Json]]:
    """Return the columns of single answers: taking a report apart costs more than reading it."""
    return [Legible(Submission.answers)[path].label(f"answer_{number}") for number, path in enumerate(paths)]


def _difficulties(programme: Programme, form: str, answers: Mapping[str, Json]) -> set[str]:
    rules = programme.digest.get(form)
    return set(map(fold, words_at(answers, rules.difficulties))) if rules else set()


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
        .where(_of_cities(programme, sorted(programme.digest)))
        .where(Submission.submitted_at > since, Submission.submitted_at <= until)
        .order_by(Submission.submitted_at, Submission.id)
    )
    order = list(programme.cities)
    rows = [row for row in db.execute(query) if row.reference not in counted]
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
    asked = {name: rules.progress for name, rules in programme.digest.items() if rules.progress}
    paths = sorted(set(asked.values()))
    begin = datetime.combine(today, time(), ZoneInfo("UTC")) - PROGRESS_LIFE
    milestone = Legible(Submission.hidden)["milestone"].as_string()
    query = (
        select(Submission.city, Submission.form, milestone, *_answers_at(paths))
        .where(_of_cities(programme, list(asked)), Submission.submitted_at > begin)
        .order_by(Submission.submitted_at, Submission.id)
    )
    found: dict[tuple[str, str], bool] = {}
    for city, form, about, *answers in db.execute(query):
        is_far = is_far_enough(programme, form, dict(zip(paths, answers, strict=True)))
        if is_far is not None:
            found[str(city), about or ""] = is_far
    return found


def _decisions(db: Db, programme: Programme, since: datetime, until: datetime) -> Iterator[Decision]:
    for each in decisions_since(db, programme, since):
        if each.milestone and each.at <= until:
            milestone = programme.milestones[each.milestone]
            yield Decision(programme.cities[each.city], milestone, each.until, each.reason)


def _of_cities(programme: Programme, forms: Sequence[str]) -> ColumnElement[bool]:
    """Return the condition for what the cities sent: named, for the index of what a city sent begins so.

    The forms are no part of what is looked up: then that index is taken, and not the one by form and period.
    """
    return and_(
        Submission.city.in_(sorted(programme.cities)),
        Submission.state == SubmissionState.SUBMITTED,
        (Submission.form + "").in_(forms),
    )


def _outputs(db: Db, programme: Programme, since: datetime, until: datetime) -> int | None:
    """Return how many outputs were handed in, or None when the programme asks for none."""
    form = programme.words.get("output")
    if form is None:
        return None
    handed_in = select(func.count()).where(
        _of_cities(programme, [form]),
        Submission.submitted_at > since,
        Submission.submitted_at <= until,
    )
    return db.scalar(handed_in) or 0
