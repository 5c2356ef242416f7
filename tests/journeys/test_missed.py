"""What people write while nobody hears Twilio is fetched afterwards, and answered once."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

from sqlalchemy import func, select

from models.db import read
from models.inbox import Inbox, unpack
from models.outbox import OUT
from tests.moved import Moved, Someone, a_moved_site, add_people, minutes
from tests.standin.twilio import ACCOUNT_SID

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
PEOPLE = 25
OURS = "+10000000001"


def phone(number: int) -> str:
    """Return a visibly fictitious number."""
    return f"+2279000{number:04}"


def ask(site: Moved) -> None:
    """Let five seconds pass, and what is asked of Twilio be answered."""
    site.now += timedelta(seconds=5)
    site.work()
    for asking in [one for one in threading.enumerate() if one.name == "missed"]:
        asking.join(20)


def test_an_outage_of_ten_minutes(tmp_path: Path, aston_database: str) -> None:
    """Fifty of fifty messages, on both channels, over several pages; what Twilio repeats later is known."""
    with a_moved_site(tmp_path, aston_database, NOON) as site:
        people: list[Someone] = [
            ("officer", None, "en", {"whatsapp": phone(number), "sms": phone(number)})
            for number in range(PEOPLE)
        ]
        add_people(site, people, NOON)
        ask(site)
        ask(site)
        site.provider.twilio.most_a_page = 20
        lost = []
        for number in range(PEOPLE):
            media = "image/jpeg,image/png" if number == 7 else ""
            for prefix in ("whatsapp:", ""):
                sender, to = prefix + phone(number), prefix + OURS
                lost.append((sender, site.provider.twilio.loses(sender, to, "menu", media)))
                site.provider.hears(sender)
                media = ""
        site.now += minutes(10)
        site.start()  # Griot is back
        site.work()
        for _ in range(3):
            ask(site)
        assert read(site.store, lambda db: db.scalar(select(func.count()).select_from(Inbox))) == len(lost)
        answers = select(OUT.c.channel, func.count()).where(OUT.c.kind == "reply").group_by(OUT.c.channel)
        assert dict(read(site.store, lambda db: [tuple(row) for row in db.execute(answers)])) == {
            "whatsapp": PEOPLE,
            "sms": PEOPLE,
        }
        assert _attached(site, lost[14][1]) == 2

        for sender, sid in lost:  # Twilio insists after all
            channel = "whatsapp" if sender.startswith("whatsapp:") else "sms"
            number = sender.removeprefix("whatsapp:")
            site.twilio(number, channel).send(Body="menu", MessageSid=sid, AccountSid=ACCOUNT_SID)
        for _ in range(2):
            site.now += minutes(15)
            ask(site)
        assert read(site.store, lambda db: db.scalar(select(func.count()).select_from(Inbox))) == len(lost)
        replies = select(func.count()).where(OUT.c.kind == "reply")
        assert read(site.store, lambda db: db.scalar(replies)) == len(lost)


def _attached(site: Moved, sid: str) -> int:
    """Return how many attachments the kept body of a message names."""
    body = read(site.store, lambda db: db.scalar(select(Inbox.body).where(Inbox.provider_id == sid)))
    assert body is not None
    return sum(name.startswith("MediaUrl") for name in parse_qs(unpack(body).decode()))
