"""Which way a message takes: templates, the window, stops, strangers, one session over several channels."""

import itertools
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.programme import open_programme
from bot.templates import texts_of
from griot.assembly import open_contents
from models.base import Db, Json
from models.db import read
from models.inbox import Inbox
from models.invite import invite
from models.outbox import OUT
from models.person import Address, Person, add_person
from models.template import missing, needs, note_all
from tests.moved import BASE_URL, Moved, a_moved_site, add_people, minutes
from tests.programmes import ASTON, files_of
from tests.standin.phone import Phone
from tests.standin.trouble import Fault, Trouble
from tests.standin.twilio import AUTH_TOKEN, Status, signed
from tests.standin.twilio_phone import TwilioPhone

START = datetime(2026, 11, 22, 12, tzinfo=UTC)  # a Sunday
ASKED = datetime(2026, 11, 23, 9, tzinfo=UTC)  # Monday, ten in Niamey
NUMBER = "+22790000001"
OTHER = "+22790000002"
USER = "600000001"
ON_WHATSAPP = f"whatsapp:{NUMBER}"
REFERENCE = re.compile(r"\bNIM-2026-W4[78]-\d+\b")


@pytest.fixture
def site(tmp_path: Path, aston_database: str) -> Iterator[Moved]:
    """Yield a site with every channel, on a Sunday, and nobody."""
    with a_moved_site(tmp_path, aston_database, START) as running:
        yield running


def push(site: Moved, status: str = "approved", *names: str) -> None:
    """Have the templates submitted, those named (or all) decided so, and Griot look at them."""
    contents = open_contents(site.settings)
    assert contents is not None
    if not site.provider.content.contents:
        for text in texts_of(open_programme(files_of(ASTON))):
            contents.submit(text, contents.create(text))
        site.provider.content.settle("approved")
    site.provider.content.settle(status, *names)
    states = contents.states()
    contents.close()
    site.write(lambda db: note_all(db, states, site.now))


def a_coordinator(site: Moved, language: str = "fr", **addresses: str) -> int:
    return add_people(site, [("coordinator", "niamey", language, addresses)])[0]


def an_officer(site: Moved, language: str = "en") -> int:
    return add_people(site, [("officer", None, language, {"telegram": USER})])[0]


def rows(site: Moved, **columns: object) -> list[Json]:
    """Return the outbox, oldest first, of these columns' values."""
    found = select(OUT).where(*(OUT.c[name] == value for name, value in columns.items())).order_by(OUT.c.id)
    return read(site.store, lambda db: list(db.connection().execute(found).mappings()))


def state_of(site: Moved, person: int) -> str:
    return read(site.store, lambda db: db.scalars(select(Person.state).where(Person.id == person)).one())


def say(site: Moved, phone: Phone | TwilioPhone, text: str, **more: str) -> list[str]:
    """Return what the phone shows anew after this was said and everything was done."""
    before = len(phone.messages())
    phone.say(text, **more) if isinstance(phone, TwilioPhone) else phone.say(text)
    site.work()
    return [sent.text for sent in phone.messages()[before:]]


def prompts_of(site: Moved) -> dict[int, Json]:
    """Return what the schedule says of Monday's prompts, by person."""
    return {
        each.occurrence.person: {
            "channel": each.rung.channel if each.rung else None,
            "state": each.occurrence.state,
            "reason": each.occurrence.reason,
        }
        for each in site.upcoming(2)
        if each.occurrence.kind == "prompt"
    }


@pytest.mark.parametrize("status", ["missing", "pending", "rejected", "paused"])
def test_without_an_approved_template_the_schedule_says_so_and_the_next_rung_takes_it(
    site: Moved, status: str
) -> None:
    """With SMS the prompt leaves there; without, it is held until the template is approved."""
    if status != "missing":
        push(site, status, "griot_prompt_fr_v1")
    both = a_coordinator(site, whatsapp=NUMBER, sms=NUMBER)
    alone = add_people(site, [("coordinator", "bamako", "fr", {"whatsapp": OTHER})])[0]
    foreseen = prompts_of(site)
    assert (foreseen[both]["channel"], foreseen[both]["state"]) == ("sms", "planned")
    assert (foreseen[alone]["state"], foreseen[alone]["reason"]) == ("held", "no_template")
    lacking = read(site.store, lambda db: missing(db, open_programme(files_of(ASTON)), needs(db)))
    assert ("griot_prompt_fr_v1", status) in {(one.name, one.status) for one in lacking}  # for the doctor
    site.run(ASKED + timedelta(hours=2))
    [row] = rows(site, kind="prompt")
    assert (row["person_id"], row["rung"], row["state"]) == (both, "sms", "sent")
    assert row["rung_reason"] == "whatsapp: window closed, no approved template"
    assert "1. Commencer" in site.provider.messages(NUMBER)[-1].text
    push(site, "approved", "griot_prompt_fr_v1")
    site.run(site.now + minutes(10))
    [row] = rows(site, kind="prompt", person_id=alone)
    assert (row["rung"], row["state"]) == ("whatsapp_template", "sent")


