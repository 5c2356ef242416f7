"""Whether Telegram reaches somebody: who never began, and whose chat moved; as a person's page shows it."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.values import Invitation, Message
from griot.invitations import with_links
from models import export
from models.base import Json
from models.db import read
from models.outbox import OUT
from tests.moved import Moved, Someone, a_moved_site, add_people
from tests.standin.trouble import Fault, Trouble

START = datetime(2026, 11, 22, 12, tzinfo=UTC)  # a Sunday
ASKED = datetime(2026, 11, 23, 9, tzinfo=UTC)  # Monday, ten in Niamey
PROMPT = "prompt:"
USER, NUMBER = "600000001", "+22790000001"
OFFICER, NEWCOMER, OTHER = "600000009", "600000077", "600000078"


@pytest.fixture
def site(tmp_path: Path, aston_database: str) -> Iterator[Moved]:
    """Yield a site with every channel, on a Sunday."""
    with a_moved_site(tmp_path, aston_database, START) as running:
        yield running


def outbox(site: Moved) -> list[Json]:
    found = select(OUT).order_by(OUT.c.id)
    return read(site.store, lambda db: list(db.connection().execute(found).mappings()))


def addresses(site: Moved, person: int) -> list[tuple[str, str, bool, str]]:
    """Return channel, value, whether it can be reached and why not, as `griot person show` has it."""
    shown = partial(export.person, person_id=person, at=site.now, base_url="")
    found = read(site.store, shown)
    assert found is not None
    return [
        (one["channel"], one["value"], one["reachable"], one.get("reason", "")) for one in found["addresses"]
    ]


def test_who_never_began_is_shown_so_and_reached_otherwise(site: Moved) -> None:
    """The first refusal of all: `not_started`, until they press Start; the prompt goes by SMS."""
    ways = {"telegram": USER, "sms": NUMBER}
    [person] = add_people(site, [("coordinator", "niamey", "fr", ways)])
    site.provider.trouble(USER, Trouble(fault=Fault.NOT_STARTED))
    site.run(ASKED)
    first, second = [row for row in outbox(site) if row["key"].startswith(PROMPT)]
    assert (first["channel"], first["state"]) == ("telegram", "undeliverable")
    assert (second["key"], second["channel"], second["state"]) == (f"{first['key']}/2", "sms", "sent")
    assert addresses(site, person)[0] == ("telegram", USER, False, "not_started")
    site.provider.trouble(USER)
    site.telegram(int(USER)).say("/start")
    site.work()
    assert addresses(site, person)[0][2] is True


def test_a_chat_that_moved_is_written_to_at_its_new_address(site: Moved) -> None:
    """`migrate_to_chat_id`: stored, sent once, and so is what follows."""
    [person] = add_people(site, [("coordinator", "niamey", "fr", {"telegram": USER})])
    moved = 600000099
    site.provider.trouble(USER, Trouble(fault=Fault.MIGRATED, value=moved))
    site.run(ASKED)
    [row] = [row for row in outbox(site) if row["key"].startswith(PROMPT)]
    assert (row["address"], row["state"]) == (str(moved), "sent")
    assert len(site.provider.messages(moved)) == len(outbox(site))
    assert addresses(site, person) == [("telegram", str(moved), True, "")]
    site.run(ASKED + timedelta(days=2))
    later = [row for row in outbox(site) if row["created_at"] > ASKED]
    assert {row["address"] for row in later} == {str(moved)}
    assert {row["state"] for row in outbox(site)} == {"sent"}


@pytest.mark.parametrize("day", [START, START + timedelta(hours=20)], ids=["held over Sunday", "at once"])
def test_an_alert_carries_an_invitation_that_works(site: Moved, day: datetime) -> None:
    """Who blocked the bot is told to officers with a link; its code is stored nowhere, and binds once."""
    people: list[Someone] = [
        ("coordinator", "niamey", "fr", {"telegram": USER}),
        ("officer", None, "ar", {"telegram": OFFICER}),
    ]
    lost = add_people(site, people)[0]
    site.run(day)
    site.telegram(int(USER)).say("menu")
    site.work()
    site.provider.trouble(USER, Trouble(fault=Fault.BLOCKED))
    site.telegram(int(USER)).say("menu")
    site.run(ASKED)
    told = [each.text for each in site.provider.messages(OFFICER) if "t.me/" in each.text][-1]
    link = re.search(r"https://t\.me/\w+\?start=([0-9A-Z]{10})\b", told)
    assert link is not None
    assert f"https://wa.me/10000000001?text=JOIN%20{link[1]}" in told
    assert not [row for row in outbox(site) if link[1] in row["text"] + str(row["message"])]
    site.telegram(int(NEWCOMER)).say(f"/start {link[1]}")
    site.work()
    assert ("telegram", NEWCOMER, True, "") in addresses(site, lost)
    site.telegram(int(OTHER)).say(f"/start {link[1]}")
    site.work()
    assert OTHER not in {value for _, value, *_ in addresses(site, lost)}


def test_an_invitation_without_a_link_is_a_word_to_send(site: Moved) -> None:
    """Where Telegram does not tell the bot's name and WhatsApp has no number of its own."""
    message = Message("A demo.", invitation=Invitation(7, "Invite: {link}", code="7Q2M4K9XTB"))
    assert with_links(message, [site.channels["sms"]]).text == "A demo.\nInvite: JOIN 7Q2M4K9XTB"
