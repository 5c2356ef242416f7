"""Alive, ready, and what Prometheus reads."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from griot.health import health
from griot.metrics import _forget_dead, open_measures
from griot.schema import migrate
from models.db import Store, open_store, write
from models.inbox import receive
from models.worker import beat, lead

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture
def store(empty_database: str) -> Iterator[Store]:
    """Yield a migrated database."""
    opened = open_store(empty_database)
    migrate(opened)
    yield opened
    opened.close()


def a_client(store: Store, *tokens: str) -> FlaskClient:
    """Return a client of the routes."""
    app = Flask("health")
    app.register_blueprint(health(store, lambda: AT, tokens))
    return app.test_client()


def test_ready_needs_a_worker(store: Store) -> None:
    """Without a heartbeat, or with one a minute old, requests go elsewhere."""
    client = a_client(store)
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503
    write(store, lambda db: beat(db, "w", AT - timedelta(seconds=61)))
    assert client.get("/readyz").json == {
        "ok": False,
        "reasons": ["no worker was seen in the last 60 seconds"],
    }
    write(store, lambda db: beat(db, "w", AT))
    assert (client.get("/readyz").status_code, client.get("/readyz").json) == (
        200,
        {"ok": True, "reasons": []},
    )


def test_ready_needs_the_schema(tmp_path: Path) -> None:
    """A database without tables is behind."""
    store = open_store(f"sqlite:///{tmp_path / 'none.db'}")
    answer = a_client(store).get("/readyz")
    store.close()
    assert (answer.status_code, answer.json) == (503, {"ok": False, "reasons": ["the schema is behind"]})


def test_a_lost_database_is_not_ready_but_alive() -> None:
    """Nobody answers at the address: 503 with the reason, never an error page."""
    store = open_store("postgresql://nobody@127.0.0.1:9/none")
    client = a_client(store)
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").json == {"ok": False, "reasons": ["the database is unreachable"]}
    store.close()


MEASURING = """
import sys
from pathlib import Path
from griot.metrics import open_measures
measures = open_measures(Path(sys.argv[1]))
measures.turn(0.01)
measures.send("telegram", "accepted", 0.02)
measures.webhook("telegram", 200, 0.03)
"""
READING = """
import sys
from pathlib import Path
from griot.metrics import Kept, open_measures, render
from griot.clock import now
from models.db import open_store
open_measures(Path(sys.argv[1])).expect(["telegram"])
print(render(open_store(sys.argv[2]), Kept(), now(), ["telegram"]).decode())
"""


def test_what_one_process_measures_another_shows(store: Store, tmp_path: Path, empty_database: str) -> None:
    """Timings of web and worker are in one page, and the counts come from the database."""
    write(store, lambda db: receive(db, "telegram", "1:1", "telegram:1", b"{}", AT))
    write(store, lambda db: lead(db, "w", datetime.now(UTC), timedelta(seconds=60)))
    reading = [sys.executable, "-c", READING, str(tmp_path), empty_database]
    with subprocess.Popen(
        [sys.executable, "-c", MEASURING + "input()", str(tmp_path)], stdin=subprocess.PIPE
    ) as measuring:
        page = _until("griot_turn_seconds_count", reading)
        assert measuring.stdin is not None
        measuring.stdin.write(b"\n")
    for line in (
        "griot_turn_seconds_count 1.0",
        'griot_send_seconds_count{channel="telegram",outcome="accepted"} 1.0',
        'griot_webhook_seconds_count{channel="telegram"} 1.0',
        'griot_webhook_answers_total{channel="telegram",status="200"} 1.0',
        'griot_inbox_rows{state="open"} 1.0',
        'griot_inbox_rows{state="quarantined"} 0.0',
        "griot_outbox_oldest_seconds 0.0",
        "griot_scheduler_leader 1.0",
    ):
        assert line in page


def test_figures_are_there_before_anything_happened(
    store: Store, tmp_path: Path, empty_database: str
) -> None:
    """An alarm on a figure works from the first minute on."""
    reading = [sys.executable, "-c", READING, str(tmp_path), empty_database]
    page = subprocess.run(reading, check=True, stdout=subprocess.PIPE, text=True).stdout
    for line in (
        "griot_turn_seconds_count 0.0",
        'griot_send_seconds_count{channel="telegram",outcome="accepted"} 0.0',
        'griot_webhook_seconds_count{channel="telegram"} 0.0',
        'griot_webhook_answers_total{channel="telegram",status="503"} 0.0',
        'griot_outbox_rows{channel="telegram",state="queued"} 0.0',
        'griot_circuit_open{channel="telegram"} 0.0',
        'griot_faults{kind="refused"} 0.0',
    ):
        assert line in page


def _until(word: str, command: list[str]) -> str:
    for _ in range(20):
        page = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        if f"{word} 1.0" in page:
            return page
    return page


def test_files_of_dead_processes_go(tmp_path: Path) -> None:
    """A file whose process is gone is removed; one whose process lives stays."""
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], stdout=-1, check=True)
    gone = tmp_path / f"histogram_{int(dead.stdout)}.db"
    here = tmp_path / f"histogram_{os.getpid()}.db"
    gone.touch()
    here.touch()
    _forget_dead(tmp_path)
    assert (gone.exists(), here.exists()) == (False, True)


def test_figures_may_ask_for_a_token(store: Store) -> None:
    """With METRICS_TOKEN a request without it learns nothing."""
    client = a_client(store, "token-of-nobody")
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer wröng"}).status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 401


def test_measures_are_opened_in_a_folder_of_their_own(tmp_path: Path) -> None:
    """The folder is made when it is missing."""
    before = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    open_measures(tmp_path / "var")
    assert (tmp_path / "var" / "metrics").is_dir()
    if before is None:
        del os.environ["PROMETHEUS_MULTIPROC_DIR"]
    else:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = before
