"""What the schedule says: which sentence, how long, with which options, token and template's values."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from bot import scheduled
from bot.programme import Programme, read_programme
from bot.reminders import Late, asked, escalation, stopped_alert, unreachable
from bot.schedule import Occurrence
from bot.talk import Facts, Report, Scene, Talk, Who
from bot.values import LANGUAGES
from griot.settings import data_folder
from griot.voices import voices
from tests.programmes import ASTON, files_of

VOICES = voices(data_folder("locales"))
MONDAY = datetime(2026, 11, 23, 10, tzinfo=UTC)
QUESTION, REMINDER = 160, 250  # characters, domain rules section 6
CITIES = {"en": "lagos", "fr": "niamey", "pt": "matola", "ar": "nouakchott"}


class NoFacts(Facts):
    """Nothing is known, nothing was begun."""

    def draft(self, form: str, period: str | None, milestone: str = "") -> Report | None:
        return None


@pytest.fixture(scope="module")
def programme() -> Programme:
    """Return the ASToN programme."""
    read, problems = read_programme(files_of(ASTON))
    assert read is not None, problems
    return read


def scene(programme: Programme, at: datetime = MONDAY, language: str = "en", city: str = "lagos") -> Scene:
    who = Who(7, "Fatimata Diallo-Sow", "coordinator", city, language, agreed=True)
    return Scene(who, programme, at, VOICES, NoFacts(), Talk())


def weekly(kind: str, form: str = "weekly_update", period: str = "2026-W48", key: str = "key") -> Occurrence:
    return Occurrence(key, kind, 7, "lagos", MONDAY, MONDAY, form=form, period=period)


def of_milestone(kind: str, milestone: str, deadline: date) -> Occurrence:
    return Occurrence("key", kind, 7, "lagos", MONDAY, MONDAY, milestone=milestone, deadline=deadline)


FORMS = [
    pytest.param("prompt", "weekly_update", "2026-W48", "2026-11-23", "update for Lagos is open", id="week"),
    pytest.param("prompt", "weekly_update", "2026-W47", "2026-11-23", "until 29 November 2026", id="late"),
    pytest.param("prompt", "monthly_progress", "2026-11", "2026-12-01", "until 13 December 2026", id="month"),
    pytest.param("nudge", "weekly_update", "2026-W48", "2026-11-25", "this week's update", id="nudge"),
    pytest.param(
        "nudge", "monthly_progress", "2026-11", "2026-12-02", "Monthly progress, Lagos", id="m-nudge"
    ),
    pytest.param("last_call", "weekly_update", "2026-W48", "2026-11-26", "leaves on Friday", id="last"),
    pytest.param("last_call", "weekly_update", "2026-W48", "2026-11-27", "this week's update", id="too late"),
]


@pytest.mark.parametrize(("kind", "form", "period", "day", "said"), FORMS)
def test_the_sentence_of_a_form(
    programme: Programme, kind: str, form: str, period: str, day: str, said: str
) -> None:
    """The week's own form, another one, and a last call before and after the digest."""
    at = datetime.fromisoformat(f"{day}T10:00:00+00:00")
    found = asked(scene(programme, at), weekly(kind, form, period))
    assert said in found.message.text
    assert found.message.kind == kind
    assert found.message.options == ("Start now", "Later", "Nothing to report")


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2026-11-25", "14 days left, due 9 December 2026"),
        ("2026-12-07", "2 days left"),
        ("2026-12-08", "due tomorrow, 9 December 2026"),
        ("2026-12-09", "due today before 23:59"),
        ("2026-12-10", "the deadline was 9 December 2026"),
    ],
)
def test_a_reminder_counts_the_days_in_the_city(programme: Programme, day: str, said: str) -> None:
    """Days are those of the city on the day it is sent."""
    at = datetime.fromisoformat(f"{day}T10:00:00+00:00")
    found = asked(scene(programme, at), of_milestone("reminder", "M05", date(2026, 12, 9)))
    assert said in found.message.text
    assert found.message.text.startswith("M05 Roadmap of local activities, Lagos: ")
    assert found.message.options == ("Send it now", "Ask for more time", "Say what blocks")


