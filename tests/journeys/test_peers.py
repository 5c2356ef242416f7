"""The bots of `make bench-peers` report for real: load and ledger agree with what each has stored."""

import asyncio
import json
import shutil
import sqlite3
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from aiohttp import ClientSession
from werkzeug.serving import make_server

from bench.bots import Bot, Griot, target_of
from bench.load import WRONG_AT, Target
from bench.measures import Bench, Growth, Losses, Pace, Size, Weights, weights
from bench.peers.bots import ConversationHandlerPeer, FlaskPeer
from bench.running import running
from bench.script import ANSWERS, OPENING
from bench.table import AIM, MISSED, MUST, Figures, Paces, judged, markdown, rows
from bench.wires import VOICES, TwilioWire
from griot.assembly import make_app, open_channels
from griot.running import RunningWorker
from griot.settings import Settings, data_folder
from griot.voices import voices
from griot.wake import announce, ear
from models.db import open_store
from tests.databases import Databases, load_aston
from tests.moved import UNMEASURED
from tests.site import TOKEN, add_coordinators, free_port

T = TypeVar("T")
FEW = Size(people=4, delay=0.05, kills=1, acks=20, killed_at_once=4)
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

    workers = 1

    def mend(self, folder: Path) -> None:
        """Forget everything."""
        with closing(sqlite3.connect(self.database(folder))) as connection, connection:
            connection.execute("DELETE FROM draft")
            connection.execute("DELETE FROM report")


def test_kills_show_what_is_lost(tmp_path: Path) -> None:
    """What a bot was heard to accept and has not kept is counted."""
    losses = on_bench(tmp_path, lambda bench: bench.kills(Forgetful()))
    assert losses.acks >= FEW.acks
    assert losses.lost > FEW.acks // 2


def test_the_provider_takes_its_time_where_it_shall(tmp_path: Path) -> None:
    """A call is answered after the delay, not before."""

    async def call(bench: Bench) -> float:
        bench.load.provider.delay = FEW.delay
        began = time.perf_counter()
        url = f"{bench.load.provider.url}/bot{TOKEN}/getMe"
        async with ClientSession() as session, session.post(url) as answer:
            assert answer.status == 200
        return time.perf_counter() - began

    assert on_bench(tmp_path, call) >= FEW.delay


@contextmanager
def griot_within(griot: Griot, folder: Path, provider: str) -> Iterator[Target]:
    """Yield Griot's web and worker in this process, where the bench would start two."""
    port = free_port()
    given = griot.environment(folder, port, provider)
    known = {name: given[name.upper()] for name in Settings.model_fields if name.upper() in given}
    settings = Settings(_env_file=None, **known)  # type: ignore[call-arg, arg-type]  # pydantic reads texts
    store = open_store(settings.database_url)
    app = make_app(settings, store, UNMEASURED, announce, lambda: None)
    server = make_server("127.0.0.1", port, app, threaded=True)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    hearing, channels = ear(store, is_alone=False), open_channels(settings)
    worker = RunningWorker(settings, store, channels, UNMEASURED, hearing)
    try:
        yield target_of(griot, port)
    finally:
        worker.stop()
        worker.wait()
        server.shutdown()
        serving.join()
        server.server_close()
        store.close()


def test_griot_is_measured_by_the_same_load(sqlite_databases: Databases, tmp_path: Path) -> None:
    """A plain report has nine messages, one of many answers in a message three; what is stored is counted."""
    griot = Griot(TwilioWire())
    loaded = sqlite_databases.shared("aston", load_aston)
    shutil.copyfile(loaded.removeprefix("sqlite:///"), griot.database(tmp_path))
    address = f"sqlite:///{griot.database(tmp_path)}"
    contacts = [griot.wire.contact(person) for person in (0, 1)]
    add_coordinators(address, VOICES[:2], contacts, griot.wire.channel)

    async def report(bench: Bench) -> tuple[int, int]:
        within = griot_within(griot, tmp_path, bench.load.provider.url)
        target = await asyncio.to_thread(within.__enter__)
        try:
            plain = await bench.load.once(target, 0)
            compact = await bench.load.compact(target, 1)
        finally:
            await asyncio.to_thread(within.__exit__, None, None, None)
        return len(plain), len(compact)

    assert on_bench(tmp_path, report) == (len((OPENING, *ANSWERS, "send")), 3)
    assert griot.is_settled(tmp_path)
    assert griot.kept(tmp_path) == dict.fromkeys(contacts, len(ANSWERS))


@pytest.mark.parametrize("language", ["en", "fr", "pt", "ar"])
def test_a_bare_question_has_neither_number_nor_mark(language: str) -> None:
    """The mark of a question that may be skipped is no part of its label, in any language."""
    mark = voices(data_folder("locales"))[language]("(- to skip)")
    found = weights(["Hello.", f"2/7 Prix (FCFA) {mark}\n1. a\n2. b"])
    assert found.bare == len("Prix (FCFA)\n1. a\n2. b")
    assert found.questions == found.bare + len(f"2/7  {mark}".encode())


def test_the_table_has_every_measure() -> None:
    """A line each, with the peer's figure, ours, and the target that is met."""
    slow, fast = Pace(10.0, 0.01, replies=(0.2, 0.3, 0.4)), Pace(40.0, 0.002, replies=(0.09, 0.095, 0.11))
    peer, ours = Paces([slow, slow, slow]), Paces([fast, slow, fast])
    none, some, bytes_of = Losses(2, 100, 0), Losses(2, 100, 30), Weights(1600, 9, 1030, 1000)
    found = Figures(
        *(peer, peer, ours, ours, ours, peer, ours, slow, fast, 0.08, some, none, none, none),
        *(Growth(200.0, 201.0, 7_200), 7_900.0, bytes_of, bytes_of, 4),
    )
    lines = rows(found)
    assert [line.id for line in lines] == [
        *("P1", "P2", "P3", "P4", "P5", "P5", "P6", "P7", "P7", "P8", "P8", "P13", "P13"),
        *("P14", "P14", "P15", "P15", "P15"),
    ]
    assert markdown(lines).splitlines()[2] == (
        "| P1 | Telegram turns/s, against ConversationHandler | 10 | 40 | 4.00x | 1.5x | 3x | aim |"
    )
    assert [line.met for line in lines if line.id == "P7"] == [MISSED, AIM]
    assert [line.ours for line in lines if line.id == "P13"][1] == "5.0 %"  # of 0.5 % in a tenth of an hour
    assert next(line.ours for line in lines if line.id == "P14") == "7.7"
    assert [line.met for line in lines if line.id == "P5"] == [AIM, AIM]


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
