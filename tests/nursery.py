"""A process that has all of Griot loaded and forks for each command: a start costs no second of imports.

Nor does it cost what every process makes of what never changes in a run: mappers, catalogs, the programme.
`tests/starting.py` begins it and asks it.
"""

import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import sys
import threading
from dataclasses import dataclass

from sqlalchemy.orm import configure_mappers

MOST = 1 << 18  # bytes of a request
PACKAGES = ("griot.commands", "griot", "models", "scheduler.jobs", "channels", "console", "webhooks")
LATE = ("alembic.command", "psycopg", "telegram")  # what commands load only when they need it
NEVER = ("prometheus_client", "gunicorn.config")  # read the environment once, when loaded
WITH_THEM = ("griot.server", "griot.procfile")


@dataclass(frozen=True, slots=True)
class Request:
    """A command to become: its words, environment and folder; `pid` and exit code are told through `told`."""

    words: list[str]
    environment: dict[str, str]
    folder: str
    has_session: bool
    files: list[int]  # standard input, output and error
    told: socket.socket


def load() -> None:
    """Load every module that a command may need."""
    for package in PACKAGES:
        for module in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
            if module.name not in WITH_THEM:
                importlib.import_module(module.name)
    for name in LATE:
        importlib.import_module(name)
    make_ready()
    assert not any(name in sys.modules for name in NEVER)
    assert threading.active_count() == 1  # a fork takes one thread along only
    gc.collect()
    gc.freeze()  # whoever looks for garbage leaves what was loaded alone, and so in memory that is shared


def make_ready() -> None:
    """Make what every command makes first: it is kept in memory, by the files that it is made of."""
    from bot.programme import open_programme
    from griot.settings import data_folder
    from griot.voices import voices
    from tests.programmes import ASTON, BUDGET, files_of

    configure_mappers()
    voices(data_folder("locales"))
    files = files_of(ASTON)
    open_programme(files)
    open_programme({name: content for name, content in files.items() if name != BUDGET})


def wait(door: socket.socket) -> Request | None:
    """Fork for each request; return it in the child, or None in the parent when nobody asks any more."""
    ended, ring = socket.socketpair()
    ring.setblocking(False)
    signal.set_wakeup_fd(ring.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever began it ends it
    children: dict[int, socket.socket] = {}
    while True:
        ready, _, _ = select.select([door, ended], [], [])
        if ended in ready:
            ended.recv(4096)
            _reap(children)
        if door in ready:
            request = _asked(door)
            if request is None:
                return None
            pid = os.fork()
            if pid == 0:
                return request
            _tell(request.told, pid)
            children[pid] = request.told
            for file in request.files:
                os.close(file)


def become(request: Request) -> None:
    """Be the command, as if it had just been started."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, file in enumerate(request.files):
        os.dup2(file, number)
    request.told.detach()
    os.closerange(3, 4096)
    if request.has_session:
        os.setsid()
    os.chdir(request.folder)
    os.environ.clear()
    os.environ.update(request.environment)
    sys.argv = ["griot", *request.words]
    from griot.cli import main

    main()


def _asked(door: socket.socket) -> Request | None:
    message, files, _, _ = socket.recv_fds(door, MOST, 4)
    if not message:
        return None
    told = socket.socket(fileno=files.pop())
    return Request(*json.loads(message), files, told)


def _reap(children: dict[int, socket.socket]) -> None:
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        with children.pop(pid) as told:
            _tell(told, os.waitstatus_to_exitcode(status))


def _tell(told: socket.socket, number: int) -> None:
    try:
        told.send(f"{number}\n".encode())
    except OSError:  # whoever asked is gone
        return


if __name__ == "__main__":
    load()
    request = wait(socket.socket(fileno=0))
    if request is not None:
        become(request)
