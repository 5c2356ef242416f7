"""Griot's voices: the catalogs of `locales/`, one voice a language."""

from collections.abc import Mapping
from functools import cache
from gettext import GNUTranslations
from pathlib import Path

from bot.say import Voice
from bot.values import LANGUAGES, Say


@cache
def voices(locales: Path) -> Mapping[str, Say]:
    """Return the voice of each language, the same to all; raise FileNotFoundError without a compiled catalog.

    Turns, schedule and pages of one process share the catalogs: each is read once.
    """
    return {language: _voice(language, locales) for language in LANGUAGES}


def _voice(language: str, locales: Path) -> Voice:
    with (locales / language / "LC_MESSAGES" / "griot.mo").open("rb") as compiled:
        return Voice(language, GNUTranslations(compiled))
