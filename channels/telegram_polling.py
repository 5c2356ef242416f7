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
            self._take(update_id, body)
        return len(found)

    def run(self, stop: threading.Event, report: Callable[[Exception], None], pause: float = _PAUSE) -> None:
        """Remove the webhook, then fetch until `stop` is set; report errors and go on after `pause` seconds.

        An error of `store` is one of them: a database that is locked for a while ends nothing.
        """
        is_alone = False  # Telegram allows a webhook or this
        while not stop.is_set():
            try:
                if not is_alone:
                    self._telegram.take_down()
                    is_alone = True
                self.once()
            except Exception as error:  # noqa: BLE001 - whatever it is, nobody else fetches
                if stop.is_set():  # the channel was closed meanwhile
                    return
                report(error)
                wait = error.retry_after if isinstance(error, SendError) else None
                stop.wait(wait or pause)

    def _take(self, update_id: int, body: bytes) -> None:
        try:
            envelope = self._telegram.envelope(body)
        except BodyError:  # nothing Telegram sends; left behind so that it does not block the rest
            self._offset = update_id + 1
            return
        self._store(body, envelope)
        self._offset = update_id + 1
        if envelope.acknowledge:
            self._telegram.end_spinner(envelope)
