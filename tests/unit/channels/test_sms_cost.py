"""What each message of the schedule costs as SMS, in the languages of the cities."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bot.reminders import asked
from bot.schedule import Occurrence
from bot.talk import Facts, Report, Scene, Talk, Who
from bot.values import LANGUAGES
from channels.fitting import written
from channels.sms_text import folded, parts
from griot.settings import data_folder
from griot.voices import voices
from tests.week import aston

CEILING = 2  # parts of a reminder, platforms 4.5
MONDAY = datetime(2026, 11, 23, 10, tzinfo=UTC)
KINDS = ("prompt", "nudge", "last_call", "reminder", "overdue")
PAGE = Path(__file__).parents[3] / "docs" / "channels" / "sms.md"


class NoFacts(Facts):
    """Nothing is known, nothing was begun."""

    def draft(self, form: str, period: str | None, milestone: str = "") -> Report | None:
        return None


@pytest.fixture(scope="module")
def most() -> Mapping[tuple[str, str], int]:
    """Return the most parts that each kind takes in each language, with every city and milestone."""
    spoken, found = voices(data_folder("locales")), defaultdict[tuple[str, str], int](int)
    for slug, city in aston().cities.items():
        for language in city.languages:
            who = Who(7, "Awa Exemple", "coordinator", slug, language, agreed=True)
            for at, occurrence in _occurrences(slug):
                message = asked(Scene(who, aston(), at, spoken, NoFacts(), Talk()), occurrence).message
                place = occurrence.kind, language
                found[place] = max(found[place], parts(folded(written(message))))
    return found


def _occurrences(city: str) -> Iterator[tuple[datetime, Occurrence]]:
    for days, kind in ((0, "prompt"), (2, "nudge"), (3, "last_call")):
        at = MONDAY + timedelta(days=days)
        for form, period in (("weekly_update", "2026-W48"), ("monthly_progress", "2026-10")):
            yield at, Occurrence("key", kind, 7, city, at, at, form=form, period=period)
    for milestone in aston().milestones:
        for left in (-1, *aston().reminders.days_before):
            kind, due = "overdue" if left < 0 else "reminder", date(2026, 11, 23) + timedelta(days=left)
            yield (
                MONDAY,
                Occurrence("key", kind, 7, city, MONDAY, MONDAY, milestone=milestone, deadline=due),
            )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["reminder", "overdue"])
def test_a_reminder_takes_two_parts_at_most(
    most: Mapping[tuple[str, str], int], kind: str, language: str
) -> None:
    """With its options, the longest names of city and milestone and the longest month."""
    assert most[kind, language] <= CEILING


def test_the_page_tells_the_parts(most: Mapping[tuple[str, str], int]) -> None:
    """The table in docs/channels/sms.md is what is measured."""
    page = PAGE.read_text(encoding="utf-8")
    for kind in KINDS:
        row = " | ".join(str(most[kind, language]) for language in LANGUAGES)
        assert f"| `{kind}` | {row} |" in page
