"""Linux tells at once when somebody writes into a file: inotify(7)."""

import sys


class Watch:
    """A file that is watched; `fileno` is readable once somebody wrote into it."""

    def __init__(self, path: str) -> None:
        """Raise OSError where the system cannot tell."""
        if sys.platform != "linux":
            raise OSError("there is no inotify")
        from inotify_simple import INotify, flags

        self._events = INotify()
        try:
            self._events.add_watch(path, flags.MODIFY)
        except OSError:
            self.close()
            raise

    def fileno(self) -> int:
        """Return what to wait for, to be read."""
        number: int = self._events.fileno()
        return number

    def forget(self) -> None:
        """Wait for what is written from now on."""
        self._events.read(timeout=0)

    def close(self) -> None:
        """Watch no longer."""
        self._events.close()
