"""Options that are tapped in WhatsApp's window, and what becomes of them where there are no buttons."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.templates import tapped_texts
from griot.assembly import open_contents
from models.base import Json
from models.db import read
from models.outbox import OUT
from models.template import TEMPLATE, note_all
from tests.moved import Moved, a_moved_site, add_people
from tests.standin.trouble import Fault, Trouble
from tests.standin.twilio_phone import TwilioPhone

START = datetime(2026, 11, 26, 10, tzinfo=UTC)  # a Thursday, eleven in Niamey
NUMBER = "+22790000001"


@pytest.fixture
def site(tmp_path: Path, aston_database: str) -> Iterator[Moved]:
    """Yield a site with every channel, a coordinator on WhatsApp, and the Contents of the window."""
    with a_moved_site(tmp_path, aston_database, START) as running:
        add_people(running, [("coordinator", "niamey", "fr", {"whatsapp": NUMBER})], at=START)
        running.provider.content.contents.clear()
        look(running, make=True)
        yield running


def look(site: Moved, *, make: bool = False) -> None:
    """Let Griot see which Contents there are, after making them."""
    contents = open_contents(site.settings)
    assert contents is not None
    for text in tapped_texts() if make else ():
        contents.create(text)
    states = contents.states()
    contents.close()
    site.write(lambda db: note_all(db, states, site.now))


def said(site: Moved, phone: TwilioPhone, text: str) -> Json:
    """Return the row of the one answer to this."""
    phone.say(text)
    site.work()
    return outbox(site)[-1]


def outbox(site: Moved) -> list[Json]:
    found = select(OUT).order_by(OUT.c.id)
    return read(site.store, lambda db: list(db.connection().execute(found).mappings()))


def statuses(site: Moved) -> dict[str, str]:
    found = select(TEMPLATE.c.kind, TEMPLATE.c.status)
    return read(site.store, lambda db: {row.kind: row.status for row in db.connection().execute(found)})


def numbered(text: str) -> list[str]:
    return [line.partition(". ")[2] for line in text.splitlines() if line[:1].isdigit() and ". " in line[:4]]


def test_a_question_is_answered_by_a_tap(site: Moved) -> None:
    """The weekly update begins with a few short options: buttons, or a list, beside the text."""
    phone = site.twilio(NUMBER)
    row = said(site, phone, "report")
    shown = phone.messages()[-1]
    assert (row["rung"], row["state"]) == ("whatsapp", "sent")
    assert [label for label, _ in shown.buttons] == numbered(shown.text) != []
    phone.press(1)
    site.work()
    assert phone.messages()[-1].text.startswith("2/")


def test_an_optional_question_is_skipped_by_a_tap(site: Moved) -> None:
    """Where no button is shown the words say how: `-` does the same."""
    phone = site.twilio(NUMBER)
    for text in ("report", "1", "1", "Les relevés sont finis.", "2", "1"):
        said(site, phone, text)
    shown = phone.messages()[-1]
    assert [label for label, _ in shown.buttons] == ["Passer"]
    assert "pour passer" not in shown.text
    phone.press(1)
    site.work()
    assert phone.messages()[-1].text.startswith("7/7")


def test_a_choice_is_made_in_a_list(site: Moved) -> None:
    phone = site.twilio(NUMBER)
    said(site, phone, "langue")
    shown = phone.messages()[-1]
    assert shown.is_list
    phone.press(numbered(shown.text).index("English") + 1)
    site.work()
    assert "English" in phone.messages()[-1].text


@pytest.mark.parametrize("code", ["63013", "63005", "63016", "63027"])
def test_buttons_that_are_refused_later_leave_as_text_in_the_same_row(site: Moved, code: str) -> None:
    """And the answers after that come without, unless the window was to blame."""
    phone = site.twilio(NUMBER)
    site.provider.twilio.refuses_contents = code
    said(site, phone, "report")
    assert not phone.messages()
    site.deliver_statuses()
    site.work()
    [row] = outbox(site)
    [shown] = phone.messages()
    assert (row["state"], row["rung"], row["content_sid"], row["tries"]) == ("sent", "whatsapp", "", 2)
    assert numbered(shown.text)
    assert not shown.buttons
    refused = [status for status in statuses(site).values() if status == "refused"]
    assert len(refused) == (code != "63016")
    look(site)  # the next day's look: they may be tried again
    assert set(statuses(site).values()) == {"ready"}


@pytest.mark.parametrize("code", [21655, 21656, 20404, 63016])
def test_buttons_that_are_refused_at_once_leave_as_text_in_the_same_row(site: Moved, code: int) -> None:
    phone = site.twilio(NUMBER)
    trouble = Trouble(fault=Fault.REFUSED, value=code, text="no", times=1)
    site.provider.trouble(f"whatsapp:{NUMBER}", trouble)
    row = said(site, phone, "report")
    assert (len(outbox(site)), row["state"], row["content_sid"], row["tries"]) == (1, "sent", "", 2)
    assert not phone.messages()[-1].buttons


def test_without_contents_options_are_numbers(site: Moved) -> None:
    site.provider.content.contents.clear()
    site.write(lambda db: note_all(db, [], site.now))
    phone = site.twilio(NUMBER)
    said(site, phone, "report")
    assert numbered(phone.messages()[-1].text)
    assert said(site, phone, "1")["state"] == "sent"
    assert phone.messages()[-1].text.startswith("2/")


def test_what_is_missing_is_asked_for_while_the_window_is_open(site: Moved) -> None:
    """Begun on Thursday at eleven, asked on Friday at ten: no template is needed, a reply goes on."""
    site.run(START)
    phone = site.twilio(NUMBER)
    said(site, phone, "report")
    phone.press(1)
    site.work()
    shown = len(phone.messages())
    site.run(START + timedelta(hours=22, minutes=50))
    assert len(phone.messages()) == shown
    site.run(START + timedelta(hours=26))
    [row] = [row for row in outbox(site) if row["key"].startswith("window:weekly_update:2026-W48:")]
    assert (row["rung"], row["state"], row["content_sid"] != "") == ("whatsapp", "sent", True)
    assert len(phone.messages()) == shown + 1
    phone.press(1)
    site.work()
    assert "2/9 " in phone.messages()[-1].text
