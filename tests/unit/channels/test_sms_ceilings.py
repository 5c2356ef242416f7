"""How many parts of SMS the schedule's messages take at most, in each language."""

from datetime import timedelta

import pytest

from bot.programme import Programme
from bot.reminders import asked
from bot.schedule import Occurrence
from bot.values import LANGUAGES
from channels.fitting import fit
from channels.sms_text import folded, parts
from channels.twilio import Twilio
from tests.unit.bot.test_reminders import CITIES, MONDAY, of_milestone, programme, scene, weekly

__all__ = ["programme"]
CEILING = 2  # platforms.md section 4.5, of a reminder
ARABIC = {"prompt": 3, "last_call": 3}  # a long name and three options: a few signs over two parts of 67
DAYS = {"reminder": (14, 7, 3, 1, 0), "overdue": (-1,)}  # until the due date


def occurrences(programme: Programme, kind: str) -> list[Occurrence]:
    """Return what may be asked so: every milestone at every distance, or the two forms with a period."""
    if kind not in DAYS:
        return [weekly(kind), weekly(kind, "monthly_progress", "2026-11")]
    dates = [(MONDAY + timedelta(days=days)).date() for days in DAYS[kind]]
    return [of_milestone(kind, milestone, day) for milestone in programme.milestones for day in dates]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["prompt", "nudge", "last_call", "reminder", "overdue"])
def test_what_is_sent_unasked_takes_few_parts(programme: Programme, kind: str, language: str) -> None:
    """Each part is paid for; the options are among them."""
    one = scene(programme, MONDAY, language, CITIES[language])
    texts = [fit(asked(one, each).message, Twilio.limits) for each in occurrences(programme, kind)]
    ceiling = ARABIC.get(kind, CEILING) if language == "ar" else CEILING
    assert max(parts(folded(text)) for text in texts) <= ceiling
