"""`griot trace` tells what the real webhooks, turns, calls and statuses left behind, in four languages."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from griot.cli import griot as command_line
from models.base import Json
from models.db import read, write
from models.inbox import IN
from models.outbox import OUT
from models.person import Address
from models.privacy import erase
from models.retention import Ages, sweep, sweeps
from tests.moved import Moved, a_moved_site, add_people
from tests.standin.phone import Phone
from tests.standin.twilio import Status
from tests.standin.twilio_phone import TwilioPhone

START = datetime(2026, 11, 22, 12, tzinfo=UTC)  # a Sunday
ASKED = datetime(2026, 11, 23, 9, tzinfo=UTC)  # Monday, ten in Niamey
NUMBER = "+22790000001"
ON_WHATSAPP = f"whatsapp:{NUMBER}"
USER = 600000001
DAYS = Ages(timedelta(days=30), timedelta(days=200))


@pytest.fixture
def site(tmp_path: Path, aston_database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Moved]:
    """Yield a site with every channel, on a Sunday, whose database the command line reads."""
    with a_moved_site(tmp_path, aston_database, START) as running:
        monkeypatch.setenv("DATABASE_URL", aston_database)
        monkeypatch.chdir(tmp_path)
        yield running


def call(*words: str) -> Result:
    """Return the result of `griot trace` with these words."""
    return CliRunner().invoke(command_line, ["trace", *words])


def traced(id: str, *words: str) -> Json:
    """Return what is told of an id that means one thing."""
    result = call(id, "--json", *words)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def codes(found: Json) -> list[str]:
    """Return what happened, by code, in order."""
    return [step["what"] for step in found["steps"]]


def texts(found: Json) -> str:
    """Return what is told, a line a step."""
    return "\n".join(step["text"] for step in found["steps"])


def say(site: Moved, phone: Phone | TwilioPhone, text: str) -> int | str:
    """Return the provider's id of what is written some seconds later, and handled."""
    site.now += timedelta(seconds=7)
    said = phone.say(text)
    site.answer()
    return said


def newest(site: Moved, direction: str = "in") -> Json:
    table = IN if direction == "in" else OUT
    query = select(table).order_by(table.c.id.desc()).limit(1)
    return read(site.store, lambda db: db.connection().execute(query).mappings().one())


def test_an_answer_and_the_report_it_became(site: Moved) -> None:
    """From the update to the reply; by the row, Telegram's update, Telegram's message and the reference."""
    add_people(site, [("coordinator", "niamey", "en", {"telegram": str(USER)})])
    phone = site.telegram(USER, "en")
    say(site, phone, "report weekly_update")
    said = say(site, phone, "1")
    row = newest(site)
    id = f"in:{row['id']}"
    found = traced(id)
    assert (found["id"], found["kind"]) == (id, "in")
    assert codes(found)[:4] == ["received", "authentic", "handled", "answer"]
    assert "It answered status of report draft-1, revision 1." in texts(found)
    reply = newest(site, "out")
    assert f"Queued as out:{reply['id']} for Telegram." in texts(found)
    assert codes(found)[-2:] == ["accepted", "sent"]
    update = row["provider_id"].partition(":")[2]
    ids = (update, f"{USER}:{said}", row["provider_id"], f"telegram:{row['provider_id']}")
    assert [traced(each)["id"] for each in ids] == [id] * 4
    assert traced(reply["provider_id"])["id"] == traced(reply["key"])["id"] == f"out:{reply['id']}"
    say(site, phone, "nonsense where a number is wanted")
    assert "not_stored" in codes(traced(f"in:{newest(site)['id']}"))
    say(site, phone, "help")
    assert "It was the word HELP." in texts(traced(f"in:{newest(site)['id']}"))


def test_a_report_by_its_reference(site: Moved) -> None:
    """What asked for it, the messages it is made of, and its receipt; by any beginning that is its alone."""
    add_people(site, [("coordinator", "niamey", "en", {"telegram": str(USER)})])
    site.run(ASKED)
    phone = site.telegram(USER, "en")
    say(site, phone, "nothing")
    for id in ("NIM-2026-W48-1", "nim-2026-w48-1", "NIM-2026-W"):
        found = traced(id)
        assert (found["id"], found["kind"]) == ("NIM-2026-W48-1", "report")
    assert codes(found)[0] == "prompt"
    assert {"began", "submitted", "accepted"} <= set(codes(found))
    sending = traced(f"in:{newest(site)['id']}")
    assert "It sent report NIM-2026-W48-1." in texts(sending)


