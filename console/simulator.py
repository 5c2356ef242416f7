"""A phone in the browser: anybody of the demonstration, one conversation each."""

import secrets
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from bot.values import LANGUAGE_NAMES, Heard, Press
from bot.words import shown
from channels.base import BodyError, Inbound
from channels.chat import written_down
from console.bubbles import screen
from console.dates import day_words
from console.pages import direction
from console.parts import Parts, given
from models.base import Db
from models.db import read, write
from models.inbox import Update
from models.person import Role, add_address
from models.signin import new_sign_in
from models.thread import Holder, holders, thread_of

LONGEST = 4096  # characters, as in Telegram's own field


def rooms(parts: Parts) -> Blueprint:
    """Return the blueprint of the simulator."""
    room = Blueprint("simulator", __name__, url_prefix="/simulator")
    room.add_url_rule("", "first", given(parts, first))
    room.add_url_rule("/<int:person_id>", "phone", given(parts, phone))
    room.add_url_rule("/<int:person_id>/thread", "thread", given(parts, thread))
    room.add_url_rule("/<int:person_id>", "hear", given(parts, hear), methods=["POST"])
    room.add_url_rule("/<int:person_id>/sign-in", "sign_in", given(parts, sign_in), methods=["POST"])
    return room


def first(parts: Parts) -> str:
    """Return the phone of the first person; without people, only the list."""
    return read(parts.store, lambda db: _page(db, parts, None))


def phone(parts: Parts, person_id: int) -> str:
    """Return this person's phone; 404 for an unknown person."""
    return read(parts.store, lambda db: _page(db, parts, person_id))


def thread(parts: Parts, person_id: int) -> str | tuple[str, int]:
    """Return the bubbles of this person's thread, or 204 when it is as `seen` says."""
    words = read(parts.store, lambda db: _words(db, parts, _find(holders(db), person_id)))
    if request.args.get("seen") == words["now"].tag:
        return "", 204
    return render_template("thread.html", **words)


def hear(parts: Parts, person_id: int) -> Response | tuple[str, int]:
    """Keep what was written or tapped, as a webhook would."""
    said = _said(request.form.get("text", ""), request.form.get("press", ""))
    address, at = str(person_id), parts.clock()
    write(parts.store, lambda db: _bind(db, parts.chat.name, person_id, at))
    if said != Heard():
        parts.keep(_update(parts, address, said))
    if "fetch" in request.form:
        return "", 204
    return redirect(url_for("simulator.phone", person_id=person_id), 303)


def sign_in(parts: Parts, person_id: int) -> Response:
    """Make a sign-in address for this person and go there."""
    path = write(parts.store, lambda db: _sign_in(db, person_id, parts.clock()))
    return redirect(path, 303)


def _said(text: str, press: str) -> Heard:
    token, _, option = press.rpartition(":")
    if token and option.isascii() and option.isdigit():
        return Heard(press=Press(token, int(option)))
    return Heard(text=text.replace("\r\n", "\n").strip()[:LONGEST])


def _bind(db: Db, channel: str, person_id: int, at: datetime) -> None:
    """Make the person's id the address of their phone here; 404 for an unknown person."""
    add_address(db, _find(holders(db), person_id).id, channel, str(person_id), at)


def _update(parts: Parts, address: str, said: Heard) -> Update:
    name, body = parts.chat.name, written_down(secrets.token_hex(16), address, said)
    envelope = parts.chat.envelope(body)
    return Update(name, envelope.provider_id, f"{name}:{envelope.sender}", body, parts.clock())


def _sign_in(db: Db, person_id: int, at: datetime) -> str:
    return new_sign_in(db, _find(holders(db), person_id).id, at)


def _page(db: Db, parts: Parts, person_id: int | None) -> str:
    people, programme = holders(db), parts.programmes.programme(db)
    officer = next((one for one in people if one.role == Role.OFFICER), None)
    holder = _find(people, person_id) if person_id is not None else next(iter(people), None)
    return render_template(
        "simulator.html",
        people=people,
        officer=officer,
        language_names=LANGUAGE_NAMES,
        roles=programme.roles,
        cities=programme.cities,
        **(_words(db, parts, holder) if holder else {}),
    )


def _words(db: Db, parts: Parts, holder: Holder) -> dict[str, Any]:
    """Return what the phone itself shows: its bubbles, in the language of who holds it."""
    programme = parts.programmes.programme(db)
    locale = programme.locale(holder.language, programme.cities.get(holder.city or ""))
    zone = ZoneInfo(holder.timezone or programme.secretariat.timezone)
    spoken = thread_of(db, holder.id, f"{parts.chat.name}:{holder.id}", parts.clock())
    return {
        "holder": holder,
        "now": screen(spoken, zone, partial(_heard, parts)),
        "theirs": parts.voices[holder.language],
        "their_direction": direction(holder.language),
        "report_word": shown("report", holder.language),
        "day_words": partial(day_words, locale=locale),
    }


def _heard(parts: Parts, body: bytes) -> Heard | None:
    """Return what a body of the simulator says; None for one of another channel."""
    try:
        read = parts.chat.parse(body)
    except BodyError:
        return None
    return next((one.heard for one in read if isinstance(one, Inbound)), None)


def _find(people: list[Holder], person_id: int) -> Holder:
    found = next((one for one in people if one.id == person_id), None)
    return found or abort(404)
