"""After a restore: what the lost system may have done since the backup is not done again."""

from datetime import datetime

from sqlalchemy import ColumnElement, Table, delete, func, or_, select, update

from models.base import Db
from models.db import insert_into, is_postgres, table_of
from models.demo import Marker
from models.occurrence import OCCURRENCE, OccurrenceState
from models.outbox import OUT, QUEUED, SENDING, OutboxState
from models.sending import NO_LEASE
from models.signin import ConsoleSession, SignIn
from models.worker import LEADER, WORKER

RESTORED = "restored"
MAY_HAVE_LEFT = "A backup was restored: this message may have left before."
GAP = 1_000_000  # numbers of messages left out: statuses of lost messages, which bear theirs, come late
MARKER = table_of(Marker)


def settle_restored(db: Db, taken_at: datetime, ran_until: datetime, at: datetime) -> int:
    """Let nothing leave that the lost system may have sent; return how many messages are uncertain now.

    `ran_until`: when that system last ran. What was due later cannot have left, nor anything when it did not
    run after the backup. What falls due by itself up to then is judged by `restored_until`.
    """
    db.execute(delete(SignIn))  # what was used since would work again
    db.execute(delete(ConsoleSession))
    db.connection().execute(delete(WORKER))
    db.connection().execute(update(LEADER).values(worker_id=""))
    _leave_gap(db, OUT)
    if ran_until <= taken_at:
        return 0
    _remember(db, ran_until)
    holding = (OCCURRENCE.c.state == OccurrenceState.HELD, OCCURRENCE.c.send_at <= ran_until)
    values = {"state": OccurrenceState.SUPERSEDED, "reason": RESTORED, "decided_at": at}
    db.connection().execute(update(OCCURRENCE).where(*holding).values(values))
    return _rest_uncertain(db, ran_until, at)


def restored_until(db: Db) -> datetime | None:
    """Return until when a lost system may have done what fell due; None where no backup was restored."""
    found: datetime | None = db.scalar(select(Marker.at).where(Marker.name == RESTORED))
    return found


class RestoredShelf:
    """When a lost system last ran, read once: nothing runs while a backup is restored."""

    def __init__(self) -> None:
        self._found: list[datetime | None] = []

    def is_before(self, db: Db, at: datetime) -> bool:
        """Tell whether this was before a restore, up to the time the lost system ran."""
        if not self._found:
            self._found.append(restored_until(db))
        until = self._found[0]
        return until is not None and at <= until


def _remember(db: Db, until: datetime) -> None:
    insert = insert_into(MARKER, is_postgres(db)).values(name=RESTORED, at=until)
    db.execute(insert.on_conflict_do_update(index_elements=["name"], set_={"at": until}))


def _rest_uncertain(db: Db, until: datetime, at: datetime) -> int:
    was_due: ColumnElement[bool] = or_(OUT.c.state == SENDING, OUT.c.due_at <= until)
    resting = update(OUT).where(OUT.c.state.in_([QUEUED, SENDING]), was_due)
    values = {"state": OutboxState.UNCERTAIN, "error": MAY_HAVE_LEFT, "changed_at": at}
    return db.connection().execute(resting.values(**values, **NO_LEASE)).rowcount


def _leave_gap(db: Db, table: Table) -> None:
    """Give the newest row a greater number: the next ones follow it. Nothing refers to it by its number."""
    newest = db.connection().execute(select(func.max(table.c.id))).scalar()
    if newest is not None:
        moving = update(table).where(table.c.id == newest).values(id=newest + GAP)
        db.connection().execute(moving)
