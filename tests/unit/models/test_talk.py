"""A conversation between two replies, and the schedule that asks into it."""

from datetime import timedelta

from bot.talk import Choice, Talk
from models.base import Db
from models.conversation import OpenChat, chat_of, save_chat
from models.person import add_person
from models.submission import open_report
from models.talk import open_choice, state_of, talk_of
from tests.unit.models.conftest import LOADED_AT

CHOICE = Choice("last_call", ("begin:weekly@2026-W48", "later:weekly@2026-W48"), {"week": "2026-W48"})
LATER = LOADED_AT + timedelta(days=2)


def a_person(db: Db) -> int:
    return add_person(db, name="Awa Exemple", role="coordinator", city="bamako", language="fr", at=LOADED_AT)


def test_a_conversation_comes_back_as_it_was_kept(db: Db) -> None:
    """The choice with its options and facts, and the message that was not understood."""
    talk = Talk(CHOICE, "chat:5", LOADED_AT)
    person = a_person(db)
    save_chat(db, person, OpenChat(state_of(talk), "chat"), None, LOADED_AT)
    assert talk_of(chat_of(db, person)) == talk


def test_the_schedule_asks_somebody_never_heard(db: Db) -> None:
    """A conversation begins with the choice, on the channel of the message."""
    person = a_person(db)
    open_choice(db, person, CHOICE, "whatsapp", LATER)
    chat = chat_of(db, person)
    assert (talk_of(chat).choice, chat.channel, chat.updated_at) == (CHOICE, "whatsapp", LATER)


def test_what_was_open_stays_behind_the_choice(db: Db) -> None:
    """The report, the message not understood and the time of the last reply are kept; the channel is new."""
    person = a_person(db)
    values = {"form": "need", "form_version": "1", "person_id": person, "city": "bamako", "channel": "chat"}
    report = open_report(db, {**values, "language": "fr", "hidden": {}, "kept": {}}, LOADED_AT, LOADED_AT)
    before = Talk(Choice("menu", ("report",)), "chat:5")
    save_chat(db, person, OpenChat(state_of(before), "chat"), report, LOADED_AT)
    open_choice(db, person, CHOICE, "sms", LATER)
    chat = chat_of(db, person)
    assert chat.report is not None
    assert (chat.report.id, chat.channel) == (report, "sms")
    assert talk_of(chat) == Talk(CHOICE, "chat:5", LOADED_AT)
