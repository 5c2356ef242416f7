"""The page on which a form is looked at before it is published; nothing of it is stored."""

from flask import Blueprint, render_template, request
from werkzeug.datastructures import FileStorage

from bot.forms.form import Form, FormError
from bot.forms.places import place_in_words
from bot.sentence import spoken
from bot.values import LANGUAGE_NAMES
from console.pages import direction, voice
from console.parts import Parts, given
from console.previews import CHANNELS, languages_of, previews
from console.renderings import cost
from models.base import Db
from models.db import read

UPLOAD = "form_preview.look"  # endpoint
MOST_BYTES = 8 << 20  # of an upload: the form and the lists it reads
LONGEST = 2 << 20  # bytes of one file that are taken into memory; one more tells that it is too large


def rooms(parts: Parts) -> Blueprint:
    """Return the blueprint of the page."""
    room = Blueprint("form_preview", __name__, url_prefix="/simulator/form")
    room.add_url_rule("", "show", given(parts, show))
    room.add_url_rule("", "look", given(parts, look), methods=["POST"])
    return room


def show(parts: Parts) -> str:
    """Return the page that asks for a form."""
    return _page()


def look(parts: Parts) -> str | tuple[str, int]:
    """Return the form as each channel would show it, or everything that is wrong with it (422)."""
    chosen = request.files.get("form")
    if chosen is None or not chosen.filename:
        return _page(is_missing=True), 422
    lists = {one.filename: _content(one) for one in request.files.getlist("lists") if one.filename}
    try:
        form = parts.read_form(_content(chosen), chosen.filename, lists)
    except FormError as error:
        say = voice(parts)
        problems = [
            (spoken(place_in_words(one.where), say), spoken(one.message, say), spoken(one.mend, say))
            for one in error.problems
        ]
        return _page(file=chosen.filename, problems=problems), 422
    return read(parts.store, lambda db: _shown(db, parts, form))


def _shown(db: Db, parts: Parts, form: Form) -> str:
    programme = parts.programmes.programme(db)
    seen = previews(form, programme, parts.voices, languages_of(form), parts.clock())
    warnings = [spoken(each, voice(parts)) for each in form.warnings]
    return _page(form=form, previews=seen, warnings=warnings, voices=parts.voices)


def _page(**words: object) -> str:
    return render_template(
        "form_preview.html",
        channels=CHANNELS,
        language_names=LANGUAGE_NAMES,
        direction_of=direction,
        cost=cost,
        **words,
    )


def _content(file: FileStorage) -> bytes:
    return file.stream.read(LONGEST + 1)