@pytest.mark.parametrize("fallen", ["paused", "rejected"])
def test_a_template_that_fell_unnoticed_leads_to_sms(site: Moved, fallen: str) -> None:
    """The provider refuses by a status what Griot believed approved: the next rung, once."""
    push(site)
    a_coordinator(site, whatsapp=NUMBER, sms=NUMBER)
    site.provider.content.settle(fallen, "griot_prompt_fr_v1")
    site.run(ASKED)
    site.deliver_statuses()
    site.work()
    first, second = rows(site, kind="prompt")
    assert (first["rung"], first["state"]) == ("whatsapp_template", "failed")
    assert (second["key"], second["rung"], second["state"]) == (f"{first['key']}/2", "sms", "sent")
    assert second["rung_reason"] == "whatsapp: template refused"


@pytest.mark.parametrize("at_once", [True, False], ids=["call", "status"])
@pytest.mark.parametrize("has_template", [True, False])
def test_63016_takes_the_next_way(site: Moved, at_once: bool, has_template: bool) -> None:
    """Griot believes the window open, WhatsApp does not: the template, or else SMS."""
    if has_template:
        push(site)
    person = a_coordinator(site, whatsapp=NUMBER, sms=NUMBER)
    site.run(ASKED - timedelta(hours=20))
    say(site, site.twilio(NUMBER), "menu")
    del site.provider.twilio.heard[ON_WHATSAPP]
    site.provider.twilio.refuses_at_once = at_once
    site.run(ASKED)
    site.deliver_statuses()
    site.work()
    first, second = rows(site, kind="prompt", person_id=person)
    assert (first["rung"], first["state"], first["error_code"]) == ("whatsapp", "failed", "63016")
    assert second["rung"] == ("whatsapp_template" if has_template else "sms")
    assert second["state"] in {"sent", "delivered"}
    assert second["rung_reason"] == "whatsapp: window closed"


@pytest.mark.parametrize("has_template", [True, False])
def test_a_window_that_closes_in_the_queue(site: Moved, has_template: bool) -> None:
    """Queued free-form, throttled past the window's end: the template, or else SMS; never free-form."""
    if has_template:
        push(site)
    a_coordinator(site, whatsapp=NUMBER, sms=NUMBER)
    site.run(ASKED - timedelta(hours=23, minutes=45))
    say(site, site.twilio(NUMBER), "menu")
    site.provider.trouble(ON_WHATSAPP, Trouble(fault=Fault.THROTTLED, value=1200, times=1))
    site.run(ASKED)
    assert [row["state"] for row in rows(site, kind="prompt")] == ["queued"]
    before = len(site.provider.messages(ON_WHATSAPP))
    site.run(ASKED + minutes(21))
    last = rows(site, kind="prompt")[-1]
    assert (last["rung"], last["state"]) == ("whatsapp_template" if has_template else "sms", "sent")
    taken = [sent for sent in site.provider.messages(ON_WHATSAPP)[before:] if not sent.buttons]
    assert taken == []


def phone_on(site: Moved, channel: str) -> Phone | TwilioPhone:
    return site.telegram(int(USER)) if channel == "telegram" else site.twilio(NUMBER, channel)


def address_on(channel: str) -> str:
    return USER if channel == "telegram" else NUMBER


WORDS = {
    "en": ("STOP", "Unsubscribe", "START"),
    "fr": ("arrêt", "ARRETER", "Reprendre"),
    "pt": ("parar", "SAIR", "retomar"),
    "ar": ("إيقاف", "توقف", "ابدأ"),
}


@pytest.mark.parametrize("channel", ["telegram", "whatsapp", "sms"])
def test_stop_and_start_in_four_languages(site: Moved, channel: str) -> None:
    """One confirmation, the person is stopped on every channel; START shows the open question."""
    person = a_coordinator(site, **{channel: address_on(channel), "email": "awa@griot.example.org"})
    officer = add_people(site, [("officer", None, "en", {"telegram": "600000009"})])[0]
    phone = phone_on(site, channel)
    [question] = say(site, phone, "report weekly_update")
    for stop, stop_too, start in WORDS.values():
        for word in (stop, stop_too):
            assert len(say(site, phone, word)) == 1, word
            assert state_of(site, person) == "stopped"
            assert say(site, phone, word) == [], f"{word} again"
            [back] = say(site, phone, start)
            assert back.endswith(question), start
            assert state_of(site, person) == "active"
    site.run(ASKED)  # on a Sunday officers are not disturbed
    assert [row for row in rows(site, person_id=officer) if row["key"].startswith("alert:stopped")]


