"""How many messages leave a second, and what one costs: `python -m bench.sends`."""

import argparse
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bot.values import Message
from channels.base import Outgoing, always
from channels.telegram import Telegram
from channels.twilio import Account, Twilio, whatsapp
from tests.standin.server import TOKEN
from tests.standin.twilio import ACCOUNT_SID, AUTH_TOKEN

QUESTION = Message("How is the local action plan doing?", ("On track", "Delayed", "Blocked"), token="bench")


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured."""

    per_second: float
    cpu_ms: float  # of this process, per send


def measure(name: str, sends: int, at_once: int, delay: float) -> Figures:
    """Return the figures of `sends` calls, so many in flight; the provider answers after `delay` seconds."""
    command = [sys.executable, "-m", "tests.standin", "--delay", str(delay)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as provider:
        assert provider.stdout is not None
        channel = _channel(name, provider.stdout.readline().split()[-1])
        try:
            _send(channel, range(at_once), at_once)  # opens the connections
            wall, cpu = time.perf_counter(), time.process_time()
            _send(channel, range(sends), at_once)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            return Figures(sends / wall, 1000 * cpu / sends)
        finally:
            channel.close()
            provider.terminate()


def _channel(name: str, url: str) -> Telegram | Twilio:
    if name == Telegram.name:
        return Telegram(TOKEN, [], url, 20.0)
    account = Account(ACCOUNT_SID, [AUTH_TOKEN], "https://griot.example.org", api_url=url, content_url=url)
    return whatsapp(account, "+14155550100")


def _send(channel: Telegram | Twilio, chats: Sequence[int], at_once: int) -> None:
    """Send to each chat; return when every call has ended; raise SendError when one failed."""
    gate = threading.Semaphore(at_once)
    calls = []
    for chat in chats:
        gate.acquire()
        address = str(500_000_000 + chat) if channel.name == Telegram.name else f"+2267{chat:07}"
        calls.append(channel.begin(Outgoing(address, QUESTION), always))
        calls[-1].add_done_callback(lambda _: gate.release())
    for call in calls:
        call.result()


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--sends", type=int, default=4000)
    parser.add_argument("--channel", choices=["telegram", "whatsapp"], default="telegram")
    parser.add_argument("--at-once", type=int, default=64)
    parser.add_argument("--delay", type=float, default=0.08, help="seconds")
    given = parser.parse_args()
    figures = measure(given.channel, given.sends, given.at_once, given.delay)
    print(f"{figures.per_second:.0f} sends/s, {figures.cpu_ms:.2f} ms of CPU each")


if __name__ == "__main__":
    main()
