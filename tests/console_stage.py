"""A console on a database of its own, with the tiny programme, two people a city, and a clock to set."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from gettext import NullTranslations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from flask import Blueprint, Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select, update
from werkzeug.test import TestResponse

from bot.forms.read import read_form
from bot.programme import DemoPerson
from bot.say import Voice
from bot.schedule import Occurrence
from bot.values import LANGUAGES, Message
from channels.chat import Chat
from console.parts import Parts
from griot.app import create_app
from griot.health import health
from models.base import Base, Db
from models.db import Store, open_store, write
from models.form import FormShelf
from models.inbox import Update, describe, finish, receive_all, take
from models.media import Attachment, Stored, attach, claim, mark_kept
from models.media_files import MediaFiles
from models.outbox import Outbox, OutboxState, enqueue
from models.person import add_person
from models.programme import ProgrammeShelf, load
from models.signin import new_sign_in
from models.submission import Submission
from tests.programmes import ORCHARD, files_of, read_once
from webhooks.routes import Webhooks

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

MONDAY = datetime(2026, 9, 14, 9, 0, tzinfo=UTC)  # in week 38
HTTPS, LOOPBACK = "https://griot.example", "http://127.0.0.1:8000"


@dataclass
class Stage:
    """What a test of the pages needs at hand."""

    store: Store
    people: dict[str, int]
    at: datetime = MONDAY
    kept: list[Update] = field(default_factory=list)
    cast: dict[str, DemoPerson] = field(default_factory=dict)
    folder: Path = Path("/nowhere")  # GRIOT_VAR
    planned: list[Occurrence] = field(default_factory=list)

    def app(
        self,
        base_url: str = LOOPBACK,
        is_demo: bool = True,
        machines: Sequence[Blueprint] = (),
        around: "Callable[[WSGIApplication], WSGIApplication] | None" = None,
    ) -> Flask:
        """Return a new application over this database."""
        parts = Parts(
            store=self.store,
            programmes=ProgrammeShelf(),
            forms=FormShelf(),
            clock=lambda: self.at,
            voices={language: Voice(language, NullTranslations()) for language in LANGUAGES},
            chat=self.chat,
            keep=self.keep,
            media=MediaFiles(self.folder),
            is_demo=is_demo,
            cast=self.cast,
            upcoming=lambda _db, _at, _days: self.planned,
            digest_html=lambda _db, week, language, _at: f"<p>{week} {language}</p>",
            move_clock=self.move_clock,
            read_form=lambda file, name, _lists: read_form(file, name),
        )
        key = "a-fictitious-key-of-32-characters"
        return create_app(parts, secret_key=key, base_url=base_url, machines=machines, around=around)

    @property
    def chat(self) -> Chat:
        """Return the channel of the phones."""
        return Chat(self.folder / "phone")

    def keep(self, update: Update) -> None:
        """Put an update into the inbox, as the intake does."""
        self.kept.append(update)
        write(self.store, lambda db: receive_all(db, [update]))

    def wait(self, **time: float) -> None:
        """Let time pass."""
        self.at += timedelta(**time)

    def move_clock(self, to: datetime) -> None:
        """Be at this time."""
        self.at = to

    def sign_in_path(self, name: str) -> str:
        """Return a new sign-in address of this person."""
        return write(self.store, lambda db: new_sign_in(db, self.people[name], self.at))

    def signed_in(self, name: str, app: Flask | None = None) -> FlaskClient:
        """Return a browser in which this person is signed in."""
        client = (app or self.app()).test_client()
        assert press(client, self.sign_in_path(name)).status_code == 303
        return client

    def tell(
        self,
        name: str,
        message: Message,
        key: str,
        provider_id: str = "",
        due: datetime | None = None,
        kind: str = "reply",
    ) -> None:
        """Let a message arrive on this person's phone, or wait until it is due."""
        write(self.store, lambda db: self._queue(db, self.people[name], message, key, due, kind))
        if due is None:
            sent = update(Outbox).where(Outbox.key == key)
            sent = sent.values(state=OutboxState.SENT, provider_id=provider_id or f"chat:{key}")
            write(self.store, lambda db: db.execute(sent))

    def _queue(
        self, db: Db, person_id: int, message: Message, key: str, due: datetime | None, kind: str
    ) -> None:
        enqueue(
            db,
            key=key,
            person_id=person_id,
            recipient=str(person_id),
            channel="chat",
            address=str(person_id),
            kind=kind,
            message=message,
            at=self.at,
            due_at=due,
        )

    def take_turns(self) -> None:
        """Close what is open in the inbox, as a worker does."""
        write(self.store, self._take)

    def _take(self, db: Db) -> None:
        for row in take(db, 100, self.at):
            describe(db, row.id, int(row.sender.removeprefix("chat:")), "read")
            finish(db, [row.id], self.at)

    def report(self, name: str, city: str, **values: object) -> None:
        """Store a report of the weekly form."""
        write(self.store, lambda db: db.execute(insert(Submission).values(self._report(name, city, values))))

    def attach(self, reference: str, content: str) -> None:
        """Keep a text as attached to a report."""
        digest, path = MediaFiles(self.folder).keep(content.encode(), "txt")

        def keep(db: Db) -> None:
            report = db.scalars(select(Submission).where(Submission.reference == reference)).one()
            new = Attachment(report.id, report.person_id, "", "chat", digest[:32], "file", "a.txt", 1)
            attach(db, new, self.at, self.at)
            [wanted] = claim(db, 1, self.at, timedelta(seconds=60), ["chat"])
            assert mark_kept(db, wanted, Stored("text/plain", len(content), digest, path), self.at)

        write(self.store, keep)

    def _report(self, name: str, city: str, values: dict[str, object]) -> dict[str, object]:
        given = values.pop("given", {})
        usual = {
            "form": "harvest_note",
            "form_version": "1",
            "period": "2026-W38",
            "state": "submitted",
            "submitted_at": self.at,
            "started_at": self.at,
            "updated_at": self.at,
            "changed_at": self.at,
            "channel": "chat",
            "language": "fr",
            "hidden": {"milestone": ""},
        }
        answers = {"answers": given, "kept": {"given": given, "at": None}}
        return usual | answers | {"city": city, "person_id": self.people[name]} | values


