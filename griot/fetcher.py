"""Attachments are fetched here: claimed rows go to a small pool of threads, and come back as outcomes."""

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from channels.arriving import MOST_BYTES, UnfitError, fit_to_keep
from channels.base import Channel, FetchError, Fetches, Lack
from griot.logs import trace_of
from models import media
from models.base import Db
from models.media import MediaState, Stored, Wanted
from models.media_files import MediaFiles

log = logging.getLogger(__name__)

THREADS = 3  # a photo takes a second of a slow line, and a third of a second to clean


@dataclass(frozen=True, slots=True)
class Arrival:
    """What became of one attachment: where it is stored, or why not."""

    row: Wanted
    stored: Stored | None = None
    lack: Lack = Lack.LATER
    error: str = ""
    retry_after: float | None = None  # seconds


class Fetcher:
    """The fetching of one worker. Only the worker's own thread touches it, but for the calls themselves."""

    def __init__(self, channels: Mapping[str, Channel], files: MediaFiles, ring: Callable[[], None]) -> None:
        self._channels = {name: one for name, one in channels.items() if isinstance(one, Fetches)}
        self._files = files
        self._ring = ring
        self._in_flight = 0
        self._ended: deque[Arrival] = deque()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="fetch")

    @property
    def channels(self) -> tuple[str, ...]:
        """Return the channels whose attachments can be fetched."""
        return tuple(self._channels)

    @property
    def room(self) -> int:
        """Return how many more attachments may be claimed."""
        return max(0, THREADS - self._in_flight) if self._channels else 0

    @property
    def is_idle(self) -> bool:
        """Tell whether no attachment is claimed."""
        return not self._in_flight

    @property
    def is_done(self) -> bool:
        """Tell whether every call has ended; its outcome may still wait to be stored."""
        return len(self._ended) == self._in_flight

    def fetch(self, rows: Sequence[Wanted]) -> None:
        """Fetch these attachments, each in a thread of the pool."""
        for row in rows:
            self._in_flight += 1
            self._pool.submit(self._call, row)

    def take_ended(self) -> list[Arrival]:
        """Return what ended since; what cannot be stored comes back by `put_ended`."""
        ended = [self._ended.popleft() for _ in range(len(self._ended))]
        self._in_flight -= len(ended)
        return ended

    def put_ended(self, arrivals: Sequence[Arrival]) -> None:
        """Take outcomes back that were not stored."""
        self._in_flight += len(arrivals)
        self._ended.extendleft(reversed(arrivals))

    def forget(self, paths: Sequence[str]) -> None:
        """Remove files that no row names."""
        for path in paths:
            self._files.remove(path)

    def close(self) -> None:
        """End the threads once their calls ended."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _call(self, row: Wanted) -> None:
        self._ended.append(self._arrival(row))
        self._ring()

    def _arrival(self, row: Wanted) -> Arrival:
        try:
            return Arrival(row, self._stored(row))
        except FetchError as error:
            return Arrival(row, lack=error.lack, error=error.detail, retry_after=error.retry_after)
        except UnfitError as error:
            return Arrival(row, lack=Lack.REFUSED, error=str(error))
        except OSError as error:
            log.error("media row %s cannot be written: %s", row.id, error.strerror)
            return Arrival(row, error=f"cannot be written ({error.strerror})")
        except Exception as error:  # noqa: BLE001 - a defect of ours must not stop the others
            log.error("fetching media row %s raised %s", row.id, trace_of(error))
            return Arrival(row, error=type(error).__name__)

    def _stored(self, row: Wanted) -> Stored:
        fetched = self._channels[row.channel].fetch(row.ref, MOST_BYTES)
        kept = fit_to_keep(fetched.content)
        digest, path = self._files.keep(kept.content, kept.extension)
        return Stored(kept.content_type, len(kept.content), digest, path)


def settle(db: Db, arrivals: Sequence[Arrival], at: datetime) -> list[str]:
    """Store what became of these attachments; return files that no row names, to be removed after it."""
    return [path for one in arrivals if (path := _settled(db, one, at)) and not media.is_used(db, path)]


def _settled(db: Db, one: Arrival, at: datetime) -> str:
    """Return the path of a file whose row was erased, or fetched by another, meanwhile; else ""."""
    if one.stored is not None:
        return "" if media.mark_kept(db, one.row, one.stored, at) else one.stored.path
    if one.lack is Lack.LATER:
        media.put_back(db, one.row, one.error, one.retry_after, at)
    else:
        media.close(db, one.row, _STATES[one.lack], one.error, at)
    return ""


_STATES = {Lack.GONE: MediaState.LOST, Lack.REFUSED: MediaState.REFUSED}
