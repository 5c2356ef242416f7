"""Messages are claimed together; after a round that raised one by one: the one at fault stops no other."""

import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy.exc import DBAPIError

from griot.ways import Ways
from models import sending
from models.aside import set_aside
from models.base import Db
from models.db import is_transient
from models.sending import Claimed

log = logging.getLogger(__name__)

MOST_ONE_BY_ONE = 16  # of a channel in one transaction: each costs several statements


@dataclass(slots=True)
class Claiming:
    """How one worker claims. `is_careful`: its last round raised, and a message may be why."""

    ways: Ways
    lease: timedelta
    is_careful: bool = False
    failed: int = 0  # messages that failed for good in the round that runs

    def claim(self, db: Db, n: int, at: datetime, channels: Collection[str], lane: int) -> list[Claimed]:
        """Return up to n messages of each channel, claimed, that may leave."""
        if not self.is_careful:
            return self.ways.leaving(db, sending.claim(db, n, at, self.lease, channels, lane), at)
        claimed: list[Claimed] = []
        for channel in channels:
            ids = islice(self._ids(db, at, channel, lane), min(n, MOST_ONE_BY_ONE))
            claimed += [row for id in ids for row in self._one(db, id, at)]
        return claimed

    def round_failed(self, error: Exception) -> None:
        """Be careful in the next round, unless it was the database's trouble and no message's fault."""
        self.is_careful = not (isinstance(error, DBAPIError) and is_transient(error))
        self.failed = 0

    def round_ended(self) -> int:
        """Be quick again; return how many messages failed for good."""
        failed, self.failed, self.is_careful = self.failed, 0, False
        return failed

    def _ids(self, db: Db, at: datetime, channel: str, lane: int) -> Iterator[int]:
        while (id := sending.claim_unread(db, at, self.lease, channel, lane)) is not None:
            yield id

    def _one(self, db: Db, id: int, at: datetime) -> list[Claimed]:
        try:
            with db.begin_nested():
                return self.ways.leaving(db, [sending.claimed(db, id)], at)
        except Exception as error:
            if isinstance(error, DBAPIError) and is_transient(error):
                raise
            log.error("a message raised before its call", exc_info=error, extra={"outbox": id})
            self.failed += set_aside(db, id, type(error).__name__, at)
            return []
