"""The open conversation with each person."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ForeignKey, Index, bindparam, insert, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Db, Json
from models.db import later, table_of
from models.prepared import find, run
from models.stored import STORED, Stored, stored_in
from models.submission import Submission

IS_WAITED_FOR = text("due_at is not null")


class Chat(Base):
    """Where the conversation with one person stands; a session belongs to the person, not to a channel."""

    __tablename__ = "chat"
    __table_args__ = (
        Index("ix_chat_due_at", "due_at", sqlite_where=IS_WAITED_FOR, postgresql_where=IS_WAITED_FOR),
    )

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    submission_id: Mapped[int | None] = mapped_column(
        ForeignKey("submission.id")
    )  # the report being filled in
    state: Mapped[dict[str, Json]]
    channel: Mapped[str] = mapped_column(default="")  # of the newest message in
    updated_at: Mapped[datetime]
    due_at: Mapped[datetime | None]  # when the silence ends a text that is being gathered


@dataclass(frozen=True, slots=True)
class OpenChat:
    """Where the conversation with a person stands."""

    state: dict[str, Json] = field(default_factory=dict)
    channel: str = ""
    updated_at: datetime | None = None
    report: Stored | None = None
    is_new: bool = True
    due_at: datetime | None = None  # when the silence ends a text


# On the way of every turn: Core, built once (a statement built each time costs more than running it).
_CHAT, _SUBMISSION = table_of(Chat), table_of(Submission)
_CHAT_FACTS = ("state", "channel", "updated_at", "due_at")
_CHATS_OF = (
    select(_CHAT.c.person_id, *(_CHAT.c[each] for each in _CHAT_FACTS))
    .add_columns(*(_SUBMISSION.c[each.key] for each in STORED))
    .outerjoin(_SUBMISSION, _SUBMISSION.c.id == _CHAT.c.submission_id)
    .where(_CHAT.c.person_id.in_(bindparam("people", expanding=True)))
)
_BEGIN_CHAT = insert(_CHAT)
_SAVE_CHAT = (
    update(_CHAT)
    .where(_CHAT.c.person_id == bindparam("person"))
    .values({name: bindparam(name) for name in ("submission_id", *_CHAT_FACTS)})
)


def chat_of(db: Db, person_id: int) -> OpenChat:
    """Return where the conversation stands; a new one when there was none."""
    return chats_of(db, [person_id])[person_id]


def chats_of(db: Db, person_ids: Collection[int]) -> dict[int, OpenChat]:
    """Return where the conversation with each of these persons stands, by their id."""
    chats = dict.fromkeys(person_ids, OpenChat())
    for person_id, *row in find(db, _CHATS_OF, {"people": list(person_ids)}):
        state, channel, updated_at, due_at, *report = row
        stored = stored_in(report) if report[0] else None
        chats[person_id] = OpenChat(state, channel, updated_at, stored, is_new=False, due_at=due_at)
    return chats


def save_chat(db: Db, person_id: int, chat: OpenChat, submission_id: int | None, at: datetime) -> None:
    """Keep where the conversation stands."""
    values = {
        "submission_id": submission_id,
        "state": chat.state,
        "channel": chat.channel,
        "updated_at": at,
        "due_at": chat.due_at,
    }
    if chat.is_new:
        run(db, _BEGIN_CHAT, {"person_id": person_id, **values})
    else:
        later(db, _SAVE_CHAT, {"person": person_id, **values})