def open_stage(address: str) -> Stage:
    """Return a stage on this database, its tables made and the tiny programme loaded."""
    store = open_store(address)
    Base.metadata.create_all(store.engine)
    return Stage(store, write(store, _people))


def _people(db: Db) -> dict[str, int]:
    programme, forms = read_once(ORCHARD)
    assert load(db, programme, files_of(ORCHARD), MONDAY, forms) == ()
    return {
        "keeper": add_person(
            db, name="Ana Fictive", role="coordinator", city="nordmark", language="fr", at=MONDAY
        ),
        "aide": add_person(db, name="Bo Fictive", role="deputy", city="nordmark", language="en", at=MONDAY),
        "team": add_person(db, name="Cy Fictive", role="group", city="nordmark", language="fr", at=MONDAY),
        "other": add_person(
            db, name="سلمى الخيالية", role="coordinator", city="eastmere", language="ar", at=MONDAY
        ),
        "officer": add_person(db, name="Dee Fictive", role="officer", language="fr", at=MONDAY),
        "admin": add_person(db, name="Eve Fictive", role="admin", language="en", at=MONDAY),
        "viewer": add_person(db, name="Fay Fictive", role="viewer", language="pt", at=MONDAY),
    }


def sqlite_stage(folder: Path) -> Stage:
    """Return a stage on an SQLite file in this folder, a copy of the first one."""
    file, (content, people) = folder / "griot.db", _mould()
    file.write_bytes(content)
    return Stage(open_store(f"sqlite:///{file}"), dict(people), folder=folder)


@cache
def _mould() -> tuple[bytes, dict[str, int]]:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "griot.db"
        stage = open_stage(f"sqlite:///{file}")
        stage.store.close()
        return file.read_bytes(), stage.people


def an_app(folder: Path) -> Flask:
    """Return the whole application of a demonstration: pages, webhooks, health and metrics."""
    return whole_app(sqlite_stage(folder))


def whole_app(stage: Stage, base_url: str = LOOPBACK) -> Flask:
    """Return the application with the blueprints whose callers are programs."""
    hooks = Webhooks(
        {Chat.name: Chat()}, stage.keep, lambda: stage.at, base_url, lambda channel, status, seconds: None
    )
    rooms = (health(stage.store, lambda: stage.at, ()),)
    return stage.app(base_url, machines=rooms, around=hooks.around)


def token_in(page: TestResponse) -> str:
    """Return the hidden CSRF token of a page; "" when it has none."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    return found[1] if found else ""


def press(client: FlaskClient, path: str, action: str = "", **fields: str) -> TestResponse:
    """Load a page and post its form, as a browser does; `action`: where the form goes, when elsewhere."""
    token = token_in(client.get(path))
    return client.post(action or path, data={"csrf_token": token, **fields})
