"""What is stored of one message, from its webhook to its receipt: the facts that a trace tells."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Whose:
    """From whom or to whom; `person` is None for somebody unknown."""

    person: int | None
    name: str
    city: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """What the provider told of a message it had taken, in its own word."""

    at: datetime
    said: str
    code: str


@dataclass(frozen=True, slots=True)
class Way:
    """One row of the outbox: a message on one rung of the ladder."""

    id: int
    channel: str
    rung: str
    reason: str
    state: str
    code: str
    error: str
    tries: int
    repeats: int
    created_at: datetime
    due_at: datetime
    lease_until: datetime | None
    not_after: datetime | None
    sent_at: datetime | None
    changed_at: datetime
    text: str
    statuses: tuple[Status, ...] = ()
    alone_since: datetime | None = None  # its channel fails and is left alone since then


@dataclass(frozen=True, slots=True)
class Decision:
    """What the schedule decided for an occurrence, or plans."""

    key: str
    kind: str
    state: str  # as stored; planned for what is still to be decided
    reason: str
    form: str
    period: str
    milestone: str
    due_at: datetime
    send_at: datetime
    decided_at: datetime | None
    whose: Whose


@dataclass(frozen=True, slots=True)
class Told:
    """A message out, on all the ways it took, the first first."""

    key: str
    kind: str
    whose: Whose
    ways: tuple[Way, ...]
    decision: Decision | None = None
    by: Whose | None = None  # the officer who had it sent


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that a reply gave."""

    question: str
    report: str
    revision: int
    is_current: bool


@dataclass(frozen=True, slots=True)
class Brought:
    """A file that came with a reply."""

    report: str
    state: str


@dataclass(frozen=True, slots=True)
class Filed:
    """A report that a reply began or sent."""

    report: str
    form: str
    period: str


@dataclass(frozen=True, slots=True)
class Raw:
    """What a raw update says of itself."""

    source: str = ""  # the provider's id of the message
    news: str = "nothing"  # as in `Heard`
    is_fetched: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """An update in, and what it became."""

    id: int
    channel: str
    whose: Whose
    news: str  # said, blocked, returned, nothing; "" when the raw update is gone
    state: str
    tries: int
    error: str
    received_at: datetime
    due_at: datetime
    changed_at: datetime
    text: str
    is_erased: bool
    answers: tuple[Kept, ...] = ()
    files: tuple[Brought, ...] = ()
    began: tuple[Filed, ...] = ()
    sent: tuple[Filed, ...] = ()
    agreed: bool | None = None  # what was said to the question of consent
    led_to: tuple[Told, ...] = ()  # replies, and alerts to officers
    is_fetched: bool = False  # asked of the provider: no webhook brought it


@dataclass(frozen=True, slots=True)
class Gave:
    """One message that a report is made of, and how many answers it gave."""

    id: int | None  # None when the message is gone
    person: int
    channel: str
    at: datetime
    answers: int


@dataclass(frozen=True, slots=True)
class Filled:
    """A report: what asked for it, what it is made of, what followed."""

    report: str
    form: str
    period: str
    whose: Whose
    state: str
    revision: int
    channel: str
    started_at: datetime
    submitted_at: datetime | None
    gave: tuple[Gave, ...]
    asked: tuple[Told, ...]  # prompt, nudge, last call of its city and period
    led_to: tuple[Told, ...]  # what the message that sent it was answered


Trace: TypeAlias = Heard | Told | Decision | Filled


@dataclass(frozen=True, slots=True)
class Named:
    """One thing that an id can mean."""

    kind: str  # in, out, report, occurrence
    key: str  # row id, key of the first way, row id, key
    shown: str  # the id that means it alone
    at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened, or is to come, in an officer's words."""

    at: datetime | None
    depth: int
    what: str  # a code, for programs
    text: str
