"""Who writes next on SQLite: a webhook passes all who wait, but nobody waits for ever."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from models.base import Db
from models.db import Store, open_store, read, write, write_first
from models.lines import FileLock, Line


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return an SQLite file with one table."""
    file = tmp_path / "line.db"
    with a_process(file) as store:
        write(store, lambda db: db.execute(text("CREATE TABLE written (name TEXT)")))
    return file


@contextmanager
def a_process(file: Path) -> Iterator[Store]:
    """Yield a store of its own, which stands in line as another process would."""
    store = open_store(f"sqlite:///{file}")
    yield store
    store.close()


def named(name: str, then: Callable[[], object] = lambda: None) -> Callable[[Db], None]:
    """Return a transaction that writes a name, then does more before it ends."""

    def work(db: Db) -> None:
        db.execute(text("INSERT INTO written VALUES (:name)"), {"name": name})
        then()

    return work


def written(store: Store) -> list[str]:
    """Return the names in the order they were written in."""
    return list(read(store, lambda db: db.scalars(text("SELECT name FROM written ORDER BY rowid"))))


def until(is_so: Callable[[], bool]) -> None:
    """Wait until it is so, five seconds at most."""
    for _ in range(1000):
        if is_so():
            return
        time.sleep(0.005)
    raise TimeoutError


def waits(file: Path, end: str) -> bool:
    """Tell whether a process holds this place in the line."""
    other = FileLock(f"{file}-{end}")
    try:
        return other.is_taken()
    finally:
        other.close()


def test_a_webhook_waits_for_one_transaction_only(file: Path) -> None:
    """Among processes: a worker that came before stands back for a web process."""
    holds, may_end = threading.Event(), threading.Event()
    with ExitStack() as stack, ThreadPoolExecutor(3) as pool:
        first, worker, web = (stack.enter_context(a_process(file)) for _ in range(3))
        stack.callback(may_end.set)
        writing = pool.submit(write, first, named("first", lambda: (holds.set(), may_end.wait(10))))
        assert holds.wait(5)
        waiting = [pool.submit(write, worker, named("worker"))]
        until(lambda: waits(file, "line"))
        waiting.append(pool.submit(write_first, web, named("web")))
        until(lambda: waits(file, "first"))
        may_end.set()
        for each in (writing, *waiting):
            each.result(10)
        assert written(first) == ["first", "web", "worker"]


def test_a_worker_gets_in_however_many_webhooks_come(file: Path) -> None:
    """Two are let by, then it writes itself."""
    over = threading.Event()

    def post(store: Store) -> None:
        while not over.is_set():
            write_first(store, named("web", lambda: time.sleep(0.005)))

    with ExitStack() as stack, ThreadPoolExecutor(3) as pool:
        worker, *webs = (stack.enter_context(a_process(file)) for _ in range(3))
        stack.callback(over.set)
        posting = [pool.submit(post, web) for web in webs]
        until(lambda: len(written(worker)) > 3)
        before = len(written(worker))
        write(worker, named("worker"))
        over.set()
        for each in posting:
            each.result(10)
        # Between two looks of a busy machine several may write; where all went first, it were some seventy.
        assert written(worker).index("worker") - before < 40


def test_a_frozen_web_process_keeps_nobody_from_writing(file: Path) -> None:
    """It was stopped while it waited: what it told the others stands for ever."""
    frozen = FileLock(f"{file}-first")
    assert frozen.take()
    with a_process(file) as store:
        write(store, named("worker"))
    frozen.close()


def test_a_webhook_passes_the_threads_of_its_process() -> None:
    """Where web and worker are one process."""
    line, order = Line(5.0), list[str]()
    held = line.alone()
    held.__enter__()

    def wait(name: str, *, goes_first: bool) -> None:
        with line.alone(goes_first=goes_first):
            order.append(name)

    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(wait, "worker", goes_first=False)]
        until(lambda: len(line._waiting) == 1)
        waiting.append(pool.submit(wait, "web", goes_first=True))
        until(lambda: len(line._waiting) == 2)
        held.__exit__(None, None, None)
        for each in waiting:
            each.result(5)
    assert order == ["web", "worker"]
