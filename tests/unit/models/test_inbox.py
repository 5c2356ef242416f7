"""The inbox: once per provider id, in order per sender, tried three times."""

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from models import export
from models.base import Db
from models.inbox import (
    Inbox,
    InboxState,
    Update,
    count_done,
    count_waiting,
    fail,
    finish,
    next_due,
    pack,
    receive,
    receive_all,
    replay,
    take,
    unpack,
)

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


def arrive(db: Db, number: int, sender: str = "telegram:1") -> bool:
    """Keep an update; tell whether it is new."""
    return receive(db, "telegram", f"700:{number}", sender, b"{}", AT)


def test_a_repeated_update_is_kept_once(db: Db) -> None:
    """The second of two equal provider ids is no new row, alone or among others."""
    assert arrive(db, 1)
    assert not arrive(db, 1)
    receive_all(db, [Update("telegram", f"700:{n}", "telegram:1", b"{}", AT) for n in (1, 2, 2)])
    assert count_waiting(db) == {("open",): 2, ("quarantined",): 0}


def test_the_oldest_of_each_sender_is_taken(db: Db) -> None:
    """Two senders give two rows, each its oldest; the next comes when that one is done."""
    for number, sender in enumerate(("telegram:1", "telegram:1", "telegram:2")):
        arrive(db, number, sender)
    first = take(db, 10, AT)
    assert [row.provider_id for row in first] == ["700:0", "700:2"]
    finish(db, [row.id for row in first], AT)
    assert [row.provider_id for row in take(db, 10, AT)] == ["700:1"]


def test_a_failed_turn_is_tried_three_times(db: Db) -> None:
    """After two failures the row waits, its sender's later rows too; after the third it stands aside."""
    arrive(db, 1)
    arrive(db, 2)
    at = AT
    for state in (InboxState.OPEN, InboxState.OPEN, InboxState.QUARANTINED):
        [row] = take(db, 10, at)
        assert fail(db, row, "ValueError: made up", at) == state
        db.expire_all()
        if state == InboxState.OPEN:
            assert take(db, 10, at) == []
        at = next_due(db) or at
    assert [row.provider_id for row in take(db, 10, at)] == ["700:2"]
    assert count_waiting(db) == {("open",): 1, ("quarantined",): 1}
    assert count_done(db, 0, 100) == {("done",): 0}


def test_a_row_set_aside_can_be_replayed(db: Db) -> None:
    """A replay opens the row with all its tries; a row that is not set aside is left alone."""
    arrive(db, 1)
    [row] = take(db, 1, AT)
    assert not replay(db, row.id, AT)
    for tries in (0, 1, 2):
        row = replace(row, tries=tries)
        fail(db, row, "", AT)
    db.expire_all()
    assert replay(db, row.id, AT)
    found = db.get(Inbox, row.id, populate_existing=True)
    assert found is not None
    assert (found.state, found.tries) == (InboxState.OPEN, 0)


def test_whatever_changes_a_row_is_seen_since(db: Db) -> None:
    """An export since a time has what failed, was set aside, opened again or done then."""
    arrive(db, 1)
    [row] = take(db, 1, AT)
    for day, state in enumerate(("open", "open", "quarantined", "open", "done"), start=1):
        at = AT + timedelta(days=day)
        assert export.messages_in(db, 0, at).rows == []
        if day <= 3:
            row = replace(row, tries=day - 1)
            fail(db, row, "", at)
        elif day == 4:
            replay(db, row.id, at)
        else:
            finish(db, [row.id], at)
        db.expire_all()
        assert [found["state"] for found in export.messages_in(db, 0, at).rows] == [state]


def test_a_later_row_is_not_due_before_its_time(db: Db) -> None:
    """Nothing is taken before it is due."""
    arrive(db, 1)
    assert take(db, 10, AT - timedelta(seconds=1)) == []
    assert next_due(db) == AT


@given(some.binary(max_size=5000))
def test_what_is_packed_comes_back(body: bytes) -> None:
    """Any body comes out as it went in."""
    assert unpack(pack(body)) == body


def test_a_later_packing_is_refused() -> None:
    """A body packed in a way this Griot does not know is an error, not noise."""
    with pytest.raises(ValueError, match="later Griot"):
        unpack(b"\x02abc")


@pytest.mark.skipif("GRIOT_SPECS" not in os.environ, reason="GRIOT_SPECS names no folder")
def test_updates_shrink_well() -> None:
    """A Telegram update takes less than half of its bytes."""
    path = Path(os.environ["GRIOT_SPECS"]) / "samples/telegram_updates.json"
    bodies = [json.dumps(update).encode() for update in json.loads(path.read_text())["updates"].values()]
    assert sum(len(pack(body)) for body in bodies) < sum(len(body) for body in bodies) / 2