@pytest.mark.parametrize(
    ("asked_on", "stopped_on"), [("telegram", "whatsapp"), ("whatsapp", "sms"), ("sms", "telegram")]
)
def test_nothing_queued_leaves_after_stop_on_any_channel(site: Moved, asked_on: str, stopped_on: str) -> None:
    """A prompt waits for its throttled channel; STOP comes on another: only the confirmation leaves."""
    push(site)
    person = a_coordinator(site, telegram=USER, whatsapp=NUMBER, sms=NUMBER)
    site.run(ASKED - timedelta(hours=1))
    say(site, phone_on(site, asked_on), "menu")
    place = ON_WHATSAPP if asked_on == "whatsapp" else address_on(asked_on)
    site.provider.trouble(place, Trouble(fault=Fault.THROTTLED, value=1200, times=1))
    site.run(ASKED)
    assert [row["state"] for row in rows(site, kind="prompt")] == ["queued"]
    assert len(say(site, phone_on(site, stopped_on), "STOP")) == 1
    site.provider.trouble(place)
    before = site.provider.record.count
    site.run(ASKED + timedelta(days=2))  # past Wednesday's nudge
    assert site.provider.record.count == before
    assert {row["state"] for row in rows(site, kind="prompt", person_id=person)} == {"cancelled"}


def test_stop_by_the_provider_is_confirmed_by_it(site: Moved) -> None:
    """OptOutType: stopped without a word of ours on any channel; START restores, and shows the question."""
    person = a_coordinator(site, whatsapp=NUMBER, sms=NUMBER, telegram=USER)
    text, whatsapp = site.twilio(NUMBER, "sms"), site.twilio(NUMBER)
    [question] = say(site, text, "report weekly_update")
    assert say(site, text, "CANCEL", OptOutType="STOP") == []
    assert state_of(site, person) == "stopped"
    assert whatsapp.messages() == []
    assert say(site, text, "HELP", OptOutType="HELP") == []
    [back] = say(site, text, "START", OptOutType="START")
    assert back == question


@pytest.mark.parametrize(("code", "at_once"), [(21610, True), (21610, False), (63014, False), (63033, True)])
def test_an_opt_out_told_by_an_error_stops_every_channel(site: Moved, code: int, at_once: bool) -> None:
    """The provider knows of a stop that Griot did not see: nobody is written to on the next rung."""
    officer = an_officer(site)
    channel, place = ("sms", NUMBER) if code == 21610 else ("whatsapp", ON_WHATSAPP)
    person = a_coordinator(site, whatsapp=NUMBER, sms=NUMBER, email="awa@griot.example.org")
    site.run(ASKED - timedelta(hours=2))
    say(site, site.twilio(NUMBER, channel), "menu")
    site.provider.twilio.callbacks.clear()
    if at_once:
        site.provider.trouble(place, Trouble(fault=Fault.REFUSED, value=code))
    else:
        site.provider.twilio.plans[place] = [Status("undelivered", str(code))]
    site.run(ASKED)
    site.deliver_statuses()
    site.work()
    failed = rows(site, person_id=person, state="undeliverable")
    assert {row["error_code"] for row in failed} == {str(code)}
    assert state_of(site, person) == "stopped"
    assert [row for row in rows(site, person_id=officer) if row["key"].startswith("alert:stopped")]
    made = len(rows(site, person_id=person))
    site.run(ASKED + timedelta(days=2))  # past Wednesday's nudge
    assert len(rows(site, person_id=person)) == made
    assert not rows(site, person_id=person, state="queued")


def test_a_session_goes_on_by_sms(site: Moved) -> None:
    """Begun on WhatsApp: the first message by SMS asks again and answers nothing; the next one answers.

    Words that could be the answer are not dropped: they are said back, and asked about.
    """
    a_coordinator(site, language="en", whatsapp=NUMBER, sms=NUMBER)
    app, text = site.twilio(NUMBER), site.twilio(NUMBER, "sms")
    say(site, app, "report weekly_update")
    [second] = say(site, app, "1")
    assert second.startswith("2/")
    [again] = say(site, text, "4")
    assert again == second
    [third] = say(site, text, "4")
    assert third.startswith("3/")
    assert [row["channel"] for row in rows(site, kind="reply")] == ["whatsapp", "whatsapp", "sms", "sms"]
    [asked] = say(site, app, "A workshop with 40 people")
    assert "A workshop with 40 people" in asked
    [fourth] = say(site, app, "1")
    assert fourth.startswith("4/")


