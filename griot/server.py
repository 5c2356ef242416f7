"""The web process: gunicorn with threads, which may hold the worker too.

Its arbiter only watches: nothing may be imported here that the serving processes alone need.
"""

import gc
import importlib
import logging
import mmap
import os
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.config import Config
from gunicorn.errors import AppImportError
from gunicorn.glogging import Logger

from griot.commands.refusals import BadInput, Failed

if TYPE_CHECKING:
    from flask import Flask

OPTIONS: dict[str, object] = {
    "worker_class": "griot.threads.Threads",
    "logger_class": "griot.server.Log",
    "threads": 16,  # pages at once; webhooks need none (griot/threads.py)
    "graceful_timeout": 9,  # seconds from SIGTERM until a process is killed
    "timeout": 60,  # seconds without a sign of life until a process is replaced
    "keepalive": 75,  # seconds; longer than most proxies, so that they close first
    "control_socket_disable": True,
}

# What serving processes import, when there are several: imported before the fork they share most of it.
SHARED = (
    "griot.assembly",
    "griot.app",
    "griot.health",
    "griot.metrics",
    "prometheus_client",
    "webhooks.plain",
    "webhooks.routes",
)


class Log(Logger):  # type: ignore[misc]  # gunicorn is untyped
    """gunicorn's messages among our own, from warnings on."""

    def setup(self, cfg: Config) -> None:
        """Leave everything to the root logger."""
        self.error_log = logging.getLogger("gunicorn.error")
        self.error_log.setLevel(logging.WARNING)
        self.access_log = logging.getLogger("gunicorn.access")
        self.access_log.setLevel(logging.WARNING)
        self.error_log.propagate = self.access_log.propagate = True

    def warning(self, msg: str, *args: object, **kwargs: Any) -> None:
        """Log a message as said where it is said: what a request holds stands in it, the place is told."""
        super().warning(msg, *args, stacklevel=3, **kwargs)

    def error(self, msg: str, *args: object, **kwargs: Any) -> None:
        """Log a message, unless it only says that a start failed: that was said in our own words."""
        if not msg.startswith(("Shutting down", "Reason", "Worker (pid:%s) exited with code")):
            super().error(msg, *args, **kwargs)


class _Late(logging.Handler):
    """Set logging up when a first line is to be written: an arbiter may never write one."""

    def __init__(self, log_format: str) -> None:
        super().__init__()
        self._format = log_format

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line, as all others from now on."""
        from griot.logs import set_up_logging

        set_up_logging(self._format)
        logging.getLogger().handle(record)


def watch(arbiter: Arbiter, log_format: str) -> None:
    """Make an arbiter ready to watch.

    One serving process imports for itself: 85 MiB in all with the arbiter, 113 when that imported before the
    fork. Each further one costs 80 MiB then, but 26 when it shares what the arbiter has imported, as long as
    the collector leaves those pages alone (measured as PSS, Python 3.11).
    """
    logging.getLogger().handlers[:] = [_Late(log_format)]
    if arbiter.num_workers > 1:
        for name in SHARED:
            importlib.import_module(name)
        gc.collect()
        gc.freeze()


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn is untyped
    """Serve what `make` returns, made after the fork; `ended` runs when the serving process ends."""

    def __init__(
        self,
        make: Callable[[], "Flask"],
        options: dict[str, object],
        ended: Callable[[], None] | None,
        log_format: str,
    ) -> None:
        self._make = make
        self._log_format = log_format
        self._given = {**OPTIONS, **options}
        self._ended = ended
        super().__init__()

    def load_config(self) -> None:
        """Set gunicorn's configuration."""
        ended, log_format = self._ended, self._log_format
        for name, value in self._given.items():
            self.cfg.set(name, value)
        self.cfg.set("on_starting", lambda arbiter: watch(arbiter, log_format))
        if ended is not None:
            self.cfg.set("worker_exit", lambda arbiter, worker: ended())

    def load(self) -> "Flask":
        """Return the application."""
        return self._make()


def serve(
    make: Callable[[], "Flask"],
    host: str,
    port: int,
    ended: Callable[[], None] | None = None,
    *,
    log_format: str = "text",
    **options: object,
) -> int:
    """Serve until a signal, and return the exit code; raise BadInput or Failed when nothing can listen there.

    `make` runs in the serving process; when it raises ClickException, its line is printed and its code
    returned, which gunicorn alone would not do.
    """
    _check_free(host, port)
    code = mmap.mmap(-1, 1)  # shared with the serving process
    arbiter = os.getpid()

    def made() -> "Flask":
        try:
            return make()
        except click.ClickException as error:
            code[0] = error.exit_code
            raise AppImportError(f"Error: {error.format_message()}") from None

    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        Server(made, {"bind": bind, **options}, ended, log_format).run()
    except SystemExit as error:
        if os.getpid() != arbiter:
            raise  # the end of a serving process, which the arbiter reads
        return code[0] or (error.code if isinstance(error.code, int) else 1)
    return 0


def _check_free(host: str, port: int) -> None:
    """Try the address once: gunicorn would try five times, and say so ten times."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((host, port))
    except (socket.gaierror, UnicodeError):
        raise BadInput(f"There is no host {host}. Give an address of this machine with --host.") from None
    except OSError as error:
        mend = "Give another with --port or PORT, or another --host."
        raise Failed(f"Port {port} of {host} cannot be used: {error.strerror}. {mend}") from None
