"""What will be sent to whom and when, decided from what is known now."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from bot.costs import Spending
from bot.ladder import Reached, Rung
from bot.programme import Programme

PLANNED, HELD = "planned", "held"

PROMPT, NUDGE, LAST_CALL = "prompt", "nudge", "last_call"
REMINDER, OVERDUE = "reminder", "overdue"
ESCALATION, DIGEST, ALERT = "escalation", "digest", "alert"

COUNTED = (REMINDER, NUDGE, LAST_CALL)  # under the ceiling of a week; the last gives way first
ANY_HOUR = frozenset({"safety"})  # alerts that wait for no office to open
CLOSING = "window:"  # how the key of a nudge begins that leaves while WhatsApp's window is open
CHECK_BACK = "check:"  # how the key of a prompt begins that follows a pause or an excuse


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One due instance of something that Griot sends by itself."""

    key: str  # deterministic; that of its outbox row
    kind: str
    person: int
    city: str | None
    due_at: datetime
    send_at: datetime  # when it leaves: at its due time, or when it is moved to
    form: str = ""
    period: str = ""
    milestone: str = ""
    deadline: date | None = None  # of the milestone, city time
    state: str = PLANNED  # or held: it does not leave at its due time
    reason: str = ""  # why it is held


@dataclass(frozen=True, slots=True)
class Addressee:
    """A person as the schedule knows them."""

    id: int
    role: str
    city: str | None
    language: str
    state: str  # invited, active, paused, stopped
    created_at: datetime
    paused_until: date | None = None
    agreed_at: datetime | None = None
    addresses: tuple[Reached, ...] = ()


@dataclass(frozen=True, slots=True)
class Absence:
    """A pause or an excuse of a city: through its last day in city time, or until it is ended."""

    kind: str  # paused, excused
    until: date | None


@dataclass(frozen=True, slots=True)
class Deadline:
    """A milestone of one city: the date in force, since when, and whether it still matters."""

    due: date
    since: datetime  # what fell due before is not sent
    is_closed: bool = False  # handed in, or waived


@dataclass(frozen=True, slots=True)
class Decided:
    """An occurrence that was decided before."""

    kind: str
    person: int
    send_at: datetime
    is_sent: bool
    is_lost: bool = False  # it was sent and reached nobody


@dataclass(frozen=True, slots=True)
class World:
    """All that the schedule depends on. Mappings by city slug, milestone id, form and period."""

    programme: Programme
    people: tuple[Addressee, ...]
    absences: Mapping[str, tuple[Absence, ...]] = field(default_factory=dict)
    deadlines: Mapping[tuple[str, str], Deadline] = field(default_factory=dict)
    submitted: Collection[tuple[str, str, str]] = ()
    begun: Mapping[tuple[str, str, str], datetime] = field(default_factory=dict)  # when last worked on
    decided: Mapping[str, Decided] = field(default_factory=dict)  # by key
    held: tuple[Occurrence, ...] = ()  # alerts that wait for the hour to open
    channels: Collection[str] = ()  # that are on
    templates: Mapping[tuple[str, str], str] = field(default_factory=dict)  # kind and language: approved
    spending: Spending = field(default_factory=Spending)  # what the budget lets go
    ceiling: int = 0  # unsolicited messages a person and week; 0: no limit
    restored_until: datetime | None = None  # until when a lost system may have sent what fell due


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of an occurrence, as far as is known."""

    occurrence: Occurrence
    leaves: bool  # at `send_at`
    waits: bool = False  # does not leave now, but may when something changes
    rung: Rung | None = None
    until: datetime | None = None  # it is of no use then or later
    late: tuple[str, ...] = ()  # the cities that an escalation lists

    @property
    def is_over(self) -> bool:
        """Tell whether it is never sent, whatever changes."""
        return not self.leaves and not self.waits


def waits_for_no_hour(key: str) -> bool:
    """Tell whether this is the key of an alert that leaves at any hour."""
    return key.split(":")[1] in ANY_HOUR