def test_a_prompt_rung_by_rung(site: Moved) -> None:
    """WhatsApp fails by a status, SMS takes it: why it was sent, each call, status and what came next."""
    add_people(site, [("coordinator", "niamey", "fr", {"whatsapp": NUMBER, "sms": NUMBER})])
    site.run(ASKED - timedelta(hours=2))
    say(site, site.twilio(NUMBER), "menu")
    site.provider.twilio.callbacks.clear()
    site.provider.twilio.plans[ON_WHATSAPP] = [Status("sent"), Status("undelivered", "63024")]
    site.provider.twilio.plans[NUMBER] = [Status("sent"), Status("delivered")]
    site.run(ASKED)
    for _ in range(2):
        site.deliver_statuses()
        site.work()
    first, second = site.sent("prompt")
    found = traced(first["key"])
    assert [traced(id)["id"] for id in (second["key"], first["provider_id"], second["provider_id"])] == [
        f"out:{first['id']}"
    ] * 3
    told = codes(found)
    assert told[:2] == ["prompt", "person"]
    assert told.index("due") < told.index("decided") < told.index("queued")
    ways = texts(found).partition(f"Queued as out:{second['id']}")
    assert "Twilio reported: undelivered 63024" in ways[0]
    assert "It could not be delivered to this address: 63024" in ways[0]
    assert "Twilio reported: delivered" in ways[2]
    assert told[-1] == "delivered"
    assert "Demo" not in texts(found)
    assert NUMBER not in texts(found)
    named = texts(traced(first["key"], "--names", "--texts"))
    assert "is Person 1 Demo." in named
    assert "Its words: " in named


def test_in_the_four_languages(site: Moved) -> None:
    """The same steps, in other words; in Arabic what is not Arabic stands isolated."""
    add_people(site, [("coordinator", "nouakchott", "ar", {"telegram": str(USER)})])
    say(site, site.telegram(USER, "ar"), "القائمة")
    found = {each: traced("in:1", "--language", each) for each in ("en", "fr", "pt", "ar")}
    assert len({tuple(codes(each)) for each in found.values()}) == 1
    for number, step in enumerate(found["en"]["steps"]):
        said = {found[each]["steps"][number]["text"] for each in found}
        assert len(said) == len(found), step
    assert "\u2068in:1\u2069" in texts(found["ar"])
    lines = call("in:1", "--language", "fr").stdout.splitlines()
    assert "Europe/Paris" in lines[0]
    assert lines[1].startswith("2026-11-22 13:00:07  ")


def test_what_means_more_than_one_thing(site: Moved) -> None:
    """A bare number is a message in and one out: both are named, and the exit code is 2."""
    add_people(site, [("coordinator", "niamey", "en", {"telegram": str(USER)})])
    say(site, site.telegram(USER, "en"), "menu")
    result = call("1", "--json")
    assert result.exit_code == 2
    assert [each["id"] for each in json.loads(result.stdout)["candidates"]] == ["in:1", "out:1"]
    assert [line.partition(" ")[0] for line in call("1").stdout.splitlines()] == ["in:1", "out:1"]
    unknown = call("SM00000000000000000000000000000009")
    assert (unknown.exit_code, unknown.stdout) == (2, "")


def test_a_reply_that_is_set_aside_and_a_stranger(site: Moved) -> None:
    """A stranger learns nothing, and neither does the trace say who they are; the answer is told."""
    say(site, site.telegram(USER, "en"), "hello")
    told = codes(traced("in:1"))
    assert told[3:6] == ["stranger", "stranger", "answers"]
    assert str(USER) not in call("in:1", "--names").stdout


def test_what_the_schedule_plans_holds_and_drops(site: Moved) -> None:
    """An occurrence is told before it is decided, and after; of what was not sent the reason is said."""
    add_people(site, [("coordinator", "niamey", "en", {"telegram": str(USER)})], START)
    planned = json.loads(CliRunner().invoke(command_line, ["schedule", "--json"]).stdout)[0]
    found = traced(planned["key"])  # by the command's own clock; for it no channel is on
    assert (found["kind"], codes(found)[-2:]) == ("occurrence", [planned["reason"], planned["state"]])
    site.run(ASKED)
    dropped = [row for row in site.occurrences() if row["state"] == "superseded"]
    for row in dropped:
        assert codes(traced(row["key"]))[-2:] == [row["reason"], "superseded"]
    assert {row["reason"] for row in dropped} >= {"too_early"}


def test_after_retention_and_an_erasure(site: Moved) -> None:
    """What was let go of is said to be gone; what stays is still told."""
    [person] = add_people(site, [("coordinator", "niamey", "en", {"telegram": str(USER)})])
    say(site, site.telegram(USER, "en"), "report weekly_update")
    say(site, site.telegram(USER, "en"), "1")
    key = newest(site)["provider_id"]
    month = START + timedelta(days=40)
    for each in sweeps(DAYS):
        write(site.store, lambda db, each=each: sweep(db, each, 0, month))
    assert "raw_gone" in codes(traced("in:2"))
    assert "answer" in codes(traced("in:2"))
    write(site.store, lambda db: erase(db, person, month))
    assert "erased" in codes(traced(key))
    half_year = START + timedelta(days=300)
    for each in sweeps(DAYS):
        write(site.store, lambda db, each=each: sweep(db, each, 0, half_year))
    gone = call("in:1")
    assert gone.exit_code == 2
    assert "cannot be traced" in gone.output
    found = traced("draft-1")
    assert "gave 1 answer on Telegram" in texts(found)
    assert read(site.store, lambda db: db.scalars(select(Address.id)).all()) == []
