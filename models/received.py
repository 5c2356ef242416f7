"""What was attached to reports between two digests."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import and_, or_, select

from bot.media_words import Received
from bot.programme import Programme
from models.base import Db
from models.media import ERASED, Media
from models.submission import Submission, SubmissionState


def received(db: Db, programme: Programme, since: datetime, until: datetime) -> Iterator[Received]:
    """Yield what came with reports, in the programme's order: each attachment in one digest.

    What was attached before its report was sent counts when it was sent.
    """
    sent_now = and_(Submission.submitted_at > since, Submission.submitted_at <= until)
    came_now = and_(Media.created_at > since, Submission.submitted_at <= until)
    query = (
        select(Submission.city, Media.kind, Media.name, Media.size, Media.state, Media.caption)
        .join(Submission, Submission.id == Media.submission_id)
        .where(Submission.state == SubmissionState.SUBMITTED, Media.error != ERASED)
        .where(Media.created_at <= until, or_(sent_now, came_now))
        .order_by(Media.id)
    )
    order = list(programme.cities)
    found = [
        Received(programme.cities[slug], kind, name, size, state, caption)
        for slug, kind, name, size, state, caption in db.execute(query)
        if slug is not None and slug in programme.cities
    ]
    yield from sorted(found, key=lambda each: order.index(each.city.slug))
