"""What an id means that somebody was shown: one thing, several, or nothing."""

from datetime import UTC, datetime

import pytest

from bot.schedule import Occurrence
from bot.values import Message
from models import inbox, outbox
from models.base import Db
from models.inbox import hashed
from models.occurrence import OccurrenceState, decide
from models.person import add_person
from models.submission import open_report
from models.trace_names import MOST, named

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
SID = "SM00000000000000000000000000000abc"


def a_message(db: Db, key: str, provider_id: str = "", channel: str = "telegram") -> None:
    outbox.enqueue(
        db,
        key=key,
        person_id=None,
        recipient="telegram:4",
        channel=channel,
        address="4",
        kind="reply",
        message=Message("A demo"),
        at=AT,
    )
    which = outbox.OUT.update().where(outbox.OUT.c.key == key)
    db.execute(which.values(provider_id=provider_id))


def a_reply(db: Db, provider_id: str, channel: str = "telegram", sender: str = "telegram:4") -> None:
    inbox.receive(db, channel, provider_id, sender, b"{}", AT)


def meant(db: Db, id: str) -> list[str]:
    return sorted(f"{each.kind} {each.key}" for each in named(db, id))


def test_every_way_of_a_message_means_the_message(db: Db) -> None:
    """Its key, that of a further way, the provider's id of either, and a status of one."""
    a_message(db, "prompt:a:2026-W48:1")
    a_message(db, "prompt:a:2026-W48:1/2", SID, "sms")
    a_reply(db, f"{SID}:delivered:", "sms", inbox.sender_key("sms", "", f"{SID}:delivered:"))
    for id in (
        "prompt:a:2026-W48:1",
        "prompt:a:2026-W48:1/2",
        SID,
        f"{SID}:delivered:",
        SID[:12],
        "prompt:a",
    ):
        assert meant(db, id) == ["out prompt:a:2026-W48:1"], id


def test_beginnings_that_are_no_names_of_their_own(db: Db) -> None:
    """A whole key is that message alone, though another begins like it; a beginning of both means both."""
    a_message(db, "reply:1:1")
    a_message(db, "reply:1:11")
    assert meant(db, "reply:1:1") == ["out reply:1:1"]
    assert meant(db, "reply") == ["out reply:1:1", "out reply:1:11"]
    assert meant(db, "rep") == []  # too short to tell anything
    assert meant(db, "repl%") == []


def test_no_more_than_a_list_that_can_be_read(db: Db) -> None:
    for number in range(MOST + 5):
        a_message(db, f"reply:{number}:1")
    assert len(named(db, "reply:")) == MOST


@pytest.mark.parametrize("id", ["77", "700100200:77", "telegram:700100200:77"])
def test_an_update_of_telegram(db: Db, id: str) -> None:
    """By its number alone too, though it is kept behind the bot's; also after its person was erased."""
    a_reply(db, "700100200:76")
    a_reply(db, "700100200:77")
    [found] = named(db, id)
    assert found.kind == "in"
    of = inbox.IN.c.provider_id
    db.execute(inbox.IN.update().where(of == "700100200:77").values(provider_id=hashed("700100200:77")))
    assert named(db, id) == [found]


def test_a_message_of_telegram(db: Db) -> None:
    """By chat and number, or the number alone: then in whatever chat."""
    a_message(db, "reply:1:1", "4:901")
    a_message(db, "reply:2:1", "5:901")
    assert meant(db, "4:901") == ["out reply:1:1"]
    assert meant(db, "901") == ["out reply:1:1", "out reply:2:1"]


def test_a_report_and_an_occurrence(db: Db) -> None:
    """A draft by its number, in small letters too; an occurrence without a message by its key."""
    person = add_person(db, name="Awa Exemple", role="coordinator", language="fr", city="bamako", at=AT)
    values = {
        "form": "a",
        "form_version": "1",
        "city": "bamako",
        "person_id": person,
        "period": "2026-W48",
        "channel": "telegram",
        "language": "fr",
        "hidden": {},
        "kept": {},
    }
    report = open_report(db, values, AT, AT)
    assert meant(db, f"draft-{report}") == [f"report {report}"]
    dropped = Occurrence(f"nudge:a:2026-W48:{person}", "nudge", person, "bamako", AT, AT)
    decide(db, dropped, OccurrenceState.SUPERSEDED, AT, "submitted")
    assert meant(db, dropped.key) == meant(db, "nudge:") == [f"occurrence {dropped.key}"]


@pytest.mark.parametrize(
    "id", ["", "9", "in:9", "out:0", "in:99999999999", "draft-9", "99999999999", "%", "x" * 500]
)
def test_what_means_nothing(db: Db, id: str) -> None:
    assert named(db, id) == []
