"""Outputs: what the cities hand in for their milestones, begun, sent and replaced."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from bot.programme import Programme
from models.base import Db
from models.submission import Submission, SubmissionState
from models.unreadable import legible


@dataclass(frozen=True, slots=True)
class Output:
    """One report of the form that the command OUTPUT opens."""

    city: str
    milestone: str
    reference: str | None
    state: str
    review: str
    person: int
    channel: str
    is_begun: bool  # a draft that holds an answer
    sent_at: datetime | None
    changed_at: datetime

    @property
    def counts(self) -> bool:
        """Tell whether it was sent and no other took its place."""
        return self.state == SubmissionState.SUBMITTED


_COLUMNS = (
    Submission.city,
    Submission.hidden,
    Submission.reference,
    Submission.state,
    Submission.review,
    Submission.person_id,
    Submission.channel,
    Submission.answers,
    Submission.submitted_at,
    Submission.changed_at,
)


def outputs(db: Db, programme: Programme) -> list[Output]:
    """Return every output, in the order in which they were sent; [] without a form for them."""
    cities = sorted(programme.cities)  # named: the index begins with the city
    asked = Submission.city.in_(cities), Submission.form == programme.words.get("output", "")
    rows = db.execute(select(*_COLUMNS).where(*asked).order_by(Submission.submitted_at, Submission.id))
    return [
        Output(
            city=row.city or "",
            milestone=legible(row.hidden).get("milestone", ""),
            reference=row.reference,
            state=row.state,
            review=row.review,
            person=row.person_id,
            channel=row.channel,
            is_begun=row.state == SubmissionState.DRAFT and bool(legible(row.answers)),
            sent_at=row.submitted_at,
            changed_at=row.changed_at,
        )
        for row in rows
    ]
