"""Messages that raise on their way out: tried again a little later, then left to the officers."""

from datetime import datetime, timedelta

from sqlalchemy import select, update

from models.base import Db
from models.outbox import OUT, QUEUED, SENDING, OutboxState

TRIES = 3
DELAYS = (timedelta(seconds=1), timedelta(seconds=3))  # after the first and the second time
DEFECT = "defect"  # the code of what raised, which no provider says


def set_aside(db: Db, id: int, error: str, at: datetime) -> bool:
    """Queue a claimed message again that raised before its call; the third time it has failed.

    Return whether it has. Nothing is read of it but how often it was tried.
    """
    tries: int = db.connection().execute(select(OUT.c.tries).where(OUT.c.id == id)).scalar_one()
    has_failed = tries >= TRIES
    values = {
        "state": OutboxState.FAILED if has_failed else QUEUED,
        "due_at": at if has_failed else at + DELAYS[tries - 1],
        "error": error,
        "error_code": DEFECT,
        "lease_token": "",
        "lease_until": None,
        "changed_at": at,
    }
    db.connection().execute(update(OUT).where(OUT.c.id == id, OUT.c.state == SENDING).values(values))
    return has_failed
