"""The page of what a person has to look at: replies set aside, messages that may not have arrived."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, g, redirect, render_template, url_for
from werkzeug.wrappers import Response

from bot.budgeting import budget_alert
from bot.faults import fault_words
from bot.values import Say
from console.cities import only_signed_in
from console.dates import moment_words
from console.pages import reach, voice
from console.parts import Parts, given
from models.attention import worries
from models.audit import What, record, somebody
from models.base import Db
from models.db import read, write
from models.fault import faults
from models.inbox import replay
from models.ladder import send_again
from models.person import Role
from models.spending import spending

AGAIN = "/attention/<int(max=2147483647):row_id>/replay"
SEND = "/attention/<int(max=2147483647):row_id>/send"
MAY_REPLAY = (Role.OFFICER, Role.ADMIN)


def rooms(parts: Parts) -> Blueprint:
    """Return the blueprint of the page; only for who reads every city."""
    room = Blueprint("attention", __name__)
    room.before_request(only_signed_in)
    room.add_url_rule("/attention", "show", given(parts, show))
    room.add_url_rule(
        "/attention/<int(max=2147483647):row_id>/replay", "again", given(parts, again), methods=["POST"]
    )
    room.add_url_rule(SEND, "send", given(parts, send), methods=["POST"])
    return room


def show(parts: Parts) -> str:
    """Return the list; 404 for who reads one city only."""
    if not reach().every_city:
        abort(404)
    return read(parts.store, lambda db: _page(db, parts))


def again(parts: Parts, row_id: int) -> Response:
    """Handle a reply that was set aside once more; 404 for others than officers and unknown replies."""
    return _done(parts, What.REPLY_REPLAYED, f"in:{row_id}", lambda db: replay(db, row_id, parts.clock()))


def send(parts: Parts, row_id: int) -> Response:
    """Send a message once more that may not have left; 404 for others than officers and other messages."""
    by, at = g.reader.id, parts.clock()
    return _done(parts, What.MESSAGE_RESENT, f"out:{row_id}", lambda db: send_again(db, row_id, by, at))


def _done(parts: Parts, what: What, subject: str, do: Callable[[Db], bool]) -> Response:
    """Return to the list after an officer's change, which is recorded; 404 where there is none to make."""

    def work(db: Db) -> bool:
        if is_done := do(db):
            record(db, somebody(g.reader.id), what, subject, parts.clock())
        return is_done

    if g.reader.role not in MAY_REPLAY or not write(parts.store, work):
        abort(404)
    return redirect(url_for("attention.show"), 303)


def _page(db: Db, parts: Parts) -> str:
    programme, say = parts.programmes.programme(db), voice(parts)
    zone, locale = ZoneInfo(programme.secretariat.timezone), programme.locale(say.language)

    def _moment(at: datetime) -> str:
        return moment_words(at.astimezone(zone), locale)

    found = [(worry, _moment(worry.at)) for worry in worries(db)]
    broken = [
        (fault_words(say, one.kind, one.subject, one.code, one.detail), _moment(one.since))
        for one in faults(db)
    ]
    may_replay = g.reader.role in MAY_REPLAY
    return render_template(
        "attention.html",
        found=found,
        broken=broken,
        may_replay=may_replay,
        budget=budget_lines(db, parts, say),
    )


def budget_lines(db: Db, parts: Parts, say: Say) -> list[str]:
    """Return a sentence for each limit of the budget that is nearly or wholly used."""
    programme = parts.programmes.programme(db)
    spoken = say.of(programme.locale(say.language))
    uses = spending(db, programme, parts.clock()).uses
    return [budget_alert(spoken, programme, use) for use in uses if use.level]
