"""What Sentry is told of a fault, and what never."""

import logging
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sentry_sdk

from griot.sentry import Reporter, report_faults
from tests.console_stage import sqlite_stage
from tests.standin.sentry import Sentry

WORDS = "Awa Canary said yes"
SECRET = "secret-of-nobody-0123456789"


@pytest.fixture
def sentry() -> Iterator[Sentry]:
    """Yield Sentry, which hears of this process's faults."""
    root = logging.getLogger()
    before = root.handlers[:]
    with Sentry() as found:
        report_faults(found.dsn, [SECRET])
        yield found
        sentry_sdk.get_client().close()
        sentry_sdk.get_global_scope().set_client(None)
    root.handlers[:] = before


def fail(words: str) -> None:
    """Raise, with words in a variable, an argument and the exception."""
    said = [words]
    raise ValueError(f"{words} {said}")


def report(words: str) -> None:
    """Log what `fail` raises."""
    try:
        fail(words)
    except ValueError as error:
        told = {"inbox": 4711, "code": f"x {SECRET}"}
        logging.getLogger("griot.worker").error("a turn raised", exc_info=error, extra=told)


def test_a_fault_is_told_by_kind_place_and_ids(sentry: Sentry) -> None:
    """The same fault again within the minute is not."""
    report(WORDS)
    report(WORDS)
    logging.getLogger("griot.worker").warning("a channel works again")
    sentry_sdk.flush(5)
    [event] = sentry.events()
    [raised] = event["exception"]["values"]
    assert (event["logger"], event["level"]) == ("griot.worker", "error")
    assert event["logentry"] == {"message": "a turn raised"}
    assert event["tags"] == {"inbox": "4711", "code": "x <secret>"}
    assert (raised["type"], raised["value"]) == ("ValueError", "")
    frames = raised["stacktrace"]["frames"]
    assert [frame["function"] for frame in frames] == ["report", "fail"]
    assert all(set(frame) <= {"filename", "function", "lineno"} for frame in frames)
    assert frames[-1]["filename"] == "tests/unit/griot/test_sentry.py"


def test_nothing_else_leaves(sentry: Sentry) -> None:
    """No words of the exception, no variables, no machine, no arguments, no packages."""
    report(WORDS)
    sentry_sdk.flush(5)
    [envelope] = sentry.taken
    for hidden in (WORDS, "Canary", SECRET, socket.gethostname(), sys.executable, str(Path.cwd())):
        assert hidden.encode() not in envelope
    [event] = sentry.events()
    assert set(event) == {
        *("event_id", "timestamp", "platform", "release", "sdk"),
        *("level", "logger", "logentry", "exception", "tags"),
    }


def test_a_request_that_raises_is_told_by_its_route(sentry: Sentry, tmp_path: Path) -> None:
    """Neither address nor headers nor body: a link may sign somebody in."""
    stage = sqlite_stage(tmp_path)
    app = stage.app()

    @app.get("/broken/<token>")
    def broken(token: str) -> str:
        raise LookupError(token)

    headers = {"Cookie": f"griot={WORDS}", "User-Agent": WORDS}
    answer = app.test_client().get("/broken/token-of-nobody?q=words", headers=headers)
    stage.store.close()
    sentry_sdk.flush(5)
    assert answer.status_code == 500
    [event], [envelope] = sentry.events(), sentry.taken
    assert event["tags"] == {"route": "broken", "method": "GET"}
    assert event["exception"]["values"][0]["type"] == "LookupError"
    for hidden in (b"token-of-nobody", b"words", WORDS.encode()):
        assert hidden not in envelope


def test_a_sentry_that_is_away_disturbs_nobody() -> None:
    """Reports are lost, work goes on, and the log says nothing of it."""
    root = logging.getLogger()
    before = root.handlers[:]
    report_faults("http://key-of-nobody@127.0.0.1:9/1")
    report(WORDS)
    sentry_sdk.flush(1)
    assert any(isinstance(handler, Reporter) for handler in root.handlers)
    sentry_sdk.get_global_scope().set_client(None)
    root.handlers[:] = before
