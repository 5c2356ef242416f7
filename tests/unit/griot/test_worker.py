"""The worker: turns in order, messages in order, rates, failures, and what `--once` waits for."""

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy import text as sql

from bot import working_days
from bot.values import Message
from channels.telegram import Telegram
from channels.twilio import Account, sms
from griot.rates import Rate
from griot.turn import make_turns
from griot.wake import announce, ear
from griot.ways import Ways
from griot.worker import Turn, Turns, Work, Worker
from models.base import Db
from models.db import Store, open_store, read, write
from models.form import FormVersion
from models.inbox import Inbox, InboxState, receive, unpack
from models.media_files import MediaFiles
from models.outbox import BULK, Outbox, OutboxState, enqueue
from models.pace import PaceLimits
from models.person import Address, add_person
from models.programme import ProgrammeShelf, current_programme
from tests.standin.server import TOKEN, StandIn
from tests.standin.trouble import Fault, Trouble
from tests.standin.twilio import ACCOUNT_SID, AUTH_TOKEN
from tests.starting import run

NO_LIMITS = PaceLimits(0, 0)
AT = datetime(2026, 11, 23, tzinfo=UTC)


@dataclass(slots=True)
class Stage:
    """A worker's parts around a trivial turn: every update is answered with its own text."""

    store: Store
    provider: StandIn
    telegram: Telegram
    folder: Path
    broken: set[str] = field(default_factory=set)  # texts whose turn raises
    numbers: int = 0

    def work(self, **more: object) -> Work:
        """Return the work, with these parts changed."""
        usual = Work(
            store=self.store,
            channels={"telegram": self.telegram},
            clock=lambda: datetime.now(UTC),
            take_turns=one_by_one(self.take_turn),
            apologise=notice("sorry"),
            busy=notice("busy"),
            end_text=lambda db, person_id, at: None,
            ways=Ways(frozenset({"telegram"}), {}, ProgrammeShelf()),
            limits=NO_LIMITS,
            rates={},
            lease=timedelta(seconds=5),
            senders=16,
            files=MediaFiles(self.folder),
            measure_turn=lambda seconds: None,
            measure_send=lambda channel, outcome, seconds: None,
        )
        return replace(usual, **more)  # type: ignore[arg-type] # the tests' values fit

    def take_turn(self, db: Db, row: Inbox, at: datetime) -> None:
        """Answer with the text heard; raise for those that are to break."""
        said = json.loads(unpack(row.body))
        if said["text"] in self.broken:
            raise ValueError("a defect made for this test")
        answer(db, row, said["text"], "1")

    def hear(self, text: str, chat: int = 1) -> None:
        """Let an update arrive."""
        self.numbers += 1
        name, body = f"700:{self.numbers}", json.dumps({"text": text}).encode()
        at = datetime.now(UTC)
        write(self.store, lambda db: receive(db, "telegram", name, f"telegram:{chat}", body, at))

    def queue(self, text: str, chat: int = 1, **more: object) -> None:
        """Enqueue a message."""
        self.numbers += 1
        write(self.store, lambda db: _queue(db, f"test:{self.numbers}", text, chat, **more))

    def once(self, **more: object) -> int:
        """Work as `griot worker --once`; return how many messages failed."""
        listening = ear(self.store, is_alone=False)
        failed = Worker(self.work(**more), listening).once()
        listening.close()
        return failed

    def sent(self, chat: int = 1) -> list[str]:
        """Return the texts that the chat shows."""
        return [one.text for one in self.provider.messages(chat)]

    def states(self) -> list[str]:
        """Return the outbox's states in order."""
        return read(self.store, lambda db: list(db.scalars(select(Outbox.state).order_by(Outbox.id))))


def one_by_one(take_turn: Turn) -> Turns:
    """Return what takes several turns of this kind; it raises when one of them does."""

    def take_turns(db: Db, rows: Sequence[Inbox], at: datetime) -> Sequence[Inbox]:
        for row in rows:
            take_turn(db, row, at)
        return rows

    return take_turns


def _queue(db: Db, key: str, text: str, chat: int, **more: object) -> bool:
    given: dict[str, object] = {"person_id": None, "kind": "reply", "at": datetime.now(UTC), **more}
    return enqueue(
        db,
        key=key,
        recipient=f"telegram:{chat}",
        channel="telegram",
        address=str(chat),
        message=Message(text),
        **given,  # type: ignore[arg-type] # the tests' values fit
    )


