"""Ask Telegram every five minutes whether it can deliver what people write; ask again for what was lost."""

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from zoneinfo import ZoneInfo

from bot.faults import FaultKind, send_again
from bot.opening_hours import moved_now
from bot.programme import Programme
from bot.values import Message, Say
from channels.base import SendError, told_of
from channels.telegram import Registration
from models.base import Db
from models.fault import Trouble, end_faults, raise_fault
from models.outage import last_well, note_well, waited_for
from models.outbox import BULK, enqueue
from models.programme import ProgrammeShelf
from scheduler.job import Job

log = logging.getLogger(__name__)

TELEGRAM = "telegram"
EVERY = timedelta(minutes=5)
FRESH = timedelta(minutes=10)  # an older error is over: Telegram tried again since
MOST_PENDING = 50  # updates that may wait
KEPT = timedelta(hours=24)  # how long Telegram delivers a message again (Bot API server; platforms T4, T12)
ANSWER_WITHIN = timedelta(days=2)  # of a question whether something was lost

Ask = Callable[[], Registration]  # what Telegram says of the webhook; raises SendError


def telegram_watch(ask: Ask | None, url: str, programmes: ProgrammeShelf, voices: Mapping[str, Say]) -> Job:
    """Return the job; `url` is where our webhook should be. Without one at Telegram it does nothing."""
    if ask is None:
        return Job("telegram_watch", "0 */5 * * * *", lambda db, at: 0)
    poll = _Poll(ask, url, programmes, voices)
    return Job("telegram_watch", "*/5 * * * * *", poll.run, is_led=True, look=poll.look)


class _Poll:
    """Asks in a thread of its own and looks at the answer at a later run: no call inside a transaction."""

    def __init__(self, ask: Ask, url: str, programmes: ProgrammeShelf, voices: Mapping[str, Say]) -> None:
        self._ask = ask
        self._url = url
        self._programmes = programmes
        self._voices = voices
        self._answers: SimpleQueue[Registration | None] = SimpleQueue()  # None: there was none
        self._asks = False
        self._next: datetime | None = None

    def look(self, db: Db, at: datetime) -> bool:
        """Tell whether it is time to ask, or there is an answer."""
        return not self._answers.empty() if self._asks else self._is_due(at)

    def run(self, db: Db, at: datetime) -> int:
        """Return how many people are asked to send their last answer again; ask Telegram when it is time."""
        if not self._asks:
            if self._is_due(at):
                self._asks = True
                threading.Thread(target=self._fetch, name="watch", daemon=True).start()
            return 0
        try:
            found = self._answers.get_nowait()
        except Empty:
            return 0
        self._asks, self._next = False, at + EVERY
        return self._judge(db, found, at) if found is not None else 0

    def _is_due(self, at: datetime) -> bool:
        """Tell whether it is time; also after the clock was put back."""
        return self._next is None or not at < self._next <= at + EVERY

    def _judge(self, db: Db, found: Registration, at: datetime) -> int:
        troubles = list(_troubles(found, self._url, at))
        for trouble in troubles:
            raise_fault(db, trouble, at)
        end_faults(db, {FaultKind.WEBHOOK}, TELEGRAM, keep=[trouble.name for trouble in troubles])
        if troubles or found.pending:
            return 0
        since = last_well(db, TELEGRAM)
        note_well(db, TELEGRAM, at)
        if since is None or at - since <= KEPT:
            return 0
        detail = f"{since:%Y-%m-%d %H:%M} – {at:%Y-%m-%d %H:%M} UTC"
        raise_fault(db, Trouble(FaultKind.LOST, TELEGRAM, detail), at)
        return self._ask_again(db, since, at)

    def _ask_again(self, db: Db, since: datetime, at: datetime) -> int:
        """Ask everybody with an open question on Telegram, within their hours, once an outage."""
        programme = self._programmes.programme(db)
        asked = 0
        for one in waited_for(db, TELEGRAM, since):
            place = programme.cities.get(one.city or "") or programme.secretariat
            text = self._text(programme, one.language, ZoneInfo(place.timezone), since, at)
            opens = moved_now(programme, place, at).at
            asked += enqueue(
                db,
                key=f"again:{TELEGRAM}:{since.isoformat()}:{one.person_id}",
                person_id=one.person_id,
                recipient=str(one.person_id),
                channel=TELEGRAM,
                address=one.address,
                kind="notice",
                message=Message(text, kind="notice"),
                at=at,
                lane=BULK,
                due_at=opens,
                not_after=opens + ANSWER_WITHIN,
            )
        log.warning("Telegram was away", extra={"since": f"{since:%Y-%m-%dT%H:%MZ}", "asked_again": asked})
        return asked

    def _text(
        self, programme: Programme, language: str, zone: ZoneInfo, since: datetime, at: datetime
    ) -> str:
        first, last = since.astimezone(zone), at.astimezone(zone)
        return send_again(self._voices[language], f"{first:%d/%m %H:%M}", f"{last:%d/%m %H:%M}")

    def _fetch(self) -> None:
        found = None
        try:
            found = self._ask()
        except SendError as error:
            log.warning("Telegram could not be asked about the webhook", extra=told_of(error))
        finally:
            self._answers.put(found)


def _troubles(found: Registration, url: str, at: datetime) -> list[Trouble]:
    """Return why updates do not arrive, a cause each."""
    troubles = []
    if found.url != url:
        words = f"the webhook is {found.url}" if found.url else "no webhook is set"
        troubles.append(Trouble(FaultKind.WEBHOOK, TELEGRAM, words, "address"))
    if found.pending > MOST_PENDING:
        words = f"{found.pending} updates wait"
        troubles.append(Trouble(FaultKind.WEBHOOK, TELEGRAM, words, "pending"))
    if found.last_error and found.last_error_at is not None and at - found.last_error_at <= FRESH:
        troubles.append(Trouble(FaultKind.WEBHOOK, TELEGRAM, found.last_error, "error"))
    return troubles
