"""`make bench-peers`: Griot beside its peers in one run, and the one table."""

import argparse
import asyncio
import os
import platform
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from bench.bots import Bot, Griot
from bench.measures import QUICK, Bench, Pace, Size
from bench.peers.bots import ConversationHandlerPeer, FlaskPeer
from bench.table import GRAMMY, Figures, Paces, markdown, rows
from bench.wires import TelegramWire, TwilioWire

T = TypeVar("T")
NOTES = f"""
Every bot alone, one after the other, in rounds; medians of the rounds. Phones and provider share the cores.
SQLite in WAL mode, synchronous=FULL everywhere but where NORMAL is said. Two figures of peers in one cell are
ConversationHandler's and Flask's. grammY does not run here: its figure is ConversationHandler's times
{GRAMMY:.2f}, the published ratio (1,719 / 302 turns a second, at NORMAL). The growth of memory is that
over the turns named, as fast as they go; HOUR=1 makes them twenty a second.
"""


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="a small run, to see that it works")
    parser.add_argument("--hour", action="store_true", help="watch the memory for an hour")
    given = parser.parse_args()
    size = QUICK if given.quick else Size()
    if given.hour:
        size = replace(size, growth_per_second=size.per_second)
    load = os.getloadavg()[1]  # before we add ours
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(compare(size, Path(folder)))
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, ", end="")
    print(f"{load:.1f} processes busy before; {time.strftime('%Y-%m-%d')}\n")
    print(markdown(rows(found)))
    print(NOTES)


async def compare(size: Size, folder: Path) -> Figures:
    """Return the figures of all bots, measured in turn."""
    bench = Bench(size, folder)
    await bench.open()
    try:
        return await _figures(bench)
    finally:
        await bench.close()


async def _figures(bench: Bench) -> Figures:
    handler, flask = ConversationHandlerPeer(), FlaskPeer()
    telegram, twilio = Griot(TelegramWire()), Griot(TwilioWire())
    relaxed = Griot(TelegramWire(), "NORMAL")
    fast = await _in_rounds(
        bench, "full speed", bench.full_speed, (handler, telegram, flask, twilio, relaxed)
    )
    calm = await _in_rounds(bench, "calm", bench.calm, (handler, telegram))
    growth = await _told(bench, "memory", telegram, bench.growth)
    stored = await _told(bench, "bytes", telegram, bench.stored)
    weights, compact = await _told(bench, "messages", telegram, bench.weigh)
    return Figures(
        handler=fast[handler],
        flask=fast[flask],
        telegram=fast[telegram],
        twilio=fast[twilio],
        relaxed=fast[relaxed],
        handler_calm=calm[handler],
        telegram_calm=calm[telegram],
        handler_slow=await _told(bench, "slow provider", handler, bench.slow),
        telegram_slow=await _told(bench, "slow provider", telegram, bench.slow),
        delay=bench.size.delay,
        handler_losses=await _told(bench, "kills", handler, bench.kills),
        flask_losses=await _told(bench, "kills", flask, bench.kills),
        telegram_losses=await _told(bench, "kills", telegram, bench.kills),
        twilio_losses=await _told(bench, "kills", twilio, bench.kills),
        growth=growth,
        stored=stored,
        handler_weights=(await _told(bench, "messages", handler, bench.weigh))[0],
        weights=weights,
        compact=compact,
    )


async def _in_rounds(
    bench: Bench, what: str, measure: Callable[[Bot], Awaitable[Pace]], bots: tuple[Bot, ...]
) -> dict[Bot, Paces]:
    """Return each bot's runs; in every round each has its turn."""
    runs: dict[Bot, list[Pace]] = {bot: [] for bot in bots}
    for number in range(bench.size.rounds):
        for bot in bots:
            runs[bot].append(await _told(bench, f"{what}, round {number + 1}", bot, measure))
    return {bot: Paces(found) for bot, found in runs.items()}


async def _told(bench: Bench, what: str, bot: Bot, measure: Callable[[Bot], Awaitable[T]]) -> T:
    """Return what is measured, and say on standard error what is going on."""
    began, refused = time.perf_counter(), bench.load.refused
    found = await measure(bot)
    seconds, refused = time.perf_counter() - began, bench.load.refused - refused
    print(f"{what}: {bot.name}, {seconds:.0f} s, {refused} times 503", file=sys.stderr, flush=True)
    return found


if __name__ == "__main__":
    main()
