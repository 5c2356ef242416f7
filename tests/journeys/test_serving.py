"""Several serving processes share what their arbiter imported, and nothing that is open."""

import json
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil
from sqlalchemy import func, select

from models.db import open_store, read
from models.inbox import IN
from tests.site import FIRST_PERSON, SECRET, free_port, site_environment, wait_for
from tests.standin.phone import Post, webhook
from tests.starting import ROOT, griot_command

PROCESSES = 2
UPDATES = 60


@contextmanager
def serving(folder: Path, database: str) -> Iterator[tuple[psutil.Process, Post]]:
    """Yield an arbiter over two serving processes, and how it is posted to."""
    port, log = free_port(), folder / "log"
    environment = site_environment(folder, "http://127.0.0.1:9", database, port)
    environment |= {"WEB_CONCURRENCY": f"{PROCESSES}", "LOG_FORMAT": "json"}
    with log.open("wb") as lines:
        arbiter = subprocess.Popen([griot_command(), "web"], env=environment, cwd=ROOT, stderr=lines)
    try:
        wait_for(port)
        yield psutil.Process(arbiter.pid), webhook(f"http://127.0.0.1:{port}", SECRET)
    finally:
        arbiter.send_signal(signal.SIGTERM)
        assert arbiter.wait(15) == 0


def an_update(number: int) -> bytes:
    """Return one text message of one of many people."""
    chat = {"id": FIRST_PERSON + number, "type": "private"}
    message = {"message_id": 1, "date": 1790000000, "chat": chat, "from": chat, "text": "help"}
    return json.dumps({"update_id": 9_000 + number, "message": message}).encode()


def test_two_processes_keep_each_update_once(tmp_path: Path, site_database: str) -> None:
    """Each update posted twice at once, one process killed between: all are kept, and the end is told."""
    with serving(tmp_path, site_database) as (arbiter, post), ThreadPoolExecutor(8) as threads:
        bodies = [an_update(number) for number in range(UPDATES)] * 2
        first, second = bodies[:UPDATES], bodies[UPDATES:]
        assert {status for status, _ in threads.map(post, first)} == {200}
        children = arbiter.children()
        assert len(children) == PROCESSES
        children[0].kill()
        psutil.wait_procs(children[:1], 10)
        assert {status for status, _ in threads.map(post, second)} == {200}
    store = open_store(site_database)
    kept = read(store, lambda db: db.scalar(select(func.count()).select_from(IN)))
    store.close()
    assert kept == UPDATES
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [line["logger"] for line in lines] == ["gunicorn.error"], lines
    assert lines[0]["event"].startswith("Worker (pid:")  # was sent SIGKILL: values of libraries are left out
