"""`make bench-scale`: what a network of 100,000 people and 1,000,000 reports costs, beside a small one."""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from bench.crowd import FIRST_ADDRESS, NOW, Crowd, fill
from bench.phone import LEASE, Phone
from bot.digest import digest, full_text
from bot.planning import plan
from bot.programme import Programme
from bot.week import Week
from channels.telegram import Telegram
from griot.settings import data_folder
from griot.turn import make_turns
from griot.voices import voices
from models import broadcast, export, sending
from models.attention import worries
from models.base import Db
from models.broadcast import Broadcast
from models.db import Store, open_store, read, write
from models.digest import week_in_full
from models.form import FormShelf
from models.outbox import BULK
from models.overview import cities_within, last_sent, reports_of
from models.programme import ProgrammeShelf
from models.reach import Reach
from models.sending import Sent
from models.timetable import world_of
from reports.digest_mail import as_html
from tests.databases import Server, make_tables, on_server

WEEK, LANGUAGES = "2026-W48", ("en", "fr", "pt", "ar")
CHANNELS = ("telegram", "whatsapp", "sms", "email")
ROUNDS, BATCH = 6, 64
NOTICE = "The office is closed on Friday."
OWN = 11  # cities of the ASToN programme


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `must` and `aim` are limits of the value, None where there is none."""

    measure: str
    value: float
    shown: str
    must: float | None = None
    aim: float | None = None

    @property
    def met(self) -> str:
        """Return which target is reached: aim, must, no; "" without one."""
        if self.must is None or self.aim is None:
            return ""
        return "aim" if self.value <= self.aim else "must" if self.value <= self.must else "no"


def main() -> None:
    """Fill three databases, measure, and print one table."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--people", type=int, default=100_000)
    asked.add_argument("--reports", type=int, default=1_000_000)
    asked.add_argument("--cities", type=int, default=500)
    asked.add_argument("--postgresql", action="store_true", help="on a server of its own, instead of SQLite")
    given = asked.parse_args()
    small = Crowd(OWN, OWN, 1_000, weeks=52, talked=100)
    wide = Crowd(given.cities, given.people, 1_000, weeks=52, talked=100)
    full = Crowd(given.cities, given.people, given.reports, talked=min(50_000, given.reports))
    with _databases(given.postgresql) as new:
        filled = [_filled(new, crowd) for crowd in (small, wide, full)]
        show(measure(filled, full))


@contextmanager
def _databases(is_postgresql: bool) -> Iterator[Callable[[], str]]:
    """Yield what makes empty databases, gone at the end."""
    with tempfile.TemporaryDirectory(prefix="griot-scale-") as name:
        if not is_postgresql:
            numbers = iter(range(100))
            yield lambda: f"sqlite:///{Path(name) / f'{next(numbers)}.db'}"
            return
        server = Server(Path(name))
        yield on_server(server).empty
        server.close()


def _filled(new: Callable[[], str], crowd: Crowd) -> Store:
    address, began = new(), time.perf_counter()
    make_tables(address)
    fill(address, crowd)
    print(f"{crowd} in {time.perf_counter() - began:.0f} s", flush=True)
    return open_store(address)


def measure(stores: Sequence[Store], crowd: Crowd) -> list[Row]:
    """Return every figure: `stores` holds the small network, one with many people, and `crowd`."""
    full = stores[-1]
    return [
        *turn_rows(stores),
        *digest_rows(full, crowd.cities),
        *page_rows(full),
        *look_rows(full),
        *bulk_rows(full, crowd.people),
    ]


def turn_rows(stores: Sequence[Store]) -> list[Row]:
    """Return what a turn costs in each network, one report after the other in turn: the middle of them."""
    channel = Telegram("1:bench", "bench", "http://127.0.0.1:1", 5.0)
    turns = [make_turns({"telegram": channel}) for _ in stores]
    costs: list[list[float]] = [[] for _ in stores]
    for round in range(ROUNDS):
        at = NOW + timedelta(minutes=30 * round)
        for store, own, cost in zip(stores, turns, costs, strict=True):
            phone = Phone(store, own, FIRST_ADDRESS + 1 + round, at)
            began = time.thread_time()
            taken = phone.reports()
            cost.append((time.thread_time() - began) / taken)
    small, wide, full = (statistics.median(cost[1:]) for cost in costs)  # the first warms up
    return [
        Row("a turn, small network", small, f"{small * 1e3:.2f} ms of CPU"),
        _ratio("P9 a turn with many people, over it", wide / small),
        _ratio("P9 a turn with many reports besides, over that", full / wide),
    ]


def _ratio(measure: str, value: float) -> Row:
    return Row(measure, value, f"{value:.2f}", 1.3, 1.1)


