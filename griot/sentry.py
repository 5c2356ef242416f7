"""Faults reported to Sentry: of each line of level error what the log tells, and nothing that Sentry adds."""

import atexit
import logging
import traceback
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from time import monotonic
from typing import TYPE_CHECKING

import sentry_sdk

from griot.logs import clean, fields_of, hideable, raised_of, short_path, words_of

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

    from models.base import Json

KEPT = frozenset(("event_id", "timestamp", "level", "logger", "logentry", "exception", "tags", "release"))
NEEDED = frozenset(("platform", "sdk"))  # which library speaks
PAUSE = 60.0  # seconds until the same fault is reported again: a database that is away fails each second
LAST_WORDS = 2.0  # seconds that the end of a process waits for reports


def report_faults(dsn: str, secrets: Iterable[str] = ()) -> None:
    """Report every line of level error and above from now on; nothing else is sent, ever.

    All of Sentry's integrations are off: they would send requests, variables and the machine's name.
    """
    sentry_sdk.init(
        dsn=dsn,
        release=f"griot@{version('griot')}",
        default_integrations=False,
        auto_enabling_integrations=False,
        include_local_variables=False,
        include_source_context=False,
        max_breadcrumbs=0,
        send_client_reports=False,
        auto_session_tracking=False,
        before_send=only_known,
    )
    logging.getLogger().addHandler(Reporter(hideable(secrets)))
    atexit.register(sentry_sdk.flush, LAST_WORDS)


def only_known(event: "Event", _hint: "Hint") -> "Event":
    """Return the event with what we put into it; what the library added is left out."""
    kept: Event = {}
    for name in KEPT | NEEDED:
        if name in event:
            kept[name] = event[name]  # type: ignore[literal-required]  # names of the event's own keys
    return kept


class Reporter(logging.Handler):
    """Reports lines: words, ids, and of an exception kinds and places."""

    def __init__(self, hidden: tuple[str, ...]) -> None:
        """Take secrets out wherever they stand."""
        super().__init__(logging.ERROR)
        self._hidden = hidden
        self._reported: dict[tuple[str, str], float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Report a line, unless the same fault was reported within the last minute."""
        error = record.exc_info[1] if record.exc_info else None
        words = clean(words_of(record, record.args), self._hidden)
        fault, now = (words, raised_of(error) if error else ""), monotonic()
        if now - self._reported.get(fault, -PAUSE) < PAUSE:
            return
        self._reported[fault] = now
        event: Event = {
            "level": "fatal" if record.levelno >= logging.CRITICAL else "error",
            "logger": record.name,
            "logentry": {"message": words},
            "tags": {name: str(clean(value, self._hidden)) for name, value in fields_of(record).items()},
        }
        if error is not None:
            frames = list(_frames(error))
            event["exception"] = {
                "values": [{"type": raised_of(error), "value": "", "stacktrace": {"frames": frames}}]
            }
        sentry_sdk.capture_event(event)


def _frames(error: BaseException) -> "Iterator[dict[str, Json]]":
    """Yield where an exception arose, the innermost last, as Sentry's event payload has it."""
    for frame, line in traceback.walk_tb(error.__traceback__):
        name = frame.f_code.co_name
        yield {"filename": short_path(frame.f_code.co_filename), "function": name, "lineno": line}
