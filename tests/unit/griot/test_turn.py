"""Turns: what an update leads to outside a conversation."""

from pathlib import Path

import pytest
from sqlalchemy import select

from bot.values import Heard
from channels.chat import written_down
from models.db import write
from models.inbox import Inbox, finish, hashed, receive
from models.outbox import Outbox
from models.privacy import erase
from tests.conversations.stage import Stage, a_stage, a_store


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Return the phone of a coordinator."""
    return a_stage(a_store(tmp_path / "turn.db"))


def test_an_update_repeated_after_an_erasure_is_known(stage: Stage) -> None:
    """The provider's id is kept as a hash: the repeat gets no answer, not even a stranger's."""
    stage.says("JOIN K7Q29XMPAB")
    person, at, store = stage.person_id, stage.clock, stage.store
    name = f"{person}-{stage.count}"
    write(store, lambda db: erase(db, person, at))
    told = write(store, lambda db: len(db.scalars(select(Outbox.id)).all()))
    body = written_down(name, str(person), Heard(text="JOIN K7Q29XMPAB"))

    def again(db):  # type: ignore[no-untyped-def] # a transaction's work
        assert db.scalar(select(Inbox.id).where(Inbox.provider_id == hashed(name)))
        receive(db, "chat", name, f"chat:{person}", body, at)
        row = db.scalars(select(Inbox).where(Inbox.state == "open")).one()
        stage.turns(db, row, at)
        finish(db, [row.id], at)
        return len(db.scalars(select(Outbox.id)).all())

    assert write(store, again) == told
