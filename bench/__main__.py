"""`make bench`: Griot's turns a second, their cost, how soon replies come, memory, bytes."""

import asyncio
import os
import platform
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.bots import Griot
from bench.measures import Bench, Size, both
from bench.wires import TelegramWire

SIZE = Size(people=700, warm=40, seconds=20.0, calm=20.0)


def main() -> None:
    """Run the measurement on SQLite and print one line a figure."""
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(measure(Path(name)))


async def measure(folder: Path) -> None:
    """Measure Griot on Telegram: as fast as it goes, then twenty replies a second."""
    bench = Bench(SIZE, folder)
    await bench.open()
    griot = Griot(TelegramWire())
    show(
        "machine",
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
    )
    fast = await bench.full_speed(griot)
    show(f"turns/s, {SIZE.at_once} people at once", f"{fast.turns:.0f}")
    show("CPU ms per turn, all processes", f"{fast.cpu * 1e3:.2f}")
    show("ack p50 / p99 ms", milliseconds(fast.acks))
    show("reply p50 / p99 ms", milliseconds(fast.replies))
    show("webhooks refused with 503 and repeated", f"{bench.load.refused}")
    show("memory MiB, all processes", f"{fast.memory / 2**20:.0f}")
    show("database bytes per report", f"{fast.report:.0f}")
    calm = await bench.calm(griot)
    show(f"at {SIZE.per_second:.0f} a second: ack p50 / p99 ms", milliseconds(calm.acks))
    show(f"at {SIZE.per_second:.0f} a second: reply p50 / p99 ms", milliseconds(calm.replies))
    plain, compact = await bench.weigh(griot)
    show("message bytes, whole report", f"{plain.total} in {plain.messages} messages")
    show("bare questions, bytes", f"{plain.bare}")
    show("question messages against bare questions", f"{plain.questions / plain.bare:.2f}")
    show("whole report against bare questions", f"{plain.total / plain.bare:.2f}")
    show("messages of a report answered in one message", f"{compact}")
    await bench.close()


def milliseconds(seconds: Sequence[float]) -> str:
    """Return median and 99th percentile in words."""
    half, most = both(seconds)
    return f"{half * 1e3:.1f} / {most * 1e3:.1f}"


def show(name: str, value: str) -> None:
    """Print one figure."""
    print(f"{name:45} {value}", flush=True)


if __name__ == "__main__":
    main()
