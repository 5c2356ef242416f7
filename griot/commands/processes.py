"""What web and worker processes do, and `griot worker`."""

import gc
import logging
import os
import signal
import sys
import threading
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from sqlalchemy.exc import SQLAlchemyError

from griot.clock import follow, now
from griot.commands.desk import one_line
from griot.commands.refusals import BadInput, Failed
from griot.logs import set_up_logging
from griot.settings import Settings, SettingsError, load_settings
from griot.variables import secret_values

if TYPE_CHECKING:
    from flask import Flask

    from griot.running import RunningWorker
    from models.db import Store

WEB = 16  # connections to the database at most: as many requests are served at once
WORKER = 8  # for rounds, schedule, and whatever works beside them
PREPARING = 5.0  # seconds at most until a worker's libraries and forms are loaded
LONGEST_END = 9.0  # seconds from SIGTERM until the process ends, whatever hangs (contract: 10)

log = logging.getLogger(__name__)


@click.command()
@click.option("--once", "is_once", is_flag=True, help="Do what is due now, then exit: 1 when a send failed.")
def worker(is_once: bool) -> None:
    """Take turns, send messages, keep the schedule."""
    settings = _settings()
    check_ready()
    store = _store(settings)
    sys.exit(_work_once(settings, store) if is_once else _work(settings, store))


def told(*, is_demo: bool = False) -> tuple[int, str]:
    """Return the port and the form of log lines that the settings give; raise BadInput."""
    settings = _settings(is_demo=is_demo)
    return settings.port, settings.log_format


def check_ready() -> tuple[int, str]:
    """Return what `told` does when settings and schema are right; raise BadInput or Failed otherwise."""
    settings = _settings()
    store = _store(settings)
    try:
        check_schema(store)
        follow(store)
        _tell_of_demo(store)
    finally:
        store.close()
    return settings.port, settings.log_format


def check_schema(store: "Store") -> None:
    """Return when the schema is this Griot's; raise Failed otherwise."""
    from griot.schema import Standing, standing

    try:
        found = standing(store)
    except SQLAlchemyError as error:
        raise Failed(f"The database cannot be used: {_reason(error)}") from None
    if found == Standing.BEHIND:
        raise Failed("The schema is behind. Run `griot migrate`.")
    if found == Standing.AHEAD:
        raise Failed("The schema is ahead of this Griot. Install the newer one.")


def _tell_of_demo(store: "Store") -> None:
    """Log that the database holds a demonstration, if so: nobody real belongs there."""
    from models.db import read
    from models.demo import is_demo

    if read(store, is_demo):
        log.warning("this database holds a demonstration; for real people set DATABASE_URL to another one")


def make_web() -> "Flask":
    """Return the application of a web process; workers are other processes."""
    from griot.assembly import make_app
    from griot.metrics import open_measures
    from griot.wake import announce

    settings = _settings()
    store = _store(settings, WEB)
    follow(store)
    app = make_app(settings, store, open_measures(settings.griot_var), announce, lambda: None)
    _spare_collector()
    return app


def _spare_collector() -> None:
    """Leave out of the collector what there is now: it stays, and each look through all of it takes 0.1 s."""
    gc.collect()
    gc.freeze()


class Together:
    """Web and worker of `griot run`, made in the serving process."""

    def __init__(self, port: int, is_demo: bool) -> None:
        self._port = port
        self._is_demo = is_demo
        self._running: RunningWorker | None = None

    def make(self) -> "Flask":
        """Prepare the database, start the worker, and return the application."""
        from griot.assembly import make_app, open_channels
        from griot.calendars import learn_holidays
        from griot.metrics import open_measures
        from griot.running import RunningWorker
        from griot.threads import ENDINGS
        from griot.wake import ear

        settings = _settings(is_demo=self._is_demo).model_copy(update={"port": self._port})
        store = _store(settings, WEB + WORKER)
        lines = _prepare(settings, store, self._is_demo)
        learn_holidays(store, now())
        listening, measures = ear(store, is_alone=True), open_measures(settings.griot_var)
        app = make_app(settings, store, measures, lambda _db: None, listening.ring, is_demo=self._is_demo)
        self._running = RunningWorker(settings, store, open_channels(settings), measures, listening)
        ENDINGS.append(self._running.stop)
        for line in lines:
            click.echo(line)
        sys.stdout.flush()
        return app

    def end(self) -> None:
        """Let the worker end."""
        if self._running is not None:
            self._running.stop()
            self._running.wait()


