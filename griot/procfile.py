"""What the Procfile's gunicorn loads.

gunicorn listens on PORT and starts WEB_CONCURRENCY processes by itself.
"""

import sys
from typing import TYPE_CHECKING

import click
from gunicorn.arbiter import Arbiter

from griot.apart import asked_apart
from griot.commands import serving
from griot.server import OPTIONS, watch

if TYPE_CHECKING:
    from flask import Flask

worker_class = OPTIONS["worker_class"]
logger_class = OPTIONS["logger_class"]
threads = OPTIONS["threads"]
graceful_timeout = OPTIONS["graceful_timeout"]
timeout = OPTIONS["timeout"]
keepalive = OPTIONS["keepalive"]
control_socket_disable = OPTIONS["control_socket_disable"]


def on_starting(arbiter: Arbiter) -> None:
    """Stop with one line when the settings or the schema are not right."""
    try:
        log_format: str = asked_apart(serving.ready)[1]
    except click.ClickException as error:
        print(f"Error: {error.format_message()}", file=sys.stderr)
        sys.exit(error.exit_code)
    watch(arbiter, log_format)


def application() -> "Flask":
    """Return the web application of one serving process."""
    return serving.make_web()
