"""What providers post gets the right answer, and is kept before it is answered."""

import gc
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import func, select

from channels.telegram import Telegram
from models.base import Base, Db
from models.db import Store, open_store, read
from models.inbox import Inbox
from tests.databases import Databases, frozen, make_tables
from webhooks.intake import PATIENCE, Intake
from webhooks.routes import Webhooks

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
SECRET = "hook-secret_0123456789"
HEADER = "X-Telegram-Bot-Api-Secret-Token"
SIGNED = {HEADER: SECRET, "Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Hook:
    """The webhooks over a database, how often workers were woken, and the statuses that were counted."""

    client: FlaskClient
    store: Store
    woken: list[int]
    counted: list[int]

    def post(self, body: bytes, headers: dict[str, str] | None = None) -> int:
        """Return the status of a request, signed unless told otherwise."""
        given = SIGNED if headers is None else headers
        return self.client.post("/webhooks/telegram", data=body, headers=given).status_code

    def kept(self) -> int:
        """Return how many updates are kept."""
        return read(self.store, lambda db: db.scalar(select(func.count()).select_from(Inbox)) or 0)


def silent(db: Db) -> None:
    """Tell no other process."""


def a_hook(store: Store, patience: float = PATIENCE, announce: Callable[[Db], None] = silent) -> Hook:
    """Return the webhooks over a store."""
    woken: list[int] = []
    counted: list[int] = []
    intake = Intake(store, announce, lambda: woken.append(1), patience)
    channels = {"telegram": Telegram("700100200:HOOK-token-of-nobody-0123456789abcdef", [SECRET])}
    app = Flask("hook")

    def count(channel: str, status: int, seconds: float) -> None:
        counted.append(status)

    hooks = Webhooks(channels, intake.keep, lambda: AT, "https://griot.example", count)
    app.wsgi_app = hooks.around(app.wsgi_app)
    return Hook(app.test_client(), store, woken, counted)


@pytest.fixture
def hook(database: str) -> Iterator[Hook]:
    """Yield the webhooks on each database."""
    store = open_store(database)
    yield a_hook(store)
    store.close()


def an_update(number: int = 1, **content: object) -> bytes:
    """Return an update's body."""
    return json.dumps({"update_id": number, **content}).encode()


DEEP = b'{"update_id":1,"message":' + b"[" * 64 + b"]" * 64 + b"}"
CASES = [
    pytest.param(an_update(), SIGNED, 200, id="an update"),
    pytest.param(an_update(sticker={}), SIGNED, 200, id="an unknown kind"),
    pytest.param(an_update(), {}, 403, id="no secret"),
    pytest.param(an_update(), {HEADER: "wrong"}, 403, id="wrong secret"),
    pytest.param(an_update(), {HEADER: "sécrèt"}, 403, id="odd secret"),
    pytest.param(b"not json", {}, 403, id="no secret and no JSON"),
    pytest.param(b"not json", SIGNED, 400, id="no JSON"),
    pytest.param(b"", SIGNED, 400, id="nothing"),
    pytest.param(b"\xff\xfe", SIGNED, 400, id="no text"),
    pytest.param(b"[" * 200_000, SIGNED, 400, id="deep enough to exhaust a parser"),
    pytest.param(DEEP, SIGNED, 400, id="deeper than 64 levels"),
    pytest.param(b'{"message":{}}', SIGNED, 400, id="no update_id"),
    pytest.param(b'{"update_id":"1"}', SIGNED, 400, id="update_id a text"),
    pytest.param(b'{"update_id":true}', SIGNED, 400, id="update_id a truth value"),
    pytest.param(b'{"update_id":1e3}', SIGNED, 400, id="update_id with a point"),
    pytest.param(b"[1]", SIGNED, 400, id="a list"),
    pytest.param(b'{"update_id":' + b"9" * 5000 + b"}", SIGNED, 400, id="update_id of 5000 digits"),
    pytest.param(an_update(text="x" * (1 << 20)), SIGNED, 413, id="over 1 MiB"),
    pytest.param(an_update(text="x" * 1_000_000), SIGNED, 200, id="just under 1 MiB"),
]


@pytest.mark.parametrize(("body", "headers", "status"), CASES)
def test_each_request_gets_its_code(hook: Hook, body: bytes, headers: dict[str, str], status: int) -> None:
    """The codes of the contract; what is not answered 200 is not kept."""
    assert hook.post(body, headers) == status
    assert hook.kept() == len(hook.woken) == (1 if status == 200 else 0)
    assert hook.counted == [status]


def test_a_repetition_is_answered_alike_and_kept_once(hook: Hook) -> None:
    """A duplicate is 200, also when fifty come at once."""
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: a_hook(hook.store).post(an_update(7)), range(50)))
    assert set(answers) == {200}
    assert hook.kept() == 1


