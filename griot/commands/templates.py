"""`griot templates`: what WhatsApp is asked to approve, and how it stands."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import click

from bot.programme import Programme
from bot.templates import (
    READY,
    REFUSED,
    UNSUBMITTED,
    TemplateState,
    TemplateText,
    states_shown,
    tapped_texts,
    texts_of,
)
from channels.base import Failure, SendError
from channels.twilio_contents import Contents, is_same
from griot.assembly import open_contents
from griot.commands.desk import BadInput, Desk, Failed, desk, show_json
from griot.settings import Settings
from models.audit import OPERATOR, What, record
from models.base import Db
from models.db import read, write
from models.programme import current_programme
from models.template import note, note_all

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def templates() -> None:
    """Have WhatsApp approve the programme's templates, and see how they stand."""


@templates.command()
@as_json
def push(as_json: bool) -> None:
    """Create what is not there and ask for the templates' approval; again changes nothing."""
    with desk() as it, _contents(it.settings) as contents:
        texts = texts_of(_programme(it))
        if not texts:
            raise BadInput("The programme has no templates: write templates.yaml and load it.")
        there = {each.get("friendly_name"): each for each in contents.listed()}
        _refuse_changes(texts, there)
        states = [_pushed(it, contents, text, there.get(text.name)) for text in texts]
        states += [_made_ready(it, contents, text, there.get(text.name)) for text in tapped_texts()]
    _show(states, as_json)


@templates.command()
@as_json
def status(as_json: bool) -> None:
    """Ask how every template stands with WhatsApp."""
    with desk() as it, _contents(it.settings) as contents:
        programme = _programme(it)
        states = contents.states()
        write(it.store, lambda db: note_all(db, states, it.at))
    _show(states_shown(programme, states), as_json)


@contextmanager
def _contents(settings: Settings) -> Iterator[Contents]:
    """Yield the account's contents; what the provider refuses becomes one line."""
    needed = {
        "TWILIO_ACCOUNT_SID": settings.twilio_account_sid,
        "TWILIO_AUTH_TOKEN": "".join(settings.twilio_tokens),
    }
    unset = [name for name, value in needed.items() if not value]
    contents = open_contents(settings)
    if contents is None:
        raise BadInput(f"Templates are kept at Twilio: set {' and '.join(unset)}.")
    try:
        yield contents
    except SendError as error:
        raise Failed(f"Twilio refuses: {error.detail}.") from None
    finally:
        contents.close()


def _programme(it: Desk) -> Programme:
    try:
        return read(it.store, current_programme)
    except LookupError as error:
        raise BadInput(f"{error}.") from None


def _refuse_changes(texts: Sequence[TemplateText], there: Mapping[object, Mapping[str, Any]]) -> None:
    changed = [text for text in texts if text.name in there and not is_same(text, there[text.name])]
    if changed:
        names = ", ".join(text.name for text in changed)
        kinds = ", ".join(f"{kind} to {version + 1}" for kind, version in _versions(changed).items())
        raise BadInput(f"Twilio has another text of {names}: raise the version of {kinds} in templates.yaml.")


def _versions(texts: Sequence[TemplateText]) -> dict[str, int]:
    return {text.kind: text.version for text in texts}


def _pushed(
    it: Desk, contents: Contents, text: TemplateText, there: Mapping[str, Any] | None
) -> TemplateState:
    """Return how a template stands after everything was asked for; what is known is kept at each step."""
    sid = contents.create(text) if there is None else str(there["sid"])
    state = None if there is None else contents.state(text.name, sid)
    is_asked = state is None or state.status == UNSUBMITTED
    found = contents.submit(text, sid) if state is None or is_asked else state
    write(it.store, lambda db: _noted(db, it, found, is_asked))
    return found


def _made_ready(
    it: Desk, contents: Contents, text: TemplateText, there: Mapping[str, Any] | None
) -> TemplateState:
    """Return how buttons of the window stand; without them options are answered by number."""
    state = TemplateState(text.name, text.kind, text.language, text.version, status=READY)
    try:
        state = replace(state, content_sid=contents.create(text) if there is None else str(there["sid"]))
    except SendError as error:
        if error.failure != Failure.REJECTED:
            raise
        state = replace(state, status=REFUSED, reason=error.detail)
    write(it.store, lambda db: _noted(db, it, state, there is None))
    return state


def _noted(db: Db, it: Desk, state: TemplateState, is_asked: bool) -> None:
    note(db, state, it.at)
    if is_asked:
        record(db, OPERATOR, What.TEMPLATE_PUSHED, f"template:{state.name}", it.at)


def _show(states: Sequence[TemplateState], as_json: bool) -> None:
    if as_json:
        show_json([_facts(state) for state in states])
        return
    for state in states:
        reason = f": {' '.join(state.reason.split())}" if state.reason else ""
        click.echo(f"{state.name} {state.status}{reason}")


def _facts(state: TemplateState) -> dict[str, str | int]:
    return {
        "name": state.name,
        "kind": state.kind,
        "language": state.language,
        "version": state.version,
        "content_sid": state.content_sid,
        "status": state.status,
        "reason": state.reason,
    }
