"""Count what was sent and received; let go what the budget held; tell officers how far it is used."""

from datetime import datetime, timedelta

from bot.budgeting import budget_alert
from bot.costs import Use
from bot.programme import Programme
from models import affording, spending
from models.alerts import tell_officers
from models.base import Db
from scheduler.job import Job
from scheduler.parts import Parts

LOOK = timedelta(seconds=15)  # until the budget is looked at again when nothing was counted


def count(parts: Parts) -> Job:
    """Return the job that counts messages; each run a portion, in a transaction of its own."""
    counting = Counting(parts)
    return Job("spending", "* * * * * *", counting.run, is_led=True, look=counting.look)


class Counting:
    """Counts messages and watches the budget; one worker leads, so that no two count the same."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._looked: datetime | None = None
        self._stood: tuple[object, ...] = ()  # how the limits stood when what was held was last let go

    def look(self, db: Db, at: datetime) -> bool:
        """Tell whether there is anything to count, or the budget is to be looked at."""
        return self._is_time(at) or spending.is_uncounted(db, at)

    def run(self, db: Db, at: datetime) -> int:
        """Return how many rows were counted."""
        try:
            programme = self._parts.programmes.programme(db)
        except LookupError:
            return 0  # before the first load nothing is sent
        counted = spending.count_sent(db, programme, self._parts.parts_of, at)
        counted += spending.count_received(db, programme, at)
        if counted or self._is_time(at):
            self._watch(db, programme, at)
            self._looked = at
        return counted

    def _is_time(self, at: datetime) -> bool:
        return self._looked is None or not self._looked <= at < self._looked + LOOK

    def _watch(self, db: Db, programme: Programme, at: datetime) -> None:
        uses = spending.spending(db, programme, at).uses
        for use in uses:
            if use.level:
                self._tell(db, programme, use, at)
        stand = (programme.prices, *((use.scope, use.name, use.since, use.limit, use.level) for use in uses))
        if stand != self._stood:
            affording.release(db, programme, at)
            self._stood = stand

    def _tell(self, db: Db, programme: Programme, use: Use, at: datetime) -> None:
        """Tell every officer once a limit, its time and each level; a limit that was raised is another."""
        limit = f"{use.limit.normalize():f}"
        about = ":".join(
            (use.scope, use.name or programme.id, f"{use.since}", use.span, limit, str(use.level))
        )

        def text_in(language: str) -> str:
            return budget_alert(self._parts.voices[language].of(programme.locale(language)), programme, use)

        tell_officers(db, programme, "budget", about, text_in, at, self._parts.channels)
