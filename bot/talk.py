"""The values of a conversation: who speaks, what is open, what came of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol
from zoneinfo import ZoneInfo

from bot.dates import long_date
from bot.forms.form import Form
from bot.periods import in_words
from bot.programme import City, Programme, Rule
from bot.session import Filling, Laid, Session
from bot.values import Media, Message, Say, Value

CONSENT_VERSION = "2026-11"


@dataclass(frozen=True, slots=True)
class Who:
    """The person who writes."""

    id: int
    name: str
    role: str
    city: str | None
    language: str
    agreed: bool | None  # None: not asked yet
    is_stopped: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """A question with numbered options that is not of a form; each option is an action."""

    kind: str
    actions: tuple[str, ...]  # "send", "open:weekly_update", "language:fr"
    data: Mapping[str, str] = field(default_factory=dict)


class Stands(StrEnum):
    """How a text stands that a person wrote."""

    OPEN = "open"  # more of it may come
    STORED = "stored"
    REFUSED = "refused"  # by the form's constraint; kept to be corrected


@dataclass(frozen=True, slots=True)
class Writing:
    """The text that a person wrote last, in the messages in which it came."""

    report: int
    path: str
    pieces: tuple[tuple[str, str], ...]  # of each message its source and text
    at: datetime  # of the last one
    stands: Stands

    @property
    def text(self) -> str:
        """Return the whole text, a line for each message."""
        return "\n".join(text for _, text in self.pieces)


@dataclass(frozen=True, slots=True)
class Editing:
    """Where a person stands in a report that was sent: a colleague may be changing it too."""

    report: int
    session: Session  # its answers are those of the report, read anew with every reply
    changed: tuple[str, ...] = ()  # the questions answered anew


@dataclass(frozen=True, slots=True)
class Talk:
    """Where the conversation stands beside the open report."""

    choice: Choice | None = None
    rejected: str = (
        ""  # the provider's id of the last message that was not understood: its edit is a new reply
    )
    heard_at: datetime | None = None
    attached_at: datetime | None = None  # when something was attached last
    writing: Writing | None = None
    earlier: tuple[Writing, ...] = ()  # texts before it whose edits would not be found by their answer
    editing: Editing | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A report being filled in, or one that was sent."""

    form: Form
    period: str | None
    session: Session
    milestone: str = ""
    id: int = 0  # 0: not stored yet
    reference: str = ""  # set once it is sent
    began: int = 0  # when it was opened, seconds since the epoch: its buttons are known by it
    state: str = "draft"  # or submitted, withdrawn
    sent_at: datetime | None = None
    revision: int = 1  # one more each time it is changed after it was sent


@dataclass(frozen=True, slots=True)
class Last:
    """What the city answered last time, in the form and for the period of then."""

    given: Mapping[str, Value] = field(default_factory=dict)
    period: str | None = None
    form: Form | None = None
    milestone: str = ""


class Facts(Protocol):
    """What the conversation may look up; read only."""

    def form(self, name: str) -> Form | None:
        """Return the current version of a form."""
        ...

    def is_retired(self, form: str) -> bool:
        """Tell whether no new report begins on a form."""
        ...

    def draft(self, form: str, period: str | None, milestone: str = "") -> Report | None:
        """Return this person's newest draft of the form and period, and of the milestone if one is named."""
        ...

    def drafts(self) -> tuple[Report, ...]:
        """Return this person's drafts that belong to a period, the oldest first."""
        ...

    def last_draft(self, besides: int = 0) -> Report | None:
        """Return the draft this person worked on last, other than one; None when there is none."""
        ...

    def last_report(self) -> Report | None:
        """Return the report that this person worked on last, a draft or sent; None when there is none."""
        ...

    def sent(self, form: str, period: str) -> tuple[str, ...]:
        """Return the references of the newest reports that the city sent for the period, newest first."""
        ...

    def sent_reports(self, reference: str = "", *, of_city: bool) -> tuple[Report, ...]:
        """Return the newest reports that were sent and count, or the one of a reference.

        `of_city`: by anybody of the city, else by this person alone.
        """
        ...

    def handed_in(self, form: str, milestone: str) -> str:
        """Return the reference of the city's newest report of a milestone that counts, "" for none."""
        ...

    def previous(self, form: str, besides: int = 0) -> Last:
        """Return the answers of the city's last report of this form, other than one; none when there is none.

        A report that only said that there is nothing to report does not count.
        """
        ...

    def next_reference(self, stem: str) -> str:
        """Return the stem with the next free number: `BKO-2026-W48-1`."""
        ...

    def answered_by(self, source: str) -> tuple[Report, tuple[str, ...]] | None:
        """Return the report and the questions that a message of this person answered."""
        ...

    def was_asked(self) -> bool:
        """Tell whether what the person was asked last may have been before them when they wrote this."""
        ...

    def digest(self, language: str, at: datetime | None = None) -> str:
        """Return the digest of the week as text, for officers: as it was at a time, else as it stands."""
        ...

    def details(self, city: str, language: str) -> str:
        """Return all that a city said this week, for officers."""
        ...

    def officer(self) -> str:
        """Return the name of the officer, "" when there is none or more than one."""
        ...


@dataclass(frozen=True, slots=True)
class Agreed:
    """The person accepted or refused to be written to."""

    agreed: bool


@dataclass(frozen=True, slots=True)
class Speaks:
    """The person chose a language."""

    language: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The person wants no more messages, on any channel."""


@dataclass(frozen=True, slots=True)
class Returned:
    """The person wants messages again."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A report is open now: a new one, or a draft taken up again."""

    report: Report


