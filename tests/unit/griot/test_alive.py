"""A worker gives systemd signs of life, so that a frozen one is ended."""

import re
import socket
import threading
from pathlib import Path

import pytest

from griot import alive

UNIT = Path(__file__).parents[3] / "deploy" / "systemd" / "griot-worker.service"


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> socket.socket:
    """Return the socket at which systemd listens; it wants a sign within 0.2 seconds."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listening.bind(str(tmp_path / "notify"))
    listening.settimeout(5)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", "200000")
    return listening


def threads() -> list[threading.Thread]:
    """Return the threads that give signs."""
    return [each for each in threading.enumerate() if each.name == "signs"]


def test_signs_are_given_until_the_end(systemd: socket.socket) -> None:
    """The first at once, then several in the time that systemd waits."""
    stop = threading.Event()
    alive.begin(stop, lambda: True)
    assert [systemd.recv(64) for _ in range(3)] == [b"WATCHDOG=1"] * 3
    stop.set()
    for each in threads():
        each.join(5)
    assert threads() == []
    systemd.close()


def test_no_sign_is_given_once_the_rounds_ended(systemd: socket.socket) -> None:
    """A worker that only seems to run is ended too."""
    alive.begin(threading.Event(), lambda: False)
    for each in threads():
        each.join(5)
    systemd.settimeout(0.1)
    with pytest.raises(TimeoutError):
        systemd.recv(64)
    systemd.close()


def test_nothing_runs_where_nobody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a laptop, in a container, under another supervisor."""
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    alive.begin(threading.Event(), lambda: True)
    assert threads() == []


def test_the_unit_asks_for_signs() -> None:
    """Longer than any transaction may wait for a lock, and than a start takes."""
    found = re.search(r"^WatchdogSec=(\d+)$", UNIT.read_text(), re.MULTILINE)
    assert found is not None
    assert 30 <= int(found[1]) <= 120
