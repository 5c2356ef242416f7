"""`make chaos`: how much is lost, doubled or late when everything fails; exit 1 when a promise is broken."""

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from tests.chaos.crowd import WORDS
from tests.chaos.drills import drills
from tests.chaos.figures import Figure, table
from tests.chaos.stage import Server, a_server, a_stage
from tests.chaos.writing import compare, replay, write_amid_chaos
from tests.site import set_up

DATABASES = ("sqlite", "postgresql")


def main() -> int:
    """Run what the command line asks for; return 1 when a promise is broken."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))  # so that the processes it started end too
    asked = _asked()
    runs: dict[str, list[Figure]] = {}
    for kind in [asked.database] if asked.database else DATABASES:
        run_of = f"{asked.inbound} messages, {asked.kills} kills, seed {asked.seed}"
        print(f"\n{kind}, {datetime.now(UTC):%Y-%m-%d}, {run_of}", flush=True)
        began, runs[kind] = time.monotonic(), []
        for figure in run(kind, asked.inbound, asked.kills, asked.seed):
            print(figure, flush=True)
            runs[kind].append(figure)
        runs[kind].append(Figure("minutes of the whole run", (time.monotonic() - began) / 60))
    print(f"\n{table(runs)}", flush=True)
    return 0 if all(figure.is_met for figures in runs.values() for figure in figures) else 1


def run(kind: str, inbound: int, kills: int, seed: int) -> Iterator[Figure]:
    """Yield the figures of one run on a database of this kind."""
    people = max(1, round(inbound / WORDS))
    with (
        tempfile.TemporaryDirectory(prefix="griot-chaos-", ignore_cleanup_errors=True) as name,
        _database(kind, Path(name)) as (database, server),
        a_stage(Path(name), database, people, seed, server=server) as stage,
    ):
        yield from write_amid_chaos(stage, kills)
        yield from compare(stage)
        yield from replay(stage)
        yield from drills(stage)


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[tuple[str, Server | None]]:
    if kind == "sqlite":
        address = f"sqlite:///{folder / 'chaos.db'}"
        set_up(address)
        yield address, None
        return
    with a_server() as server:
        set_up(server.url)
        yield server.url, server


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--inbound", type=int, default=10_000, help="messages that people write")
    parser.add_argument("--kills", type=int, default=200, help="processes killed while they do")
    parser.add_argument("--database", choices=DATABASES, help="only this one")
    parser.add_argument("--seed", type=int, default=1, help="of everything that is left to chance")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
