"""A bot without a public address: the worker fetches what people write, and answers."""

import json
from pathlib import Path

import pytest

from tests.site import FIRST_PERSON, TOKEN, a_site
from tests.standin import Client, StandIn
from tests.standin.phone import Phone


@pytest.mark.timeout(60)
def test_fetched_messages_are_answered(tmp_path: Path, empty_database: str) -> None:
    """Texts and taps that are fetched lead to replies; an update that is odd stops nobody."""
    people = [("bamako", "en"), ("kampala", "en")]
    with (
        StandIn(token=TOKEN) as provider,
        a_site(tmp_path, provider.url, people, empty_database, BASE_URL=""),
    ):
        first, second = (
            Phone(lambda body: fetched(provider, body), provider, FIRST_PERSON + n) for n in range(2)
        )
        first.send(text="Hello", date="soon")
        assert "1. " in second.ask("/report weekly_update")
        second.press(1)
        assert second.wait_for_reply().text
        assert first.ask("/help")


def fetched(provider: StandIn, body: bytes) -> tuple[int, bytes]:
    """Have the update fetched by the next getUpdates."""
    Client(provider.url).update(json.loads(body))
    return 200, b""
