"""What a conversation leaves behind where no transcript can show it."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
import yaml
from sqlalchemy import select

from bot.programme import read_programme
from bot.talk import CONSENT_VERSION
from bot.values import Heard, Message
from channels.telegram import Telegram
from griot.programmes import files_of
from griot.turn import Turns
from models.base import Db
from models.consent import consent_of
from models.db import Store, write
from models.form import FormShelf
from models.inbox import Inbox, receive
from models.outbox import Outbox, message_of
from models.person import Address
from models.programme import ProgrammeShelf, load
from tests.conversations.stage import MONDAY, VOICES, Stage, a_stage, a_store
from tests.programmes import ASTON, ORCHARD

WORDINGS = {"2026-11": "819c143b03f342a4"}  # of each version, what was asked in the four languages
BLOCKED = ["report", "3\n1", "Nothing moved", "no\n4", "Fuel shortage", "1", "-", "Wait", "send"]
FINE = ["report", "1\n1", "All went well", "no\n1\n-", "Go on", "send"]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for the databases of these tests."""
    return tmp_path_factory.mktemp("effects")


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    """Yield a store of its own with the programme loaded."""
    store = a_store(folder / "effects.db")
    yield store
    store.close()


def alerts(store: Store) -> list[Outbox]:
    """Return the messages that wait for officers."""
    return write(store, lambda db: list(db.scalars(select(Outbox).where(Outbox.kind == "alert"))))


def test_officers_hear_of_blocked_work_once_and_in_their_language(store: Store) -> None:
    """One alert for each officer, with the city's own words and the reference."""
    officer = a_stage(store, None, "fr", role="officer")
    phone = a_stage(store, "lagos", "en")
    for text in BLOCKED:
        phone.says(text)
    (alert,) = alerts(store)
    assert (alert.person_id, alert.channel) == (officer.person_id, "chat")
    assert "Lagos" in message_of(alert).text
    assert "LOS-2026-W48-1" in message_of(alert).text
    assert "Fuel shortage" in message_of(alert).text
    phone.edits("Still waiting", 7)
    assert len(alerts(store)) == 1


def test_an_edit_after_sending_that_blocks_the_work_raises_the_alert(store: Store) -> None:
    """The rules are read again over the revised report."""
    a_stage(store, None, "fr", role="officer")
    phone = a_stage(store, "lagos", "en")
    for text in FINE:
        phone.says(text)
    assert alerts(store) == []
    phone.edits("no\n4", 3)
    assert len(alerts(store)) == 1


def test_consent_is_recorded_with_its_wording_and_language(store: Store) -> None:
    """Version, language, channel and how it was given."""
    phone = a_stage(store, "bizerte", "ar", agreed=False)
    for text in ("hello", "4", "1"):
        phone.says(text)
    consent = write(store, lambda db: consent_of(db, phone.person_id))
    assert consent is not None
    assert (consent.version, consent.language, consent.channel) == (CONSENT_VERSION, "fr", "chat")
    assert consent.how


def test_other_wording_is_another_version(store: Store) -> None:
    """Who agreed to what can be shown: a wording in any language changes only with its version."""
    asked = []
    for language in ("en", "fr", "pt", "ar"):
        for role, city in (("coordinator", "bizerte"), ("officer", None)):
            [question] = a_stage(store, city, language, role=role, agreed=False).says("hello")
            asked.append(question.text)
    wording = sha256("\n".join(asked).encode()).hexdigest()[:16]
    assert {CONSENT_VERSION: wording}.items() <= WORDINGS.items()


def test_a_checked_value_belongs_to_the_message_that_gave_it(store: Store) -> None:
    """Editing the amount edits the answer; editing the `yes` that confirmed it does not."""
    phone = a_stage(store, "kampala", "en")
    for text in ("report budget report", "1", "12.500", "1"):
        phone.says(text)
    assert [said.text for said in phone.edits("2", 3)] == ["Not stored: 2"]
    phone.edits("13 000", 2)
    assert phone.stored()["lines"] == [{"line": "staff", "spent": 13000}]


def test_an_edit_on_another_channel_does_not_move_the_question(store: Store) -> None:
    """A silent edit leaves the question where it was asked."""
    phone = a_stage(store, "kampala", "en", channels=("telegram", "whatsapp"))
    phone.says("report")
    phone.says("1")
    phone.channel = "whatsapp"
    phone.says("hello there")
    phone.channel = "telegram"
    assert phone.edits("1", 1) == []
    phone.channel = "whatsapp"
    phone.says("2")
    assert phone.stored()["progress"] == "25"


def test_groups_get_silence(store: Store) -> None:
    """A message in a group is neither answered nor kept as an answer, whoever wrote it."""
    phone = a_stage(store, "kampala", "en")
    write(store, lambda db: db.add(_address(phone)))
    user = {"id": 40000007, "is_bot": False, "first_name": "Awa"}
    for number, kind in enumerate(("group", "supergroup", "channel"), start=1):
        chat = {"id": -1000 - number, "type": kind, "title": "Local group"}
        message = {"message_id": number, "date": 1795000000, "chat": chat, "from": user, "text": "/report"}
        body = json.dumps({"update_id": number, "message": message}).encode()
        _take(store, body, f"group-{number}")
    assert write(store, lambda db: db.scalars(select(Outbox)).all()) == []
    assert phone.reports() == []


def _address(phone: Stage) -> Address:
    return Address(person_id=phone.person_id, channel="telegram", value="40000007", created_at=MONDAY)


