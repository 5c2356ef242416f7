"""The operator's own look at files that people attach: a command that says whether one is safe."""

import logging
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.media_words import unsafe
from bot.values import Message
from channels.base import FetchError, Lack
from griot.ways import Ways
from models import ladder, media
from models.base import Db
from models.media import Wanted
from models.outbox import LIVE

log = logging.getLogger(__name__)

UNSAFE = 1  # what clamscan and clamdscan exit with where they find something
SHOWN = ("PATH", "HOME", "LANG", "LC_ALL", "TZ")  # of the environment: no secret of Griot's is the command's


@dataclass(frozen=True, slots=True)
class Scan:
    """A command that reads a file on its standard input; without words every file is safe."""

    words: tuple[str, ...]
    seconds: float  # that it may take

    def check(self, content: bytes) -> None:
        """Raise FetchError for a file that is unsafe, or could not be looked at: that one is tried later."""
        if not self.words:
            return
        shown = {name: os.environ[name] for name in SHOWN if name in os.environ}
        try:
            ended = subprocess.run(  # noqa: S603 - the operator's own command
                self.words,
                input=content,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=self.seconds,
                env=shown,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise FetchError(Lack.LATER, f"the scan did not run ({type(error).__name__})") from None
        if ended.returncode == UNSAFE:
            raise FetchError(Lack.UNSAFE, "the scan refused it")
        if ended.returncode:
            raise FetchError(Lack.LATER, f"the scan failed ({ended.returncode})")


def tell_unsafe(db: Db, rows: Sequence[Wanted], ways: Ways, at: datetime) -> None:
    """Tell who sent these files that they are not kept: once each."""
    for row in rows:
        log.warning("a file was refused by the scan", extra={"media": row.id})
        sender = media.sender_of(db, row.id)
        if sender is not None:
            person_id, language = sender
            ladder.enqueue(
                db,
                key=f"unsafe:{row.id}",
                person_id=person_id,
                message=Message(unsafe(ways.voices[language]), kind="notice"),
                at=at,
                channels_on=ways.channels,
                lane=LIVE,
            )
