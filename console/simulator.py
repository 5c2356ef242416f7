"""Phones in the browser: anybody of the demonstration, one conversation each, and the clock they share."""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from bot.media_words import kind_in_words
from bot.schedule import DIGEST
from bot.values import LANGUAGE_NAMES, Heard, Media, Press
from bot.words import shown
from channels.base import BodyError, Inbound
from channels.chat import written_down
from channels.cleaning import clean, clean_name
from channels.file_types import kind_of
from console import phones as choice
from console.bubbles import screen
from console.dates import day_words, short_words
from console.events import next_events, places
from console.pages import direction, voice
from console.parts import Parts, given
from console.phones import Phone, first_phones, phones_named, wish_of
from console.renderings import RENDERINGS, cost
from models.base import Db
from models.city import zone_of
from models.db import read, write
from models.inbox import Update
from models.person import Role, add_address
from models.signin import new_sign_in
from models.thread import Holder, holders, thread_of, told_once

LONGEST = 4096  # characters, as in Telegram's own field
HEAR = "simulator.hear"  # endpoint that takes a file
MOST_BYTES = 10_000_000  # of a file, as from every channel
MOST_OF_REQUEST = MOST_BYTES + (1 << 16)  # with the text beside it
HIGHEST = 2**31 - 1  # id of a row, on either database
HOUR = timedelta(hours=1)
DAYS = 14  # how far the clock looks, and moves at once
MAIL_POLICY = (  # an e-mail brings its own style, and nothing else
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'none'"
)


def rooms(parts: Parts) -> Blueprint:
    """Return the blueprint of the simulator."""
    room = Blueprint("simulator", __name__, url_prefix="/simulator")
    room.add_url_rule("", "first", given(parts, first))
    room.add_url_rule("/clock", "clock", given(parts, clock))
    room.add_url_rule("/clock", "move", given(parts, move), methods=["POST"])
    room.add_url_rule("/<int:person_id>", "phone", given(parts, phone))
    room.add_url_rule("/<int:person_id>/thread", "thread", given(parts, thread))
    room.add_url_rule(f"/<int:person_id>/mail/<int(max={HIGHEST}):id>", "mail", given(parts, mail))
    room.add_url_rule("/<int:person_id>", "hear", given(parts, hear), methods=["POST"])
    room.add_url_rule("/<int:person_id>/sign-in", "sign_in", given(parts, sign_in), methods=["POST"])
    return room


def first(parts: Parts) -> str:
    """Return the phones asked for, else the first person's and the officer's."""
    return read(parts.store, lambda db: _page(db, parts, None))


def phone(parts: Parts, person_id: int) -> str:
    """Return this person's phone and the officer's; 404 for an unknown person."""
    return read(parts.store, lambda db: _page(db, parts, person_id))


def thread(parts: Parts, person_id: int) -> str | tuple[str, int]:
    """Return the bubbles of this person's thread, or 204 when it is as `seen` says."""
    words = read(parts.store, lambda db: _one_phone(db, parts, person_id))
    if request.args.get("seen") == words["now"].tag:
        return "", 204
    return render_template("thread.html", **words)


def clock(parts: Parts) -> str:
    """Return what the clock says, and what leaves next."""
    return read(parts.store, lambda db: render_template("simulator_clock.html", **_clock(db, parts)))


def move(parts: Parts) -> Response | tuple[str, int]:
    """Move the clock forward to the time asked for; one that is past, or far away, moves nothing."""
    at, to = parts.clock(), _moment(request.form.get("to", ""))
    if to is not None and at < to <= at + timedelta(days=DAYS):
        parts.move_clock(to)
    if "fetch" in request.form:
        return "", 204
    return redirect(url_for("simulator.first", phones=_wish(), moved=1), 303)


def mail(parts: Parts, person_id: int, id: int) -> Response:
    """Return an e-mail as its reader sees it, by itself; 404 when this message is none."""
    html = read(parts.store, lambda db: _html(db, parts, person_id, id)) or abort(404)
    return Response(html, mimetype="text/html", headers={"Content-Security-Policy": MAIL_POLICY})


def hear(parts: Parts, person_id: int) -> Response | tuple[str, int]:
    """Keep what was written or tapped, as a webhook would."""
    said = _said(request.form.get("text", ""), request.form.get("press", ""))
    address, at = str(person_id), parts.clock()
    write(parts.store, lambda db: _bind(db, parts.chat.name, person_id, at))
    if (file := request.files.get("file")) and file.filename:
        said = replace(said, media=_taken_in(parts, file))
    if said != Heard():
        parts.keep(_update(parts, address, said))
    if "fetch" in request.form:
        return "", 204
    if wish := _wish():
        return redirect(url_for("simulator.first", phones=wish, _anchor=f"phone-{person_id}"), 303)
    return redirect(url_for("simulator.phone", person_id=person_id), 303)


