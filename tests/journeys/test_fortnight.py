"""Two weeks under a moved clock: eleven cities on three channels, each asked at its own hour, once."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.programme import open_programme
from bot.templates import texts_of
from griot.assembly import open_contents
from models.base import Json
from models.template import note_all
from tests.moved import Moved, Someone, a_moved_site, add_people, minutes
from tests.programmes import ASTON, files_of
from tests.standin.record import Sent

START = datetime(2026, 11, 22, 12, tzinfo=UTC)  # a Sunday
CITIES = tuple(open_programme(files_of(ASTON)).cities.values())
CHANNELS = (
    "telegram",
    "whatsapp",
    "sms",
    "telegram",
    "whatsapp",
    "sms",
    "telegram",
    "whatsapp",
    "sms",
    "telegram",
    "sms",
)
LANGUAGES = {
    "kampala": "en",
    "kigali": "en",
    "kumasi": "en",
    "lagos": "en",
    "matola": "pt",
    "bizerte": "ar",
    "nouakchott": "ar",
}
OFFICERS = ({"telegram": "600000001"}, {"whatsapp": "+33600000002", "sms": "+33600000002"})
USER = 600_000_100


def address(number: int, channel: str) -> str:
    """Return a visibly fictitious address."""
    return str(USER + number) if channel == "telegram" else f"+2279000{number:04}"


def person_on(number: int) -> dict[str, str]:
    """Return the address of the coordinator of that number."""
    return {CHANNELS[number]: address(number, CHANNELS[number])}


@pytest.fixture
def site(tmp_path: Path, aston_database: str) -> Iterator[Moved]:
    """Yield a site with a coordinator in every city and two officers; every template is approved."""
    with a_moved_site(tmp_path, aston_database, START) as running:
        people: list[Someone] = [
            ("coordinator", city.slug, LANGUAGES.get(city.slug, "fr"), person_on(number))
            for number, city in enumerate(CITIES)
        ]
        people += [("officer", None, "fr", addresses) for addresses in OFFICERS]
        add_people(running, people)
        approve_templates(running)
        yield running


def approve_templates(site: Moved) -> None:
    """Have every template of the programme approved, as `griot templates push` and the provider do."""
    contents = open_contents(site.settings)
    assert contents is not None
    for text in texts_of(open_programme(files_of(ASTON))):
        contents.submit(text, contents.create(text))
    site.provider.content.settle("approved")
    states = contents.states()
    contents.close()
    site.write(lambda db: note_all(db, states, site.now))


def shown(site: Moved, number: int) -> list[Sent]:
    """Return what the phone of a coordinator shows."""
    channel = CHANNELS[number]
    prefix = "whatsapp:" if channel == "whatsapp" else ""
    return site.provider.messages(f"{prefix}{address(number, channel)}")


def of(rows: list[Json], number: int) -> list[Json]:
    """Return the messages to the coordinator of that number."""
    return [row for row in rows if row["person_id"] == number + 1]


def local(row: Json, number: int) -> str:
    """Return when a message left, in the time of its city."""
    return f"{row['sent_at'].astimezone(ZoneInfo(CITIES[number].timezone)):%a %d %b %H:%M}"


def test_every_city_is_asked_in_its_own_morning(site: Moved) -> None:
    """Prompt Monday, nudge Wednesday, last call Thursday at ten; the digest Friday at nine in Paris."""
    foreseen = site.upcoming(14)
    site.run(START + timedelta(days=14))
    prompts, rest = site.sent("prompt"), site.sent("nudge", "last_call")
    for number in range(len(CITIES)):
        assert [local(row, number) for row in of(prompts, number)] == ["Mon 23 Nov 10:00", "Mon 30 Nov 10:00"]
        assert {row["state"] for row in of(prompts, number)} == {"sent"}
        assert shown(site, number)
        assert all(local(row, number).endswith("10:00") for row in of(rest, number))
    digests = site.sent("digest")
    assert [row["sent_at"] for row in digests] == [
        *[datetime(2026, 11, 27, 8, tzinfo=UTC)] * 2,
        *[datetime(2026, 12, 4, 8, tzinfo=UTC)] * 2,
    ]
    left = {(row["key"], row["sent_at"]) for row in site.sent(*KINDS)}
    assert left == {(v.occurrence.key, v.occurrence.send_at) for v in foreseen if v.leaves}


KINDS = ("prompt", "nudge", "last_call", "reminder", "overdue", "escalation", "digest")


def test_nothing_goes_twice_over_restarts_jumps_and_two_workers(site: Moved) -> None:
    """An hour back, an hour on, a restart each day, two workers at each tick: what two Mondays send, once."""
    for day in range(8):  # until the second Monday
        site.start(workers=2)
        site.run(START + timedelta(days=day, hours=21, minutes=55))  # about ten in Africa
        site.run(site.now + minutes(90))
        site.now -= timedelta(hours=1)
        site.work()
        site.run(site.now + timedelta(hours=1))
    rows = site.sent(*KINDS)
    keys = Counter(row["key"] for row in rows)
    assert max(keys.values()) == 1
    assert not [key for key in keys if "/" in key]
    prompts = Counter((row["person_id"], row["key"]) for row in rows if row["kind"] == "prompt")
    assert len(prompts) == 2 * len(CITIES)
    for number in range(len(CITIES)):
        texts = Counter(sent.text for sent in shown(site, number))
        assert not [text for text, n in texts.items() if n > 1 and "48" in text]


def test_after_three_days_without_a_worker(site: Moved) -> None:
    """Down from Monday 06:00 to Thursday 11:00 UTC: the prompt once, no nudge, no last call of that day."""
    site.run(datetime(2026, 11, 23, 5, tzinfo=UTC))
    site.now = datetime(2026, 11, 26, 11, tzinfo=UTC)
    site.start()
    site.run(site.now + minutes(1))
    rows = site.sent("prompt", "nudge", "last_call")
    assert Counter(row["kind"] for row in rows) == {"prompt": len(CITIES)}
    assert all(row["sent_at"] == datetime(2026, 11, 26, 11, tzinfo=UTC) for row in rows)
    superseded = {each["kind"] for each in site.occurrences() if each["state"] == "superseded"}
    assert {"nudge", "last_call", "reminder"} <= superseded


def test_no_reminder_at_or_after_the_deadline_and_one_escalation(site: Moved) -> None:
    """M04 is due on 25 November at 23:59 city time; the officers are told once the next morning."""
    site.run(datetime(2026, 11, 25, 8, 30, tzinfo=UTC))
    site.now = datetime(2026, 11, 26, 8, 30, tzinfo=UTC)  # down over the deadline
    site.run(datetime(2026, 11, 28, tzinfo=UTC))
    for row in (row for row in site.sent("reminder") if ":M04:" in row["key"]):
        city = CITIES[row["person_id"] - 1]
        ends = datetime.combine(date(2026, 11, 25), time(23, 59), ZoneInfo(city.timezone))
        assert row["sent_at"] < ends
    told = [row for row in site.sent("escalation") if ":M04:" in row["key"]]
    assert [row["sent_at"] for row in told] == [datetime(2026, 11, 26, 9, tzinfo=UTC)] * len(OFFICERS)
    assert all(city.names["fr"] in told[0]["text"] for city in CITIES)
    assert len([row for row in site.sent("overdue") if ":M04:" in row["key"]]) == len(CITIES)
