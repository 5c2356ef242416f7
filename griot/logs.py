"""Logging: structlog over the standard library, as text or JSON, without secrets or people's words."""

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog

BOT_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]{30,}")
QUIET = ("httpx", "httpcore", "aiohttp", "telegram", "twilio.http_client", "alembic")
SILENT = ("apscheduler",)  # a tick that takes over a second is no fault


def set_up_logging(log_format: str) -> None:
    """Write log lines of every library to standard error, in this format (`text`, `json`), redacted."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    last: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in QUIET:  # at INFO some log URLs, and those hold tokens and numbers
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in SILENT:
        logging.getLogger(name).setLevel(logging.ERROR)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )


def trace_of(error: BaseException) -> str:
    """Return where an error arose and its kind, without its text: that may hold what a person wrote."""
    return f"{type(error).__name__} at\n" + "".join(traceback.format_tb(error.__traceback__))


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Return the event with every bot token taken out, also from exceptions and foreign messages."""
    return {name: _clean(value) for name, value in event.items()}


def _clean(value: Any) -> Any:
    return BOT_TOKEN.sub("<token>", value) if isinstance(value, str) else value
