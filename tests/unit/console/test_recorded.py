"""Every change that the console makes leaves a row of who did what."""

from collections.abc import Mapping

from flask import Flask
from sqlalchemy import update

from bot.values import Message
from models.audit import Audit, rows_in, verify
from models.db import write
from models.outbox import Outbox, OutboxState
from tests.console_stage import Stage, press
from tests.unit.console.test_attention import _set_aside

DEMO = "in a demonstration only: its people are invented"
EXCEPTIONS: Mapping[str, str] = {
    "simulator.move": DEMO,
    "simulator.hear": DEMO,
    "simulator.sign_in": f"{DEMO}; using the address is recorded",
    "form_preview.look": f"{DEMO}; nothing is stored",
}
RECORDED = {
    "signin.enter": "session.begun",
    "signin.leave": "session.ended",
    "attention.again": "reply.replayed",
    "attention.send": "message.resent",
}


def changes_in(app: Flask) -> set[str]:
    return {rule.endpoint for rule in app.url_map.iter_rules() if "POST" in (rule.methods or set())}


def told(stage: Stage) -> list[tuple[str, str, str]]:
    """Return who did what to what, besides what set the stage up."""
    rows: list[Audit] = [row for row in rows_in(stage.store) if row.who != "operator"]
    return [(row.who, row.what, row.subject) for row in rows]


def test_every_change_is_recorded_or_excepted(stage: Stage) -> None:
    """A new route that changes something fails here until it is named."""
    assert changes_in(stage.app()) == set(RECORDED) | set(EXCEPTIONS)


def test_what_an_officer_does_stands_there(stage: Stage) -> None:
    """Signing in, both buttons of the page "To look at", signing out: all that changes something."""
    row = _set_aside(stage, "a reply")
    stage.tell("keeper", Message("Question 1"), "one")
    doubtful = update(Outbox).where(Outbox.key == "one").values(state=OutboxState.UNCERTAIN)
    write(stage.store, lambda db: db.execute(doubtful))
    client = stage.signed_in("admin")
    for action in (f"/attention/{row}/replay", "/attention/1/send"):
        assert press(client, "/attention", action).status_code == 303
    assert press(client, "/attention", "/sign-out").status_code == 303
    who = f"person:{stage.people['admin']}"
    assert told(stage) == [
        (who, "session.begun", who),
        (who, "reply.replayed", f"in:{row}"),
        (who, "message.resent", "out:1"),
        (who, "session.ended", who),
    ]
    assert [what for _, what, _ in told(stage)] == [
        RECORDED[name] for name in ("signin.enter", "attention.again", "attention.send", "signin.leave")
    ]
    assert verify(rows_in(stage.store)).fault is None


def test_what_is_refused_leaves_no_row(stage: Stage) -> None:
    """A viewer's try, a reply that is open already, a sign-in address that was used."""
    row = _set_aside(stage, "a reply")
    viewer = stage.signed_in("viewer")
    assert press(viewer, "/attention", f"/attention/{row}/replay").status_code == 404
    used = stage.sign_in_path("admin")
    client = stage.app().test_client()
    for status in (303, 410):
        assert press(client, used).status_code == status
    assert [what for _, what, _ in told(stage)] == ["session.begun", "session.begun"]
