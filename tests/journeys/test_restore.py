"""After a restore: people hear nothing twice, nothing that they wrote is lost, and the schedule goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from griot.backup.restoring import Restored, restore_backup
from griot.backup.taking import take_backup
from models.base import Db
from models.db import open_store, read
from models.media_files import MediaFiles
from models.restored import settle_restored
from models.submission import Answer
from tests.databases import Databases
from tests.moved import Moved, a_moved_site, add_people
from tests.standin.trouble import Fault, Trouble

SUNDAY = datetime(2026, 11, 15, 12, tzinfo=UTC)  # a week without a deadline near
MONDAY = datetime(2026, 11, 16, 9, tzinfo=UTC)  # 10:00 in Niamey
WEDNESDAY = MONDAY + timedelta(days=2)
AGREED = datetime(2026, 7, 1, tzinfo=UTC)
AWA, OMAR = 600_000_001, 600_000_002
MARY = "+256700000001"
KEY = "backup-key-of-nobody-0123456789abcdef"
NEVER = timedelta(0)  # after the backup the lost system did not run


@pytest.fixture
def site(tmp_path: Path, site_database: str) -> Iterator[Moved]:
    """Yield a site with a coordinator in Niamey and an officer, on Telegram; nothing was handled yet."""
    with a_moved_site(tmp_path, site_database, SUNDAY) as running:
        people = [
            ("coordinator", "niamey", "en", {"telegram": str(AWA)}),
            ("officer", None, "en", {"telegram": str(OMAR)}),
            ("coordinator", "kampala", "en", {"whatsapp": MARY}),
        ]
        add_people(running, people, AGREED)
        yield running


@contextmanager
def restored(
    site: Moved, folder: Path, databases: Databases, at: datetime, ran: timedelta | None = None
) -> Iterator[Moved]:
    """Yield another site with what the first has now, restored at that time."""
    file, address = folder / "night.backup", databases.empty()
    take_backup(site.store, MediaFiles(folder), file, KEY, site.now)

    def settle(db: Db, done: Restored) -> None:
        settle_restored(db, done.head.taken_at, at if ran is None else done.head.taken_at + ran, at)

    store = open_store(address)
    with file.open("rb") as sealed:
        restore_backup(store, MediaFiles(folder / "new"), sealed, [KEY], settle)
    store.close()
    with a_moved_site(folder / "new", address, at) as other:
        yield other


def test_nothing_past_due_is_sent(site: Moved, tmp_path: Path, databases: Databases) -> None:
    """The prompt of Monday may have left; the nudge of Wednesday has not, and goes to who did not report."""
    site.work()
    with restored(site, tmp_path, databases, MONDAY + timedelta(hours=3)) as other:
        other.work()
        assert other.provider.messages(AWA) == []
        [prompt] = [row for row in other.occurrences() if row["due_at"] == MONDAY and row["kind"] == "prompt"]
        assert (prompt["state"], prompt["reason"]) == ("superseded", "restored")
        other.run(WEDNESDAY)
        assert [row["kind"] for row in other.sent("prompt", "nudge")] == ["nudge"]


def test_a_move_to_another_machine_loses_nothing(site: Moved, tmp_path: Path, databases: Databases) -> None:
    """Nothing ran since the backup: what was queued leaves, and the prompt of Monday, once."""
    site.provider.trouble(AWA, Trouble(fault=Fault.THROTTLED, value=600))
    site.telegram(AWA, "en").say("help")
    site.work()
    with restored(site, tmp_path, databases, MONDAY + timedelta(hours=3), NEVER) as other:
        other.run(MONDAY + timedelta(hours=4))
        assert [row["state"] for row in other.sent("reply")] == ["sent"]
        assert [row["state"] for row in other.sent("prompt")] == ["sent"]
        assert len(other.provider.messages(AWA)) == 2


def test_what_was_queued_is_uncertain(site: Moved, tmp_path: Path, databases: Databases) -> None:
    """It is listed, and never sent; what the person writes next is answered."""
    site.provider.trouble(AWA, Trouble(fault=Fault.THROTTLED, value=600))
    site.telegram(AWA, "en").say("help")
    site.work()
    with restored(site, tmp_path, databases, SUNDAY + timedelta(hours=3)) as other:
        other.work()
        assert [row["state"] for row in other.sent("reply")] == ["uncertain"]
        assert other.provider.messages(AWA) == []
        other.telegram(AWA, "en").say("help")
        other.work()
        assert len(other.provider.messages(AWA)) == 1


def test_what_came_before_is_taken_once_and_answered_once(
    site: Moved, tmp_path: Path, databases: Databases
) -> None:
    """Three messages wait in the backup: all answers are kept, one reply says where things stand.

    A provider that delivers one of them again changes nothing.
    """
    phone = site.telegram(AWA, "en")
    for text in ("report", "2", "1"):
        phone.say(text)
    with restored(site, tmp_path, databases, SUNDAY + timedelta(hours=3)) as other:
        other.work()
        [reply] = other.provider.messages(AWA)
        answers = read(other.store, lambda db: list(db.scalars(select(Answer))))
        assert answers, reply
        again = other.telegram(AWA, "en")
        again.last_update = phone.last_update
        again.deliver_again()
        other.work()
        assert len(other.provider.messages(AWA)) == 1
        assert len(read(other.store, lambda db: list(db.scalars(select(Answer))))) == len(answers)


def test_what_twilio_still_lists_is_fetched(site: Moved, tmp_path: Path, databases: Databases) -> None:
    """Three messages that the lost system had taken after the backup: kept once each, answered together."""
    site.work()
    with restored(site, tmp_path, databases, SUNDAY + timedelta(hours=3)) as other:
        other.now = SUNDAY + timedelta(hours=1)
        for text in ("report", "2", "1"):
            other.provider.twilio.loses(f"whatsapp:{MARY}", "whatsapp:+10000000001", text)
        other.provider.hears(f"whatsapp:{MARY}")
        other.now = SUNDAY + timedelta(hours=3)
        for _ in range(40):
            other.work()
            if other.provider.messages(f"whatsapp:{MARY}"):
                break
            other.now += timedelta(seconds=5)
        assert len(other.provider.messages(f"whatsapp:{MARY}")) == 1
        assert read(other.store, lambda db: len(list(db.scalars(select(Answer))))) > 0
