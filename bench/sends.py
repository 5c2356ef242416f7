"""How many Telegram messages leave a second, and what one costs: `python -m bench.sends`."""

import argparse
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bot.values import Message
from channels.base import Outgoing
from channels.telegram import Telegram
from tests.standin.server import TOKEN

QUESTION = Message("How is the local action plan doing?", ("On track", "Delayed", "Blocked"), token="bench")


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured."""

    per_second: float
    cpu_ms: float  # of this process, per send


def measure(sends: int, threads: int, delay: float) -> Figures:
    """Return the figures of `sends` calls from a pool of threads; the provider answers after `delay` s."""
    command = [sys.executable, "-m", "tests.standin", "--delay", str(delay)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as provider:
        assert provider.stdout is not None
        url = provider.stdout.readline().split()[-1]
        try:
            return _measure(Telegram(TOKEN, "", url, 20.0), sends, threads)
        finally:
            provider.terminate()


def _measure(telegram: Telegram, sends: int, threads: int) -> Figures:
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda chat: _send(telegram, chat), range(1, threads + 1)))  # opens the connections
        wall, cpu = time.perf_counter(), time.process_time()
        list(pool.map(lambda chat: _send(telegram, chat), range(1, sends + 1)))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    telegram.close()
    return Figures(sends / wall, 1000 * cpu / sends)


def _send(telegram: Telegram, chat: int) -> str:
    return telegram.send(Outgoing(str(500_000_000 + chat), QUESTION))


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--sends", type=int, default=4000)
    parser.add_argument("--threads", type=int, default=64)
    parser.add_argument("--delay", type=float, default=0.08, help="seconds")
    given = parser.parse_args()
    figures = measure(given.sends, given.threads, given.delay)
    print(f"{figures.per_second:.0f} sends/s, {figures.cpu_ms:.2f} ms of CPU each")


if __name__ == "__main__":
    main()
