"""Logging: one line an event, as text or JSON, with ids and places, without people's words or secrets."""

import json
import logging
import re
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias

Line: TypeAlias = Mapping[str, Any]

OURS = ("griot.", "webhooks.", "console.", "scheduler.", "reports.", "channels.", "models.")
QUIET = ("httpx", "httpcore", "aiohttp", "telegram", "alembic")
SILENT = ("apscheduler",)  # a tick that takes over a second is no fault
ROOT = Path(__file__).resolve().parent.parent
MOST_PLACES, MOST_CAUSES = 20, 5
SHORTEST_SECRET = 8  # characters; shorter ones would be found in every word

BOT_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]{30,}")
MAIL = re.compile(r"[^\s<>\"'@]+@[^\s<>\"'@]+")
NUMBER = re.compile(r"\+?\d{4,}(\d{3})(?!\d)")  # of seven digits and more three are shown
FORMATS = re.compile(r"%(?:\(\w+\))?[-#0 +]*\d*(?:\.\d+)?[a-zA-Z]")
_IN_ORDER = {"time", "level", "event", "logger"}  # first, in each line of text
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
    handler.setFormatter(_Lines(hidden, _as_json if log_format == "json" else _as_text))
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


class _Lines(logging.Formatter):
    """Records as lines, without secrets, addresses and numbers of people."""

    def __init__(self, hidden: tuple[str, ...], written: Callable[[Line], str]) -> None:
        super().__init__()
        self._hidden = hidden
        self._written = written

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record; the library's own words of an exception are none of it."""
        told = {name: clean(value, self._hidden) for name, value in _told(record).items()}
        at = datetime.fromtimestamp(record.created, UTC).replace(tzinfo=None)
        of_record = {
            "level": record.levelname.lower(),
            "logger": record.name,
            "time": f"{at.isoformat(timespec='microseconds')}Z",
        }
        return self._written(told | of_record)


def _told(record: logging.LogRecord) -> Line:
    """Return what is told of a record."""
    told = {"event": words_of(record, record.args), **fields_of(record)}
    if record.exc_info and record.exc_info[1] is not None:
        told["raised"] = raised_of(record.exc_info[1])
        told["at"] = places_of(record.exc_info[1])
    return told


def clean(value: Any, hidden: tuple[str, ...]) -> Any:
    """Return a value without these secrets, and addresses and numbers of people; `…` for an object."""
    if not isinstance(value, str):
        return value if value is None or isinstance(value, int | float) else "…"
    for secret in hidden:
        value = value.replace(secret, "<secret>")
    value = MAIL.sub("<address>", BOT_TOKEN.sub("<token>", value))
    return NUMBER.sub(r"…\1", " ".join(value.split()))


def _as_json(line: Line) -> str:
    return json.dumps(line, ensure_ascii=False)


def _as_text(line: Line) -> str:
    """Return time, level, event, logger, then what is named, in the alphabet's order."""
    named = " ".join(f"{name}={_shown(line[name])}" for name in sorted(line.keys() - _IN_ORDER))
    told = f"{line['time']} [{line['level']:<8}] {line['event']:<30} [{line['logger']}]"
    return f"{told} {named}".rstrip()


def _shown(value: object) -> str:
    """Return a value so that one sees where it ends."""
    text = str(value)
    return repr(text) if set(text) & set(" ='\"") else text


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
