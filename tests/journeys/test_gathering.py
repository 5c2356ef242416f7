"""A text in several messages, over the real worker: a silence of 90 seconds ends it, also after a crash."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.values import Heard
from channels.chat import Chat, written_down
from griot.assembly import make_work
from griot.metrics import open_measures
from griot.settings import Settings
from griot.wake import ear
from griot.worker import Worker
from models.base import Db
from models.consent import record_consent
from models.conversation import Chat as Conversation
from models.db import Store, open_store, read, write
from models.inbox import Inbox, receive
from models.outbox import Outbox
from models.person import add_address, add_person
from models.submission import Submission

BEGAN = datetime(2026, 11, 23, 9, 5, tzinfo=UTC)


@dataclass
class Site:
    """A coordinator's phone, and a worker whose clock the test moves; `works` is a new worker each time."""

    store: Store
    var: Path
    person: int = 0
    at: datetime = BEGAN
    count: int = 0

    def says(self, text: str, after: float = 1) -> None:
        """Let a message arrive, so many seconds later."""
        self.at += timedelta(seconds=after)
        self.count += 1
        name = f"m{self.count}"
        body = written_down(name, str(self.person), Heard(text=text))
        write(self.store, lambda db: receive(db, "chat", name, f"chat:{self.person}", body, self.at))

    def works(self, after: float = 0.1) -> list[str]:
        """Return what the person reads once everything due is done, so many seconds later."""
        self.at += timedelta(seconds=after)
        before = len(self.told())
        listening = ear(self.store, is_alone=False)
        work = make_work(
            Settings(griot_var=self.var), self.store, {"chat": Chat()}, open_measures(self.var), self.now
        )
        assert Worker(work, listening).once() == 0
        listening.close()
        return self.told()[before:]

    def now(self) -> datetime:
        """Return the time on the clock of the site."""
        return self.at

    def told(self) -> list[str]:
        """Return everything that the person has read."""
        return read(self.store, lambda db: list(db.scalars(select(Outbox.text).order_by(Outbox.id))))

    def stored(self) -> dict[str, object]:
        """Return the answers of the report."""
        return read(self.store, lambda db: dict(db.scalars(select(Submission.answers)).one()))

    def is_queue_empty(self) -> bool:
        """Tell whether a program that waits for an empty queue goes on."""

        def work(db: Db) -> bool:
            is_open = db.scalar(select(Inbox.id).where(Inbox.state == "open")) is not None
            is_leaving = db.scalar(select(Outbox.id).where(Outbox.state.in_(["queued", "sending"])))
            return not is_open and is_leaving is None

        return read(self.store, work)


@pytest.fixture
def site(aston_database: str, tmp_path: Path) -> Iterator[Site]:
    """Yield the site with an open weekly update, at its first text question."""
    store = open_store(aston_database)
    site = Site(store, tmp_path)

    def join(db: Db) -> int:
        id = add_person(db, name="Awa Exemple", role="coordinator", city="kampala", language="en", at=BEGAN)
        add_address(db, id, "chat", str(id), BEGAN)
        record_consent(
            db,
            id,
            agreed=True,
            version="test",
            language="en",
            channel="chat",
            how="test",
            at=BEGAN,
        )
        return id

    site.person = write(store, join)
    site.says("report")
    site.works()
    site.says("1\n2")
    site.works()
    yield site
    store.close()


def test_ninety_seconds_of_silence_end_a_text(site: Site) -> None:
    """Nothing is asked before, the queue is empty meanwhile, and the text is one answer then."""
    site.says("We mapped the stops,")
    assert site.works() == ["Received. Go on, or send DONE."]
    site.says("then we painted them", after=80)
    assert site.works() == []
    assert site.is_queue_empty()
    assert site.works(after=89) == []
    assert "main_activity" not in site.stored()
    (asked,) = site.works(after=1)
    assert asked.startswith("4/9")
    assert site.stored()["main_activity"] == "We mapped the stops,\nthen we painted them"
    assert site.works(after=600) == []


def test_what_waits_in_the_inbox_belongs_to_the_text(site: Site) -> None:
    """After an outage longer than the silence, messages that came before are handled before it."""
    site.says("We mapped the stops,")
    site.works()
    site.says("then we painted them", after=60)
    site.at += timedelta(hours=2)
    (asked,) = site.works()
    assert asked.startswith("4/9")
    assert site.stored()["main_activity"] == "We mapped the stops,\nthen we painted them"


def test_messages_that_wait_together_are_one_text(site: Site) -> None:
    """What was written before the next question, and is no answer to it, is more of the answer before it."""
    site.says("We mapped the stops")
    site.says("then we painted them", after=2)
    *_, added = site.works()
    assert added == "Added to answer 3."
    assert site.stored()["main_activity"] == "We mapped the stops\nthen we painted them"
    site.says("no")
    assert site.works()[0].startswith("5/9")


def test_answers_that_wait_together_are_each_an_answer(site: Site) -> None:
    """Who knows the form sends all answers at once: one text after another is the next answer."""
    for text in ("We mapped the stops", "no", "1", "A painted map", "We meet on Friday"):
        site.says(text)
    assert site.works()[-1].startswith("Please check the answers")
    given = site.stored()
    assert given["main_activity"] == "We mapped the stops"
    assert (given["success"], given["next_step"]) == ("A painted map", "We meet on Friday")


def test_a_text_that_cannot_be_stored_stays(site: Site) -> None:
    """A turn that raises at the end of a silence is tried again; the text waits with the conversation."""
    site.says("We mapped the stops,")
    site.works()
    version = read(site.store, lambda db: db.scalars(select(Submission.form_version)).one())
    write(site.store, lambda db: db.execute(Submission.__table__.update().values(form_version="gone")))
    assert site.works(after=91) == []
    due = read(site.store, lambda db: db.scalars(select(Conversation.due_at)).one())
    assert due is not None
    assert due > site.at
    write(site.store, lambda db: db.execute(Submission.__table__.update().values(form_version=version)))
    (asked,) = site.works(after=301)
    assert asked.startswith("4/9")


def test_two_workers_end_a_text_once(site: Site) -> None:
    """Workers that see the same silence ask the next question once."""
    site.says("We mapped the stops,")
    site.works()
    site.at += timedelta(seconds=91)
    before = len(site.told())
    threads = [threading.Thread(target=site.works) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (asked,) = site.told()[before:]
    assert asked.startswith("4/9")
