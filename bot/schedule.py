"""What will be sent to whom and when, decided from what is known now."""

from dataclasses import dataclass
from datetime import date, datetime

PLANNED, HELD = "planned", "held"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One due instance of something that Griot sends by itself."""

    key: str  # deterministic; that of its outbox row
    kind: str  # prompt, nudge, last_call, reminder, overdue, escalation, digest, alert
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