def sign_in(parts: Parts, person_id: int) -> Response:
    """Make a sign-in address for this person and go there."""
    path = write(parts.store, lambda db: _sign_in(db, person_id, parts.clock()))
    return redirect(path, 303)


def _html(db: Db, parts: Parts, person_id: int, id: int) -> str:
    """Return the HTML of a message; that of a digest is made again, as chats do not keep it."""
    told = told_once(db, _find(holders(db), person_id).id, id)
    if told is None or told.message.opening is None or told.message.kind != DIGEST:
        return told.message.html if told else ""
    week = told.message.token.partition(".")[2]
    return told.message.html or parts.digest_html(db, week, told.message.opening.language, told.at)


def _wish() -> str:
    return request.values.get("phones", "")


def _moment(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def _said(text: str, press: str) -> Heard:
    token, _, option = press.rpartition(":")
    if token and option.isascii() and option.isdigit():
        return Heard(press=Press(token, int(option)))
    return Heard(text=text.replace("\r\n", "\n").strip()[:LONGEST])


def _taken_in(parts: Parts, file: FileStorage) -> Media:
    """Return what is attached, kept until the worker fetches it as from a provider."""
    content, declared = file.stream.read(), clean(file.mimetype)
    name = clean_name((file.filename or "").replace("\\", "/").rpartition("/")[2])
    return Media(kind_of(declared), parts.chat.take_in(content), name, declared, len(content))


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
    phones = _phones(people, parts, person_id)
    return render_template(
        "simulator.html",
        people=people,
        officer=next((one for one in people if one.role == Role.OFFICER), None),
        language_names=LANGUAGE_NAMES,
        roles=programme.roles,
        cities=programme.cities,
        choice=choice,
        most_bytes=MOST_BYTES,
        phones=[_words(db, parts, one) for one in phones],
        shown=phones,
        moved="moved" in request.args,
        **_clock(db, parts, phones),
    )


def _phones(people: Sequence[Holder], parts: Parts, person_id: int | None) -> list[Phone]:
    person = _find(people, person_id) if person_id is not None else None
    wished = phones_named(_wish(), people, parts.cast) if person is None else []
    return wished or first_phones(person, people, parts.cast)


def _one_phone(db: Db, parts: Parts, person_id: int) -> dict[str, Any]:
    wish = f"{_find(holders(db), person_id).id}.{request.args.get('as', '')}"
    return _words(db, parts, phones_named(wish, holders(db), parts.cast)[0])


def _words(db: Db, parts: Parts, phone: Phone) -> dict[str, Any]:
    """Return what the phone itself shows: its bubbles, in the language of who holds it."""
    programme, holder = parts.programmes.programme(db), phone.holder
    locale = programme.locale(holder.language, programme.cities.get(holder.city or ""))
    zone = zone_of(holder.timezone, programme.secretariat.timezone)
    spoken = thread_of(db, holder.id, f"{parts.chat.name}:{holder.id}", parts.clock())
    return {
        "phone": phone,
        "holder": holder,
        "now": screen(spoken, zone, partial(_heard, parts), RENDERINGS[phone.channel]),
        "theirs": parts.voices[holder.language],
        "their_direction": direction(holder.language),
        "cost": cost,
        "kind_in_words": kind_in_words,
        "first_word": shown("report" if holder.city else "status", holder.language),
        "day_words": partial(day_words, locale=locale),
    }


def _clock(db: Db, parts: Parts, phones: Sequence[Phone] | None = None) -> dict[str, Any]:
    """Return what the clock says where the phones are, and the next events on them, else on any phone."""
    at, say, programme, people = parts.clock(), voice(parts), parts.programmes.programme(db), holders(db)
    if phones is None:
        phones = _phones(people, parts, None)
    planned = parts.upcoming(db, at, DAYS)
    here = {one.holder.id: one.holder for one in phones}
    events = next_events(planned, here, programme, at, say) or next_events(
        planned, {one.id: one for one in people}, programme, at, say
    )
    zones = places(phones, programme, say)
    return {
        "at": at,
        "hours": [(name, short_words(at.astimezone(zone), say.locale)) for name, zone in zones.items()],
        "events": events,
        "hour_on": at + HOUR,
        "wish": wish_of(phones),
    }


def _heard(parts: Parts, body: bytes) -> Heard | None:
    """Return what a body of the simulator says; None for one of another channel."""
    try:
        read = parts.chat.parse(body)
    except BodyError:
        return None
    return next((one.heard for one in read if isinstance(one, Inbound)), None)


def _find(people: Sequence[Holder], person_id: int) -> Holder:
    found = next((one for one in people if one.id == person_id), None)
    return found or abort(404)
