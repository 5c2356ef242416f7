"""Linux tells at once when somebody writes into a file: inotify(7)."""

import ctypes
import os
import sys
from contextlib import suppress

IN_MODIFY = 0x2  # <sys/inotify.h>
_EVENTS = 4096  # bytes read at a time; an event has 16


class Watch:
    """A file that is watched; `fileno` is readable once somebody wrote into it."""

    def __init__(self, path: str) -> None:
        """Raise OSError where the system cannot tell."""
        if sys.platform != "linux":
            raise OSError("there is no inotify")
        libc = ctypes.CDLL(None, use_errno=True)
        self._events: int = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._events < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1")
        if libc.inotify_add_watch(self._events, os.fsencode(path), IN_MODIFY) < 0:
            error = OSError(ctypes.get_errno(), "inotify_add_watch")
            self.close()
            raise error

    def fileno(self) -> int:
        """Return what to wait for, to be read."""
        return self._events

    def forget(self) -> None:
        """Wait for what is written from now on."""
        with suppress(BlockingIOError):
            while len(os.read(self._events, _EVENTS)) == _EVENTS:
                pass

    def close(self) -> None:
        """Watch no longer."""
        os.close(self._events)
