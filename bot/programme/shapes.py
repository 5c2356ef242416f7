"""The values of a programme: what its three YAML files say, checked and frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter

from bot.programme.fields import (
    Code,
    Count,
    Country,
    Currency,
    Day,
    Hour,
    LocaleName,
    Names,
    Prefix,
    Status,
    Text,
    Weekday,
    Zone,
)
from bot.programme.prices import Budget, Prices

_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one day; the end is not part of it."""

    __pydantic_config__: ClassVar = _STRICT

    start: Annotated[Hour, Field(alias="from")]
    end: Annotated[Hour, Field(alias="to")]


Hours = Mapping[Weekday, tuple[Span, ...]]


@dataclass(frozen=True, slots=True)
class WeekTime:
    """A day of the week and an hour."""

    __pydantic_config__: ClassVar = _STRICT

    day: Weekday
    at: Hour


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When the report of a period is asked for, in city time."""

    __pydantic_config__: ClassVar = _STRICT

    prompt: WeekTime
    nudge: WeekTime
    last_call: WeekTime
    quiet_before: Hour
    quiet_after: Hour
    every_weeks: Annotated[int, Field(ge=1, le=4, strict=True)] = 1
    in_ramadan: Span | None = None  # where hours are shorter then, messages only within these


@dataclass(frozen=True, slots=True)
class Secretariat:
    """Who reads the reports, and where."""

    __pydantic_config__: ClassVar = _STRICT

    names: Names
    place: Text
    country: Country
    timezone: Zone
    languages: tuple[str, ...]
    currency: Currency
    calling_code: Prefix
    working_days: tuple[Weekday, ...]
    office_hours: Hours


@dataclass(frozen=True, slots=True)
class FormEntry:
    """A form as the programme uses it; `name` is its key, and the form_id in its file."""

    __pydantic_config__: ClassVar = _STRICT

    name: str
    file: Text
    titles: Names
    minutes: Annotated[int, Field(ge=1, le=120, strict=True)]
    every: Literal["week", "month"] | None = None
    replaces: str | None = None  # the weekly form whose place it takes


@dataclass(frozen=True, slots=True)
class Rule:
    """What follows a sent report when an XLSForm expression holds over its answers: an offer or an alert."""

    __pydantic_config__: ClassVar = _STRICT

    form: Text
    when: Text
    offer: str | None = None  # name of a form
    alert: str | None = None  # one of ALERTS
    text: str | None = None  # path of the question whose answer the alert carries


@dataclass(frozen=True, slots=True)
class FormDigest:
    """What the digest reads in the reports of one form: question paths and names of choices."""

    __pydantic_config__: ClassVar = _STRICT

    status: str = ""  # a form of the rhythm has one
    on_track: tuple[str, ...] = ()
    delayed: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    progress: str = ""  # how far the next milestone is
    far_enough: tuple[str, ...] = ()  # answers with which no deadline needs a look
    difficulties: tuple[str, ...] = ()
    helps: tuple[str, ...] = ()
    successes: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = ()
    leave_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # question to choices to pass over

    def questions(self) -> tuple[str, ...]:
        """Return every question path named here."""
        told = (*self.difficulties, *self.helps, *self.successes, *self.next_steps)
        return (*filter(None, (self.status, self.progress)), *told, *self.leave_out)


@dataclass(frozen=True, slots=True)
class Cluster:
    """Cities that exchange on one theme."""

    __pydantic_config__: ClassVar = _STRICT

    names: Names
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Topic:
    """What a city works on."""

    __pydantic_config__: ClassVar = _STRICT

    key: Text
    name: Text
    status: Status
    note: str = ""


@dataclass(frozen=True, slots=True)
class Population:
    """A figure that is shown only with its year."""

    __pydantic_config__: ClassVar = _STRICT

    people: Count
    year: Annotated[int, Field(ge=1900, le=2100, strict=True)]
    status: Status
    is_about: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class City:
    """One city; `slug` is its key."""

    __pydantic_config__: ClassVar = _STRICT

    slug: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    code: Code
    names: Names
    country: Country
    timezone: Zone
    languages: Annotated[tuple[str, ...], Field(min_length=1)]  # the first is the starting value
    locales: Mapping[str, LocaleName]
    calling_code: Prefix
    currency: Currency
    topic: Topic
    population: Population
    working_days: Annotated[tuple[Weekday, ...], Field(min_length=1)]
    office_hours: Hours
    office_hours_status: Status
    office_hours_note: str = ""
    friday_pause: Span | None = None
    ramadan_hours: Hours | None = None
    ramadan_hours_status: Status | None = None
    ramadan_hours_note: str = ""
    rhythm: Rhythm | None = None  # instead of the programme's
    due: Mapping[str, Day] = field(default_factory=dict)  # milestone to this city's own date
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cycle:
    """The time that the calendar covers, first and last day included."""

    __pydantic_config__: ClassVar = _STRICT

    id: Text
    start: Day
    end: Day
    status: Status = Status.SOURCED


@dataclass(frozen=True, slots=True)
class Reminders:
    """When a deadline is recalled, in city time."""

    __pydantic_config__: ClassVar = _STRICT

    days_before: tuple[Count, ...]
    at: Hour


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of the cycle, first and last day included."""

    __pydantic_config__: ClassVar = _STRICT

    names: Names
    start: Day
    end: Day


