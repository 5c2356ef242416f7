"""What follows from the outcome of a call: the row is marked, put back, or closed."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import DBAPIError

from channels.base import Failure, SendError
from griot.logs import trace_of
from griot.sender import Outcome
from models.base import Db
from models.db import is_transient
from models.outbox import OutboxState
from models.person import address_lost
from models.sending import Claimed, Sent, close, has_written, mark_sent, may_move, move, put_back

log = logging.getLogger(__name__)

GIVE_UP = timedelta(hours=24)  # a message that never left is not worth sending later
LONGEST_DELAY = 300  # seconds between two tries
SEEN_WAIT = 30  # seconds for a sign of the person before a message that may have left is repeated


@dataclass(frozen=True, slots=True)
class Policy:
    """What the settings say about retries."""

    lease: timedelta

    @property
    def repeat_after(self) -> timedelta:
        """Return how long to wait before a repeat: half a minute, less with a short lease."""
        return min(timedelta(seconds=SEEN_WAIT), self.lease / 2)


def settle(db: Db, outcomes: Sequence[Outcome], policy: Policy, at: datetime) -> int:
    """Store what became of these calls; return how many messages failed for good."""
    sent = [
        Sent(outcome.row.id, outcome.row.lease_token, outcome.provider_id)
        for outcome in outcomes
        if outcome.error is None
    ]
    mark_sent(db, sent, at)
    failed = [(outcome.row, outcome.error) for outcome in outcomes if outcome.error is not None]
    return sum(_settled(db, row, error, policy, at) for row, error in failed)


def _settled(db: Db, row: Claimed, error: SendError, policy: Policy, at: datetime) -> bool:
    """Return True when the row is now `failed`; what cannot be stored stops no other message."""
    try:
        with db.begin_nested():
            return _settle_failure(db, row, error, policy, at)
    except Exception as fault:
        if isinstance(fault, DBAPIError) and is_transient(fault):
            raise
        log.error("the outcome of outbox row %s raised %s", row.id, trace_of(fault))
        close(db, row, OutboxState.UNCERTAIN, at, error=type(fault).__name__)
        return False


def _settle_failure(db: Db, row: Claimed, error: SendError, policy: Policy, at: datetime) -> bool:
    detail, code = error.detail, error.code
    match error.failure:
        case Failure.UNREACHABLE | Failure.BLOCKED if may_move(db, row, error.moved_to):
            move(db, row, error.moved_to, at)
        case Failure.UNREACHABLE | Failure.BLOCKED:
            close(db, row, OutboxState.UNDELIVERABLE, at, error=detail, code=code)
            address_lost(db, row.channel, row.address, _why_lost(db, row, error.failure), at)
        case Failure.REJECTED:
            log.error("outbox row %s was rejected: %s", row.id, error.detail)
            return close(db, row, OutboxState.FAILED, at, error=detail, code=code)
        case Failure.UNKNOWN if row.may_repeat:
            put_back(db, row, at + policy.repeat_after, at, may_have_left=True, error=detail, code=code)
        case Failure.UNKNOWN:
            close(db, row, OutboxState.UNCERTAIN, at, error=detail, code=code)
        case _ if at - row.created_at > GIVE_UP:
            return close(db, row, OutboxState.FAILED, at, error=detail, code=code)
        case _:
            put_back(db, row, at + _delay(row, error), at, error=detail, code=code)
    return False


def _delay(row: Claimed, error: SendError) -> timedelta:
    if error.retry_after is not None:
        return timedelta(seconds=error.retry_after)
    return timedelta(seconds=min(2 ** (row.tries - 1), LONGEST_DELAY))


def _why_lost(db: Db, row: Claimed, failure: Failure) -> str:
    """Return the word shown to officers: a first refusal before the person ever wrote is `not_started`."""
    if not has_written(db, row.channel, row.address):
        return "not_started"
    return "blocked" if failure == Failure.BLOCKED else "unknown"