def _prepare(settings: Settings, store: "Store", is_demo: bool) -> list[str]:
    """Migrate and load; return the lines that say where to go."""
    from griot import schema

    try:
        schema.migrate(store)
        check_schema(store)
        follow(store)
        _load_programme(settings.programme_folder, store)
        lines = [f"Console: {settings.origin}"]
        if is_demo:
            path = _sign_in_to_demo(settings.programme_folder, store)
            lines += [f"Simulator: {settings.origin}/simulator", f"Sign in: {settings.origin}{path}"]
        else:
            _tell_of_demo(store)
    except SQLAlchemyError as error:
        raise Failed(f"The database cannot be used: {_reason(error)}") from None
    return lines


def _load_programme(folder: Path, store: "Store") -> None:
    """Load the programme's files; raise BadInput with every fault."""
    from griot.programmes import files_of
    from models.db import read, write
    from models.programme import is_loaded, load

    try:
        files = files_of(folder)
    except OSError:
        raise BadInput(f"GRIOT_PROGRAMME: there is no folder {folder}") from None
    if read(store, lambda db: is_loaded(db, files)):
        return
    from bot.programme import read_programme
    from griot.reading import read_once

    programme, problems = read_programme(files, read_once)
    if programme is not None:
        problems = write(store, lambda db: load(db, programme, files, now(), read_once))
    if problems:
        raise BadInput("; ".join(one_line(problem) for problem in problems))


def _sign_in_to_demo(folder: Path, store: "Store") -> str:
    """Fill the database with the demonstration; return the path that signs its officer in."""
    from griot.demo import MixedError, load_demo
    from models.base import Db
    from models.db import write
    from models.form import FormShelf
    from models.person import officers
    from models.signin import new_sign_in

    def fill(db: Db) -> str:
        load_demo(db, (folder / "demo.yaml").read_bytes(), FormShelf(), now())
        return new_sign_in(db, officers(db)[0].id, now())

    try:
        return write(store, fill)
    except FileNotFoundError:
        raise BadInput(f"{folder} holds no demo.yaml: start without --demo") from None
    except MixedError as error:
        raise BadInput(str(error)) from None


def _work(settings: Settings, store: "Store") -> int:
    from griot.assembly import open_channels
    from griot.calendars import learn_holidays
    from griot.metrics import open_measures
    from griot.running import RunningWorker
    from griot.wake import ear

    learn_holidays(store, now())
    stop = threading.Event()

    def end(*_: object) -> None:
        stop.set()
        limit = threading.Timer(LONGEST_END, os._exit, (1,))  # leases cover what did not end
        limit.daemon = True
        limit.start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    running = RunningWorker(
        settings,
        store,
        open_channels(settings),
        open_measures(settings.griot_var),
        ear(store, is_alone=False),
    )
    running.is_prepared.wait(PREPARING)
    _spare_collector()
    while not stop.wait(1.0) and running.lives:
        pass
    lives = running.lives
    running.stop()
    running.wait()
    store.close()
    return 0 if lives else 1


def _work_once(settings: Settings, store: "Store") -> int:
    """Return 1 when a message failed for good, or a channel refuses every call."""
    from griot.assembly import close_all, make_work, open_channels
    from griot.metrics import open_measures
    from griot.running import make_planner
    from griot.wake import ear
    from griot.worker import Worker

    channels = open_channels(settings)
    listening = ear(store, is_alone=False)
    work = make_work(settings, store, channels, open_measures(settings.griot_var))
    try:
        planner = make_planner(settings, store, channels)

        def plan() -> datetime | None:
            planner.tick(now())
            return planner.lead_falls_free()

        failed = Worker(work, listening).once(plan)
        planner.end()
    except SQLAlchemyError as error:
        raise Failed(f"The database cannot be used: {_reason(error)}") from None
    finally:
        close_all(channels)
        listening.close()
        store.close()
    return 1 if failed else 0


def _settings(*, is_demo: bool = False) -> Settings:
    try:
        settings = load_settings(is_demo=is_demo)
    except SettingsError as error:
        raise BadInput(str(error)) from None
    secrets = secret_values(settings)
    set_up_logging(settings.log_format, secrets)
    if dsn := settings.sentry_dsn.get_secret_value():
        from griot.sentry import report_faults

        report_faults(dsn, secrets)
    return settings


def _store(settings: Settings, connections: int = WORKER) -> "Store":
    from models.db import open_store

    return open_store(settings.database_url, connections)


def _reason(error: SQLAlchemyError) -> str:
    return " ".join(str(getattr(error, "orig", error)).split())