@pytest.mark.parametrize("channel", ["telegram", "whatsapp", "sms"])
def test_a_stranger_gets_one_neutral_answer_a_day(site: Moved, channel: str) -> None:
    """None by SMS; STOP, JOIN without a code and pictures change nothing about it."""
    phone = phone_on(site, channel)
    told = [len(say(site, phone, text)) for text in ("hello", "report", "menu", "who is in Bamako?")]
    assert told == ([0, 0, 0, 0] if channel == "sms" else [1, 0, 0, 0])
    site.run(site.now + timedelta(hours=25))
    assert len(say(site, phone, "hello")) == (0 if channel == "sms" else 1)


def test_strangers_on_a_paid_channel_are_fifty_a_day(site: Moved) -> None:
    """Whatever they write: greetings or wrong codes."""
    for n in range(60):
        site.twilio(f"+2279001{n:04}").say("hello" if n % 2 else "JOIN AAAAABBBBB")
    site.work()
    assert len([row for row in rows(site, kind="stranger") if row["state"] == "sent"]) == 50
    site.telegram(int(USER)).say("hello")
    site.work()
    assert len(site.provider.messages(USER)) == 1


def test_joining_by_twilio(site: Moved) -> None:
    """The code binds this address; the first contact's question comes in the person's language."""
    ways = (("whatsapp", "JOIN {}"), ("whatsapp", "{}"), ("sms", "Join  {}"), ("sms", "{}"))
    for number, (channel, form) in enumerate(ways):
        _join(site, channel, form, f"+2279000010{number}", f"+2279000020{number}")


def _join(site: Moved, channel: str, form: str, mine: str, another: str) -> None:
    """Join with a code from one number, and try it once more from another."""

    def add(db: Db) -> tuple[int, str]:
        person = add_person(
            db,
            name=f"Awa Demo {mine}",
            role="deputy",
            city="niamey",
            language="ar",
            addresses={},
            at=site.now,
        )
        return person, invite(db, person, site.now)

    person, code = site.write(add)
    phone = site.twilio(mine, channel)
    [asked] = say(site, phone, form.format(code))
    assert "\n1. " in asked
    assert re.search("[\u0600-\u06ff]", asked)
    assert len(say(site, phone, "١")) == 1
    assert state_of(site, person) == "active"
    addresses = read(
        site.store, lambda db: db.scalars(select(Address).where(Address.person_id == person)).all()
    )
    assert [(one.channel, one.value) for one in addresses] == [(channel, mine)]
    other = site.twilio(another, channel)
    assert len(say(site, other, form.format(code))) == (1 if channel == "whatsapp" else 0)
    assert state_of(site, person) == "active"


def test_an_opaque_address_reports(site: Moved) -> None:
    """Somebody without a number joins by a code, agrees, and is asked by the template on Monday."""
    push(site)

    def add(db: Db) -> str:
        person = add_person(
            db, name="Awa Demo", role="coordinator", city="niamey", language="fr", addresses={}, at=site.now
        )
        return invite(db, person, site.now)

    code = site.write(add)
    phone = site.twilio("NE.1234567890abcdef")
    assert len(say(site, phone, f"JOIN {code}")) == 1
    assert len(say(site, phone, "1")) == 1
    site.run(ASKED + timedelta(days=7))
    [row] = [row for row in rows(site, kind="prompt") if row["sent_at"] > ASKED + timedelta(days=1)]
    assert (row["rung"], row["state"]) == ("whatsapp_template", "sent")


def test_who_hides_the_number_is_still_known(site: Moved) -> None:
    """The id came beside the number once; later it comes alone, and answers go to it."""
    person = a_coordinator(site, whatsapp=NUMBER)
    scoped = "NE.1000000000001"
    say(site, site.twilio(NUMBER), "menu", ExternalUserId=f"whatsapp:{scoped}")
    hidden = site.twilio(scoped)
    assert say(site, hidden, "report")[0].startswith("1/")
    found = select(Address.value).where(Address.person_id == person).order_by(Address.id)
    assert read(site.store, lambda db: list(db.scalars(found))) == [NUMBER, scoped]


