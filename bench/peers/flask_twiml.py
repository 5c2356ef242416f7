"""A peer on Twilio: Flask that replies in TwiML, SQLAlchemy's ORM, twilio's RequestValidator.

Served by `gunicorn -w 2 bench.peers.flask_twiml:application()`; the environment names the rest.
"""

import os
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask, Response, abort, request
from sqlalchemy import JSON, Connection, Engine, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker
from twilio.request_validator import RequestValidator
from twilio.twiml.messaging_response import MessagingResponse

from bench.peers.weekly import (
    Answers,
    Person,
    asked,
    is_greeting,
    next_question,
    read_back,
    read_people,
    received,
)

PATH = "/webhooks/twilio"
SEND, AGAIN = "1", "2"


class Base(DeclarativeBase):
    """The tables."""


class Draft(Base):
    """A report under way: one a person, by address."""

    __tablename__ = "draft"

    address: Mapped[str] = mapped_column(primary_key=True)
    answers: Mapped[Answers] = mapped_column(JSON)
    updated_at: Mapped[datetime]


class Report(Base):
    """A report that was sent."""

    __tablename__ = "report"

    id: Mapped[int] = mapped_column(primary_key=True)
    city: Mapped[str]
    person: Mapped[str]
    at: Mapped[datetime]
    answers: Mapped[Answers] = mapped_column(JSON)


def application(environment: Mapping[str, str] = os.environ) -> Flask:
    """Return the web application: everything it needs is in the environment."""
    folder = Path(environment["PEER_FOLDER"])
    people = read_people(folder / "people.json")
    validator = RequestValidator(environment["TWILIO_AUTH_TOKEN"])
    url = environment["BASE_URL"] + PATH
    sessions = sessionmaker(open_database(folder / "peer.db", environment["PEER_SYNCHRONOUS"]))
    app = Flask(__name__)

    @app.post(PATH)
    def receive() -> Response:
        signature = request.headers.get("X-Twilio-Signature", "")
        if not validator.validate(url, request.form, signature):
            abort(403)
        address, said = request.form["From"].removeprefix("whatsapp:"), request.form["Body"].strip()
        answer = MessagingResponse()
        if (person := people.get(address)) is not None:
            with sessions.begin() as db:
                text = reply(db, person, address, said)
            answer.message(text)
        return Response(str(answer), mimetype="text/xml")

    return app


def reply(db: Session, person: Person, address: str, said: str) -> str:
    """Return what is said to a message; what it means is stored in the session."""
    draft = db.get(Draft, address)
    if draft is None or is_greeting(said):
        db.merge(Draft(address=address, answers={}, updated_at=datetime.now(UTC)))
        return _asked({}, person)
    question = next_question(draft.answers)
    if question is None:
        return _confirmed(db, draft, person, said)
    value = question.read(said)
    if value is None:
        return f"{question.refused(person.language)}\n{asked(question, draft.answers, person.language)}"
    return _change(draft, {**draft.answers, question.name: value}, person)


def open_database(path: Path, synchronous: str) -> Engine:
    """Return the SQLite database with its tables, set up as SQLAlchemy's documentation says."""
    engine = create_engine(f"sqlite:///{path}")

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA busy_timeout=5000")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={synchronous}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # else a read that goes on to write may fail

    Base.metadata.create_all(engine)
    return engine


def _confirmed(db: Session, draft: Draft, person: Person, said: str) -> str:
    if said == AGAIN:
        return _change(draft, {}, person)
    if said != SEND:
        return read_back(draft.answers, person.language)
    at = datetime.now(UTC)
    report = Report(city=person.city, person=draft.address, at=at, answers=draft.answers)
    db.add(report)
    db.delete(draft)
    db.flush()
    return received(f"{person.city[:3].upper()}-{at:%G-W%V}-{report.id}", person.language)


def _change(draft: Draft, answers: Answers, person: Person) -> str:
    draft.answers, draft.updated_at = answers, datetime.now(UTC)
    return _asked(answers, person)


def _asked(answers: Answers, person: Person) -> str:
    question = next_question(answers)
    return asked(question, answers, person.language) if question else read_back(answers, person.language)
