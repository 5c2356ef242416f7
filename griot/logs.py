"""Logging: one line an event, as text or JSON, with ids and places, without people's words or secrets."""

import logging
import re
import sys
import threading
import traceback
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor

OURS = ("griot.", "webhooks.", "console.", "scheduler.", "reports.", "channels.", "models.")
QUIET = ("httpx", "httpcore", "aiohttp", "telegram", "twilio.http_client", "alembic")
SILENT = ("apscheduler",)  # a tick that takes over a second is no fault
ROOT = Path(__file__).resolve().parent.parent
MOST_PLACES, MOST_CAUSES = 20, 5
SHORTEST_SECRET = 8  # characters; shorter ones would be found in every word

BOT_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]{30,}")
MAIL = re.compile(r"[^\s<>\"'@]+@[^\s<>\"'@]+")
NUMBER = re.compile(r"\+?\d{4,}(\d{3})(?!\d)")  # of seven digits and more three are shown
FORMATS = re.compile(r"%(?:\(\w+\))?[-#0 +]*\d*(?:\.\d+)?[a-zA-Z]")
STANDARD = frozenset((*vars(logging.makeLogRecord({})), "message", "asctime"))

log = logging.getLogger(__name__)


def set_up_logging(log_format: str, secrets: Iterable[str] = ()) -> None:
    """Write one line an event to standard error, in this format (`text`, `json`), also of what nobody caught.

    Of our own lines the words stand in the source and values are named: ids, kinds, codes. Of a library's
    line only what stands in its source is kept, of an exception only its kind and where it arose: the rest
    may hold what people wrote. `secrets` are taken out wherever they stand.
    """
    hidden = hideable(secrets)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                _told,
                partial(_redacted, hidden),
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            ],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(log_format)],
            use_get_message=False,  # what cannot be put together would be lost
            pass_foreign_args=True,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in QUIET:  # at INFO some log URLs, and those hold tokens and numbers
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in SILENT:
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # a line that cannot be formatted would be printed with its values
    _tell_uncaught()


def hideable(secrets: Iterable[str]) -> tuple[str, ...]:
    """Return the secrets that can be taken out of texts, the longest first."""
    return tuple(sorted({one for one in secrets if len(one) >= SHORTEST_SECRET}, key=len, reverse=True))


def words_of(record: logging.LogRecord, values: object = ()) -> str:
    """Return what a line says: only what stands in its source, and numbers; of a library else where it is."""
    if isinstance(record.msg, str) and values:
        given = values if isinstance(values, tuple) else ()
        shown = iter([str(one) if isinstance(one, int | float) else "…" for one in given])
        return FORMATS.sub(lambda _found: next(shown, "…"), record.msg).partition("\n")[0]
    if record.name.startswith(OURS):
        return str(record.msg)
    return f"said at {short_path(record.pathname)}:{record.lineno} {record.funcName}"


def fields_of(record: logging.LogRecord) -> Mapping[str, Any]:
    """Return the values that a line of ours names: ids, kinds, codes; none of a library's."""
    if not record.name.startswith(OURS):
        return {}
    return {name: value for name, value in vars(record).items() if name not in STANDARD}


def raised_of(error: BaseException) -> str:
    """Return the kind of an exception and of its causes: `IntegrityError < UniqueViolation`."""
    return " < ".join(type(one).__name__ for one in _chain(error))


def places_of(error: BaseException) -> str:
    """Return where an exception arose: our calls that led there, the innermost last; no source, no values."""
    frames = list(traceback.walk_tb(error.__traceback__))
    told = [
        f"{short_path(frame.f_code.co_filename)}:{line} {frame.f_code.co_name}"
        for frame, line in frames
        if is_ours(frame.f_code.co_filename) or frame is frames[-1][0]
    ]
    return " > ".join(told[-MOST_PLACES:])


def is_ours(file: str) -> bool:
    """Tell whether a file is no library's."""
    return file.startswith(f"{ROOT}/") and "/site-packages/" not in file


def _told(_logger: object, _method: str, event: "EventDict") -> "EventDict":
    """Return what is told of a record."""
    record: logging.LogRecord = event["_record"]
    told: EventDict = {
        "event": words_of(record, event.get("positional_args", ())),
        "_record": record,
        "_from_structlog": event["_from_structlog"],
        **fields_of(record),
    }
    if record.exc_info and record.exc_info[1] is not None:
        told["raised"] = raised_of(record.exc_info[1])
        told["at"] = places_of(record.exc_info[1])
    return told


def _redacted(hidden: tuple[str, ...], _logger: object, _method: str, event: "EventDict") -> "EventDict":
    """Return the event, in one line, without secrets, addresses and numbers of people."""
    return {name: clean(value, hidden) for name, value in event.items()}


def clean(value: Any, hidden: tuple[str, ...]) -> Any:
    """Return a value without these secrets, and addresses and numbers of people; `…` for an object."""
    if not isinstance(value, str):
        return value if value is None or isinstance(value, int | float | logging.LogRecord) else "…"
    for secret in hidden:
        value = value.replace(secret, "<secret>")
    value = MAIL.sub("<address>", BOT_TOKEN.sub("<token>", value))
    return NUMBER.sub(r"…\1", " ".join(value.split()))


def _renderer(log_format: str) -> "Processor":
    if log_format == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(colors=False, timestamp_key="time")


def _chain(error: BaseException) -> Iterator[BaseException]:
    for _ in range(MOST_CAUSES):
        yield error
        below = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if below is None:
            return
        error = below


def short_path(file: str) -> str:
    """Return a path below our root or a library's folder."""
    _, is_library, below = file.rpartition("/site-packages/")
    return below if is_library else file.removeprefix(f"{ROOT}/")


def _tell_uncaught() -> None:
    """Log what nobody caught, in the main thread, in others, and where it cannot be raised."""

    def uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
        else:
            log.critical("nothing caught what was raised", exc_info=error)

    def in_thread(told: threading.ExceptHookArgs) -> None:
        if told.exc_value is not None and not isinstance(told.exc_value, SystemExit):
            log.critical("a thread ended by what was raised in it", exc_info=told.exc_value)

    def unraisable(told: "sys.UnraisableHookArgs") -> None:
        log.error("what was raised could not be passed on", exc_info=told.exc_value)

    sys.excepthook, threading.excepthook, sys.unraisablehook = uncaught, in_thread, unraisable
