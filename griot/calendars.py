"""Public holidays looked up in a child: their package holds 12 MiB, what is asked of it a few kilobytes."""

from datetime import datetime

from bot.working_days import published_holidays, remember_holidays
from griot.apart import asked_apart
from models.db import Store, read
from models.programme import current_programme


def learn_holidays(store: Store, at: datetime) -> None:
    """Keep the holidays of the programme's countries from last year's to next year's.

    Only where no thread runs yet. Without a programme, or where there is no room for a child, nothing is
    kept: they are looked up here when they are needed.
    """
    try:
        programme = read(store, current_programme)
        store.close()  # no connection is open while the process forks
        tables = asked_apart(lambda: published_holidays(programme, (at.year - 1, at.year, at.year + 1)))
    except (LookupError, OSError, SystemExit):
        return
    remember_holidays(tables)
