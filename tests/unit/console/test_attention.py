"""What an officer has to look at: replies set aside, messages that may not have arrived."""

from sqlalchemy import select, update

from bot.faults import FaultKind
from bot.values import Message
from models.base import Db
from models.db import read, write
from models.fault import Trouble, raise_fault
from models.inbox import Inbox, InboxState, Update, describe, receive_all
from models.outbox import Outbox, OutboxState
from tests.console_stage import Stage, press


def _set_aside(stage: Stage, text: str) -> int:
    """Return the row of a reply that could not be handled."""
    one = Update("chat", f"id of {text}", f"chat:{stage.people['keeper']}", b"{}", stage.at)

    def keep(db: Db) -> int:
        receive_all(db, [one])
        row = db.scalars(select(Inbox.id).order_by(Inbox.id.desc())).first()
        assert row is not None
        describe(db, row, stage.people["keeper"], text)
        aside = {"state": InboxState.QUARANTINED, "error": "KeyError: 'no'"}
        db.execute(update(Inbox).where(Inbox.id == row).values(aside))
        return row

    return write(stage.store, keep)


def test_the_first_page_tells_how_many(stage: Stage) -> None:
    """Nothing is said while there is nothing to look at."""
    client = stage.signed_in("admin")
    assert "To look at" not in client.get("/").text
    _set_aside(stage, "a reply of somebody")
    assert "To look at: 1" in client.get("/").text


def test_a_reply_set_aside_is_shown_and_handled_once_more(stage: Stage) -> None:
    """Who wrote it, what it says and why it failed; an officer's button opens it again."""
    row = _set_aside(stage, "a <b>reply</b>")
    client = stage.signed_in("admin")
    page = client.get("/attention").text
    assert "a &lt;b&gt;reply&lt;/b&gt;" in page
    assert "Ana Fictive" in page
    assert press(client, "/attention", f"/attention/{row}/replay").status_code == 303
    state = read(stage.store, lambda db: db.scalar(select(Inbox.state).where(Inbox.id == row)))
    assert state == InboxState.OPEN
    assert press(client, "/", f"/attention/{row}/replay").status_code in (400, 404)  # it is open already
    assert press(client, "/", f"/attention/{10**22}/replay").status_code == 404


def test_a_viewer_reads_and_changes_nothing(stage: Stage) -> None:
    """The button is not there, and its address answers as an unknown one."""
    row = _set_aside(stage, "a reply")
    client = stage.signed_in("viewer")
    assert "/replay" not in client.get("/attention").text
    assert press(client, "/attention", f"/attention/{row}/replay").status_code == 404


def test_a_message_that_may_have_left_is_shown(stage: Stage) -> None:
    """Uncertain messages stand there with the person's name."""
    stage.tell("keeper", Message("Question 1"), "one")
    doubtful = update(Outbox).where(Outbox.key == "one").values(state=OutboxState.UNCERTAIN)
    write(stage.store, lambda db: db.execute(doubtful))
    page = stage.signed_in("admin").get("/attention").text
    assert "Question 1" in page
    assert "Uncertain" in page


def test_what_an_operator_must_mend_is_shown(stage: Stage) -> None:
    """What is wrong and what to do, and counted on the first page."""
    trouble = Trouble(FaultKind.REFUSED, "sms", "Authenticate", "20003")
    write(stage.store, lambda db: raise_fault(db, trouble, stage.at))
    client = stage.signed_in("admin")
    assert "To look at: 1" in client.get("/").text
    page = client.get("/attention").text
    assert "SMS: every message is refused (20003 Authenticate). Messages wait." in page
    assert "griot doctor" in page


def test_a_message_that_may_have_left_is_sent_once_more(stage: Stage) -> None:
    """One press, one further row that names who asked; the former is no longer listed. Viewers cannot."""
    stage.tell("keeper", Message("Question 1"), "one")
    doubtful = update(Outbox).where(Outbox.key == "one").values(state=OutboxState.UNCERTAIN)
    write(stage.store, lambda db: db.execute(doubtful))
    row = read(stage.store, lambda db: db.scalar(select(Outbox.id).where(Outbox.key == "one")))
    assert press(stage.signed_in("viewer"), "/attention", f"/attention/{row}/send").status_code == 404
    client = stage.signed_in("admin")
    assert f"/attention/{row}/send" in client.get("/attention").text
    assert press(client, "/attention", f"/attention/{row}/send").status_code == 303
    again = read(stage.store, lambda db: db.scalar(select(Outbox).where(Outbox.key == "one/2")))
    assert again is not None
    assert (again.state, again.text) == (OutboxState.QUEUED, "Question 1")
    assert again.rung_reason == f"sent again by person {stage.people['admin']}"
    assert "Question 1" not in client.get("/attention").text
    assert press(client, "/", f"/attention/{row}/send").status_code in (400, 404)


def test_the_confirmation_of_a_stop_is_never_sent_again(stage: Stage) -> None:
    """It is listed, and cannot be repeated."""
    stage.tell("keeper", Message("Messages are stopped"), "one")
    doubtful = update(Outbox).where(Outbox.key == "one")
    write(
        stage.store,
        lambda db: db.execute(doubtful.values(state=OutboxState.UNCERTAIN, despite_stop=True)),
    )
    row = read(stage.store, lambda db: db.scalar(select(Outbox.id).where(Outbox.key == "one")))
    client = stage.signed_in("admin")
    assert press(client, "/attention", f"/attention/{row}/send").status_code == 404
