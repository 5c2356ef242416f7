"""Messages that cannot be read or raise on their way out: tried again, or listed as what may have left."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select, update

from models.base import Db
from models.outbox import OUT, QUEUED, SENDING, OutboxState

TRIES = 3
DELAYS = (timedelta(seconds=1), timedelta(seconds=3))  # after the first and the second time
DEFECT = "defect"  # the code of what raised, which no provider says


def set_aside(db: Db, id: int, error: str, at: datetime) -> bool:
    """Queue a claimed message again that raised before its call; the third time it has failed.

    Return whether it has. Nothing is read of it but how often it was tried: what the provider put off before,
    however often, does not count.
    """
    tries: int
    tries, code = db.connection().execute(select(OUT.c.tries, OUT.c.error_code).where(OUT.c.id == id)).one()
    if code != DEFECT:
        tries = 1
        db.connection().execute(update(OUT).where(OUT.c.id == id).values(tries=tries))
    has_failed = tries >= TRIES
    due_at = at if has_failed else at + DELAYS[tries - 1]
    _close(db, id, OutboxState.FAILED if has_failed else QUEUED, error, due_at, at)
    return has_failed


def let_rest(db: Db, id: int, at: datetime) -> None:
    """Let a claimed message rest as `uncertain` that cannot be read: whoever read it may have sent it."""
    _close(db, id, OutboxState.UNCERTAIN, "it cannot be read", at, at)


def _close(
    db: Db, id: int, state: OutboxState | ColumnElement[str], error: str, due_at: datetime, at: datetime
) -> None:
    values = {"state": state, "due_at": due_at, "error": error, "error_code": DEFECT}
    closing = update(OUT).where(OUT.c.id == id, OUT.c.state == SENDING)
    db.connection().execute(closing.values(**values, lease_token="", lease_until=None, changed_at=at))
