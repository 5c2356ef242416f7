"""`make bench`: turns a second, their cost, how soon replies come, memory, bytes."""

import asyncio
import os
import platform
import re
import statistics
import tempfile
import time
from pathlib import Path

from bench.load import Load
from tests.site import a_site

PEOPLE, AT_ONCE, WARM, PACED = 600, 64, 40, 60
VOICES = (("bamako", "fr"), ("bizerte", "ar"), ("kampala", "en"), ("matola", "pt"))


def main() -> None:
    """Run the measurement on SQLite and print one line a figure."""
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(measure(Path(name)))


async def measure(folder: Path) -> None:
    """Measure one site: as fast as it goes, then twenty replies a second."""
    load = Load()
    await load.open()
    show(
        "machine",
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
    )
    people = [VOICES[number % 4] for number in range(PEOPLE + WARM + PACED)]
    with a_site(folder, load.url, people) as site:
        await load.reports(site.url, [0], 1)  # weighed: the first of its city
        await load.reports(site.url, range(PEOPLE, PEOPLE + WARM), 16)
        load.measured.acks.clear()
        load.measured.replies.clear()
        began, cpu = time.perf_counter(), site.cpu_seconds()
        await load.reports(site.url, range(1, PEOPLE), AT_ONCE)
        seconds, turns = time.perf_counter() - began, len(load.measured.replies)
        show("turns/s, 64 people at once", f"{turns / seconds:.0f}")
        show("CPU ms per turn, all processes", f"{(site.cpu_seconds() - cpu) / turns * 1e3:.2f}")
        show("ack p50 / p99 ms", both(load.measured.acks))
        show("reply p50 / p99 ms", both(load.measured.replies))
        load.measured.acks.clear()
        load.measured.replies.clear()
        await load.paced(site.url, range(PEOPLE + WARM, PEOPLE + WARM + PACED), 20)
        show("at 20 a second: ack p50 / p99 ms", both(load.measured.acks))
        show("at 20 a second: reply p50 / p99 ms", both(load.measured.replies))
        show("memory MiB, all processes", f"{site.memory() / 2**20:.0f}")
    reports = load.measured.reports
    show("reports received", f"{reports} of {len(people)}")
    size = sum(each.stat().st_size for each in folder.glob("site.db*"))
    show("database bytes per report", f"{size / reports:.0f}")
    for line in weights(load.measured.texts):
        show(*line)


def weights(texts: list[str]) -> list[tuple[str, str]]:
    """Return what the messages of one French report weigh, beside its bare questions.

    A bare question is its label, as filled in, and its numbered options: without number and mark.
    """
    questions = [text for text in texts if re.match(r"\d+/\d+ ", text)]
    bare = [re.sub(r"^\d+/\d+ | \(- [^)]*\)", "", text) for text in questions]
    total, asked, plain = (sum(len(text.encode()) for text in group) for group in (texts, questions, bare))
    return [
        ("message bytes, whole report", f"{total} in {len(texts)} messages"),
        ("bare questions, bytes", f"{plain}"),
        ("question messages against bare questions", f"{asked / plain:.2f}"),
        ("whole report against bare questions", f"{total / plain:.2f}"),
    ]


def both(seconds: list[float]) -> str:
    """Return median and 99th percentile in milliseconds."""
    cuts = statistics.quantiles(seconds, n=100)
    return f"{cuts[49] * 1e3:.1f} / {cuts[98] * 1e3:.1f}"


def show(name: str, value: str) -> None:
    """Print one figure."""
    print(f"{name:45} {value}", flush=True)


main()
