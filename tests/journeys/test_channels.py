"""Eleven coordinators in four languages report by Telegram, WhatsApp and SMS; every status comes back."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.forms.read import read_form
from models.base import Db
from models.consent import record_consent
from models.db import open_store, write
from models.person import add_person
from tests.journeys.test_week import COORDINATORS, Coordinator, report
from tests.programmes import ASTON
from tests.site import FIRST_PERSON, SECRET, TOKEN, Site, a_site
from tests.standin.phone import Phone, webhook
from tests.standin.server import StandIn
from tests.standin.twilio import ACCOUNT_SID, AUTH_TOKEN, Status
from tests.standin.twilio_phone import TwilioPhone, twilio_webhook

SPREAD = ("telegram", "whatsapp", "sms")
SENDER = "+10000000001"
ON_TWILIO = {
    "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
    "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
    "TWILIO_WHATSAPP_FROM": SENDER,
    "TWILIO_SMS_FROM": SENDER,
    "GRIOT_SMS_PER_SECOND": "0",
    "GRIOT_WHATSAPP_PER_SECOND": "0",
}
REVERSED = [Status("read"), Status("delivered"), Status("sent")]  # as Twilio may well order them
ARRIVED = {"telegram": {"sent"}, "whatsapp": {"delivered", "read"}, "sms": {"delivered"}}


def channel_of(number: int) -> str:
    return SPREAD[number % len(SPREAD)]


def address_of(number: int) -> str:
    """Return a visibly fictitious address of the coordinator of that number."""
    return str(FIRST_PERSON + number) if channel_of(number) == "telegram" else f"+2239000{number:04}"


@pytest.fixture
def site(tmp_path: Path, site_database: str) -> Iterator[tuple[Site, StandIn]]:
    """Yield the running site with a coordinator in every city, and the providers."""
    with StandIn(token=TOKEN) as provider:
        origins = {"TWILIO_API_URL": provider.url, "TWILIO_CONTENT_URL": provider.url}
        with a_site(tmp_path, provider.url, [], site_database, **ON_TWILIO, **origins) as running:
            store = open_store(site_database)
            write(store, _add_coordinators)
            store.close()
            provider.twilio.callbacks_to = running.url
            provider.twilio.plans["whatsapp:" + address_of(1)] = REVERSED
            yield running, provider


def _add_coordinators(db: Db) -> None:
    at = datetime.now(UTC)
    for number, each in enumerate(COORDINATORS):
        id = add_person(
            db,
            name=f"Demo {number}",
            role="coordinator",
            city=each.city,
            language=each.language,
            addresses={channel_of(number): address_of(number)},
            at=at,
        )
        record_consent(
            db, id, agreed=True, version="test", language=each.language, channel="paper", how="test", at=at
        )


def test_the_export_is_what_eleven_coordinators_said_on_three_channels(site: tuple[Site, StandIn]) -> None:
    """Every answer stands in the export, typed, with its channel; what Twilio took ends as delivered."""
    running, provider = site
    form = read_form((ASTON / "forms/weekly_update.md").read_bytes(), "weekly_update.md")

    def tell(number: int, each: Coordinator) -> tuple[str, dict[str, object]]:
        return report(_speaker(running, provider, number, each), each, form)

    with ThreadPoolExecutor(len(COORDINATORS)) as pool:
        told = list(pool.map(tell, range(len(COORDINATORS)), COORDINATORS))
    rows = {row["city"]: row for row in _export(running, "submissions")}
    for number, ((reference, expected), each) in enumerate(zip(told, COORDINATORS, strict=True)):
        row = rows[each.city]
        assert (row["reference"], row["state"]) == (reference, "submitted")
        assert (row["channel"], row["language"]) == (channel_of(number), each.language)
        assert row["answers"] == expected
    for row in _settled(running):
        assert row["state"] in ARRIVED[row["channel"]], row
        assert (row["rung"], row["rung_reason"]) == (row["channel"], "newest message")
        assert row["attempts"] == 1
        assert row["error_code"] in (None, "")
    assert {row["state"] for row in _settled(running) if row["person"] == 2} == {"read"}


def _speaker(
    running: Site, provider: StandIn, number: int, coordinator: Coordinator
) -> Callable[[str | int], str]:
    """Return how that coordinator says something and reads the reply: buttons are for Telegram only."""
    address, channel = address_of(number), channel_of(number)
    if channel == "telegram":
        chat = Phone(webhook(running.url, SECRET), provider, int(address), coordinator.language)

        def tap(typed: str | int) -> str:
            if isinstance(typed, str):
                return chat.ask(typed)
            chat.press(typed)
            return chat.wait_for_reply().text

        return tap
    phone = TwilioPhone(twilio_webhook(running.url), provider, address, running.url, channel=channel)
    return lambda typed: phone.ask(str(typed))


def _settled(running: Site) -> list[dict[str, str]]:
    """Return what left, once every status has come."""
    until = time.monotonic() + 15
    while True:
        out = [row for row in _export(running, "messages") if row["direction"] == "out"]
        if all(row["state"] in ARRIVED[row["channel"]] for row in out) or time.monotonic() > until:
            return out
        time.sleep(0.2)


def _export(running: Site, what: str) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = json.loads(running.griot("export", what, "--format", "json"))
    return rows