def _queue_text(db: Db, phone: str, text: str) -> bool:
    return enqueue(
        db,
        key="test:sms",
        person_id=None,
        recipient=f"sms:{phone}",
        channel="sms",
        address=phone,
        kind="reply",
        message=Message(text),
        at=datetime.now(UTC),
    )


def answer(db: Db, row: Inbox, text: str, number: str) -> None:
    """Enqueue a reply to an update."""
    chat = int(row.sender.partition(":")[2])
    _queue(db, f"reply:{row.id}:{number}", text, chat)


def notice(word: str) -> Callable[[Db, Inbox, datetime], None]:
    """Return a hook that sends one word."""
    return lambda db, row, at: answer(db, row, word, word)


@pytest.fixture
def stage(database: str, tmp_path: Path) -> Iterator[Stage]:
    """Yield the parts, on each database."""
    with StandIn() as provider:
        telegram = Telegram(TOKEN, (), provider.url, timeout=1.0)
        store = open_store(database)
        yield Stage(store, provider, telegram, tmp_path)
        telegram.close()
        store.close()


def test_answers_leave_in_the_order_of_what_was_said(stage: Stage) -> None:
    """Of each person all answers, in order, whatever the number of senders."""
    for number in range(10):
        for chat in (1, 2, 3):
            stage.hear(str(number), chat)
    assert stage.once() == 0
    for chat in (1, 2, 3):
        assert stage.sent(chat) == [str(number) for number in range(10)]
    assert set(stage.states()) == {OutboxState.SENT}


def test_a_broken_turn_stops_nobody_else(stage: Stage) -> None:
    """It is tried three times, then set aside with one apology; later rows go on."""
    stage.broken.add("poison")
    for text in ("before", "poison", "after"):
        stage.hear(text)
    stage.hear("other", 2)
    assert stage.once() == 0
    assert stage.sent() == ["before", "sorry", "after"]
    assert stage.sent(2) == ["other"]
    [aside] = read(stage.store, lambda db: db.scalars(select(Inbox).where(Inbox.tries > 0)).all())
    assert (aside.state, aside.tries) == (InboxState.QUARANTINED, 3)
    assert aside.error == "ValueError: a defect made for this test"


def test_too_many_messages_bring_one_notice(stage: Stage) -> None:
    """What is over the limit is kept; the sender is told once."""
    for number in range(13):
        stage.hear(str(number))
    stage.once(limits=PaceLimits(60, 1000))
    assert stage.sent() == [*map(str, range(10)), "busy"]
    waiting = read(stage.store, lambda db: db.scalars(select(Inbox.state)).all())
    assert waiting.count(InboxState.OPEN) == 3


def test_a_chat_is_not_written_to_too_fast(stage: Stage) -> None:
    """Messages of one chat keep their distance; another chat does not wait for it."""
    for number in range(3):
        stage.queue(str(number))
    stage.queue("other", 2)
    stage.once(rates={"telegram": Rate(chat_interval=0.3)})
    at = [one.at for one in stage.provider.messages(1)]
    gaps = [later - earlier for earlier, later in pairwise(at)]
    assert min(gaps) >= 0.29
    assert stage.provider.messages(2)[0].at < at[1]


def test_a_channel_is_not_used_too_fast(stage: Stage) -> None:
    """At most so many messages leave in any second."""
    for chat in range(1, 31):
        stage.queue("bulk", chat, lane=BULK)
    stage.once(rates={"telegram": Rate(per_second=10)})
    at = sorted(one.at for chat in range(1, 31) for one in stage.provider.messages(chat))
    assert len(at) == 30
    assert all(at[number + 10] - at[number] > 0.9 for number in range(20))


def test_live_replies_pass_a_slow_providers_bulk(stage: Stage) -> None:
    """They are claimed first: bulk that takes ten seconds mostly still waits when five have left."""
    bulk, live = range(1001, 1201), range(1, 6)
    for chat in bulk:
        stage.queue("bulk", chat, lane=BULK)
    for chat in (*bulk, *live):
        stage.provider.trouble(chat, Trouble(delay=0.4))
    listening, stop = ear(stage.store, is_alone=False), threading.Event()
    thread = threading.Thread(target=Worker(stage.work(), listening).run, args=(stop,))
    thread.start()
    try:
        assert stage.provider.wait(bulk[0], 1, 10)
        for chat in live:
            stage.hear("hello", chat)
        assert all(stage.provider.wait(chat, 1, 10) for chat in live)
        left = stage.states().count(OutboxState.QUEUED)
    finally:
        stop.set()
        thread.join()
        listening.close()
    assert left > len(bulk) / 2