def _take(store: Store, body: bytes, name: str) -> None:
    telegram = Telegram("40000001:fictitious", ["secret"])
    turns = Turns({"telegram": telegram}, VOICES, FormShelf(), ProgrammeShelf(), lambda db, language, at: "")

    def work(db: Db) -> None:
        receive(db, "telegram", name, "telegram:40000007", body, MONDAY)
        db.flush()
        turns(db, db.scalars(select(Inbox).where(Inbox.provider_id == name)).all(), MONDAY)

    write(store, work)


REPORTS = [
    pytest.param("niamey", "fr", ["1", "3", "Carte finie", "1", "24", "2", "Budget", "2", "-", "Jeudi", "1"]),
    pytest.param("nouakchott", "ar", ["1", "3", "لوحات", "1", "24", "2", "ميزانية", "2", "-", "زيارة", "1"]),
    pytest.param("matola", "pt", ["1", "3", "Registo", "2", "1", "-", "Visita", "1"]),
    pytest.param("kampala", "en", ["1", "3", "Survey", "2", "1", "-", "Training", "1"]),
]


@pytest.mark.parametrize(("city", "language", "replies"), REPORTS)
def test_a_report_costs_few_bytes(store: Store, city: str, language: str, replies: list[str]) -> None:
    """The whole report with its read-back stays under twice the bare questions."""
    phone = a_stage(store, city, language)
    said = [*phone.says("report")]
    for reply in replies:
        said += phone.says(reply)
    questions = [message for message in said if message.question]
    bare = sum(_bytes(_bare(message), message) for message in questions)
    assert sum(_bytes(message.text, message) for message in questions) < 1.1 * bare
    assert sum(_bytes(message.text, message) for message in said) < 2 * bare


def _bare(message: Message) -> str:
    label = re.sub(r"^\d+/\d+ ", "", message.text)
    return re.sub(r" \([^()]*-[^()]*\)$", "", label)


def _bytes(text: str, message: Message) -> int:
    options = (f"{number}. {label}" for number, label in enumerate(message.options, start=1))
    return len("\n".join((text, *options)).encode())


def test_another_programme_needs_no_code(folder: Path) -> None:
    """A tiny programme with other forms, cities and words is talked through all the same."""
    read, problems = read_programme(files_of(ORCHARD))
    assert read is not None, problems
    store = a_store(folder / "orchard.db", ORCHARD)
    try:
        write(store, lambda db: load(db, read, files_of(ORCHARD), MONDAY))
        phone = a_stage(store, next(iter(read.cities)), "en")
        assert [m.text for m in phone.says("report")] == ["1/3 How is the harvest going?"]
        assert [m.text for m in phone.says("need")] == ["1/2 On which day?"]
        assert [m.options for m in phone.says("language")] == [("English", "Français")]
        (refused,) = phone.says("practice")
        assert "not available" in refused.text
    finally:
        store.close()


def test_a_week_later_a_draft_without_a_period_is_gone(store: Store) -> None:
    """A form that belongs to no period begins anew after a week."""
    phone = a_stage(store, "kampala", "en")
    phone.says("need")
    phone.says("1")
    phone.says("later")
    phone.clock += timedelta(days=8)
    (asked,) = phone.hears(Heard(text="need"))
    assert asked.text.startswith("1/")


def test_two_of_a_city_replace_one_after_the_other(store: Store) -> None:
    """Who comes second is asked again about the report that stands by then; one stays in force."""
    first, second = (a_stage(store, "lagos", "en") for _ in range(2))
    for text in FINE:
        first.says(text)
    for phone in (first, second):
        for text in FINE:
            phone.says(text)
    first.says("replace")
    (asked,) = second.says("replace")
    assert "LOS-2026-W48-2" in asked.text
    second.says("replace")
    found = [(each["reference"], each["state"]) for each in (*first.reports(), *second.reports())]
    assert found == [
        ("LOS-2026-W48-1", "withdrawn"),
        ("LOS-2026-W48-2", "withdrawn"),
        ("LOS-2026-W48-3", "submitted"),
    ]


def test_an_edit_of_a_replaced_report_alarms_nobody(store: Store) -> None:
    """It is kept with that report, and the person is told that it no longer counts."""
    a_stage(store, None, "fr", role="officer")
    phone = a_stage(store, "lagos", "en")
    for text in FINE:
        phone.says(text)
    for text in ("report", "nothing", "replace"):
        phone.says(text)
    (told,) = phone.edits("no\n4\nFuel", FINE.index("no\n1\n-"))
    assert told.text.startswith("LOS-2026-W48-1")
    assert "replaced" in told.text
    assert alerts(store) == []


def test_a_city_that_left_the_programme(store: Store) -> None:
    """Its coordinator is told so, sees nothing of other cities, and keeps the draft."""
    phone = a_stage(store, "lagos", "en")
    for text in FINE[:-1]:
        phone.says(text)
    _close(store, "lagos")
    closed = "No reports are asked of your city now."
    assert phone.says("status")[0].text.startswith(closed)
    assert [one.text for one in phone.says("send")] == [closed]
    assert phone.stored()["state"] == "draft"
    assert "digest" not in " ".join(one.text for one in phone.says("more"))


def _close(store: Store, city: str) -> None:
    files = {name: content for name, content in files_of(ASTON).items() if name != "demo.yaml"}
    files["cities.yaml"] = _without(files["cities.yaml"], city)
    read, problems = read_programme(files)
    assert read is not None, problems
    assert write(store, lambda db: load(db, read, files, MONDAY)) == ()


def _without(content: bytes, city: str) -> bytes:
    cities = yaml.safe_load(content)
    del cities["cities"][city]
    return yaml.safe_dump(cities, allow_unicode=True).encode()