def test_what_comes_together_is_kept_together(hook: Hook) -> None:
    """Fifty different updates at once through one process are fifty rows."""
    ready = threading.Barrier(25)

    def post(number: int) -> int:
        ready.wait(10)
        return a_post(hook, number)

    with ThreadPoolExecutor(25) as pool:
        assert set(pool.map(post, range(50))) == {200}
    assert hook.kept() == 50


def test_what_fails_together_is_answered_alike(hook: Hook) -> None:
    """Whatever keeping raises, each of those who waited for it is asked to send again; then all is well."""
    is_broken, ready = threading.Event(), threading.Barrier(25)
    is_broken.set()

    def announce(db: Db) -> None:
        if is_broken.is_set():
            raise OSError("too many open files")

    broken = a_hook(hook.store, announce=announce)

    def post(number: int) -> int:
        ready.wait(10)
        return a_post(broken, number)

    with ThreadPoolExecutor(25) as pool:
        assert set(pool.map(post, range(50))) == {503}
    assert broken.counted == [503] * 50
    assert broken.kept() == len(broken.woken) == 0
    is_broken.clear()
    assert broken.post(an_update()) == 200


def test_a_tap_is_acknowledged_in_the_answer(hook: Hook) -> None:
    """The 200 of a tap ends the spinner."""
    body = an_update(9, callback_query={"id": "tap-1", "from": {"id": 5}})
    answer = hook.client.post("/webhooks/telegram", data=body, headers=SIGNED)
    assert answer.json == {"method": "answerCallbackQuery", "callback_query_id": "tap-1"}


def test_a_missing_database_is_503_with_a_time(tmp_path: Path) -> None:
    """Without tables the provider is asked to come again, and told when."""
    store = open_store(f"sqlite:///{tmp_path / 'none.db'}")
    answer = a_hook(store).client.post("/webhooks/telegram", data=an_update(), headers=SIGNED)
    store.close()
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0


def test_a_database_that_hangs_is_503(postgresql_databases: Databases) -> None:
    """A server that takes connections and answers nothing is as good as none, for all who wait."""
    store = open_store(postgresql_databases.copy_of("tables", make_tables))
    hook = a_hook(store, patience=0.3)
    assert hook.post(an_update(1)) == 200
    began = time.monotonic()
    with frozen(store), ThreadPoolExecutor(3) as pool:
        assert set(pool.map(lambda number: a_post(hook, number), range(2, 5))) == {503}
    assert time.monotonic() - began < 10
    assert [a_post(hook, number) for number in range(1, 5)] == [200] * 4
    assert hook.kept() == 4
    store.close()


def a_post(hook: Hook, number: int) -> int:
    """Return the status of an update, sent by a client of its own: for threads."""
    client = hook.client.application.test_client()
    return client.post("/webhooks/telegram", data=an_update(number), headers=SIGNED).status_code


def test_a_channel_that_is_off_is_404(hook: Hook) -> None:
    """Nothing is known of other channels."""
    assert hook.client.post("/webhooks/chat", data=an_update()).status_code == 404


JSON = some.recursive(
    some.none() | some.booleans() | some.floats() | some.text() | some.integers(),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(), inner, max_size=4),
    max_leaves=8,
)
UPDATES = some.fixed_dictionaries(
    {"update_id": some.integers() | JSON}, optional={"message": JSON, "x": JSON}
)


@pytest.fixture(scope="module")
def quick_hook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hook]:
    """Yield webhooks on one SQLite file, for many requests."""
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('hook') / 'hook.db'}")
    Base.metadata.create_all(store.engine)
    yield a_hook(store)
    store.close()


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=some.binary(max_size=300) | JSON.map(json.dumps).map(str.encode))
def test_random_bodies_never_break_it(quick_hook: Hook, body: bytes) -> None:
    """Whatever comes, the answer is never 5xx."""
    assert quick_hook.post(body) in {200, 400}


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(update=UPDATES)
def test_random_updates_never_break_it(quick_hook: Hook, update: dict[str, object]) -> None:
    """Whatever an update holds, the answer is never 5xx, and 200 means kept."""
    before = read(quick_hook.store, _ids)
    status = quick_hook.post(json.dumps(update).encode())
    assert status in {200, 400}
    if status == 200:
        kept = read(quick_hook.store, _ids)
        assert f"700100200:{update['update_id']}" in kept
        assert len(kept - before) <= 1


def _ids(db: Db) -> set[str]:
    return set(db.scalars(select(Inbox.provider_id)))


def test_its_thread_ends_with_it(database: str) -> None:
    """A process that makes one web application after another, as tests do, keeps none of them."""
    store, before = open_store(database), set(threading.enumerate())
    hook = a_hook(store)
    assert hook.post(an_update()) == 200
    [writer] = set(threading.enumerate()) - before
    del hook
    gc.collect()
    writer.join(5)
    assert not writer.is_alive()
    store.close()