def test_a_milestone_that_is_late_is_so_in_the_evening_of_the_city(programme: Programme) -> None:
    """23:30 UTC is the next day in Kampala."""
    at = datetime(2026, 12, 8, 23, 30, tzinfo=UTC)
    occurrence = of_milestone("reminder", "M05", date(2026, 12, 9))
    assert "due today" in asked(scene(programme, at, city="kampala"), occurrence).message.text
    assert "due tomorrow" in asked(scene(programme, at, city="bamako"), occurrence).message.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_has_room(programme: Programme, language: str) -> None:
    """A question has 160 characters, a reminder 250, with the longest name of city, form and milestone."""
    for city in programme.cities:
        for day in (23, 25, 26, 27):
            here = scene(programme, datetime(2026, 11, day, 10, tzinfo=UTC), language, city)
            for kind in ("prompt", "nudge", "last_call"):
                for form, period in (("weekly_update", "2026-W48"), ("monthly_progress", "2026-10")):
                    for key in ("key", "check:key"):
                        said = asked(here, weekly(kind, form, period, key)).message.text
                        assert len(said) <= QUESTION, said
        for milestone in programme.milestones.values():
            for left in range(-1, 15):
                due = date.fromordinal(date(2026, 11, 27).toordinal() + left)
                for kind in scheduled.OF_A_MILESTONE:
                    said = asked(here, of_milestone(kind, milestone.id, due)).message.text
                    assert len(said) <= REMINDER, said


@pytest.mark.parametrize(
    ("occurrence", "kind", "values"),
    [
        (weekly("prompt"), "prompt", ("Weekly update", "Lagos", "3")),
        (weekly("nudge"), "nudge", ("Weekly update", "Lagos", "3")),
        (weekly("prompt", key="check:lagos"), "prompt", ("Weekly update", "Lagos", "3")),
        (weekly("last_call"), "last_call", ("Weekly update", "Lagos", "Friday")),
        (
            of_milestone("overdue", "M04", date(2026, 11, 20)),
            "overdue",
            ("M04 Financial agreement signed", "Lagos", "20 November 2026"),
        ),
    ],
)
def test_the_values_of_a_template(
    programme: Programme, occurrence: Occurrence, kind: str, values: tuple[str, ...]
) -> None:
    """An approved template is filled with the name and these, in the person's language."""
    opening = asked(scene(programme), occurrence).message.opening
    assert opening is not None
    assert (opening.kind, opening.language) == (kind, "en")
    assert opening.values == ("Fatimata Diallo-Sow", *values)


def test_a_last_call_after_the_digest_is_sent_as_a_nudge(programme: Programme) -> None:
    """Its template would name a day that has passed."""
    here = scene(programme, datetime(2026, 11, 27, 10, tzinfo=UTC))
    opening = asked(here, weekly("last_call")).message.opening
    assert opening is not None
    assert (opening.kind, opening.values[-1]) == ("nudge", "3")


def test_a_pause_that_ends_without_a_form_asks_nothing(programme: Programme) -> None:
    """There is a word to type, and no choice."""
    found = asked(scene(programme), weekly("prompt", "", "", "check:lagos"))
    assert found.choice is None
    assert found.message.text.endswith("To begin, send REPORT.")


def test_a_button_of_the_schedule_stays_true_whatever_is_open(programme: Programme) -> None:
    """The token names person, kind and what is asked; it fits WhatsApp's and Telegram's payload."""
    here, nudge = scene(programme), weekly("nudge")
    token = asked(here, nudge).message.token
    later = replace(here, at=datetime(2026, 11, 25, 10, tzinfo=UTC))
    assert asked(later, nudge).message.token == token
    others = [
        asked(here, weekly("prompt")),
        asked(here, replace(nudge, period="2026-W49")),
        asked(replace(here, who=replace(here.who, id=8)), nudge),
    ]
    assert token not in [each.message.token for each in others]
    assert len(token) <= 40
    assert token.isascii()


def test_an_escalation_lists_the_late_cities() -> None:
    """One line a city with its contact; after a week a call is advised."""
    late = [Late("Lagos", "Awa Exemple", "9 December 2026"), Late("Niamey", "", "9 December 2026")]
    assert escalation(VOICES["en"], late, "M05 Roadmap", 1).splitlines() == [
        "Lagos: M05 Roadmap, due 9 December 2026, nothing received. Contact: Awa Exemple.",
        "Niamey: M05 Roadmap, due 9 December 2026, nothing received. Contact: —.",
    ]
    assert escalation(VOICES["fr"], late[:1], "M05 Feuille", 7) == (
        "Lagos : M05 Feuille, 7 jours de retard. Un appel est conseillé. Contact : Awa Exemple."
    )


def test_alerts_about_a_person() -> None:
    """Who stopped, who is reached nowhere, and why."""
    say = VOICES["en"]
    assert stopped_alert(say, "Lagos", "Awa") == "Lagos: Awa stopped all messages. A call is advised."
    assert "on any channel" in unreachable(say, "Lagos", "Awa", "blocked")
    assert "template" in unreachable(say, "Lagos", "Awa", "no_template")
