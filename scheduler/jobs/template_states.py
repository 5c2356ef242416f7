"""Ask the provider every day how the templates stand."""

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue

from bot.templates import FALLEN, TemplateState
from channels.base import SendError, told_of
from models.base import Db
from models.template import known, note_all
from scheduler.job import Job

log = logging.getLogger(__name__)

EVERY = timedelta(days=1)
AGAIN = timedelta(hours=1)  # after the provider did not answer


Ask = Callable[[], Sequence[TemplateState]]  # how every template stands; raises SendError


def template_states(ask: Ask | None) -> Job:
    """Return the job; without anybody to ask it does nothing."""
    if ask is None:
        return Job("template_states", "0 0 6 * * *", lambda db, at: 0)
    poll = _Poll(ask)
    return Job("template_states", "*/5 * * * * *", poll.run, is_led=True, look=poll.look)


class _Poll:
    """Asks in a thread of its own and stores the answer at a later run: no call inside a transaction.

    An answer is kept until it is seen to be stored: a transaction may be repeated.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._answers: SimpleQueue[Sequence[TemplateState] | None] = SimpleQueue()  # None: there was none
        self._asked_at: datetime | None = None
        self._states: Sequence[TemplateState] | None = None
        self._next: datetime | None = None

    def look(self, db: Db, at: datetime) -> bool:
        """Tell whether it is time to ask, or there is an answer."""
        if self._asked_at is None:
            return self._is_due(at)
        return self._states is not None or not self._answers.empty()

    def run(self, db: Db, at: datetime) -> int:
        """Return how many templates stand otherwise than before; ask when it is time."""
        if self._asked_at is None:
            if self._is_due(at):
                self._asked_at = at
                threading.Thread(target=self._fetch, name="templates", daemon=True).start()
            return 0
        if self._states is None:
            try:
                self._states = self._answers.get_nowait()
            except Empty:
                return 0
        changed = _store(db, self._states, self._asked_at) if self._states is not None else 0
        if not changed:
            self._next = at + (AGAIN if self._states is None else EVERY)
            self._asked_at = self._states = None
        return changed

    def _is_due(self, at: datetime) -> bool:
        """Tell whether it is time; also after the clock was put back."""
        return self._next is None or not at < self._next <= at + EVERY

    def _fetch(self) -> None:
        states = None
        try:
            states = self._ask()
        except SendError as error:
            log.warning("the templates could not be looked at", extra=told_of(error))
        finally:
            self._answers.put(states)


def _store(db: Db, states: Sequence[TemplateState], at: datetime) -> int:
    before = {state.name: state.status for state in known(db)}
    for state in states:
        if state.status in FALLEN and state.status != before.get(state.name):
            log.warning("a template fell", extra={"template": state.name, "status": state.status})
    return note_all(db, states, at)
