"""What follows from the outcome of a call: the row is marked, put back, or closed."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from channels.base import Failure, SendError
from griot.sender import Outcome
from models.base import Db
from models.outbox import OutboxState
from models.person import address_lost
from models.sending import Claimed, Sent, close, has_written, mark_sent, move, put_back

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
    failed = [outcome for outcome in outcomes if outcome.error is not None]
    return sum(_settle_failure(db, outcome.row, outcome.error, policy, at) for outcome in failed)


def _settle_failure(db: Db, row: Claimed, error: SendError | None, policy: Policy, at: datetime) -> bool:
    """Return True when the row is now `failed`."""
    assert error is not None  # noqa: S101 - the caller chose the failed ones
    detail, code = error.detail, error.code
    match error.failure:
        case Failure.UNREACHABLE | Failure.BLOCKED if error.moved_to and error.moved_to != row.address:
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
