"""What the Procfile's gunicorn loads.

gunicorn listens on PORT and starts WEB_CONCURRENCY processes by itself.
"""

import sys
from typing import TYPE_CHECKING

import click

from griot.server import OPTIONS

if TYPE_CHECKING:
    from flask import Flask

worker_class = OPTIONS["worker_class"]
logger_class = OPTIONS["logger_class"]
threads = OPTIONS["threads"]
graceful_timeout = OPTIONS["graceful_timeout"]
timeout = OPTIONS["timeout"]
keepalive = OPTIONS["keepalive"]
control_socket_disable = OPTIONS["control_socket_disable"]


def on_starting(_server: object) -> None:
    """Stop with one line when the settings or the schema are not right."""
    from griot.commands.processes import check_ready

    try:
        check_ready()
    except click.ClickException as error:
        print(f"Error: {error.format_message()}", file=sys.stderr)
        sys.exit(error.exit_code)


def application() -> "Flask":
    """Return the web application of one serving process."""
    from griot.commands.processes import make_web

    return make_web()
