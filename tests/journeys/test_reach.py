"""Whether Telegram reaches somebody: who never began, and whose chat moved; as a person's page shows it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from models import export
from models.base import Json
from models.db import read
from models.outbox import OUT
from tests.moved import Moved, a_moved_site, add_people
from tests.standin.trouble import Fault, Trouble

START = datetime(2026, 11, 22, 12, tzinfo=UTC)  # a Sunday
ASKED = datetime(2026, 11, 23, 9, tzinfo=UTC)  # Monday, ten in Niamey
PROMPT = "prompt:"
USER, NUMBER = "600000001", "+22790000001"


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