@dataclass(frozen=True, slots=True)
class Filled:
    """The open report has a new session and perhaps new answers."""

    session: Session
    changes: tuple[tuple[str, Value], ...]
    answers: Mapping[str, Value]  # the report as it stands
    source: str = ""  # of the message that gave the answers, when it is not the one being heard
    has_gap: bool = False  # it was sent, and a required question has no answer now


@dataclass(frozen=True, slots=True)
class Sent:
    """The open report was sent."""

    reference: str
    nothing: bool
    replaces: str  # the reference of the report it takes the place of, or ""


@dataclass(frozen=True, slots=True)
class Reissued:
    """The open report, sent before, is in its next revision from now on."""


@dataclass(frozen=True, slots=True)
class Revised:
    """An answer of a report that is not open was changed: its own revision when it was sent."""

    report: Report
    changes: tuple[tuple[str, Value], ...]
    answers: Mapping[str, Value]
    has_gap: bool = False


@dataclass(frozen=True, slots=True)
class Attached:
    """Something was attached to a report that answers none of its questions; None: to the open one."""

    report: Report | None
    media: Media


@dataclass(frozen=True, slots=True)
class Captioned:
    """What was written beside an attachment of this person says what it shows."""

    ref: str  # the provider's, of the attachment
    caption: str


@dataclass(frozen=True, slots=True)
class LeftOpen:
    """The open report is a draft now; nothing is open."""


@dataclass(frozen=True, slots=True)
class Discarded:
    """The person cancelled the open report."""


@dataclass(frozen=True, slots=True)
class Alerted:
    """The officers must know at once: a rule of the programme holds."""

    rule: Rule
    reference: str
    text: str  # the answer that the alert carries


@dataclass(frozen=True, slots=True)
class Requested:
    """The person asks the officers for more time, or says what blocks."""

    what: str  # moretime or blocks
    milestone: str
    text: str


Effect = (
    Agreed
    | Speaks
    | Stopped
    | Returned
    | Opened
    | Filled
    | Sent
    | Reissued
    | Revised
    | Attached
    | Captioned
    | LeftOpen
    | Discarded
    | Alerted
    | Requested
)


@dataclass(frozen=True, slots=True)
class Ground:
    """What a report stands on besides its answers."""

    hidden: Mapping[str, str]  # what the system fills in
    previous: Mapping[str, Value]  # the city's answers of last time
    fillings: list[Filling] = field(default_factory=list, compare=False)  # the newest of this turn


@dataclass(frozen=True, slots=True)
class Scene:
    """One reply's surroundings; grows effects as they come."""

    who: Who
    programme: Programme
    at: datetime  # UTC
    voices: Mapping[str, Say]
    facts: Facts
    talk: Talk
    report: Report | None = None
    source: str = ""  # the channel and the provider's id of the reply
    has_moved: bool = False  # the person wrote on another channel before
    effects: tuple[Effect, ...] = ()
    laid: list[Laid] = field(default_factory=list, compare=False, repr=False)  # sheets of this turn
    grounds: dict[object, Ground] = field(default_factory=dict, compare=False, repr=False)  # by report

    @property
    def city(self) -> City | None:
        """Return the person's city, if they have one."""
        return self.programme.cities.get(self.who.city) if self.who.city else None

    @property
    def say(self) -> Say:
        """Return the voice in the person's language, with the dates of their country."""
        language = self.who.language
        return self.voices[language].of(self.programme.locale(language, self.city))

    @property
    def zone(self) -> ZoneInfo:
        """Return the city's time zone; the Secretariat's for who has no city."""
        return ZoneInfo(self.city.timezone if self.city else self.programme.secretariat.timezone)

    @property
    def now(self) -> datetime:
        """Return the time of the reply in city time."""
        return self.at.astimezone(self.zone)

    def named(self, names: Mapping[str, str]) -> str:
        """Return the name in the person's language, else in the first there is."""
        return names.get(self.who.language) or next(iter(names.values()), "")

    def title(self, form: str) -> str:
        """Return a form's title in the person's language, else the title in the form itself."""
        entry = self.programme.forms.get(form)
        if entry:
            return self.named(entry.titles)
        found = self.facts.form(form)
        return found.title if found else form

    def day(self, day: date) -> str:
        """Return a date as people of the city write it in this language."""
        return long_date(day, self.programme.locale(self.who.language, self.city))

    def did(self, *effects: Effect) -> "Scene":
        """Return the scene with more effects."""
        return replace(self, effects=(*self.effects, *effects))

    def period(self, period: str | None) -> str:
        """Return a period in words, "" for none."""
        if period is None:
            return ""
        return in_words(period, self.say, self.programme.locale(self.who.language, self.city))

    def chose(self, choice: Choice | None) -> "Scene":
        """Return the scene with this choice open, or none."""
        return self if choice == self.talk.choice else replace(self, talk=replace(self.talk, choice=choice))

    def without_report(self) -> "Scene":
        """Return the scene with no report open."""
        return replace(self, report=None)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a reply led to."""

    talk: Talk
    effects: tuple[Effect, ...]
    messages: tuple[Message, ...]

    def preceded(self, first: str) -> "Outcome":
        """Return the outcome with `first` said before its message."""
        if not first or not self.messages:
            return self
        head, *rest = self.messages
        return replace(self, messages=(replace(head, text=f"{first}\n{head.text}"), *rest))


Action = Callable[[Scene, str], Outcome]
