"""`griot run` and `griot web`: an arbiter that only watches, and so imports nothing of what it watches."""

import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from griot.apart import asked_apart

if TYPE_CHECKING:
    from flask import Flask

    from griot.commands.processes import Together

host_of = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
port_of = click.option(
    "--port", type=click.IntRange(1, 65535), help="Port to listen on, else PORT, else 8000."
)


@click.command()
@click.option("--demo", "is_demo", is_flag=True, help="With people, past reports and a phone simulator.")
@host_of
@port_of
def run(is_demo: bool, host: str, port: int | None) -> None:
    """Migrate, load the programme, and run web and worker in one process."""
    from griot.server import serve

    known, log_format = asked_apart(partial(_told, is_demo))
    together = _Together(port or known, is_demo)
    sys.exit(serve(together.make, host, port or known, together.end, log_format=log_format, workers=1))


@click.command()
@host_of
@port_of
def web(host: str, port: int | None) -> None:
    """Serve webhooks, console and feeds. WEB_CONCURRENCY starts several processes."""
    from griot.server import serve

    known, log_format = asked_apart(ready)
    sys.exit(serve(make_web, host, port or known, log_format=log_format))


class _Together:
    """Web and worker of `griot run`, made in the serving process."""

    def __init__(self, port: int, is_demo: bool) -> None:
        self._port = port
        self._is_demo = is_demo
        self._running: Together | None = None

    def make(self) -> "Flask":
        """Return the application, the worker started."""
        from griot.commands.processes import Together

        self._running = Together(self._port, self._is_demo)
        return self._running.make()

    def end(self) -> None:
        """Let the worker end."""
        if self._running is not None:
            self._running.end()


def ready() -> tuple[int, str]:
    """Return the port and the form of log lines when settings and schema are right; raise ClickException."""
    from griot.commands.processes import check_ready

    return check_ready()


def make_web() -> "Flask":
    """Return the web application of one serving process."""
    from griot.commands.processes import make_web

    return make_web()


def _told(is_demo: bool) -> tuple[int, str]:
    from griot.commands.processes import told

    return told(is_demo=is_demo)
