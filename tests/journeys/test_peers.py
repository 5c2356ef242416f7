"""The bots of `make bench-peers` report for real: load and ledger agree with what each has stored."""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import pytest

from bench.bots import Bot, Griot
from bench.load import ANSWERS, OPENING, WRONG_AT
from bench.measures import Bench, Size
from bench.peers.bots import ConversationHandlerPeer, FlaskPeer
from bench.running import running
from bench.table import AIM, MISSED, MUST, judged
from bench.wires import TwilioWire
from tests.databases import Databases
from tests.site import set_up

T = TypeVar("T")
FEW = Size(people=4, warm=1, at_once=2, seconds=0.5, delay=0.05, slow=0.5, kills=1, acks=20, killed_at_once=4)
PEERS = [
    pytest.param(ConversationHandlerPeer(), id="conversation-handler"),
    pytest.param(FlaskPeer(), id="flask"),
]


def on_bench(folder: Path, work: Callable[[Bench], Awaitable[T]]) -> T:
    """Return what is measured on a bench for few people."""

    async def run() -> T:
        bench = Bench(FEW, folder)
        await bench.open()
        try:
            return await work(bench)
        finally:
            await bench.close()

    return asyncio.run(run())


@pytest.mark.parametrize("bot", PEERS)
def test_a_peer_takes_a_report_and_asks_again_what_is_wrong(bot: Bot, tmp_path: Path) -> None:
    """Eleven turns with two wrong replies; the report is stored once, with the values that the form names."""
    home = tmp_path / "peer"
    home.mkdir()

    async def report(bench: Bench) -> int:
        bot.prepare(home, FEW.people, bench.load.provider.url)
        async with running(bot, home, bench.load.provider.url) as run:
            await bench.load.each(run.target, [0], 1)
        return len(bench.load.measured.replies)

    assert on_bench(tmp_path, report) == len((OPENING, *ANSWERS, *WRONG_AT, "send"))
    with closing(sqlite3.connect(bot.database(home))) as connection:
        ((city, answers),) = connection.execute("SELECT city, answers FROM report").fetchall()
    assert city == "bamako"
    assert bot.kept(home) == {bot.wire.contact(0): len(ANSWERS)}
    assert json.loads(answers) == {
        "status": "on_track",
        "progress": "50",
        "main_activity": "Workshop with the market women, 40 people.",
        "lag_met": "no",
        "severity": "none",
        "success": "",
        "next_step": "Visit on Friday.",
    }


class Forgetful(FlaskPeer):
    """A bot that has lost its reports and drafts whenever it starts again."""

    def mend(self, folder: Path) -> None:
        """Forget everything."""
        with closing(sqlite3.connect(self.database(folder))) as connection, connection:
            connection.execute("DELETE FROM draft")
            connection.execute("DELETE FROM report")


def test_kills_show_what_is_lost(tmp_path: Path) -> None:
    """TwiML is said when all is stored: nothing is lost; what a bot forgets is counted."""
    kept = on_bench(tmp_path, lambda bench: bench.kills(FlaskPeer()))
    assert kept.acks >= FEW.acks
    assert kept.lost == 0
    assert on_bench(tmp_path, lambda bench: bench.kills(Forgetful())).lost > FEW.acks // 2


def test_a_slow_provider_holds_a_peer_up(tmp_path: Path) -> None:
    """The library handles one update at a time: no more than one reply in each 50 ms."""
    pace = on_bench(tmp_path, lambda bench: bench.slow(ConversationHandlerPeer()))
    assert 0 < pace.turns <= 1 / FEW.delay + 1 / FEW.slow
    assert min(pace.replies) >= FEW.delay


def test_griot_is_measured_by_the_same_load(sqlite_databases: Databases, tmp_path: Path) -> None:
    """A plain report has nine messages, one of many answers in a message three; what is stored is counted."""
    wire = TwilioWire()
    griot, home = Griot(wire), tmp_path / "griot"
    home.mkdir()
    shutil.copyfile(sqlite_databases.shared("site", set_up).removeprefix("sqlite:///"), griot.database(home))

    async def report(bench: Bench) -> tuple[int, int]:
        await asyncio.to_thread(griot.prepare, home, FEW.people, bench.load.provider.url)
        async with running(griot, home, bench.load.provider.url) as run:
            plain = await bench.load.once(run.target, 0)
            compact = await bench.load.compact(run.target, 1)
            await run.settle()
        return len(plain), len(compact)

    assert on_bench(tmp_path, report) == (len((OPENING, *ANSWERS, "send")), 3)
    assert griot.kept(home) == {wire.contact(person): len(ANSWERS) for person in (0, 1)}


@pytest.mark.parametrize(
    ("value", "is_more_better", "verdict"),
    [
        pytest.param(3.0, True, AIM, id="aim-reached"),
        pytest.param(2.9, True, MUST, id="must-reached"),
        pytest.param(1.4, True, MISSED, id="too-little"),
        pytest.param(1.5, False, AIM, id="less-is-better"),
        pytest.param(3.1, False, MISSED, id="too-much"),
    ],
)
def test_a_line_says_which_target_is_met(value: float, is_more_better: bool, verdict: str) -> None:
    """The better one of the two, or `no`."""
    must, aim = (1.5, 3.0) if is_more_better else (3.0, 1.5)
    assert judged(value, must, aim, is_more_better=is_more_better) == verdict