def test_a_report_in_arabic_by_sms(site: Moved) -> None:
    """Every message is fit for SMS, and the report arrives."""
    a_coordinator(site, language="ar", sms=NUMBER)
    phone = site.twilio(NUMBER, "sms")
    said = say(site, phone, "تقرير")
    for reply in ("١", "3", "ورشة", "٢", "24", "1", "مطر", "1", "-", "زيارة", "1"):
        said += say(site, phone, reply)
    assert REFERENCE.search(said[-1]), said[-1]
    assert max(len(text) for text in said) <= 1600


def test_a_reminder_is_not_delivered_after_its_deadline(site: Moved) -> None:
    """Sent late on the day itself: the provider tries until 23:59 in the city."""
    a_coordinator(site, sms=NUMBER)
    site.now = datetime(2026, 11, 25, 15, tzinfo=UTC)
    site.work()
    [row] = [row for row in rows(site, kind="reminder") if ":M04:" in row["key"]]
    [call] = [one for one in site.provider.calls("POST Messages") if f"m={row['id']}" in str(one.fields)]
    assert call.fields["ValidityPeriod"] == str(8 * 3600 - 60)


@pytest.mark.parametrize("button", [1, 2, 3])
def test_a_prompt_is_tapped_by_its_template_button(site: Moved, button: int) -> None:
    """The template opens the window: the session goes on in words, without another template."""
    push(site)
    a_coordinator(site, whatsapp=NUMBER)
    site.run(ASKED)
    phone = site.twilio(NUMBER)
    shown = phone.messages()[-1]
    assert [label for label, _ in shown.buttons] == ["Commencer", "Plus tard", "Rien à signaler"]
    phone.press(button)
    site.work()
    reply = phone.messages()[-1]
    assert not reply.buttons
    if button == 1:
        assert reply.text.startswith("1/")
        assert say(site, phone, "1")[0].startswith("2/")
    if button == 3:
        assert REFERENCE.search(reply.text)
    assert {row["rung"] for row in rows(site, kind="prompt")} == {"whatsapp_template"}
    assert {row["rung"] for row in rows(site, kind="reply")} | {"whatsapp"} == {"whatsapp"}


def test_a_late_tap_still_counts(site: Moved) -> None:
    """Tapped on Tuesday, after a nudge was not yet sent: the form of the week opens."""
    push(site)
    a_coordinator(site, whatsapp=NUMBER)
    site.run(ASKED + timedelta(hours=30))
    phone = site.twilio(NUMBER)
    phone.press(1)
    site.work()
    assert phone.messages()[-1].text.startswith("1/")


def test_a_status_that_names_no_message_changes_nothing(site: Moved) -> None:
    """204, handled without a fault, no row moved."""
    a_coordinator(site, sms=NUMBER)
    say(site, site.twilio(NUMBER, "sms"), "menu")
    before = rows(site)
    form = {"MessageStatus": "failed", "ErrorCode": "30008", "From": "+1", "To": NUMBER}
    assert site.client is not None
    references = ("", "?m=", "?m=-1", "?m=x", "?m=0", "?m=999999", "?m=99999999999999999999")
    for number, reference in enumerate(references):
        path = f"/webhooks/twilio/status{reference}"
        headers, body = signed(BASE_URL + path, form | {"MessageSid": f"SM{number:f>32}"}, AUTH_TOKEN)
        for _ in range(2):
            answer = site.client.post(path, data=body, headers=headers, base_url=BASE_URL)
            assert answer.status_code == 204, reference
        site.work()
        assert rows(site) == before, reference
        states = read(site.store, lambda db: set(db.scalars(select(Inbox.state))))
        assert states == {"done"}, reference


def test_statuses_in_any_order_end_as_read(site: Moved) -> None:
    """Also those that are handled before the answer to the call is seen; a failure after that is too late."""
    a_coordinator(site, whatsapp=NUMBER)
    phone = site.twilio(NUMBER)
    for count, order in enumerate(itertools.permutations(("sent", "delivered", "read")), start=1):
        site.provider.twilio.plans[ON_WHATSAPP] = [Status(state) for state in (*order, "failed")]
        say(site, phone, "menu")
        site.deliver_statuses()
        site.work()
        found = rows(site)
        assert len(found) == count
        assert (found[-1]["state"], found[-1]["error_code"]) == ("read", ""), order


def test_copies_at_the_same_instant_are_one_turn(site: Moved) -> None:
    """Twilio may repeat a webhook while the first is under way: 200 to each, one answer."""
    a_coordinator(site, sms=NUMBER)
    phone = site.twilio(NUMBER, "sms")
    phone.say("menu")
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda _: phone.deliver_again(), range(48)))
    site.work()
    assert len(phone.messages()) == len(rows(site)) == 1
