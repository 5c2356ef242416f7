"""`python -m bench.weight [PEOPLE [AT_ONCE]]`: what a report weighs in the database, fresh and old."""

import asyncio
import sqlite3
import sys
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from bench.bots import Griot
from bench.load import Load
from bench.running import running
from bench.wires import TelegramWire
from griot.clock import now
from models.db import open_store, write
from models.retention import Ages
from scheduler.jobs.retention import Retention

PEOPLE = 200
FIRST = 4  # people who report before the others: each city has reported then
AT_ONCE = 16
RAW, MESSAGES = timedelta(days=30), timedelta(days=200)  # the defaults of the settings
SCHEDULE = "occurrence"  # what it decided before is deleted too: that is no report's
SMALL = 20  # bytes a report below which a table or index is left out

Weights = dict[str, int]


def main(people: int = PEOPLE, at_once: int = AT_ONCE) -> None:
    """Let so many people report once each, on SQLite, and print bytes a report."""
    with tempfile.TemporaryDirectory() as name:
        show(asyncio.run(measure(Path(name), people, at_once)), people)


async def measure(folder: Path, people: int, at_once: int) -> list[Weights]:
    """Return what grew from the first report to the last: at once, after 31 days, after 201 days."""
    load, griot = Load(), Griot(TelegramWire())
    database = griot.database(folder)
    await load.provider.open()
    griot.prepare(folder, people + FIRST, load.provider.url)
    async with running(griot, folder, load.provider.url) as run:
        await load.each(run.target, range(people, people + FIRST), FIRST)
        before = weigh(database)
        await load.each(run.target, range(people), at_once)
        await run.settle()
    await load.provider.close()
    grown = [weigh(database)]
    for age in (RAW, MESSAGES):
        let_go(database, age + timedelta(days=1))
        grown.append(weigh(database))
    return [{name: after[name] - before.get(name, 0) for name in after} for after in grown]


def let_go(database: Path, age: timedelta) -> None:
    """Do what retention does when everything is so old."""
    store = open_store(f"sqlite:///{database}")
    retention, at = Retention(Ages(RAW, MESSAGES)), now() + age
    while any(write(store, lambda db: retention.run(db, at)) for _ in range(2)):
        pass  # after each pause it goes on
    store.close()


def weigh(database: Path) -> Weights:
    """Return the bytes on pages of every table and index."""
    with sqlite3.connect(database) as connection:
        return dict(connection.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name"))


def show(grown: Sequence[Weights], reports: int) -> None:
    """Print bytes a report, the heaviest first."""
    print(f"{'bytes per report':30} {'right after':>12} {'31 days':>9} {'201 days':>9}")
    first, *_ = grown
    for name in sorted(first, key=lambda name: -first[name]):
        if max(each[name] for each in grown) / reports > SMALL and SCHEDULE not in name:
            print(line(name, [each.get(name, 0) / reports for each in grown]))
    total = [sum(max(0, size) for name, size in each.items() if SCHEDULE not in name) for each in grown]
    print(line("in all", [each / reports for each in total]))


def line(name: str, figures: Sequence[float]) -> str:
    """Return one line of figures."""
    return f"{name:30} {figures[0]:12.0f} {figures[1]:9.0f} {figures[2]:9.0f}"


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
