"""A worker knows the holidays without holding the package that knows them."""

import subprocess
import sys
from datetime import date

from bot.working_days import holidays_of, published_holidays, remember_holidays
from models.db import open_store, read
from models.programme import current_programme

ASKED = """
import sys
from datetime import UTC, date, datetime
from bot.working_days import is_holiday
from griot.calendars import learn_holidays
from models.db import open_store, read
from models.programme import current_programme

store = open_store(sys.argv[1])
learn_holidays(store, datetime(2026, 11, 26, tzinfo=UTC))
programme = read(store, current_programme)
days = [date(2026, 7, 30), date(2026, 7, 29), date(2027, 8, 15)]  # Throne Day, the day before, Assumption
print(*(is_holiday(programme, country, day) for day, country in zip(days, ("MA", "MA", "FR"))))
print("holidays" in sys.modules)
"""


def test_holidays_are_known_without_their_package(aston_database: str) -> None:
    """A child looked them up: this process answers and has not imported the package."""
    done = subprocess.run(
        [sys.executable, "-c", ASKED, aston_database], check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == ["True", "False", "True", "False"]


def test_what_is_remembered_is_what_was_published(aston_database: str) -> None:
    """Names, days and which of them are estimated pass through JSON unchanged."""
    store = open_store(aston_database)
    programme = read(store, current_programme)
    store.close()
    before = holidays_of(programme, "MR", 2027)
    assert any(one.is_estimated for one in before.values())
    remember_holidays(published_holidays(programme, (2027,)))
    assert holidays_of(programme, "MR", 2027) == before
    assert before[date(2027, 1, 1)].name