def test_throttling_delays_one_chat_only(stage: Stage) -> None:
    """Retry-after is obeyed for the chat concerned, and its order is kept."""
    stage.provider.trouble(1, Trouble(fault=Fault.THROTTLED, value=2, times=1))
    for text in ("first", "second"):
        stage.queue(text)
    stage.queue("other", 2)
    began = time.time()
    assert stage.once() == 0
    assert stage.sent() == ["first", "second"]
    assert stage.provider.messages(1)[0].at - began >= 2
    assert stage.provider.messages(2)[0].at - began < 2


def test_once_waits_for_a_throttled_channel(stage: Stage) -> None:
    """Two chats throttled stop the whole channel for a while: that is no failure, and all leaves after it."""
    for chat in (1, 2):
        stage.provider.trouble(chat, Trouble(fault=Fault.THROTTLED, value=2, times=1))
    for chat in (1, 2, 3):
        stage.queue("first", chat)
        stage.queue("second", chat)
    assert stage.once() == 0
    assert [stage.sent(chat) for chat in (1, 2, 3)] == [["first", "second"]] * 3


def test_once_waits_half_a_minute_at_most(stage: Stage) -> None:
    """A channel throttled for longer is left to a later run, and is no failure."""
    for chat in (1, 2):
        stage.provider.trouble(chat, Trouble(fault=Fault.THROTTLED, value=60))
        stage.queue("hello", chat)
    began = time.monotonic()
    assert stage.once() == 0
    assert time.monotonic() - began < 5
    assert stage.states() == [OutboxState.QUEUED] * 2


def test_a_refused_connection_is_tried_again(stage: Stage) -> None:
    """What never left is sent later, once."""
    down = Telegram(TOKEN, (), "http://127.0.0.1:9", timeout=1.0)
    stage.queue("hello")
    listening = ear(stage.store, is_alone=False)
    stop = threading.Event()
    thread = threading.Thread(
        target=Worker(stage.work(channels={"telegram": down}), listening).run, args=(stop,)
    )
    thread.start()
    time.sleep(0.5)
    stop.set()
    thread.join()
    listening.close()
    down.close()
    assert stage.sent() == []
    assert stage.once() == 0
    assert stage.sent() == ["hello"]


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.STALL, Fault.HTML, Fault.SERVER_ERROR])
def test_an_answer_never_seen_gives_one_repeat(stage: Stage, fault: Fault) -> None:
    """The message may have left: one more try in all, then it is listed; the next one goes on."""
    stage.provider.trouble(1, Trouble(fault=fault, times=2, accepts=True))
    stage.queue("hello")
    assert stage.once() == 0
    assert stage.sent() == ["hello", "hello"]
    assert stage.states() == [OutboxState.UNCERTAIN]
    stage.queue("next")
    stage.once()
    assert stage.sent()[-1] == "next"


def test_twilio_is_asked_before_a_repeat(stage: Stage) -> None:
    """A message that it has taken is not sent again, though its answer was never seen."""
    url, phone = stage.provider.url, "+22370000001"
    account = Account(ACCOUNT_SID, (AUTH_TOKEN,), "https://griot.example.org", "", url, url, 1.0)
    on_sms = sms(account, "+10000000002")
    stage.provider.trouble(phone, Trouble(fault=Fault.DROP, times=1, accepts=True))
    write(stage.store, lambda db: _queue_text(db, phone, "hello"))
    assert stage.once(channels={"sms": on_sms}) == 0
    on_sms.close()
    assert [one.text for one in stage.provider.messages(phone)] == ["hello"]
    assert stage.states() == [OutboxState.SENT]
    assert read(stage.store, lambda db: db.scalar(select(Outbox.provider_id))) != ""


def test_a_blocked_address_is_marked(stage: Stage) -> None:
    """The message is undeliverable, and the address says why; nothing more is sent there."""
    at = datetime.now(UTC)
    write(stage.store, lambda db: _an_officer(db, at))
    stage.provider.trouble(1, Trouble(fault=Fault.BLOCKED))
    stage.queue("hello")
    stage.queue("again")
    assert stage.once() == 0
    assert stage.states() == [OutboxState.UNDELIVERABLE] * 2
    assert read(stage.store, lambda db: db.scalar(select(Address.reachable))) == "not_started"
    assert len(stage.provider.calls("sendMessage")) == 1


