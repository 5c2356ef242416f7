"""What follows from the outcome of a call: the row is marked, put back, or closed."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import DBAPIError

from bot.faults import FaultKind
from channels.base import Failure, SendError
from griot.sender import Outcome
from griot.statuses import GIVE_UP
from griot.ways import UNDELIVERABLE, WITHOUT_BUTTONS, Ways
from models.base import Db
from models.db import is_transient
from models.fault import Trouble, raise_fault
from models.ladder import PLAIN
from models.outbox import OutboxState
from models.sending import Claimed, Sent, close, mark_sent, may_move, move, put_back

log = logging.getLogger(__name__)

LONGEST_DELAY = 60  # seconds between two tries: later messages of the person wait behind this one
SEEN_WAIT = 30  # seconds for a sign of the person before a message that may have left is repeated


@dataclass(frozen=True, slots=True)
class Policy:
    """What the settings say about retries."""

    lease: timedelta

    @property
    def repeat_after(self) -> timedelta:
        """Return how long to wait before a repeat: half a minute, less with a short lease."""
        return min(timedelta(seconds=SEEN_WAIT), self.lease / 2)


def settle(db: Db, outcomes: Sequence[Outcome], policy: Policy, ways: Ways, at: datetime) -> int:
    """Store what became of these calls; return how many messages failed for good."""
    sent = [
        Sent(outcome.row.id, outcome.row.lease_token, outcome.provider_id)
        for outcome in outcomes
        if outcome.error is None
    ]
    mark_sent(db, sent, at)
    failed = [(outcome.row, outcome.error) for outcome in outcomes if outcome.error is not None]
    return sum(_settled(db, row, error, policy, ways, at) for row, error in failed)


def _settled(db: Db, row: Claimed, error: SendError, policy: Policy, ways: Ways, at: datetime) -> bool:
    """Return True when the message failed for good; what cannot be stored stops no other message."""
    try:
        with db.begin_nested():
            return _settle_failure(db, row, error, policy, ways, at)
    except Exception as fault:
        if isinstance(fault, DBAPIError) and is_transient(fault):
            raise
        log.error("the outcome of a call raised", exc_info=fault, extra={"outbox": row.id})
        close(db, row, OutboxState.UNCERTAIN, at, error=type(fault).__name__)
        return False


def _settle_failure(db: Db, row: Claimed, error: SendError, policy: Policy, ways: Ways, at: datetime) -> bool:
    detail, code, failure = error.detail, error.code, error.failure
    match failure:
        case Failure.UNREACHABLE | Failure.BLOCKED if may_move(db, row, error.moved_to):
            move(db, row, error.moved_to, at)
            return False
        case _ if row.is_tapped and failure in WITHOUT_BUTTONS:
            put_back(db, row, at, at, error=detail, code=PLAIN)
            ways.buttons_refused(db, row.content_sid, failure, detail, at)
            return False
        case Failure.UNKNOWN if row.may_repeat:
            put_back(db, row, at + policy.repeat_after, at, may_have_left=True, error=detail, code=code)
            return False
        case Failure.UNKNOWN:
            close(db, row, OutboxState.UNCERTAIN, at, error=detail, code=code)
            return False
        case _ if failure.may_retry and at - row.created_at <= GIVE_UP:
            put_back(db, row, at + _delay(row, error), at, error=detail, code=code)
            return False
    if error.for_operator:
        raise_fault(db, Trouble(FaultKind.CODE, row.channel, detail, code), at)
    state = OutboxState.UNDELIVERABLE if failure in UNDELIVERABLE else OutboxState.FAILED
    if state == OutboxState.FAILED:
        told = {"outbox": row.id, "channel": row.channel, "failure": failure, "code": code}
        log.error("a message failed", extra=told)
    if not close(db, row, state, at, error=detail, code=code):
        return False
    goes_on = ways.follow(db, row.id, row.channel, row.address, failure, at)
    return state == OutboxState.FAILED and not goes_on


def _delay(row: Claimed, error: SendError) -> timedelta:
    if error.retry_after is not None:
        return timedelta(seconds=error.retry_after)
    return timedelta(seconds=min(2 ** (row.tries - 1), LONGEST_DELAY))
