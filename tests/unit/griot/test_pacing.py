"""Several workers on one database: one rate, one distance in a chat, one probe; nobody delays another."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.values import Message
from channels.base import Channel
from channels.telegram import Telegram
from channels.twilio import Account, whatsapp
from griot.circuits import LOOK_AGAIN
from griot.rates import Rate
from griot.wake import ear
from griot.ways import Ways
from griot.worker import Work, Worker
from models.base import Db
from models.circuit import OPENS_AFTER, standings
from models.db import Store, open_store, read, write
from models.fault import faults
from models.media_files import MediaFiles
from models.outbox import BULK, Outbox, OutboxState, enqueue
from models.pace import PaceLimits
from models.person import add_person
from models.programme import ProgrammeShelf
from tests.standin.server import TOKEN, StandIn
from tests.standin.trouble import Fault, Trouble
from tests.standin.twilio import ACCOUNT_SID, AUTH_TOKEN

PHONE = "+22370000001"


@dataclass(slots=True)
class Floor:
    """A database, the providers, and as many workers as a test wants."""

    store: Store
    address: str
    provider: StandIn
    channels: Mapping[str, Channel]
    folder: Path

    def work(self, store: Store, rates: Mapping[str, Rate], senders: int, lease: float) -> Work:
        """Return what a worker is made of."""
        return Work(
            store=store,
            channels=self.channels,
            clock=lambda: datetime.now(UTC),
            take_turns=lambda db, rows, at: rows,
            apologise=lambda db, row, at: None,
            busy=lambda db, row, at: None,
            end_text=lambda db, person_id, at: None,
            ways=Ways(frozenset(self.channels), {}, ProgrammeShelf()),
            limits=PaceLimits(0, 0),
            rates=rates,
            lease=timedelta(seconds=lease),
            senders=senders,
            files=MediaFiles(self.folder),
            measure_turn=lambda seconds: None,
            measure_send=lambda channel, outcome, seconds: None,
        )

    @contextmanager
    def workers(
        self, n: int, rates: Mapping[str, Rate] | None = None, senders: int = 16, lease: float = 20
    ) -> Iterator[None]:
        """Run so many workers, each with connections of its own, as processes have."""
        stop, threads, closing = threading.Event(), [], []
        for _ in range(n):
            store = open_store(self.address)
            listening = ear(store, is_alone=False)
            worker = Worker(self.work(store, rates or {}, senders, lease), listening)
            threads.append(threading.Thread(target=worker.run, args=(stop,)))
            closing += [listening.close, store.close]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join()
            for close in closing:
                close()

    def queue(self, chats: range, channel: str = "telegram", **more: object) -> None:
        """Enqueue a message to each of these chats."""
        write(self.store, lambda db: [self._queue(db, str(chat), channel, more) for chat in chats])

    def _queue(self, db: Db, chat: str, channel: str, more: Mapping[str, object]) -> None:
        at = datetime.now(UTC)
        number = db.scalar(select(func.count()).select_from(Outbox))
        given: dict[str, object] = {"person_id": None, "recipient": f"{channel}:{chat}", "lane": BULK, **more}
        enqueue(
            db,
            key=f"test:{number}",
            channel=channel,
            address=PHONE if channel == "whatsapp" else chat,
            kind="reply",
            message=Message(f"message {number}"),
            at=at,
            **given,  # type: ignore[arg-type] # the tests' values fit
        )

    def states(self, channel: str = "telegram") -> list[str]:
        """Return the states of a channel's messages in order."""
        wanted = select(Outbox.state).where(Outbox.channel == channel).order_by(Outbox.id)
        return read(self.store, lambda db: list(db.scalars(wanted)))


@pytest.fixture
def floor(database: str, tmp_path: Path) -> Iterator[Floor]:
    """Yield the parts, on each database."""
    with StandIn() as provider:
        provider.hears(f"whatsapp:{PHONE}")
        url = provider.url
        account = Account(ACCOUNT_SID, (AUTH_TOKEN,), "https://griot.example.org", "", url, url, 3.0)
        telegram, on_whatsapp = Telegram(TOKEN, (), url, timeout=3.0), whatsapp(account, "+10000000001")
        telegram.username()  # the library is imported and connected: the first calls do not wait for it
        provider.clear()
        provider.hears(f"whatsapp:{PHONE}")
        store = open_store(database)
        yield Floor(store, database, provider, {"telegram": telegram, "whatsapp": on_whatsapp}, tmp_path)
        telegram.close()
        on_whatsapp.close()
        store.close()


def until(is_so: Callable[[], bool], seconds: float = 30.0) -> None:
    """Return when it is so; fail when it is not in time."""
    ends = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < ends, "not in time"
        time.sleep(0.02)


