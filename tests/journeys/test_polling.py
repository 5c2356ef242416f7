"""A bot without a public address: the worker fetches what people write, and answers."""

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from griot.cli import griot as command_line
from models.db import LOCK_WAIT, open_store
from tests.site import FIRST_PERSON, TOKEN, a_site
from tests.standin import Client, StandIn
from tests.standin.phone import Phone


@pytest.mark.timeout(60)
def test_fetched_messages_are_answered(
    tmp_path: Path, site_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Texts and taps that are fetched lead to replies; an update that is odd stops nobody."""
    people = [("bamako", "en"), ("kampala", "en")]
    with (
        StandIn(token=TOKEN) as provider,
        a_site(tmp_path, provider.url, people, site_database, BASE_URL=""),
    ):
        first, second = (
            Phone(lambda body: fetched(provider, body), provider, FIRST_PERSON + n) for n in range(2)
        )
        first.send(text="Hello", date="soon")
        assert "1. " in second.ask("/report weekly_update")
        second.press(1)
        assert second.wait_for_reply().text
        assert first.ask("/help")
        monkeypatch.setenv("DATABASE_URL", site_database)
        traced = CliRunner().invoke(command_line, ["trace", "in:1", "--json"])
        assert [step["what"] for step in json.loads(traced.stdout)["steps"]][:3] == [
            "received",
            "fetched",  # and no secret proved it
            "handled",
        ]


@pytest.mark.timeout(60)
def test_a_locked_database_does_not_end_the_fetching(tmp_path: Path, site_database: str) -> None:
    """What could not be kept for longer than a lock is waited for is fetched again, and answered."""
    with (
        StandIn(token=TOKEN) as provider,
        a_site(tmp_path, provider.url, [("bamako", "en")], site_database, BASE_URL=""),
    ):
        phone = Phone(lambda body: fetched(provider, body), provider, FIRST_PERSON)
        assert phone.ask("/help")
        store = open_store(site_database)
        with store.writers.begin() as db:
            if not store.is_sqlite:
                db.execute(text("LOCK TABLE inbox IN EXCLUSIVE MODE"))
            phone.say("/help")
            time.sleep(LOCK_WAIT + 1)
        store.close()
        assert phone.wait_for_reply(20).text
        assert phone.ask("/help")


def fetched(provider: StandIn, body: bytes) -> tuple[int, bytes]:
    """Have the update fetched by the next getUpdates."""
    Client(provider.url).update(json.loads(body))
    return 200, b""