def _an_officer(db: Db, at: datetime, chat: str = "1") -> int:
    return add_person(
        db, name="Demo", role="officer", language="en", city=None, addresses={"telegram": chat}, at=at
    )


def test_a_refused_message_fails_and_is_counted(stage: Stage) -> None:
    """Our fault: not repeated, `failed`, and the exit code says so."""
    stage.provider.trouble(1, Trouble(fault=Fault.REFUSED, value=400, text="message is too odd"))
    stage.queue("hello")
    assert stage.once() == 1
    assert stage.states() == [OutboxState.FAILED]


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(Trouble(fault=Fault.MIGRATED, value=2), id="moved-to-an-address-that-is-taken"),
        pytest.param(Trouble(fault=Fault.REFUSED, value=400, text="odd \ud800 \x00 words"), id="odd-words"),
    ],
)
def test_an_odd_outcome_stops_nobody_else(stage: Stage, trouble: Trouble) -> None:
    """It is stored as well as it can be; the messages of others leave."""
    write(stage.store, lambda db: _an_officer(db, datetime.now(UTC), "1"))
    write(stage.store, lambda db: _an_officer(db, datetime.now(UTC), "2"))
    stage.provider.trouble(1, trouble)
    stage.queue("hello", 1)
    stage.queue("other", 2)
    stage.once()
    assert stage.sent(2) == ["other"]
    assert stage.states()[0] in (OutboxState.UNDELIVERABLE, OutboxState.FAILED)


def test_a_wait_without_measure_is_cut(stage: Stage) -> None:
    """Telegram is believed for an hour."""
    stage.provider.trouble(1, Trouble(fault=Fault.THROTTLED, value=10**12))
    stage.queue("hello", 1)
    stage.queue("other", 2)
    stage.once()
    assert stage.sent(2) == ["other"]
    assert stage.states() == [OutboxState.QUEUED, OutboxState.SENT]
    due = read(stage.store, lambda db: db.scalar(select(Outbox.due_at).order_by(Outbox.id)))
    assert due is not None
    assert due - datetime.now(UTC) <= timedelta(hours=1)


def test_more_held_messages_than_calls_leave_once_each(stage: Stage) -> None:
    """None waits for a free call until its lease runs out: an answer seen means one copy."""
    for number in range(2):
        for chat in range(1, 17):
            stage.provider.trouble(chat, Trouble(delay=0.5))
            stage.queue(str(number), chat)
    slow = {"telegram": Rate(chat_interval=0.2)}
    assert stage.once(senders=2, lease=timedelta(seconds=3), rates=slow) == 0
    assert [stage.sent(chat) for chat in range(1, 17)] == [["0", "1"]] * 16
    assert set(stage.states()) == {OutboxState.SENT}


def test_a_locked_row_delays_one_person_only(stage: Stage) -> None:
    """A turn that meets a lock is taken again as often as it needs, never set aside; others are answered."""
    if not stage.store.engine.url.get_backend_name().startswith("postgresql"):
        pytest.skip("SQLite has one writer: a turn meets no lock")
    began = datetime.now(UTC)
    failed = 0

    def fast_clock() -> datetime:
        return began + 20 * (datetime.now(UTC) - began)

    def take_turn(db: Db, row: Inbox, at: datetime) -> None:
        nonlocal failed
        if row.sender == "telegram:1" and failed < 5:
            failed += 1
            db.execute(sql("SET LOCAL lock_timeout = '20ms'"))
            db.execute(sql("LOCK TABLE submission"))
        stage.take_turn(db, row, at)
        if row.sender == "telegram:2":
            answered_after.append(failed)

    answered_after: list[int] = []
    stage.hear("hello", 1)
    stage.hear("other", 2)
    listening = ear(stage.store, is_alone=False)
    stop = threading.Event()
    work = stage.work(take_turns=one_by_one(take_turn), clock=fast_clock)
    thread = threading.Thread(target=Worker(work, listening).run, args=(stop,))
    with stage.store.engine.begin() as other:
        other.execute(sql("LOCK TABLE submission"))
        thread.start()
        try:
            stage.provider.wait(1, 1, 20)
        finally:
            stop.set()
            thread.join()
    listening.close()
    assert failed == 5
    assert answered_after[0] <= 2  # at most once among others and once by itself: then the others go on
    assert (stage.sent(1), stage.sent(2)) == (["hello"], ["other"])