@dataclass(frozen=True, slots=True)
class Milestone:
    """A date of the common calendar and what is handed in; `id` is its key, such as M05."""

    __pydantic_config__: ClassVar = _STRICT

    id: Annotated[str, Field(pattern=r"^[A-Z]{1,3}[0-9]{1,3}$")]
    names: Names
    phase: str
    due: Day
    output: Text
    output_type: Literal["document", "report", "form", "meeting"]
    review_days: Annotated[int, Field(ge=1, le=90, strict=True)]  # working days of the Secretariat
    instalment: Annotated[int, Field(ge=1, strict=True)] | None = None  # paid when the output is accepted
    checks: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """A meeting of the network."""

    __pydantic_config__: ClassVar = _STRICT

    names: Names
    date: Day
    mode: Literal["online", "in_person"]


@dataclass(frozen=True, slots=True)
class Ramadan:
    """One month of Ramadan, first and last day included."""

    __pydantic_config__: ClassVar = _STRICT

    start: Day
    end: Day
    is_estimated: bool = True


@dataclass(frozen=True, slots=True)
class Correction:
    """A day that the published table of public holidays has wrong."""

    __pydantic_config__: ClassVar = _STRICT

    country: Country
    date: Day
    is_holiday: bool
    names: Names | None = None


def _every(value: object) -> object:
    return None if value == "all" else value


@dataclass(frozen=True, slots=True)
class QuietPeriod:
    """Days without praise, deadlines or a festive tone, first and last day included."""

    __pydantic_config__: ClassVar = _STRICT

    countries: Annotated[tuple[Country, ...] | None, BeforeValidator(_every)]  # None: all
    start: Day
    end: Day
    reason: Text
    status: Status


@dataclass(frozen=True, slots=True)
class Template:
    """How one kind of message opens a WhatsApp conversation; `kind` is its key."""

    __pydantic_config__: ClassVar = _STRICT

    kind: str
    version: Annotated[int, Field(ge=1, strict=True)]
    bodies: Names  # with the variables {{1}}, {{2}} and so on
    buttons: Mapping[str, tuple[Text, ...]]  # by language


@dataclass(frozen=True, slots=True)
class Programme:
    """Everything that is data, not code: what the cities share, the cities, the calendar."""

    id: str
    names: Names
    languages: tuple[str, ...]
    locales: Mapping[str, LocaleName]
    secretariat: Secretariat
    roles: Mapping[str, Names]
    rhythm: Rhythm
    digest_at: WeekTime  # time of the Secretariat
    forms: Mapping[str, FormEntry]  # in the order of menus
    words: Mapping[str, str]  # command word to name of form
    rules: tuple[Rule, ...]
    digest: Mapping[str, FormDigest]  # by name of form
    clusters: Mapping[str, Cluster]
    cities: Mapping[str, City]  # by slug, in the order of lists
    cycle: Cycle
    due_at: Hour  # city time
    reminders: Reminders
    phases: Mapping[str, Phase]
    milestones: Mapping[str, Milestone]  # by id, in the order of dates
    events: Mapping[str, Event]
    ramadan: tuple[Ramadan, ...]
    holiday_corrections: tuple[Correction, ...]
    quiet_periods: tuple[QuietPeriod, ...]
    language_codes: Mapping[str, str] = field(default_factory=dict)  # the provider's, such as pt_PT
    samples: Mapping[str, Names] = field(default_factory=dict)  # of the values in templates
    templates: Mapping[str, Template] = field(default_factory=dict)  # by kind
    fallback: str = ""  # the language said where a form lacks a text in another; "": every text is wanted
    prices: Prices | None = None  # None: messages are counted, no costs are known
    budget: Budget = field(default_factory=Budget)
    waived: frozenset[tuple[str, str]] = frozenset()  # slug and milestone: decided by officers, no file's

    def form_of(self, every: str) -> FormEntry | None:
        """Return the form of the rhythm for `week` or `month`, or None if there is none."""
        return next((form for form in self.forms.values() if form.every == every), None)

    def locale(self, language: str, city: City | None = None) -> str:
        """Return how dates are written in this language, in the city's country where it is known.

        A language that is not the programme's is written as everywhere.
        """
        return (city.locales.get(language) if city else None) or self.locales.get(language, language)

    def language_at(self, address: str) -> str:
        """Return the first language of the country that a number is of, "" when no city is there.

        By the longest calling code; a business-scoped id of WhatsApp names its country first.
        """
        places: tuple[City | Secretariat, ...] = (*self.cities.values(), self.secretariat)
        fitting = [
            one
            for one in places
            if address.startswith(one.calling_code) or address.partition(".")[0] == one.country
        ]
        nearest = max(fitting, key=lambda one: len(one.calling_code), default=None)
        return nearest.languages[0] if nearest and nearest.languages else ""

    def rhythm_of(self, city: City) -> Rhythm:
        """Return the city's rhythm, its own or the common one."""
        return city.rhythm or self.rhythm

    def due(self, milestone: Milestone, city: City) -> date:
        """Return the day a milestone is due in a city, its own date or the common one."""
        return city.due.get(milestone.id, milestone.due)

    def milestones_of(self, city: City) -> tuple[Milestone, ...]:
        """Return what the city is to hand in, in the order of its dates; what was waived for it left out."""
        wanted = (each for each in self.milestones.values() if (city.slug, each.id) not in self.waived)
        return tuple(sorted(wanted, key=lambda each: self.due(each, city)))


def name_in(names: Mapping[str, str], language: str) -> str:
    """Return the name in this language, else in the first there is, else ""."""
    return names.get(language) or next(iter(names.values()), "")


def city_facts(city: City) -> dict[str, Any]:
    """Return a city's entry as it stands in cities.yaml, ready for JSON."""
    facts: dict[str, Any] = _cities().dump_python(city, mode="json", by_alias=True)
    return facts


@cache
def _cities() -> TypeAdapter[City]:
    return TypeAdapter(City)
