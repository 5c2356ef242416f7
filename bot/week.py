"""What is known of a week for the digest: the cities' reports, deadlines, decisions; read by rules."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Protocol, TypeVar

from bot.forms.form import Form
from bot.media_words import Received
from bot.programme import City, FormDigest, Milestone, Programme
from bot.questions.base import label_in
from bot.values import Value
from bot.words import fold

LATE_AFTER = timedelta(days=7)  # overdue by more than this: a person acts, domain rules section 6
SOON = timedelta(days=14)


class Standing(StrEnum):
    """What a city gave for a week."""

    SUBMITTED = "submitted"
    PARTIAL = "partial"
    SILENT = "silent"
    EXCUSED = "excused"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Away:
    """Why nothing is asked of a city, and through which day; None: until it is resumed."""

    until: date | None
    reason: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What an officer decided about a milestone of one city: extended to a day, or waived."""

    city: City
    milestone: Milestone
    extended_to: date | None
    reason: str


@dataclass(frozen=True, slots=True)
class CityWeek:
    """What one city gave for one week: its report, or why there is none."""

    city: City
    standing: Standing
    form: Form | None = None
    reference: str | None = None
    language: str = ""  # the answers' own
    answers: Mapping[str, Value] | None = None
    nothing: bool = False
    sent_at: datetime | None = None
    has_gap: bool = False  # a change after it was sent left a needed question without an answer
    missed: int = 0  # updates in a row, this one included
    away: Away | None = None
    is_asked: bool = True  # by its rhythm: some cities report every second week
    period: str = ""  # of a report that belongs to another one
    weeks_told: Mapping[str, int] = field(default_factory=dict)  # by the folded words of a difficulty

    @property
    def is_expected(self) -> bool:
        """Tell whether a report was asked of the city."""
        is_away = self.standing in (Standing.EXCUSED, Standing.PAUSED)
        return self.is_sent or (self.is_asked and not is_away)

    @property
    def is_sent(self) -> bool:
        """Tell whether the report was sent, not only begun."""
        return self.standing is Standing.SUBMITTED

    @property
    def state(self) -> Standing:
        """Return where the city stands; a report that lacks an answer counts as sent, and is partial."""
        return Standing.PARTIAL if self.has_gap else self.standing


@dataclass(frozen=True, slots=True)
class Deadline:
    """A milestone that a city has not handed in and is not spared."""

    milestone: Milestone
    city: City
    due: date  # in force, city time
    is_far: bool = False  # by the city's own last answer


@dataclass(frozen=True, slots=True)
class Week:
    """Everything that a digest is made of."""

    name: str  # 2026-W48
    day: date  # on which it is read, at the Secretariat
    cities: tuple[CityWeek, ...]
    before: tuple[CityWeek, ...] = ()  # the week before, for the change
    since: tuple[CityWeek, ...] = ()  # other reports that came since the last digest: late ones, needs
    deadlines: tuple[Deadline, ...] = ()
    decisions: tuple[Decision, ...] = ()  # about milestones, since the last digest
    received: tuple[Received, ...] = ()  # attached to reports, since the last digest
    outputs: int | None = None  # handed in since the last digest; None: the programme has none

    @property
    def expected(self) -> int:
        """Return how many cities were asked."""
        return sum(each.is_expected for each in self.cities)

    @property
    def answered(self) -> int:
        """Return how many cities sent their report."""
        return sum(each.is_sent for each in self.cities)

    @property
    def overdue(self) -> list[Deadline]:
        """Return what is late by more than a week, the oldest first."""
        late = [each for each in self.deadlines if self.day - each.due > LATE_AFTER]
        return sorted(late, key=lambda each: (each.due, each.milestone.id))

    @property
    def due_soon(self) -> list[Deadline]:
        """Return what is due within two weeks and not far enough, by date."""
        ahead = [each for each in self.deadlines if self.day <= each.due <= self.day + SOON]
        return sorted(
            (each for each in ahead if not each.is_far), key=lambda each: (each.due, each.milestone.id)
        )