def test_a_rate_is_one_for_all_workers(floor: Floor) -> None:
    """Three workers together send at most so many in any second; none of them sends all."""
    floor.queue(range(1, 41))
    with floor.workers(3, {"telegram": Rate(per_second=10)}):
        until(lambda: floor.provider.record.count == 40)
    at = sorted(one.at for chat in range(1, 41) for one in floor.provider.messages(chat))
    spans = [at[number + 10] - at[number] for number in range(30)]
    assert min(spans) > 0.95, [round(one - at[0], 2) for one in at]
    assert at[-1] - at[0] < 15  # and they do not waste it


def test_a_live_reply_passes_bulk_at_a_limit(floor: Floor) -> None:
    """It takes the next slot of its worker, however much bulk waits."""
    floor.queue(range(1, 201))
    with floor.workers(2, {"telegram": Rate(per_second=10)}):
        until(lambda: floor.provider.record.count >= 10)
        floor.queue(range(900, 901), lane=0)
        asked = time.time()
        [live] = floor.provider.wait(900, 1, 10)
    assert live.at - asked < 4  # bulk alone would take twenty seconds


def test_a_chat_keeps_its_distance_over_workers(floor: Floor) -> None:
    """Whichever worker sends the next message of a person, it knows of the one before."""
    person = write(floor.store, _a_person)
    for _ in range(4):
        floor.queue(range(1, 2), person_id=person, recipient=str(person))
    with floor.workers(3, {"telegram": Rate(chat_interval=0.5)}):
        until(lambda: floor.provider.record.count == 4)
    gaps = [later.at - earlier.at for earlier, later in pairwise(floor.provider.messages(1))]
    assert min(gaps) >= 0.45


def _a_person(db: Db) -> int:
    return add_person(
        db,
        name="Demo",
        role="officer",
        language="en",
        city=None,
        addresses={"telegram": "1"},
        at=datetime.now(UTC),
    )


def test_a_provider_that_fails_is_left_alone_by_all(floor: Floor) -> None:
    """Three workers call it as often as opens its circuit, then once a pause; it recovers by itself."""
    floor.provider.trouble(trouble=Trouble(fault=Fault.UNAVAILABLE))
    floor.queue(range(1, 101))
    with floor.workers(3, senders=2):
        until(lambda: len(floor.provider.calls("sendMessage")) >= OPENS_AFTER)
        time.sleep(3)
        called = len(floor.provider.calls("sendMessage"))
        assert called <= OPENS_AFTER + 3 * 2 * 2  # those under way, and what began before all had heard
        assert read(floor.store, standings)["telegram"].is_open
        floor.provider.trouble()
        until(lambda: floor.provider.record.count == 100, 60)
    assert not read(floor.store, standings)["telegram"].is_open


def test_a_refused_token_is_a_fault_until_it_is_mended(floor: Floor) -> None:
    """Nothing more is called, the messages wait, an operator can see it; another channel is not concerned."""
    floor.provider.trouble(trouble=Trouble(fault=Fault.UNAUTHORIZED))
    floor.provider.trouble(f"whatsapp:{PHONE}", Trouble())
    floor.queue(range(1, 2))
    with floor.workers(2):
        until(lambda: read(floor.store, lambda db: [one.name for one in faults(db)]) == ["refused:telegram"])
        time.sleep(2 * LOOK_AGAIN)  # the other worker hears of it
        floor.queue(range(2, 10))
        floor.queue(range(1, 2), "whatsapp")
        until(lambda: floor.states("whatsapp") == [OutboxState.SENT])
        assert len(floor.provider.calls("sendMessage")) == 1
        assert floor.states() == [OutboxState.QUEUED] * 9


def test_calls_in_flight_take_no_threads(floor: Floor) -> None:
    """Thirty calls wait for a slow provider in the channel's own loop: no thread of the pool begins."""
    floor.provider.trouble(trouble=Trouble(delay=1.0))
    floor.queue(range(1, 31), lane=0)
    with floor.workers(1, senders=40):
        until(lambda: floor.states().count(OutboxState.SENDING) == 30)
        assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("send-")]
        until(lambda: floor.states() == [OutboxState.SENT] * 30)


def test_a_provider_that_hangs_delays_no_other(floor: Floor) -> None:
    """All calls of Telegram wait for an answer that never comes; WhatsApp leaves at once meanwhile."""
    floor.provider.trouble(trouble=Trouble(fault=Fault.STALL))
    floor.provider.trouble(f"whatsapp:{PHONE}", Trouble())
    floor.queue(range(1, 51), lane=0)
    with floor.workers(1, senders=4):
        until(lambda: floor.states().count(OutboxState.SENDING) == 4)
        began = time.monotonic()
        floor.queue(range(1, 2), "whatsapp", lane=0)
        until(lambda: floor.states("whatsapp") == [OutboxState.SENT])
        assert time.monotonic() - began < 2.5  # a call to Telegram is given up after three seconds
