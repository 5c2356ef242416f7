"""A language column is matched to the bot's languages however its author named it."""

import pytest

from bot.forms.languages import recognise


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("English (en)", "en"),
        ("English(en)", "en"),
        ("English", "en"),
        ("en", "en"),
        ("EN", "en"),
        ("en-GB", "en"),
        ("English (en-GB)", "en"),
        ("Anglais", "en"),
        ("Français (fr)", "fr"),
        ("Français", "fr"),
        ("francais", "fr"),
        ("French", "fr"),
        ("fra", "fr"),
        ("fr_FR", "fr"),
        ("Português (pt)", "pt"),
        ("Portugues", "pt"),
        ("Portuguese (pt-MZ)", "pt"),
        ("pt-BR", "pt"),
        ("العربية", "ar"),
        ("العربية (ar)", "ar"),
        ("Arabic", "ar"),
        ("عربي", "ar"),
        ("اللغة العربية", "ar"),
        (" ar ", "ar"),
        ("Kiswahili (sw)", "Kiswahili (sw)"),
        ("Swahili", "Swahili"),
        ("Enga", "Enga"),
        ("French sign language", "French sign language"),
    ],
)
def test_a_language_is_recognised_or_kept(name: str, language: str) -> None:
    assert recognise(name) == language
