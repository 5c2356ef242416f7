"""What was attached to reports between two digests."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, select

from bot.media_words import Received
from bot.programme import Programme
from models.base import Db
from models.media import ERASED, Media
from models.submission import Submission, SubmissionState


def received(db: Db, programme: Programme, since: datetime, until: datetime) -> Iterator[Received]:
    """Yield what came with reports, in the programme's order: each attachment in one digest.

    What was attached before its report was sent counts when it was sent.
    """
    of_cities = Submission.city.in_(sorted(programme.cities))
    sent_now = and_(of_cities, Submission.submitted_at > since, Submission.submitted_at <= until)
    came_now = and_(Media.created_at > since, Submission.submitted_at <= until)
    found = {row.id: row for which in (sent_now, came_now) for row in db.execute(_attached(which, until))}
    order = {slug: place for place, slug in enumerate(programme.cities)}
    rows = [row for row in found.values() if row.city in order]
    for row in sorted(rows, key=lambda row: (order[row.city], row.id)):
        yield Received(programme.cities[row.city], row.kind, row.name, row.size, row.state, row.caption)


def _attached(which: ColumnElement[bool], until: datetime) -> Select[*tuple[Any, ...]]:
    """Return the attachments of one kind of reports: asked for apart, each way has its index."""
    return (
        select(Media.id, Submission.city, Media.kind, Media.name, Media.size, Media.state, Media.caption)
        .join(Submission, Submission.id == Media.submission_id)
        .where(which, Submission.state == SubmissionState.SUBMITTED)
        .where(Media.error != ERASED, Media.created_at <= until)
    )
