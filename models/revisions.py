"""What was changed in reports after they were sent."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import aliased

from models.base import Db, Json
from models.person import Person
from models.submission import Answer, Submission
from models.unreadable import legible


@dataclass(frozen=True, slots=True)
class Change:
    """An answer given after its report was sent, and what it replaced."""

    question: str  # path, with the number of the repeat: lines[1]/spent
    before: Json  # null: passed over
    is_new: bool  # nothing was replaced
    author: str
    at: datetime


def changes_of(db: Db, reports: Sequence[int]) -> Mapping[int, Sequence[Change]]:
    """Return what was changed in each of these reports since it was sent, the oldest first."""
    former = aliased(Answer)
    is_former = and_(
        former.submission_id == Answer.submission_id,
        former.question == Answer.question,
        former.revision == Answer.revision - 1,
    )
    columns = (Answer.submission_id, Answer.question, Answer.value, former.value, Person.name, Answer.at)
    query = (
        select(*columns)
        .join(Submission, Submission.id == Answer.submission_id)
        .join(Person, Person.id == Answer.author)
        .outerjoin(former, is_former)
        .where(Answer.submission_id.in_(reports), Answer.at > Submission.submitted_at)
        .order_by(Answer.id)
    )
    found: dict[int, list[Change]] = defaultdict(list)
    for report, question, now, before, author, at in db.execute(query) if reports else ():
        if now != before:
            was = None if before is None else legible(before).get("value")
            found[report].append(Change(question, was, before is None, author, at))
    return found