def by_city(week: Week, slugs: Iterable[str]) -> Mapping[str, Week]:
    """Return what of a week is each city's, by its slug: put in order once, however many cities there are."""
    cities, since = _grouped(week.cities), _grouped(week.since)
    deadlines, received = _grouped(week.deadlines), _grouped(week.received)
    return {
        slug: replace(
            week,
            cities=tuple(cities.get(slug, ())),
            since=tuple(since.get(slug, ())),
            deadlines=tuple(deadlines.get(slug, ())),
            received=tuple(received.get(slug, ())),
        )
        for slug in slugs
    }


class _OfCity(Protocol):
    @property
    def city(self) -> City:
        """Return the city it is about."""
        ...


_Each = TypeVar("_Each", bound=_OfCity)


def _grouped(found: Iterable[_Each]) -> Mapping[str, list[_Each]]:
    groups: dict[str, list[_Each]] = {}
    for each in found:
        groups.setdefault(each.city.slug, []).append(each)
    return groups


@dataclass(frozen=True, slots=True)
class Told:
    """One report read by the programme's rules for the digest."""

    week: CityWeek
    rules: FormDigest | None

    @property
    def city(self) -> City:
        """Return the city that reports."""
        return self.week.city

    @property
    def status(self) -> str | None:
        """Return the status as it was answered."""
        status = self._answer(self.rules.status) if self.rules else None
        return status if isinstance(status, str) else None

    @property
    def is_on_track(self) -> bool:
        """Tell whether the status means that all is well."""
        return self.rules is not None and self.status in self.rules.on_track

    @property
    def is_delayed(self) -> bool:
        """Tell whether the status means some delay."""
        return self.rules is not None and self.status in self.rules.delayed

    @property
    def is_blocked(self) -> bool:
        """Tell whether the status means that work is blocked."""
        return self.rules is not None and self.status in self.rules.blocked

    @property
    def difficulties(self) -> list[str]:
        """Return the difficulties in the city's words."""
        return words_at(self.week.answers or {}, self.rules.difficulties) if self.rules else []

    def weeks_of(self, difficulty: str) -> int:
        """Return for how many weeks the city tells this difficulty in the same words, this week included."""
        return self.week.weeks_told.get(fold(difficulty), 1)

    @property
    def successes(self) -> list[str]:
        """Return the successes in the city's words."""
        return words_at(self.week.answers or {}, self.rules.successes) if self.rules else []

    def helps(self, language: str) -> list[str]:
        """Return the labels of the help asked for, in this language; those that say nothing left out."""
        return list(self._helps(language)) if self.rules else []

    def _helps(self, language: str) -> Iterator[str]:
        for path in self.rules.helps if self.rules else ():
            said, passed = self._answer(path), self.rules.leave_out.get(path, ()) if self.rules else ()
            for name in said if isinstance(said, list) else [said]:
                if isinstance(name, str) and name and name not in passed:
                    yield shown(self.week.form, path, name, language)

    def _answer(self, path: str) -> Value:
        return (self.week.answers or {}).get(path)


def told(programme: Programme, weeks: Sequence[CityWeek]) -> list[Told]:
    """Return the reports with the rules by which they are read."""
    return [Told(each, programme.digest.get(each.form.name) if each.form else None) for each in weeks]


def words_at(answers: Mapping[str, Value], paths: Sequence[str]) -> list[str]:
    """Return the texts answered to these questions, each in one line."""
    said = (answers.get(path) for path in paths)
    return [" ".join(each.split()) for each in said if isinstance(each, str) and each.strip()]


def is_far_enough(programme: Programme, form: str, answers: Mapping[str, Value]) -> bool | None:
    """Return whether the answer about progress is far enough; None when there is no such answer."""
    rules = programme.digest.get(form)
    answer = answers.get(rules.progress) if rules and rules.progress else None
    return answer in rules.far_enough if rules and answer is not None else None


def shown(form: Form | None, path: str, value: Value, language: str) -> str:
    """Return an answer as people read it: the label of a choice, else as it was said."""
    question = next((each for each in form.questions if each.path == path), None) if form else None
    labels = {choice.name: label_in(choice, language) for choice in question.choices} if question else {}
    names = value if isinstance(value, list) else [value]
    return ", ".join(labels.get(str(name), str(name)) for name in names)
