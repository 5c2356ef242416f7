"""A stage for conversations: a real SQLite store, the real turns, one person with a phone."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from sqlalchemy import select

from bot.programme import read_programme
from bot.reminders import asked
from bot.schedule import Occurrence
from bot.talk import Scene, Who
from bot.values import Heard, Message, Press
from bot.values import Media as Attached
from channels.chat import Chat, written_down
from griot.programmes import files_of
from griot.settings import data_folder
from griot.turn import Turns
from griot.voices import voices
from models import outbox, person
from models.base import Base, Db
from models.consent import record_consent
from models.conversation import chat_of
from models.db import Store, open_store, read, write
from models.facts import StoredFacts
from models.form import FormShelf
from models.inbox import Inbox, finish, receive
from models.known_person import person_with
from models.media import Media
from models.outbox import Outbox, message_of
from models.programme import ProgrammeShelf, load
from models.submission import Answer, Submission
from models.talk import open_choice, talk_of
from models.thread import deliver_here
from tests.programmes import read_once

T = TypeVar("T")
MONDAY = datetime(2026, 11, 23, 9, 5, tzinfo=UTC)


ASTON = data_folder("programmes") / "aston"
VOICES = voices(data_folder("locales"))
FORMS = FormShelf()
CHANNELS = {name: Chat() for name in ("chat", "telegram", "whatsapp", "sms")}  # one way of writing for all


def _digest(db: Db, language: str, at: datetime) -> str:
    return "(digest)"


def _details(db: Db, city: str, language: str, at: datetime) -> str:
    return f"(all that {city} said)"


def a_store(path: Path, programme: Path = ASTON) -> Store:
    """Return a store of its own with the programme loaded; the first one of a session is the mould of all.

    A store that was closed is opened again with its path: what SQLAlchemy compiled for it is still known.
    """
    mould = path.parent / f"mould-{programme.name}.db"
    if not mould.exists():
        store = open_store(f"sqlite:///{mould}")
        Base.metadata.create_all(store.engine)
        files = files_of(programme)
        _, forms = read_once(programme)
        found, problems = read_programme(files, forms)
        assert found is not None, problems
        write(store, lambda db: load(db, found, files, MONDAY, forms))
        store.close()
    return a_copy(mould, path)


def a_copy(mould: Path, path: Path) -> Store:
    """Return the store of this path, its content a copy of the mould; the last one there must be closed."""
    shutil.copy(mould, path)
    return _store_at(path)


@lru_cache(maxsize=8)
def _store_at(path: Path) -> Store:
    return open_store(f"sqlite:///{path}")


@dataclass
class Stage:
    """One person's phone; `channel` is the one it writes on."""

    store: Store
    person_id: int
    clock: datetime = MONDAY
    channel: str = "chat"
    address: str = ""
    count: int = 0
    seen: int = 0
    shown: list[Message] = field(default_factory=list)  # everything the bot said
    sources: list[str] = field(default_factory=list)  # of every message that the person wrote
    attached: dict[str, Attached] = field(default_factory=dict)  # by the source of its message

    def __post_init__(self) -> None:
        """Make the parts that a process would make."""
        self.address = self.address or str(self.person_id)
        self.turns = Turns(CHANNELS, VOICES, FORMS, ProgrammeShelf(), _digest, _details)

    @property
    def last(self) -> Message | None:
        """Return what the bot said last."""
        return self.shown[-1] if self.shown else None

    def says(self, text: str) -> list[Message]:
        """Return what the bot answers to a text."""
        return self.hears(Heard(text=text))

    def presses(self, option: int, message: Message | None = None) -> list[Message]:
        """Return what the bot answers to a tap on an option (from 1) of the last message, or of another."""
        pressed = message or self.last
        assert pressed is not None
        return self.hears(Heard(press=Press(pressed.token, option)))

    def edits(self, text: str, place: int = -1) -> list[Message]:
        """Return what the bot answers when a text sent before, or one beside an attachment, is edited."""
        source = self.sources[place]
        return self.hears(Heard(text=text, media=self.attached.get(source), source=source, edited=True))

    def hears(self, heard: Heard) -> list[Message]:
        """Return what the bot answers; a minute passes with every reply."""
        self.clock += timedelta(minutes=1)
        return self._hears(heard, self.clock)

    def _hears(self, heard: Heard, at: datetime) -> list[Message]:
        self.count += 1
        name = f"{self.address}-{self.count}"
        if not heard.edited and not heard.press:
            self.sources.append(name)
        if heard.media:
            self.attached[name] = heard.media
        body = written_down(name, self.address, heard)
        sender = f"{self.channel}:{self.address}"
        write(self.store, lambda db: receive(db, self.channel, name, sender, body, at))
        return self._turn()

    def says_unseeing(self, text: str) -> list[Message]:
        """Return what the bot answers to a text that was written before its last message was."""
        return self._hears(Heard(text=text), self.clock - timedelta(seconds=1))

    def falls_silent(self) -> list[Message]:
        """Return what the bot says when nothing more comes for as long as it waits, if it does."""

        def work(db: Db) -> list[Message]:
            until = chat_of(db, self.person_id).due_at
            if until is not None:
                self.clock = until
                self.turns.end_text(db, self.person_id, self.clock)
            return self._told(db)

        return self._shown(work)

    def _turn(self) -> list[Message]:
        def work(db: Db) -> list[Message]:
            row = db.scalars(select(Inbox).where(Inbox.state == "open")).one()
            finish(db, [each.id for each in self.turns(db, [row], self.clock)], self.clock)
            return self._told(db)

        return self._shown(work)

    def asks(self, occurrence: Occurrence) -> list[Message]:
        """Return what the schedule says on this phone, now."""

        def work(db: Db) -> list[Message]:
            found = asked(self._scene(db), replace(occurrence, person=self.person_id))
            outbox.enqueue(
                db,
                key=f"{occurrence.key}:{self.seen}",
                person_id=self.person_id,
                recipient=str(self.person_id),
                channel=self.channel,
                address=self.address,
                kind=occurrence.kind,
                message=found.message,
                at=self.clock,
            )
            if found.choice:
                open_choice(db, self.person_id, found.choice, self.channel, self.clock)
            return self._told(db)

        return self._shown(work)

    def _scene(self, db: Db) -> Scene:
        known, chat, turns = person_with(db, self.person_id), chat_of(db, self.person_id), self.turns
        assert known is not None
        facts = StoredFacts(db, FORMS, known.id, known.city, self.clock, _digest)
        return Scene(
            who=Who(known.id, known.name, known.role, known.city, known.language, agreed=True),
            programme=turns.programmes.programme(db),
            at=self.clock,
            voices=VOICES,
            facts=facts,
            talk=talk_of(chat),
            report=facts.opened(chat.report) if chat.report else None,
        )

    def looks(self, work: Callable[[Scene], T]) -> T:
        """Return what is made of what is open on this phone, as the next turn finds it."""
        return write(self.store, lambda db: work(self._scene(db)))

    def _told(self, db: Db) -> list[Message]:
        rows = db.scalars(select(Outbox).where(Outbox.id > self.seen).order_by(Outbox.id)).all()
        self.seen = rows[-1].id if rows else self.seen
        deliver_here(db, self.person_id, self.channel, self.clock)
        return [message_of(row) for row in rows if row.address == self.address]

    def _shown(self, work: Callable[[Db], list[Message]]) -> list[Message]:
        messages = write(self.store, work)
        self.shown += messages
        return messages

    def reports(self) -> Sequence[Mapping[str, object]]:
        """Return every report of this person as it is kept, the oldest first."""

        def work(db: Db) -> Sequence[Mapping[str, object]]:
            query = select(Submission).where(Submission.person_id == self.person_id).order_by(Submission.id)
            return [_report(row) for row in db.scalars(query)]

        return write(self.store, work)

    def stored(self) -> Mapping[str, object]:
        """Return the newest report as it is kept."""
        return self.reports()[-1]

    def files(self) -> list[tuple[str, str, str]]:
        """Return kind, name and caption of everything that the person attached."""
        query = select(Media).where(Media.person_id == self.person_id).order_by(Media.id)
        rows = read(self.store, lambda db: db.scalars(query).all())
        return [(row.kind, row.name, row.caption) for row in rows]

    def history(self) -> Sequence[tuple[str, int, object, bool]]:
        """Return every answer ever given: question, revision, value, whether it is the one in force."""

        def work(db: Db) -> Sequence[tuple[str, int, object, bool]]:
            rows = db.scalars(select(Answer).order_by(Answer.id)).all()
            return [(row.question, row.revision, row.value["value"], row.is_current) for row in rows]

        return write(self.store, work)


def _report(row: Submission) -> Mapping[str, object]:
    facts = {"form": row.form, "state": row.state, "reference": row.reference, "nothing": row.nothing}
    return facts | row.answers


def a_stage(
    store: Store,
    city: str | None = "bamako",
    language: str = "fr",
    *,
    agreed: bool = True,
    role: str = "coordinator",
    channels: Sequence[str] = ("chat",),
) -> Stage:
    """Return the phone of a new person who is known by their address on these channels."""

    def work(db: Db) -> int:
        added = person.add_person(db, name="Awa Exemple", role=role, city=city, language=language, at=MONDAY)
        db.flush()
        for channel in channels:
            db.add(person.Address(person_id=added, channel=channel, value=str(added), created_at=MONDAY))
        if agreed:
            record_consent(
                db,
                added,
                agreed=True,
                version="test",
                language=language,
                channel="chat",
                how="test",
                at=MONDAY,
            )
        return added

    return Stage(store, write(store, work), channel=next(iter(channels), "chat"))