def test_once_ends_when_the_token_is_refused(stage: Stage) -> None:
    """The message stays queued, and the exit code says that something is wrong."""
    stage.provider.trouble(1, Trouble(fault=Fault.UNAUTHORIZED))
    stage.queue("hello")
    began = time.monotonic()
    assert stage.once() == 1
    assert time.monotonic() - began < 5
    assert stage.states() == [OutboxState.QUEUED]


def test_once_ends_with_what_is_due_later(stage: Stage) -> None:
    """A message for tomorrow stays queued, and nobody waits for it."""
    stage.queue("tomorrow", due_at=datetime.now(UTC) + timedelta(days=1))
    assert stage.once() == 0
    assert stage.states() == [OutboxState.QUEUED]


def test_a_reply_leaves_at_once(stage: Stage) -> None:
    """A running worker notices what another process stored, not at its next tick."""
    listening = ear(stage.store, is_alone=False)
    stop = threading.Event()
    thread = threading.Thread(target=Worker(stage.work(), listening).run, args=(stop,))
    thread.start()
    stage.hear("warm")
    stage.provider.wait(1, 1, 10)
    taken = []
    for number in range(5):
        time.sleep(0.1)
        began = time.time()
        stage.hear(str(number))
        write(stage.store, announce)
        taken.append(stage.provider.wait(1, number + 2, 10)[-1].at - began)
    stop.set()
    thread.join()
    listening.close()
    assert min(taken) < 0.5


def test_the_end_is_quick_and_gives_back(stage: Stage) -> None:
    """What waits for its chat's turn is queued again when the worker ends."""
    for text in ("first", "second"):
        stage.queue(text)
    listening = ear(stage.store, is_alone=False)
    stop = threading.Event()
    work = stage.work(rates={"telegram": Rate(chat_interval=60)})
    thread = threading.Thread(target=Worker(work, listening).run, args=(stop,))
    thread.start()
    stage.provider.wait(1, 1, 10)
    time.sleep(0.5)
    began = time.monotonic()
    stop.set()
    listening.ring()
    thread.join()
    listening.close()
    assert time.monotonic() - began < 5
    assert stage.states() == [OutboxState.SENT, OutboxState.QUEUED]


def test_the_command_ends_without_a_word(tmp_path: Path) -> None:
    """`griot worker --once` closes the connections it opened, and so leaves nothing to complain about."""
    database = f"sqlite:///{tmp_path / 'griot.db'}"
    with StandIn() as provider:
        environment = os.environ | {
            "DATABASE_URL": database,
            "GRIOT_VAR": str(tmp_path / "var"),
            "SECRET_KEY": "test-key-0123456789abcdef0123456789abcdef",
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_API_URL": provider.url,
        }
        _run(environment, "migrate")
        store = open_store(database)
        write(store, lambda db: _queue(db, "test:1", "hello", 1))
        store.close()
        ended = _run(environment, "worker", "--once")
        assert (ended.returncode, ended.stderr) == (0, "")
        assert [one.text for one in provider.messages(1)] == ["hello"]


def _run(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return run(*words, env=environment)


def test_forms_are_compiled_before_the_first_turn(aston_database: str) -> None:
    """A turn would hold SQLite's lock meanwhile, and webhooks would wait."""
    store = open_store(aston_database)
    turns = make_turns({})
    turns.prepare(store, AT)
    write(store, lambda db: db.execute(update(FormVersion).values(source="no form")))
    assert read(store, lambda db: turns.forms.form(db, "weekly_update")).name == "weekly_update"
    store.close()


def test_holidays_are_looked_up_before_the_first_turn(aston_database: str) -> None:
    """Their package takes half a second to import, and each country that follows the moon as long again."""
    store = open_store(aston_database)
    working_days._TABLES.clear()
    make_turns({}).prepare(store, AT)
    programme, known = read(store, current_programme), len(working_days._TABLES)
    assert known
    for city in programme.cities.values():
        for year in (AT.year - 1, AT.year, AT.year + 1):
            working_days.is_holiday(programme, city.country, AT.date().replace(year=year))
    assert len(working_days._TABLES) == known
    store.close()
