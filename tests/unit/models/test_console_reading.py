"""Signing in and reading the cities and a conversation, on both databases."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import func, select

from bot.values import Message
from models.db import read, write
from models.inbox import Update, receive_all
from models.overview import Sent, last_sent, latest_reports, reports_of
from models.reach import Reach, reach_of
from models.signin import ConsoleSession, SignIn, new_sign_in, signed_in, use_sign_in
from models.thread import Thread, holders, thread_of
from tests.console_stage import MONDAY, Stage, open_stage

EVERYWHERE = Reach(every_city=True)
DUE = {"nordmark": ("harvest_note", "2026-W38"), "eastmere": ("harvest_note", "2026-W38")}


@pytest.fixture
def stage(database: str) -> Iterator[Stage]:
    on_stage = open_stage(database)
    yield on_stage
    on_stage.store.close()


def thread(stage: Stage, name: str) -> Thread:
    person_id = stage.people[name]
    return read(stage.store, lambda db: thread_of(db, person_id, f"chat:{person_id}", stage.at))


def test_of_many_who_use_one_address_at_once_one_gets_in(stage: Stage) -> None:
    token = stage.sign_in_path("officer").rpartition("/")[2]

    def use(_: int) -> str | None:
        return write(stage.store, lambda db: use_sign_in(db, token, MONDAY))

    with ThreadPoolExecutor(8) as pool:
        opened = [session for session in pool.map(use, range(16)) if session]
    assert len(opened) == 1
    reader = read(stage.store, lambda db: signed_in(db, opened[0], MONDAY))
    assert reader is not None
    assert (reader.id, reader.role, reader.city) == (stage.people["officer"], "officer", None)


def test_only_hashes_are_stored(stage: Stage) -> None:
    token = stage.sign_in_path("officer").rpartition("/")[2]
    session_id = write(stage.store, lambda db: use_sign_in(db, token, MONDAY))
    assert len(token) >= 43  # 32 bytes
    stored = select(SignIn.token_hash).union_all(select(ConsoleSession.id_hash))
    hashes = read(stage.store, lambda db: db.scalars(stored).all())
    assert len(hashes) == 2
    assert {token, session_id}.isdisjoint(hashes)


def test_what_has_ended_is_forgotten(stage: Stage) -> None:
    """The next sign-in clears sessions over twelve hours old and addresses that long expired."""
    stage.signed_in("officer")
    stage.wait(days=1)
    stage.signed_in("admin")
    kept = read(
        stage.store,
        lambda db: [db.scalar(select(func.count()).select_from(t)) for t in (SignIn, ConsoleSession)],
    )
    assert kept == [1, 1]


@pytest.mark.parametrize("role", ["coordinator", "deputy", "group"])
def test_roles_of_a_city_reach_their_own(role: str) -> None:
    assert reach_of(role, "nordmark") == Reach(city="nordmark")
    assert reach_of(role, None) == Reach()


@pytest.mark.parametrize("role", ["officer", "admin", "viewer"])
def test_roles_of_the_network_reach_every_city(role: str) -> None:
    assert reach_of(role, None) == Reach(every_city=True)


def test_an_unknown_role_reaches_nothing() -> None:
    assert reach_of("wizard", "nordmark") == Reach()


@pytest.mark.parametrize(
    ("reach", "seen"),
    [
        pytest.param(EVERYWHERE, {"nordmark", "eastmere"}, id="every city"),
        pytest.param(Reach(city="nordmark"), {"nordmark"}, id="one city"),
        pytest.param(Reach(), set(), id="nothing"),
    ],
)
def test_the_filter_is_in_the_query(stage: Stage, reach: Reach, seen: set[str]) -> None:
    stage.report("keeper", "nordmark", reference="NOR-2026-W38-1", given={"going": "well"})
    stage.report("other", "eastmere", reference="EAS-2026-W38-1", given={"going": "slow"})
    assert set(read(stage.store, lambda db: latest_reports(db, reach, DUE))) == seen
    found = {city for city in DUE if read(stage.store, partial(reports_of, reach=reach, city=city))}
    assert found == seen


def test_the_newest_sent_report_stands_for_its_period(stage: Stage) -> None:
    for number in (1, 2):
        stage.report("keeper", "nordmark", reference=f"NOR-2026-W38-{number}", given={"going": "well"})
    stage.report("keeper", "nordmark", state="draft", given={"going": "slow"})
    latest = read(stage.store, lambda db: latest_reports(db, EVERYWHERE, DUE))
    assert latest["nordmark"].reference == "NOR-2026-W38-2"
    assert read(stage.store, lambda db: latest_reports(db, EVERYWHERE, {})) == {}


def test_what_a_city_sent_last(stage: Stage) -> None:
    """The newest by time whatever its form or period, no draft, nothing from before, one a city."""
    stage.report("keeper", "nordmark", reference="NOR-2026-W36-1", period="2026-W36")
    stage.wait(days=7)
    stage.report("keeper", "nordmark", reference="NOR-2026-W38-1")
    sent_at = stage.at
    stage.report("keeper", "nordmark", reference="NOR-2026-W37-1", submitted_at=MONDAY)
    stage.report("keeper", "nordmark", state="draft", submitted_at=None, given={"going": "slow"})
    stage.report("other", "eastmere", reference="EAS-2026-W30-1", submitted_at=MONDAY - timedelta(days=70))
    sent = read(stage.store, lambda db: last_sent(db, EVERYWHERE, MONDAY - timedelta(days=60)))
    assert sent == {"nordmark": Sent("NOR-2026-W38-1", sent_at)}
    assert read(stage.store, lambda db: last_sent(db, Reach(city="eastmere"), MONDAY)) == {}


def test_a_thread_waits_for_what_is_open_or_leaving(stage: Stage) -> None:
    """Not for what is to leave later, nor for what failed."""
    assert not thread(stage, "keeper").is_waiting
    update = Update("chat", "1", f"chat:{stage.people['keeper']}", b'{"id": "1", "address": "1"}', MONDAY)
    write(stage.store, lambda db: receive_all(db, [update]))
    assert thread(stage, "keeper").is_waiting
    assert not thread(stage, "other").is_waiting
    stage.take_turns()
    assert not thread(stage, "keeper").is_waiting
    stage.tell("keeper", Message("later"), "prompt:1", due=MONDAY + timedelta(hours=1))
    assert not thread(stage, "keeper").is_waiting
    stage.wait(hours=1)
    assert thread(stage, "keeper").is_waiting
    assert thread(stage, "keeper").told == ()


def test_a_thread_keeps_its_newest_part(stage: Stage) -> None:
    for number in range(70):
        stage.tell("keeper", Message(f"number {number}"), f"reply:{number}:1")
    told = thread(stage, "keeper").told
    assert [told[0].message.text, told[-1].message.text, len(told)] == ["number 10", "number 69", 60]


def test_phones_stand_in_the_order_of_cities(stage: Stage) -> None:
    """Coordinators and deputies by city, then the Secretariat; groups and readers have none."""
    phones = read(stage.store, holders)
    names = {id: name for name, id in stage.people.items()}
    assert [names[one.id] for one in phones] == ["keeper", "aide", "other", "officer", "admin"]


def test_a_new_address_leaves_the_former_one(stage: Stage) -> None:
    first = stage.sign_in_path("officer").rpartition("/")[2]
    write(stage.store, lambda db: new_sign_in(db, stage.people["officer"], MONDAY))
    assert write(stage.store, lambda db: use_sign_in(db, first, MONDAY)) is not None
