"""Commands of Griot as processes: started as a deployer does, or by a fork that costs no imports.

Tests start hundreds of processes, and most of a start is loading modules. Under pytest a process that has
them loaded (`tests/nursery.py`) forks for each command; elsewhere, where memory and starts are measured,
each is started as it is installed.
"""

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

ROOT = Path(__file__).resolve().parent.parent


class Running(Protocol):
    """A process of Griot, as `subprocess.Popen` shows it."""

    pid: int
    returncode: int | None

    def poll(self) -> int | None:
        """Return the exit code, minus the signal that ended it; None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code once it ended; raise TimeoutExpired after so many seconds."""

    def send_signal(self, sig: int) -> None:
        """Send a signal, unless it ended."""

    def kill(self) -> None:
        """Kill it with SIGKILL, unless it ended."""


class Forked:
    """A process that the nursery forked."""

    def __init__(self, words: Sequence[str], told: socket.socket) -> None:
        self.returncode: int | None = None
        self._words = words
        self._told = told
        self._lock = threading.Lock()
        self._heard = b""
        pid = self._number(None)
        if pid is None:
            raise RuntimeError("the nursery ended")
        self.pid = pid

    def poll(self) -> int | None:
        """Return the exit code, minus the signal that ended it; None while it runs."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code once it ended; raise TimeoutExpired after so many seconds."""
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(list(self._words), timeout or 0)
        return code

    def send_signal(self, sig: int) -> None:
        """Send a signal, unless it ended."""
        if self.poll() is None:
            os.kill(self.pid, sig)

    def kill(self) -> None:
        """Kill it with SIGKILL, unless it ended."""
        self.send_signal(signal.SIGKILL)

    def _ended(self, timeout: float | None) -> int | None:
        with self._lock:
            if self.returncode is None:
                self.returncode = self._number(timeout)
                if self.returncode is not None:
                    self._told.close()
        return self.returncode

    def _number(self, timeout: float | None) -> int | None:
        """Return the next number that the nursery told; None when it tells none within so many seconds."""
        while b"\n" not in self._heard:
            if not select.select([self._told], [], [], timeout)[0]:
                return None
            more = self._told.recv(64)
            if not more:
                raise RuntimeError("the nursery ended")
            self._heard += more
        line, _, self._heard = self._heard.partition(b"\n")
        return int(line)


class Nursery:
    """The process that forks; it begins with the first command."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._door: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(
        self,
        words: Sequence[str],
        env: Mapping[str, str],
        cwd: Path,
        stdout: IO[bytes] | None,
        stderr: IO[bytes] | None,
        start_new_session: bool,
    ) -> Forked:
        """Return a process that became this command."""
        mine, its = socket.socketpair()
        asked = json.dumps([list(words), dict(env), str(cwd), start_new_session]).encode()
        with open(os.devnull, "rb") as nothing, its:
            out = 1 if stdout is None else stdout.fileno()
            error = 2 if stderr is None else stderr.fileno()
            socket.send_fds(self._open(), [asked], [nothing.fileno(), out, error, its.fileno()])
        return Forked(words, mine)

    def _open(self) -> socket.socket:
        with self._lock:
            if self._door is None:
                self._door, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                with its:
                    command = [sys.executable, "-m", "tests.nursery"]
                    self._process = subprocess.Popen(command, stdin=its, cwd=ROOT)
            return self._door

    def close(self) -> None:
        """End the nursery; what it forked goes on."""
        if self._door is not None and self._process is not None:
            self._door.close()
            self._process.wait(10)


_nursery: Nursery | None = None


@contextmanager
def forking() -> Iterator[None]:
    """Let every command that is started in the block be forked."""
    global _nursery
    _nursery = Nursery()
    try:
        yield
    finally:
        _nursery.close()
        _nursery = None


def start(
    *words: str,
    env: Mapping[str, str],
    cwd: Path = ROOT,
    stdout: IO[bytes] | None = None,
    stderr: IO[bytes] | None = None,
    start_new_session: bool = False,
) -> Running:
    """Start a command of Griot and return at once; its output goes to these files, else where ours goes."""
    if _nursery is not None:
        return _nursery.start(words, env, cwd, stdout, stderr, start_new_session)
    return subprocess.Popen(
        [griot_command(), *words],
        env=dict(env),
        cwd=cwd,
        stdout=stdout,
        stderr=stderr,
        start_new_session=start_new_session,
    )


def run(*words: str, env: Mapping[str, str], cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Return what a command printed and its exit code, once it ended."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as error:
        code = start(*words, env=env, cwd=cwd, stdout=out, stderr=error).wait()
        for file in (out, error):
            file.seek(0)
        return subprocess.CompletedProcess(list(words), code, out.read().decode(), error.read().decode())


def griot_command() -> str:
    """Return the command `griot` of this environment."""
    return shutil.which("griot", path=str(Path(sys.executable).parent)) or "griot"
