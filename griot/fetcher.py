"""Attachments are fetched here: claimed rows go to a small pool of threads, and come back as outcomes."""

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from channels.arriving import MOST_BYTES, UnfitError, fit_to_keep
from channels.base import Channel, FetchError, Fetches, Forgets, Lack, SendError
from models import media
from models.base import Db
from models.db import Store, read
from models.media import MediaState, Stored, Wanted
from models.media_files import MediaFiles

log = logging.getLogger(__name__)

UNNAMED = 3600  # seconds after which a file that no row names is nobody's: longer than any lease
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

    def __init__(
        self,
        channels: Mapping[str, Channel],
        files: MediaFiles,
        ring: Callable[[], None],
        check: Callable[[bytes], None] = lambda content: None,
    ) -> None:
        """Fetch for these channels into these files; `check` raises FetchError for what must not be kept."""
        self._channels = {name: one for name, one in channels.items() if isinstance(one, Fetches)}
        self._files = files
        self._ring = ring
        self._check = check
        self._in_flight = 0
        self._leaving: list[Future[None]] = []
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
        """Tell whether no attachment is claimed, nor being deleted at its provider."""
        return not self._in_flight and all(each.done() for each in self._leaving)

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

    def tidy(self, settled: "Settled") -> None:
        """Remove files that no row names, and let providers delete what they need not keep for us."""
        for path in settled.unnamed:
            self._files.remove(path)
        self._leaving = [each for each in self._leaving if not each.done()]
        self._leaving += [self._pool.submit(self._let_go, row) for row in settled.done_with]

    def sweep(self, store: Store) -> None:
        """Remove old files that no row names: their process was killed before it could commit."""
        try:
            named = read(store, media.paths)
            for path in self._files.unnamed(named, time.time() - UNNAMED):
                log.warning("a file belongs to no attachment: it is removed", extra={"file": str(path)})
                self._files.remove(path)
        except (OSError, SQLAlchemyError) as error:
            log.error("files that no row names are not removed", exc_info=error)

    def close(self) -> None:
        """End the threads once their calls ended."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _call(self, row: Wanted) -> None:
        self._ended.append(self._arrival(row))
        self._ring()

    def _let_go(self, row: Wanted) -> None:
        """Let the provider delete a file: once, as nothing here depends on it."""
        channel = self._channels[row.channel]
        try:
            if isinstance(channel, Forgets):
                channel.forget(row.ref)
        except (SendError, OSError) as error:
            log.warning("a file is not deleted at its provider", exc_info=error, extra={"media": row.id})
        self._ring()

    def _arrival(self, row: Wanted) -> Arrival:
        try:
            return Arrival(row, self._stored(row))
        except FetchError as error:
            return Arrival(row, lack=error.lack, error=error.detail, retry_after=error.retry_after)
        except UnfitError as error:
            return Arrival(row, lack=Lack.REFUSED, error=str(error))
        except OSError as error:
            told = {"media": row.id, "reason": error.strerror}
            log.error("a file cannot be written", extra=told)
            return Arrival(row, error=f"cannot be written ({error.strerror})")
        except Exception as error:  # a defect of ours must not stop the others
            log.error("fetching a file raised", exc_info=error, extra={"media": row.id})
            return Arrival(row, error=type(error).__name__)

    def _stored(self, row: Wanted) -> Stored:
        fetched = self._channels[row.channel].fetch(row.ref, MOST_BYTES)
        self._check(fetched.content)
        kept = fit_to_keep(fetched.content)
        digest, path = self._files.keep(kept.content, kept.extension)
        return Stored(kept.content_type, len(kept.content), digest, path)


@dataclass(frozen=True, slots=True)
class Settled:
    """What is to be done once the outcomes are committed."""

    unnamed: list[str] = field(default_factory=list)  # files that no row names
    done_with: list[Wanted] = field(default_factory=list)  # stored or refused: their provider may delete them
    unsafe: list[Wanted] = field(default_factory=list)  # refused by the scan


def settle(db: Db, arrivals: Sequence[Arrival], at: datetime) -> Settled:
    """Store what became of these attachments; return what can be removed after it."""
    settled = Settled()
    for one in arrivals:
        if one.stored is None:
            if _close(db, one, at) and _STATES.get(one.lack) is MediaState.REFUSED:
                settled.done_with.append(one.row)
                settled.unsafe.extend([one.row] * (one.lack is Lack.UNSAFE))
        elif media.mark_kept(db, one.row, one.stored, at):
            settled.done_with.append(one.row)
        elif not media.is_wanted(db, one.row):  # erased meanwhile; else another worker is about to name it
            settled.unnamed.append(one.stored.path)
            settled.done_with.append(one.row)
    return Settled(
        [path for path in settled.unnamed if not media.is_used(db, path)],
        [row for row in settled.done_with if not media.is_wanted(db, row)],
        settled.unsafe,
    )


def _close(db: Db, one: Arrival, at: datetime) -> bool:
    if one.lack is Lack.LATER:
        return media.put_back(db, one.row, one.error, one.retry_after, at)
    return media.close(db, one.row, _STATES[one.lack], one.error, at)


_STATES = {Lack.GONE: MediaState.LOST, Lack.REFUSED: MediaState.REFUSED, Lack.UNSAFE: MediaState.REFUSED}
