"""Signs of life for systemd: it ends a worker that is frozen, perhaps while it holds SQLite's lock."""

import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

SIGN = b"WATCHDOG=1"  # sd_notify(3)
SIGNS = 4  # within the time after which systemd ends a process that gives none


def begin(stop: threading.Event, lives: Callable[[], bool]) -> None:
    """Give signs of life until `stop`, from a thread, while `lives`; nothing where systemd asks for none."""
    address, microseconds = os.environ.get("NOTIFY_SOCKET", ""), os.environ.get("WATCHDOG_USEC", "")
    if address and microseconds.isdecimal():
        every = int(microseconds) / 1e6 / SIGNS
        told = (address, every, stop, lives)
        threading.Thread(target=_give, args=told, name="signs", daemon=True).start()


def _give(address: str, every: float, stop: threading.Event, lives: Callable[[], bool]) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wire:
        while lives():
            with suppress(OSError):  # systemd itself starts anew
                wire.sendto(SIGN, address.replace("@", "\0", 1) if address.startswith("@") else address)
            if stop.wait(every):
                return
