"""Eleven coordinators in four languages report through Telegram; the export says what they said, typed."""

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path

import pytest

from bot.forms.form import Form
from bot.forms.read import read_form
from bot.periods import days_of, form_due
from bot.programme import read_programme
from tests.programmes import ASTON, files_of
from tests.site import FIRST_PERSON, SECRET, TOKEN, Site, a_site
from tests.standin.phone import Phone, webhook
from tests.standin.server import StandIn

REFERENCE = re.compile(r"\b[A-Z]{3}-\d{4}-(?:W\d\d|\d\d)-\d+\b")


@dataclass(frozen=True, slots=True)
class Coordinator:
    """A city, a language, and for each question what is typed (an int: a button) and what must be stored."""

    city: str
    language: str
    says: dict[str, tuple[str | int, object]]


def a_coordinator(city: str, language: str, **says: tuple[str | int, object]) -> Coordinator:
    """Return a coordinator whose week went well, apart from what is given."""
    usual: dict[str, tuple[str | int, object]] = {
        "status": (1, "on_track"),
        "progress": ("3", "50"),
        "main_activity": ("Workshop, 40 people.", "Workshop, 40 people."),
        "lag_met": (2, "no"),
        "lag_people": ("24", 24),
        "severity": (1, "none"),
        "challenge": ("Rain.", "Rain."),
        "help_kind": (1, "none"),
        "success": ("-", None),
        "next_step": ("Visit on Friday.", "Visit on Friday."),
    }
    return Coordinator(city, language, usual | says)


COORDINATORS = (
    a_coordinator("bamako", "fr", status=("un peu de retard", "delayed"), progress=("50 %", "50")),
    a_coordinator("benguerir", "fr", lag_met=("Oui", "yes"), lag_people=("12", 12)),
    a_coordinator("bizerte", "ar", status=("٢", "delayed"), progress=("۴", "75"), success=("نجاح", "نجاح")),
    a_coordinator("kampala", "en", severity=("Yes, minor", "minor"), help_kind=(5, "guidance")),
    a_coordinator("kigali", "en", success=("A guide.", "A guide."), progress=(5, "100")),
    a_coordinator("kumasi", "en", severity=("4", "blocking"), help_kind=("expert", "expert")),
    a_coordinator("lagos", "en", main_activity=("=1+1 & <b>\"'", "=1+1 & <b>\"'")),
    a_coordinator("matola", "pt", lag_met=("sim", "yes"), lag_people=(" 33 ", 33), success=("saltar", None)),
    a_coordinator("niamey", "fr", next_step=("Réunion\nle 3 décembre", "Réunion\nle 3 décembre")),
    a_coordinator("nouakchott", "ar", lag_met=("نعم", "yes"), lag_people=("١٨", 18), severity=(2, "minor")),
    a_coordinator("seme-podji", "fr", status=("3", "blocked"), success=("Un guide.", "Un guide.")),
)


@pytest.fixture
def site(tmp_path: Path, site_database: str):  # type: ignore[no-untyped-def] # a generator of both
    """Yield the running site and its provider."""
    people = [(each.city, each.language) for each in COORDINATORS]
    with StandIn(token=TOKEN) as provider, a_site(tmp_path, provider.url, people, site_database) as running:
        yield running, provider


def test_the_export_is_what_eleven_coordinators_said(site: tuple[Site, StandIn]) -> None:
    """Every answer of every city stands in the export, typed, under the reference of its receipt."""
    running, provider = site
    form = read_form((ASTON / "forms/weekly_update.md").read_bytes(), "weekly_update.md")
    post = webhook(running.url, SECRET)
    phones = [
        Phone(post, provider, FIRST_PERSON + number, each.language)
        for number, each in enumerate(COORDINATORS)
    ]
    with ThreadPoolExecutor(len(phones)) as pool:
        told = list(pool.map(_report, phones, COORDINATORS, [form] * len(phones)))
    rows = {
        row["city"]: row for row in json.loads(running.griot("export", "submissions", "--format", "json"))
    }
    for (reference, expected), each in zip(told, COORDINATORS, strict=True):
        row = rows[each.city]
        assert (row["reference"], row["state"], row["channel"]) == (reference, "submitted", "telegram")
        assert row["answers"] == expected
    messages = json.loads(running.griot("export", "messages", "--format", "json"))
    assert {row["state"] for row in messages if row["direction"] == "out"} <= {"sent", "delivered"}
    week = next(iter(rows.values()))["period"]
    digest = json.loads(running.griot("digest", "--week", week, "--json"))
    asked = [each for each in COORDINATORS if _is_weekly(each.city, week)]  # not where the month is asked for
    assert (digest["answered"], digest["expected"]) == (len(asked), len(COORDINATORS))


def test_fifty_copies_of_one_update_are_one_turn(site: tuple[Site, StandIn]) -> None:
    """Telegram repeats what it saw no 200 for; copies at the same instant get one answer and one row."""
    running, provider = site
    post = webhook(running.url, SECRET)
    phone = Phone(post, provider, FIRST_PERSON)
    user = {"id": FIRST_PERSON, "is_bot": False, "first_name": "Demo"}
    chat = {"id": FIRST_PERSON, "type": "private"}
    message = {
        "message_id": 1,
        "from": user,
        "chat": chat,
        "date": 1795516860,
        "text": "/report weekly_update",
    }
    body = json.dumps({"update_id": 77, "message": message}).encode()
    with ThreadPoolExecutor(50) as pool:
        assert {status for status, _ in pool.map(post, [body] * 50)} == {200}
    phone.wait_for_reply()
    phone.ask("1")  # by now any second answer to the copies would have come
    messages = json.loads(running.griot("export", "messages", "--format", "json"))
    assert [row["direction"] for row in messages] == ["in", "out", "in", "out"]
    assert len(provider.messages(FIRST_PERSON)) == 2


def _is_weekly(city: str, week: str) -> bool:
    programme, _ = read_programme(files_of(ASTON))
    assert programme is not None
    monday = datetime.combine(days_of(week)[0], time(12), UTC)
    return form_due(programme, programme.cities[city], monday) == ("weekly_update", week)


def _report(phone: Phone, coordinator: Coordinator, form: Form) -> tuple[str, dict[str, object]]:
    """Return the reference of the receipt, and what the export must say."""

    def say(typed: str | int) -> str:
        if isinstance(typed, str):
            return phone.ask(typed)
        phone.press(typed)
        return phone.wait_for_reply().text

    return report(say, coordinator, form)


def report(
    say: Callable[[str | int], str], coordinator: Coordinator, form: Form
) -> tuple[str, dict[str, object]]:
    """Return the reference of the receipt, and what the export must say.

    `say` types a text or chooses an option of that number, and returns the reply.
    """
    expected: dict[str, object] = {}
    text = say("/report weekly_update")
    for _ in range(15):
        if found := REFERENCE.search(text):
            return found[0], expected
        path = _asked(form, text, coordinator.language)
        typed, stored = coordinator.says[path] if path else (1, None)
        if path:
            expected[path] = stored
        text = say(typed)
    raise AssertionError(f"no receipt for {coordinator.city}; the last message was: {text}")


def _asked(form: Form, text: str, language: str) -> str | None:
    """Return the question that a message asks; None for the answers read back."""
    if not re.match(r"\d+/\d+ ", text):
        return None
    plain = re.sub("[\u2068\u2069]", "", text)
    return next(q.path for q in form.questions if _begins(plain, q.labels[language]))


def _begins(text: str, label: str) -> bool:
    return re.match(r"\d+/\d+ " + re.escape(label.split("$")[0].strip()), text) is not None
