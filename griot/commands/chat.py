"""`griot chat`: a phone in the terminal, against the real engine and database."""

import json
import secrets
import sys
import time
from dataclasses import dataclass
from datetime import datetime

import click

from bot.values import LANGUAGES, Heard, Message, Press
from channels.chat import Chat, written_down
from channels.fitting import written
from griot.clock import now
from griot.commands.desk import BadInput, Desk, PersonId, desk
from griot.turn import Turns, make_turns
from models.audit import OPERATOR, What, record, somebody
from models.base import Db
from models.db import read, write
from models.inbox import finish, receive, take_of
from models.message_row import message_from
from models.person import add_address, set_language
from models.thread import deliver_here, holders, newest_told, thread_of, told_since

PATIENCE = 30.0  # seconds for an answer that another worker is preparing


@dataclass
class Phone:
    """One person's phone."""

    it: Desk
    turns: Turns
    person_id: int
    seen: int
    last: Message | None = None

    @property
    def sender(self) -> str:
        """Return the sender of this phone's rows in the inbox."""
        return f"{Chat.name}:{self.person_id}"

    def say(self, heard: Heard) -> list[Message]:
        """Return what Griot answers to a reply."""
        name, at = secrets.token_hex(16), now()
        body = written_down(name, str(self.person_id), heard)
        write(self.it.store, lambda db: receive(db, Chat.name, name, self.sender, body, at))
        return self.answers()

    def answers(self) -> list[Message]:
        """Take this phone's turns unless another worker does, and return what is new."""
        until = time.monotonic() + PATIENCE
        while True:
            write(self.it.store, self._turn)
            if not read(
                self.it.store, lambda db: thread_of(db, self.person_id, self.sender, now())
            ).is_waiting:
                return self._new()
            if time.monotonic() > until:
                return self._new()
            time.sleep(0.02)

    def _turn(self, db: Db) -> None:
        at = now()
        for row in take_of(db, self.sender, at):
            finish(db, [each.id for each in self.turns(db, [row], at)], at)
        deliver_here(db, self.person_id, Chat.name, at)

    def _new(self) -> list[Message]:
        rows = read(self.it.store, lambda db: told_since(db, self.person_id, self.seen))
        messages = [message_from(row.text, row.message, row.kind) for row in rows]
        if rows:
            self.seen, self.last = rows[-1].id, messages[-1]
        return messages


@click.command()
@click.option(
    "--as", "person_id", type=PersonId(), help="The person who holds the phone; else the first coordinator."
)
@click.option("--language", type=click.Choice(LANGUAGES), help="Speak this language from now on.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, in and out.")
def chat(person_id: int | None, language: str | None, as_json: bool) -> None:
    """Hold a person's phone in this terminal. End of input ends it."""
    with desk() as it:
        at = now()
        holder = write(it.store, lambda db: _take_phone(db, person_id, language, at))
        seen = read(it.store, lambda db: newest_told(db, holder))
        phone = Phone(it, make_turns({Chat.name: Chat()}), holder, seen)
        if as_json:
            _lines(phone)
        else:
            _terminal(phone)


def _take_phone(db: Db, person_id: int | None, language: str | None, at: datetime) -> int:
    """Return the person whose phone it is, bound to the channel `chat`, speaking the language asked for."""
    people = [one for one in holders(db) if person_id is None or one.id == person_id]
    if not people:
        who = f"There is no person {person_id}." if person_id else "There is nobody yet."
        raise BadInput(f"{who} See `griot person list`, or add one with `griot person add`.")
    holder = next((one for one in people if one.language == language), people[0])
    add_address(db, holder.id, Chat.name, str(holder.id), at)
    if language and language != holder.language:
        set_language(db, holder.id, language, at)
    record(db, OPERATOR, What.PHONE_HELD, somebody(holder.id), at)
    return holder.id


def _lines(phone: Phone) -> None:
    for line in sys.stdin:
        if line.strip():
            for message in phone.say(_heard_in(line, phone)):
                _print(
                    {"text": written(message), "options": list(message.options), "question": message.question}
                )
            _print({"idle": True})


def _heard_in(line: str, phone: Phone) -> Heard:
    try:
        said = json.loads(line)
        if "press" in said:
            return _press(phone, int(said["press"]))
        return Heard(text=str(said["text"]))
    except (ValueError, KeyError, TypeError):
        raise BadInput('Each line is {"text": "…"} or {"press": 1}.') from None


def _press(phone: Phone, option: int) -> Heard:
    token = phone.last.token if phone.last else ""
    return Heard(press=Press(token, option))


def _print(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False))
    sys.stdout.flush()


def _terminal(phone: Phone) -> None:
    click.echo("Write as on a phone; a number chooses an option; Ctrl-D ends.")
    for line in iter(lambda: _read_line(), None):
        for message in phone.say(Heard(text=line)):
            click.echo(click.style(written(message), fg="green") + "\n")


def _read_line() -> str | None:
    try:
        return str(input("> "))
    except EOFError:
        return None
