"""Signing in by a one-time address, and signing out."""

from flask import Blueprint, g, redirect, render_template, session, url_for
from werkzeug.wrappers import Response

from console.parts import Parts, given
from models.db import read, write
from models.signin import is_open, sign_out, use_sign_in


def rooms(parts: Parts) -> Blueprint:
    """Return the blueprint of sign-in and sign-out."""
    room = Blueprint("signin", __name__)
    room.add_url_rule("/sign-in", "how", given(parts, how))
    room.add_url_rule("/sign-in/<token>", "door", given(parts, door))
    room.add_url_rule("/sign-in/<token>", "enter", given(parts, enter), methods=["POST"])
    room.add_url_rule("/sign-out", "leave", given(parts, leave), methods=["POST"])
    return room


def how(parts: Parts) -> str:
    """Return the page that tells how to get a sign-in address."""
    return render_template("sign_in_how.html")


def door(parts: Parts, token: str) -> tuple[str, int]:
    """Return one page with one button; looking burns nothing, so link previews do no harm."""
    works = read(parts.store, lambda db: is_open(db, token, parts.clock()))
    return (render_template("sign_in.html"), 200) if works else _gone()


def enter(parts: Parts, token: str) -> tuple[str, int] | Response:
    """Burn the address and open a session under a new id; 410 for a used or expired address."""
    session_id = write(parts.store, lambda db: use_sign_in(db, token, parts.clock()))
    if session_id is None:
        return _gone()
    session.clear()
    session["id"] = session_id
    return redirect(url_for("cities.home"), 303)


def leave(parts: Parts) -> Response:
    """End the session."""
    session_id = session.get("id", "")
    write(parts.store, lambda db: sign_out(db, session_id, parts.clock()))
    session.clear()
    g.reader = None
    return redirect(url_for("signin.how"), 303)


def _gone() -> tuple[str, int]:
    return render_template("sign_in_gone.html"), 410
