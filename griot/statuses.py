"""What a provider says later of a message that it took: it arrived, was read, or failed after all."""

import logging
from datetime import datetime, timedelta

from bot.faults import FaultKind
from channels.base import Failure, Receipt
from griot.circuits import fall_back, refused
from griot.ways import UNDELIVERABLE, WITHOUT_BUTTONS, Ways
from models import ladder, outbox
from models.base import Db
from models.fault import Trouble, raise_fault
from models.ladder import PLAIN
from models.outbox import OutboxState

log = logging.getLogger(__name__)

GIVE_UP = timedelta(hours=24)  # a message that never left is not worth sending later
AGAIN_AFTER = timedelta(minutes=1)  # until a message is sent again that the provider could not pass on
ARRIVED = frozenset({OutboxState.DELIVERED, OutboxState.READ})
UNSAID = frozenset({None, Failure.UNKNOWN})  # it did fail: more is not known


def note_status(db: Db, channel: str, news: Receipt, ways: Ways, at: datetime) -> None:
    """Raise the message to its new state, or close it and do what follows; leave unknown ones aside."""
    if not news.state or not (news.provider_id or news.reference):
        return
    which = outbox.Which(channel, news.provider_id, news.reference)
    if news.state == OutboxState.FAILED:
        changed = _note_failure(db, which, news, ways, at)
    else:
        changed = outbox.note_receipt(
            db, channel, news.provider_id, OutboxState(news.state), at, news.reference
        )
        if not changed and news.state in ARRIVED:
            changed = ladder.call_back(db, which, at) > 0
    if not changed and not outbox.is_known(db, which):
        log.warning("a status is of no message known here", extra={"channel": channel})


def _note_failure(db: Db, which: outbox.Which, news: Receipt, ways: Ways, at: datetime) -> bool:
    if news.failure == Failure.MISCONFIGURED and outbox.is_known(db, which):
        fall_back(db, refused(which.channel, news.code, news.detail), at)
    failure = Failure.OTHER_CHANNEL if news.failure is None or news.failure in UNSAID else news.failure
    if failure in WITHOUT_BUTTONS:
        sid = outbox.queue_plain(db, which, at, error=news.detail, code=PLAIN)
        if sid is not None:
            ways.buttons_refused(db, sid, failure, news.detail, at)
            return True
    if news.for_operator:
        raise_fault(db, Trouble(FaultKind.CODE, which.channel, news.detail, news.code), at)
    if failure.may_retry and outbox.queue_again(db, which, at + AGAIN_AFTER, at, since=at - GIVE_UP):
        return True
    state = OutboxState.UNDELIVERABLE if failure in UNDELIVERABLE else OutboxState.FAILED
    closed = outbox.close_failed(db, which, state, at, error=news.detail, code=news.code)
    if closed is None:
        return False
    id, address = closed
    ways.follow(db, id, which.channel, address, failure, at)
    return True
