"""Griot's voices: the catalogs of `locales/`, one voice a language."""

from collections.abc import Mapping
from gettext import GNUTranslations
from pathlib import Path

from bot.say import Voice
from bot.values import LANGUAGES, Say


def voices(locales: Path) -> Mapping[str, Say]:
    """Return the voice of each language; raise FileNotFoundError when a catalog is not compiled."""
    return {language: _voice(language, locales) for language in LANGUAGES}


def _voice(language: str, locales: Path) -> Voice:
    with (locales / language / "LC_MESSAGES" / "griot.mo").open("rb") as compiled:
        return Voice(language, GNUTranslations(compiled))
