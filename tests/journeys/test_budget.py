"""A budget that runs out: what nobody asked for waits, replies leave, officers hear, and it goes on later."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.programme import open_programme
from models.base import Db
from models.programme import load
from tests.moved import BASE_URL, Moved, Someone, a_moved_site, add_people
from tests.programmes import ASTON, with_budget

TEN = datetime(2026, 11, 16, 10, tzinfo=UTC)  # Monday's prompt in the cities whose time is UTC
PHONES = {"bamako": "+22370000001", "kumasi": "+23320000001", "nouakchott": "+22220000001"}
OFFICER = "600000009"
AGREED = TEN - timedelta(days=2)
MINUTE = timedelta(minutes=1)


def load_budget(site: Moved, limits: str) -> None:
    """Load the programme with the shipped prices and these limits."""
    files = with_budget(ASTON)
    prices = files["budget.yaml"].partition(b"\nbudget:")[0]
    files["budget.yaml"] = prices + f"\nbudget: {limits}\n".encode()

    def loading(db: Db) -> None:
        assert load(db, open_programme(files), files, site.now) == ()

    site.write(loading)


@pytest.fixture
def site(tmp_path: Path, aston_database: str) -> Iterator[Moved]:
    """Yield a site on Monday morning: three coordinators with an SMS phone, an officer with Telegram."""
    with a_moved_site(tmp_path, aston_database, TEN - MINUTE) as running:
        people: list[Someone] = [
            ("coordinator", city, "fr", {"sms": phone}) for city, phone in PHONES.items()
        ]
        add_people(running, [*people, ("officer", None, "en", {"telegram": OFFICER})], AGREED)
        load_budget(running, "{month: 0.5, reserve: 100}")
        yield running


def alerts(site: Moved) -> list[str]:
    """Return what officers were told, in order."""
    return [row["text"] for row in site.sent("alert")]


def prompted(site: Moved) -> list[str]:
    """Return the state of each prompt, in the order in which they were decided."""
    return [row["state"] for row in site.sent("prompt")]


def test_what_nobody_asked_for_waits_and_goes_on_when_the_limit_is_raised(site: Moved) -> None:
    """Two prompts fill the limit, the third waits; a reply leaves; the officer hears once."""
    site.run(TEN)
    assert prompted(site) == ["sent", "sent", "queued"]
    (waiting,) = [row for row in site.sent("prompt") if row["state"] == "queued"]
    assert (waiting["error_code"], waiting["due_at"]) == ("budget", waiting["not_after"])
    site.run(TEN + MINUTE)
    assert alerts(site) == [
        "ASToN: the budget for November 2026 is used up (0.50 of 0.50 USD)."
        " Messages nobody asked for wait; replies still leave."
    ]
    site.twilio(PHONES["bamako"], "sms").say("aide")
    site.run(site.now + MINUTE)
    assert [row["state"] for row in site.sent("reply", "notice", "receipt")] == ["sent"]

    load_budget(site, "{month: 50}")
    site.run(site.now + MINUTE)
    assert prompted(site) == ["sent", "sent", "sent"]
    assert len(alerts(site)) == 1


def test_the_reserve_is_an_end_too(site: Moved) -> None:
    """Then also replies wait, and officers hear that."""
    load_budget(site, "{month: 0.5, reserve: 0}")
    site.run(TEN + MINUTE)
    phone = site.twilio(PHONES["bamako"], "sms")
    phone.say("aide")
    site.run(site.now + MINUTE)
    (reply,) = site.sent("reply")
    assert (reply["state"], reply["error_code"]) == ("queued", "budget")
    assert "Nothing that costs money leaves" in alerts(site)[-1]
    site.run(datetime(2026, 11, 30, 23, 1, tzinfo=UTC))  # December in Paris
    assert site.sent("reply")[0]["state"] == "sent"


def test_the_schedule_shows_what_the_budget_holds(site: Moved) -> None:
    """Held with its reason while the month lasts; planned for the month that follows."""
    load_budget(site, "{month: 0}")
    planned = {
        (each.occurrence.city, f"{each.occurrence.due_at:%m-%d}"): each.occurrence
        for each in site.upcoming(days=14)
        if each.occurrence.kind == "prompt" and each.occurrence.city in PHONES
    }
    assert {planned[city, "11-16"].reason for city in PHONES} == {"budget"}
    assert {planned[city, "11-16"].state for city in PHONES} == {"held"}
    site.run(TEN + MINUTE)
    assert prompted(site) == []
    december = [one for (_, day), one in planned.items() if day.startswith("12")]
    assert {one.reason for one in december} <= {""}, december


def test_the_console_says_how_far_the_budget_is_used(site: Moved) -> None:
    """On the page of what an officer has to look at, and as one of them on the first."""
    site.run(TEN + MINUTE)
    officer = add_people(site, [("officer", None, "fr", {"telegram": "600000010"})], AGREED)[0]
    page = site.browser(officer).get("/attention", base_url=BASE_URL).text
    assert "le budget de la période (novembre 2026) est épuisé (0,50 sur 0,50 USD)" in page


def test_a_number_of_another_country_is_not_paid_for(site: Moved) -> None:
    """Its prompt waits for a way, its reply goes no way, and officers hear that nobody can be reached."""
    (stranger,) = add_people(site, [("coordinator", "kampala", "en", {"sms": "+49300000001"})], AGREED)
    shown = [each.occurrence for each in site.upcoming() if each.occurrence.person == stranger]
    assert {one.reason for one in shown if one.kind == "prompt"} == {"country"}
    site.twilio("+49300000001", "sms").say("help")
    site.run(TEN + MINUTE)
    (reply,) = [row for row in site.sent("reply") if row["person_id"] == stranger]
    assert (reply["state"], reply["error_code"]) == ("undeliverable", "country")
    assert any("cannot be reached" in text for text in alerts(site))


def test_strangers_are_answered_in_their_language_where_answers_are_paid_for(site: Moved) -> None:
    """Once a day, greeting or wrong code; nobody in a country without prices, or once the budget is used."""
    site.twilio("+25800000001").say("ola")
    site.twilio("+25800000001").say("ABCDE12345")
    site.twilio("+49300000002").say("hello")
    site.run(site.now)
    (answer,) = site.sent("stranger")
    assert answer["address"] == "+25800000001"
    assert "código" in answer["text"]
    load_budget(site, "{month: 0}")
    site.twilio("+25800000002").say("ola")
    site.run(site.now)
    assert [row["state"] for row in site.sent("stranger")] == ["sent", "cancelled"]
