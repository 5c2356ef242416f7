"""Forms in somebody's hands, for tests of the engine."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from gettext import NullTranslations
from pathlib import Path

from bot import engine
from bot.forms.form import Form
from bot.forms.read import read_form
from bot.say import Voice
from bot.session import Filling, Session
from bot.values import Heard, Value
from griot.settings import data_folder

AT = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)
HIDDEN = {"city": "Niamey", "period": "week 48", "milestone_name": "Roadmap"}
NINE = sorted(path.stem for path in (data_folder("programmes") / "aston" / "forms").glob("*.md"))


@cache
def form_named(name: str) -> Form:
    """Return one of the programme's forms."""
    file: Path = data_folder("programmes") / "aston" / "forms" / f"{name}.md"
    return read_form(file.read_bytes(), file.name)


def a_filling(
    form: Form | str = "weekly_update",
    given: Mapping[str, Value] | None = None,
    language: str = "en",
    previous: Mapping[str, Value] | None = None,
) -> Filling:
    """Return a form with these answers, at its first open question."""
    form = form_named(form) if isinstance(form, str) else form
    voice = Voice(language, NullTranslations())
    filling = Filling(form, Session(given or {}), HIDDEN, AT, voice, previous or {}, "q1")
    return engine.start(filling).filling


def after(filling: Filling, *replies: str) -> Filling:
    """Return the filling after these replies."""
    for reply in replies:
        filling = engine.step(filling, Heard(text=reply)).filling
    return filling
