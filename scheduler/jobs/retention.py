"""Let go of what is old, at night and when a worker starts, in small portions."""

from datetime import datetime

from models.base import Db
from models.retention import Ages, forget, sweep, sweeps
from scheduler.job import Job

AT_NIGHT = "*/5 * 3 * * *"
MOST = 50  # portions at one time: other jobs wait for them


def retention(ages: Ages) -> Job:
    """Return the job."""
    return Job("retention", AT_NIGHT, Retention(ages).run, is_led=True)


class Retention:
    """Goes through the rows once, from the first; each night on from where it stopped.

    What was open then, or was rolled back, is found after the next start.
    """

    def __init__(self, ages: Ages) -> None:
        self._sweeps = sweeps(ages)
        self._looked = [0 for _ in self._sweeps]  # the last row of each
        self._left = MOST

    def run(self, db: Db, at: datetime) -> int:
        """Do one portion; return 0 when nothing is old any more, or others have waited long enough."""
        if self._left and self._is_done(db, at):
            self._left -= 1
            return 1
        self._left = MOST
        return 0

    def _is_done(self, db: Db, at: datetime) -> bool:
        """Tell whether there was something to do."""
        for place, what in enumerate(self._sweeps):
            last = sweep(db, what, self._looked[place], at)
            if last is not None:
                self._looked[place] = last
                return True
        return forget(db, at) > 0
