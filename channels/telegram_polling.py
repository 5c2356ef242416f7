"""Updates fetched instead of delivered: development without a public address."""

import threading
from collections.abc import Callable

from channels.base import BodyError, Envelope, SendError
from channels.telegram import KINDS, Telegram

WAIT = 25  # seconds that Telegram holds a request open while nothing happens
_PAUSE = 5.0  # seconds after an error


class Polling:
    """Fetch updates and hand each to `store`, the way the webhook does: durable first, then confirmed.

    `store(body, envelope)` returns when the update is in the inbox and raises otherwise; the update is
    then fetched again.
    """

    def __init__(self, telegram: Telegram, store: Callable[[bytes, Envelope], None]) -> None:
        self._telegram = telegram
        self._store = store
        self._offset = 0  # Telegram forgets what lies before it

    def once(self, wait: int = WAIT) -> int:
        """Return how many updates came within `wait` seconds; raise SendError."""
        found = self._telegram.calls.updates(self._offset, wait, KINDS)
        for update_id, body in found:
            self._take(body)
            self._offset = update_id + 1
        return len(found)

    def run(self, stop: threading.Event, report: Callable[[SendError], None], pause: float = _PAUSE) -> None:
        """Fetch until `stop` is set; report each error and go on after `pause` seconds."""
        while not stop.is_set():
            try:
                self.once()
            except SendError as error:
                if stop.is_set():  # the channel was closed meanwhile
                    return
                report(error)
                stop.wait(error.retry_after or pause)

    def _take(self, body: bytes) -> None:
        try:
            envelope = self._telegram.envelope(body)
        except BodyError:
            return  # nothing Telegram sends; left behind so that it does not block the rest
        self._store(body, envelope)
        if envelope.acknowledge:
            self._telegram.end_spinner(envelope)
