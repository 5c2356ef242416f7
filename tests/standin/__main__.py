"""Run the stand-in by itself: `python -m tests.standin --port 8081`."""

import argparse
import signal
import threading

from tests.standin.server import TOKEN, StandIn
from tests.standin.trouble import Trouble


def main() -> None:
    """Serve until a signal ends it."""
    parser = argparse.ArgumentParser(prog="python -m tests.standin", description=main.__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 chooses a free one")
    parser.add_argument("--token", default=TOKEN, help="the bot's token")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    given = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with StandIn(given.port, given.token) as provider:
        provider.trouble(trouble=Trouble(delay=given.delay) if given.delay else None)
        print(f"Stand-in: {provider.url}", flush=True)
        ended.wait()


if __name__ == "__main__":
    main()
