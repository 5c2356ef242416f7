"""What every page shares: who reads it, in which language, and the addresses of its style and script."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, g, request, session, url_for

from bot.values import LANGUAGES, Labels, Say
from console.parts import Parts
from models.db import read, write
from models.demo import is_demo
from models.reach import Reach, reach_of
from models.signin import SEEN_EVERY, Reader, keep_signed_in, signed_in

STATIC = Path(__file__).parent / "static"
STATIC_FILES = "console.static"  # endpoint
SIGNS_APART = re.compile(" (?=[?!:;»](?:\\s|$))")
RIGHT_TO_LEFT = frozenset({"ar"})


def assets() -> Blueprint:
    """Return the blueprint that owns templates, style sheets and scripts."""
    return Blueprint(
        "console", __name__, template_folder="templates", static_folder=STATIC, static_url_path="/static"
    )


def context(parts: Parts) -> dict[str, Any]:
    """Return what every template can use."""
    say = voice(parts)
    return {
        "say": say,
        "direction": direction(say.language),
        "asset": asset,
        "named": named,
        "reader": g.get("reader"),
        "is_demo": parts.is_demo,
        "holds_demo": parts.is_demo or g.get("holds_demo", False),
    }


def direction(language: str) -> str:
    """Return `rtl` or `ltr`."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def named(names: Labels, language: str) -> str:
    """Return the name in the language, else in the first there is."""
    return names.get(language) or next(iter(names.values()), "")


def unbroken(text: str) -> str:
    """Return the text with a no-break space before the signs that French sets apart."""
    return SIGNS_APART.sub("\u00a0", text)


def asset(name: str) -> str:
    """Return the address of a file of ours; it changes with the content, so it may be cached for ever."""
    return url_for("console.static", filename=name, v=_digest(name))


@cache
def _digest(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def voice(parts: Parts) -> Say:
    """Return the voice in the reader's language, else in the best one that the browser accepts."""
    who: Reader | None = g.get("reader")
    if who is not None:
        return parts.voices[who.language]
    wishes = (wish.split("-")[0].lower() for wish in request.accept_languages.values())
    return parts.voices[next((wish for wish in wishes if wish in LANGUAGES), "en")]


def find_reader(parts: Parts) -> None:
    """Keep in `g.reader` who is signed in, or None, and for them what they read; before every page."""
    g.reader = None
    session_id = session.get("id")
    if session_id is None:
        return
    at = parts.clock()
    g.reader, g.holds_demo = read(parts.store, lambda db: (signed_in(db, session_id, at), is_demo(db)))
    if g.reader is not None and at - g.reader.seen_at > SEEN_EVERY:
        write(parts.store, lambda db: keep_signed_in(db, session_id, at))


def reach() -> Reach:
    """Return which cities the reader of this page may read; nothing when nobody is signed in."""
    return Reach() if g.reader is None else reach_of(g.reader.role, g.reader.city)
