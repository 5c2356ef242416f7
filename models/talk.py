"""How a conversation is kept between two replies, and how the schedule asks into it."""

from dataclasses import replace
from datetime import datetime

from bot.talk import Choice, Editing, Stands, Talk, Writing
from models.base import Db, Json
from models.conversation import OpenChat, chat_of, save_chat
from models.facts import kept_of, session_from
from models.known_person import person_with


def talk_of(chat: OpenChat) -> Talk:
    """Return where the conversation stands, as it was kept."""
    choice = chat.state.get("choice")
    return Talk(
        choice=Choice(choice["kind"], tuple(choice["actions"]), choice["data"]) if choice else None,
        rejected=chat.state.get("rejected", ""),
        heard_at=chat.updated_at,
        attached_at=_time_of(chat.state.get("attached_at")),
        writing=_writing_of(chat.state["writing"]) if "writing" in chat.state else None,
        earlier=tuple(map(_writing_of, chat.state.get("earlier", ()))),
        editing=_editing_of(chat.state.get("editing")),
    )


def state_of(talk: Talk) -> dict[str, Json]:
    """Return where the conversation stands, as it is kept."""
    choice = talk.choice
    state: dict[str, Json] = {}
    if choice:
        state["choice"] = {"kind": choice.kind, "actions": list(choice.actions), "data": dict(choice.data)}
    if talk.rejected:
        state["rejected"] = talk.rejected
    if talk.attached_at:
        state["attached_at"] = talk.attached_at.isoformat()
    if talk.writing:
        state["writing"] = _kept(talk.writing)
    if talk.earlier:
        state["earlier"] = [_kept(each) for each in talk.earlier]
    if editing := talk.editing:
        cursor = kept_of(replace(editing.session, given={}, firsts={}))
        state["editing"] = {"report": editing.report, "changed": list(editing.changed), **cursor}
    return state


def _time_of(kept: str | None) -> datetime | None:
    return datetime.fromisoformat(kept) if kept else None


def _editing_of(kept: Json) -> Editing | None:
    return Editing(kept["report"], session_from(kept), tuple(kept["changed"])) if kept else None


def _writing_of(kept: Json) -> Writing:
    pieces = tuple((source, text) for source, text in kept["pieces"])
    at, stands = datetime.fromisoformat(kept["at"]), Stands(kept["stands"])
    return Writing(kept["report"], kept["path"], pieces, at, stands)


def _kept(writing: Writing) -> Json:
    pieces = [list(piece) for piece in writing.pieces]
    facts = {"report": writing.report, "path": writing.path, "stands": str(writing.stands)}
    return {**facts, "pieces": pieces, "at": writing.at.isoformat()}


def open_choice(db: Db, person_id: int, choice: Choice, channel: str, at: datetime) -> None:
    """Ask a choice in a person's conversation, sent on this channel: the open report stays behind it.

    When the person was heard last does not change. On PostgreSQL the person is locked until the transaction
    ends.
    """
    person_with(db, person_id)
    chat = chat_of(db, person_id)
    talk = replace(talk_of(chat), choice=choice)
    now = replace(chat, state=state_of(talk), channel=channel)
    save_chat(db, person_id, now, chat.report.id if chat.report else None, chat.updated_at or at)
