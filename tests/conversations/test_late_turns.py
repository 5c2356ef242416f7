"""A turn taken after an outage is a change of now, of something said then."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from bot.values import Heard
from channels.chat import written_down
from models import export
from models.base import Db
from models.db import Store, write
from models.inbox import Inbox, finish, receive
from tests.conversations.stage import Stage, a_stage, a_store


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Return a store of its own with the programme loaded."""
    store = a_store(tmp_path_factory.mktemp("late") / "griot.db")
    yield store
    store.close()


def _said_in_an_outage(db: Db, phone: Stage, text: str, at: datetime) -> None:
    phone.count += 1
    body = written_down(f"late-{phone.count}", phone.address, Heard(text=text))
    receive(db, "chat", f"late-{phone.count}", f"chat:{phone.address}", body, phone.clock)
    db.flush()
    row = db.scalars(select(Inbox).where(Inbox.state == "open")).one()
    phone.turns(db, [row], at)
    finish(db, [row.id], at)


def test_an_export_sees_what_was_handled_after_the_last_one(store: Store) -> None:
    """Reports, answers, messages and people count as changed when kept; what they show is when it came."""
    phone = a_stage(store, "kampala", "en")
    phone.says("report")
    came, exported = phone.clock, phone.clock + timedelta(hours=1)
    handled = exported + timedelta(hours=1)
    for text in ("1", "2", "stop"):
        write(store, lambda db, text=text: _said_in_an_outage(db, phone, text, handled))

    def work(db: Db) -> None:
        (report,) = export.submissions(db, 0, exported, lambda city, period: False).rows
        answers = export.answers(db, 0, exported).rows
        said = export.messages_out(db, 0, exported).rows
        assert report["started_at"] == export.rfc3339(came)
        assert {row["at"] for row in answers} == {export.rfc3339(came)}
        assert {row["created_at"] for row in said} == {export.rfc3339(came)}
        assert len(answers) == 2
        assert [row["id"] for row in export.people(db, 0, exported, handled, "").rows] == [phone.person_id]

    write(store, work)