def digest_rows(store: Store, cities: int) -> list[Row]:
    """Return what a digest takes of the programme's own number of cities, and of all."""
    spoken, forms, programmes = voices(data_folder("locales")), FormShelf(), ProgrammeShelf()
    rows = []
    for count in (OWN, cities):
        programme = read(store, programmes.programme)
        programme = replace(programme, cities=dict(list(programme.cities.items())[:count]))
        reading = partial(_week, programme=programme, forms=forms)
        read(store, reading)
        began = time.thread_time()
        week = read(store, reading)
        data = time.thread_time() - began
        began = time.thread_time()
        for language in LANGUAGES:
            found = digest(programme, week, spoken[language])
            full_text(found, spoken[language])
            as_html(found, "", spoken[language])
        drawn = time.thread_time() - began
        limits = ((0.05, 0.01), (2.0, 0.5)) if count == OWN else ((None, None), (None, None))
        rows.append(Row(f"P12 digest of {count} cities, data", data, _ms(data), *limits[0]))
        rows.append(Row("P12 the same in four languages, whole", drawn, _ms(drawn), *limits[1]))
    return rows


def _week(db: Db, programme: Programme, forms: FormShelf) -> Week:
    return week_in_full(db, programme, forms, WEEK, NOW - timedelta(days=5), NOW)


def page_rows(store: Store) -> list[Row]:
    """Return how long the database takes for what is looked at."""
    everywhere, since = Reach(every_city=True), NOW - timedelta(days=1)
    asked: dict[str, Callable[[Db], object]] = {
        "console: the cities": lambda db: cities_within(db, everywhere, NOW),
        "console: what each sent last": lambda db: last_sent(db, everywhere, NOW - timedelta(days=60)),
        "console: a city's reports": lambda db: reports_of(db, everywhere, "bamako"),
        "console: what needs a look": worries,
        "export submissions, a page since a day": lambda db: export.submissions(
            db, 0, since, lambda _city, _period: True
        ),
    }
    rows = []
    for name, work in asked.items():
        read(store, work)
        began = time.perf_counter()
        read(store, work)
        seconds = time.perf_counter() - began
        rows.append(Row(name, seconds, _ms(seconds)))
    return rows


def look_rows(store: Store) -> list[Row]:
    """Return what a look of the schedule costs; it holds no writer."""
    programmes = ProgrammeShelf()

    def look(db: Db) -> int:
        programme = programmes.programme(db)
        world = world_of(db, programme, CHANNELS, 3, NOW)
        return len(plan(world, NOW, NOW + timedelta(days=1)))

    read(store, look)
    began = time.thread_time()
    read(store, look)
    seconds = time.thread_time() - began
    return [Row("a look of the schedule", seconds, f"{_ms(seconds)} of CPU")]


def bulk_rows(store: Store, people: int) -> list[Row]:
    """Return how fast a message to everybody is queued and claimed, and how live replies do meanwhile."""
    turns = make_turns({"telegram": Telegram("1:bench", "bench", "http://127.0.0.1:1", 5.0)})
    phone = Phone(store, turns, FIRST_ADDRESS + 20, NOW + timedelta(hours=6))
    phone.reports()
    idle = _worst(phone)
    began = time.perf_counter()
    write(store, queue_for_all)
    queued = time.perf_counter() - began
    waiting = _worst(phone)
    began, claimed = time.perf_counter(), 0
    while claimed < min(people, 20 * BATCH):
        claimed += write(store, _claim)
    pace = claimed / (time.perf_counter() - began)
    return [
        Row("P10 a broadcast to everybody queued", queued, _ms(queued), 2.0, 0.3),
        Row("P10 claimed and marked a second", -pace, f"{pace:.0f}", -1_000, -3_000),
        Row("P11 the worst of 50 live turns, nothing waiting", idle, _ms(idle)),
        Row("P11 the same while everybody's message waits", waiting, _ms(waiting), 1.0, 2 * idle),
    ]


def _worst(phone: Phone) -> float:
    seconds = []
    for _ in range(50):
        began = time.perf_counter()
        phone.says("pending")
        seconds.append(time.perf_counter() - began)
    return max(seconds)


def queue_for_all(db: Db) -> int:
    """Queue a broadcast to everybody, as `griot broadcast` does; return how many messages."""
    programme = ProgrammeShelf().programme(db)
    texts = dict.fromkeys(LANGUAGES, NOTICE)
    return broadcast.send(db, programme, Broadcast("bench", texts, programme.cities, by=1), CHANNELS, NOW)


def _claim(db: Db) -> int:
    at = NOW + timedelta(days=1)
    rows = sending.claim(db, BATCH, at, LEASE, ("telegram",), BULK)
    sending.mark_sent(db, [Sent(row.id, row.lease_token, f"bench-{row.id}") for row in rows], at)
    return len(rows)


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.1f} ms"


def show(rows: Sequence[Row]) -> None:
    """Print the table."""
    for row in rows:
        print(f"{row.measure:55} {row.shown:>18} {row.met}")


if __name__ == "__main__":
    main()
