"""Count what was sent and received; let go what the budget held, and tell officers how far it is used."""

from datetime import datetime, timedelta

from models import spending
from models.base import Db
from scheduler.job import Job
from scheduler.parts import Parts

LOOK = timedelta(seconds=15)  # until the budget is looked at again when nothing was counted


def count(parts: Parts) -> Job:
    """Return the job that counts messages; each run a portion, in a transaction of its own."""
    return Job("spending", "* * * * * *", Counting(parts).run, is_led=True)


class Counting:
    """Counts messages; one worker leads, so that no two count the same."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def run(self, db: Db, at: datetime) -> int:
        """Return how many rows were counted."""
        try:
            programme = self._parts.programmes.programme(db)
        except LookupError:
            return 0  # before the first load nothing is sent
        counted = spending.count_sent(db, programme, self._parts.parts_of, at)
        return counted + spending.count_received(db, programme, at)
