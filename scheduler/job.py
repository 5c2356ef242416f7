"""What a job is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from models.base import Db


@dataclass(frozen=True, slots=True)
class Job:
    """Something that is done again and again.

    `cron`: second, minute, hour, day, month, day of week (by name), in the programme's time zone.
    `run` does what is due at that time and returns how many it did; it is called again until it returns 0.
    `look` comes before each run, reads only, and tells whether there is anything to do: without it no
    transaction that writes is begun, for which on SQLite turns wait.
    """

    name: str
    cron: str
    run: Callable[[Db, datetime], int]
    is_led: bool = False  # only the worker that leads the schedule runs it
    look: Callable[[Db, datetime], bool] | None = None
