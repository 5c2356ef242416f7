"""A coordinator's phone in this process: what it writes goes the whole way of a round."""

import itertools
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from bench.script import ADD, ANSWERS, EACH, FIRST_QUESTION, OPENING, SEND
from bench.wires import as_telegram_writes
from griot.turn import Turns
from models import inbox, sending
from models.base import Db
from models.db import Store, read, write
from models.outbox import LIVE
from models.pace import PaceLimits, too_early
from models.queues import look
from models.sending import Claimed, Sent

LEASE = timedelta(seconds=60)
LIMITS = PaceLimits(per_minute=0, per_day=10_000)


def telegram_update(number: int, chat: int, text: str) -> bytes:
    """Return the update of a private message (Bot API, Update)."""
    user = {"id": chat, "is_bot": False, "first_name": "Demo", "language_code": "fr"}
    message = {
        "message_id": number,
        "from": user,
        "chat": {"id": chat, "first_name": "Demo", "type": "private"},
        "date": 1_795_000_000 + number,
        "text": text,
    }
    return as_telegram_writes({"update_id": number, "message": message})


_updates = itertools.count(time.time_ns() // 1000)  # another run on the same database begins higher


@dataclass(slots=True)
class Phone:
    """Somebody on Telegram; a minute passes with every reply."""

    store: Store
    turns: Turns
    address: int
    clock: datetime
    text: str = ""  # what was said to it last
    has_options: bool = False

    def reports(self) -> int:
        """Make one report and return how many turns it took; raise RuntimeError when it is not received."""
        said = [OPENING]
        self.says(OPENING)
        while not FIRST_QUESTION.search(self.text) and len(said) < 4:
            said.append(EACH)
            self.says(EACH)
        for words in (*ANSWERS, SEND):
            said.append(words)
            self.says(words)
        if self.has_options:
            said.append(ADD)
            self.says(ADD)
        if self.has_options:
            raise RuntimeError(f"not received: {self.text}")
        return len(said)

    def says(self, text: str) -> None:
        """Take one message in, its turn, and what answers it out again, as web and worker do."""
        self.clock += timedelta(minutes=1)
        number, at = next(_updates), self.clock
        body, sender = telegram_update(number, self.address, text), f"telegram:{self.address}"
        write(self.store, lambda db: inbox.receive(db, "telegram", str(number), sender, body, at))
        read(self.store, lambda db: look(db, at))
        leaving = write(self.store, lambda db: self._round(db, at))
        write(self.store, lambda db: sending.mark_sent(db, [_sent(row) for row in leaving], at))
        if leaving:
            self.text, self.has_options = leaving[-1].message.text, bool(leaving[-1].message.options)

    def _round(self, db: Db, at: datetime) -> list[Claimed]:
        """Take the turn and claim what it leads to; raise RuntimeError for another's turn."""
        rows = inbox.take(db, 16, at)
        if too_early(db, rows, LIMITS, at) or len(rows) != 1:
            raise RuntimeError(f"{len(rows)} updates are open, of whom one is this phone's")
        inbox.finish(db, [row.id for row in self.turns(db, rows, at)], at)
        claimed = sending.claim(db, 16, at, LEASE, ("telegram",), LIVE)
        return self.turns.ways.leaving(db, claimed, at)


def _sent(row: Claimed) -> Sent:
    return Sent(row.id, row.lease_token, f"bench-{row.id}")
