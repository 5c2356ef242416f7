"""A line of the log: what is in it, and what never is."""

import asyncio
import json
import logging
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from io import StringIO

import pytest

from griot.logs import set_up_logging

WORDS = "Awa Canary said yes"
SECRET = "secret-of-nobody-0123456789"
OURS, THEIRS = logging.getLogger("griot.worker"), logging.getLogger("somebody.else")


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[StringIO]:
    """Yield what is written from now on, one JSON object a line."""
    root, written = logging.getLogger(), StringIO()
    before = root.handlers[:], root.level, logging.raiseExceptions
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    monkeypatch.setattr(sys, "stderr", written)
    set_up_logging("json", [SECRET])
    yield written
    logging.captureWarnings(False)
    root.handlers[:], root.level, logging.raiseExceptions = before
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks


def told(lines: StringIO) -> dict[str, object]:
    """Return the only line."""
    [line] = lines.getvalue().splitlines()
    found = json.loads(line)
    assert isinstance(found, dict)
    return found


def raised(words: str) -> Exception:
    """Return an exception with these words, raised two calls down from another."""
    try:
        try:
            int(words)
        except ValueError as error:
            raise KeyError(words) from error
    except KeyError as error:
        return error


def test_a_line_of_ours_has_ids_and_places(lines: StringIO) -> None:
    """Time, level, words of the source, what is named; of an exception its kind, its cause, its place."""
    OURS.error("a turn raised", exc_info=raised(WORDS), extra={"inbox": 12_345_678})
    line = told(lines)
    assert str(line.pop("time")).endswith("Z")
    assert str(line.pop("at")).endswith(" raised")
    assert line == {
        "event": "a turn raised",
        "inbox": 12_345_678,
        "level": "error",
        "logger": "griot.worker",
        "raised": "KeyError < ValueError",
    }


@pytest.mark.usefixtures("lines")  # which puts logging back
def test_a_line_of_text_names_its_values(capsys: pytest.CaptureFixture[str]) -> None:
    """Time, level, event, logger; then names and values, in quotation marks where one holds a space."""
    set_up_logging("text", [SECRET])
    OURS.warning("a turn waits", extra={"inbox": 7, "why": "two words", "channel": "sms", "said": None})
    time, _, rest = capsys.readouterr().err.partition(" ")
    assert time.endswith("Z")
    assert " ".join(rest.split()) == (
        "[warning ] a turn waits [griot.worker] channel=sms inbox=7 said=None why='two words'"
    )


@pytest.mark.parametrize(
    ("message", "values", "event"),
    [
        pytest.param(
            "Worker (pid:%s) of %s ended", (4321, WORDS), "Worker (pid:4321) of … ended", id="values"
        ),
        pytest.param("chat %d", (700_100_200,), "chat …200", id="a person's number"),
        pytest.param("%(who)s left", ({"who": WORDS},), "… left", id="by name"),
        pytest.param("too %s few", (), None, id="too few"),
        pytest.param(f"{WORDS} left", (), None, id="put together before"),
        pytest.param(f"%s\n{WORDS}", ("x",), "…", id="a second line"),
    ],
)
def test_a_librarys_line_has_no_values(
    lines: StringIO, message: str, values: tuple[object, ...], event: str | None
) -> None:
    """Only what stands in its source, and small numbers; else the place where it was said."""
    THEIRS.warning(message, *values, extra={"body": WORDS})
    line = told(lines)
    assert "body" not in line
    if event is None:
        assert str(line["event"]).startswith("said at ")
    else:
        assert line["event"] == event


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param(f"x{SECRET}y", "x<secret>y", id="a secret of the settings"),
        pytest.param(
            "/bot700100200:AAF-token-of-nobody-0123456789abcdef/x", "/bot<token>/x", id="a bot's token"
        ),
        pytest.param("whatsapp:+22370000001", "whatsapp:…001", id="a number"),
        pytest.param("awa@example.org is full", "<address> is full", id="an address"),
        pytest.param("one\ntwo", "one two", id="two lines"),
        pytest.param("rem:M05:2026-11-23:12:7", "rem:M05:2026-11-23:12:7", id="an occurrence"),
    ],
)
def test_what_slipped_into_a_field_is_taken_out(lines: StringIO, text: str, shown: str) -> None:
    """A second line of defence: fields hold ids and kinds, and nothing else."""
    OURS.error("a message failed", extra={"detail": text})
    assert told(lines)["detail"] == shown


def test_a_line_that_cannot_be_put_together(lines: StringIO) -> None:
    """The standard library would print its values with the fault."""
    OURS.error("%d rows", WORDS)
    assert told(lines)["event"] == "… rows"


def test_warnings_of_libraries_are_lines_too(lines: StringIO) -> None:
    """They say nothing but that there was one."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn(WORDS, stacklevel=1)
    assert told(lines)["logger"] == "py.warnings"
    assert str(told(lines)["event"]).startswith("said at ")


def test_what_nobody_caught_in_a_thread(lines: StringIO) -> None:
    """A thread's end is a line with the place."""

    def breaks() -> None:
        raise ValueError(WORDS)

    thread = threading.Thread(target=breaks)
    thread.start()
    thread.join()
    line = told(lines)
    assert (line["level"], line["raised"]) == ("critical", "ValueError")
    assert str(line["at"]).endswith(" breaks")


def test_what_nobody_awaited(lines: StringIO) -> None:
    """asyncio would print the task with its exception's words."""

    async def breaks() -> None:
        raise ValueError(WORDS)

    async def forget() -> None:
        task = asyncio.ensure_future(breaks())
        await asyncio.sleep(0)
        del task

    asyncio.run(forget())
    assert (told(lines)["raised"], told(lines)["logger"]) == ("ValueError", "asyncio")


BREAKING = """
import sys
from griot import cli
def breaks(**_): raise ValueError(sys.argv[-1])
cli.griot.main = breaks
cli.main()
"""


def test_a_command_that_breaks_says_so_in_one_line() -> None:
    """Kind and place, never the words; exit code 1."""
    done = subprocess.run(
        [sys.executable, "-c", BREAKING, WORDS], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: this is a fault of Griot: ValueError at ")
    assert (done.stderr.count("\n"), WORDS in done.stderr) == (1, False)
