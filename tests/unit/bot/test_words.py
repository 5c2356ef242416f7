"""Words and folding: what a person types is understood in four languages, whatever the keyboard does."""

import pytest

from bot.words import WORDS, Command, command_in, digits, fold, shown


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        pytest.param("  ÉTAT ", "etat", id="accents-case-space"),
        pytest.param("C’est fait !", "c'est fait", id="apostrophe-and-sign"),
        pytest.param("إيقاف", "ايقاف", id="hamza-on-alef"),
        pytest.param("المساعـــدة", "المساعده", id="tatweel-and-taa"),
        pytest.param("لا شيء", "لا شي", id="hamza-alone"),
        pytest.param("\u2067تم\u2069", "تم", id="isolates"),
        pytest.param("٣ / ۹", "3 / 9", id="digits"),
        pytest.param("—", "-", id="dash"),
        pytest.param("؟", "?", id="arabic-question-mark"),
        pytest.param("«=»", "=", id="equals-kept"),
        pytest.param("...", "", id="signs-only"),
    ],
)
def test_folding(written: str, folded: str) -> None:
    """Case, accents, hamza, digits, outer signs and spaces make no difference."""
    assert fold(written) == folded


@pytest.mark.parametrize("text", ["٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "0123456789"])
def test_three_sets_of_digits(text: str) -> None:
    """Arabic-Indic and Extended Arabic-Indic digits become Western ones."""
    assert digits(text) == "0123456789"


@pytest.mark.parametrize(
    ("text", "command"),
    [
        pytest.param("/report", Command("report"), id="slash"),
        pytest.param("Rapport !", Command("report"), id="sign-after"),
        pytest.param("relatorio", Command("report"), id="no-accent"),
        pytest.param("edit 3", Command("edit", "3"), id="number-behind"),
        pytest.param("/modifier ٣", Command("edit", "٣"), id="other-digits-behind"),
        pytest.param("report Budget Report", Command("report", "Budget Report"), id="name-behind"),
        pytest.param("rapport form lag_meeting", Command("form", "lag_meeting"), id="two-languages"),
        pytest.param("relatório formulaire", Command("form"), id="two-languages-alone"),
        pytest.param("language fr", Command("language", "fr"), id="language"),
        pytest.param("تعديل ٣", Command("edit", "٣"), id="arabic"),
        pytest.param("stop please", None, id="stop-is-the-whole-message"),
        pytest.param("nothing new", None, id="only-whole-messages"),
        pytest.param("reporting", None, id="not-a-beginning"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_commands(text: str, command: Command | None) -> None:
    """A word counts as a whole message, with or without a slash; only some take a rest."""
    assert command_in(text) == command


@pytest.mark.parametrize("name", WORDS)
def test_every_word_is_understood_as_written(name: str) -> None:
    """Each word of each language leads to its command, in capitals too."""
    for words in WORDS[name].values():
        for word in words:
            assert command_in(word) == Command(name)
            assert command_in(word.upper()) == Command(name)


def test_no_word_means_two_things() -> None:
    """No two commands share a word: what it does never depends on the language."""
    owners: dict[str, set[str]] = {}
    for name, by_language in WORDS.items():
        for words in by_language.values():
            for word in words:
                owners.setdefault(fold(word), set()).add(name)
    assert {word: names for word, names in owners.items() if len(names) > 1} == {}


def test_words_as_they_are_shown() -> None:
    """Capitals in Latin letters, guillemets in Arabic."""
    assert shown("report", "pt") == "RELATÓRIO"
    assert shown("report", "ar") == "«تقرير»"


@pytest.mark.parametrize(
    "word", ["STOP", "Unsubscribe.", "arrêt", "ARRET", "stopper", "parar", "Sair!", "إيقاف", "ايقاف", "توقف"]
)
def test_words_that_stop_everything(word: str) -> None:
    """Those that a provider wants heard (platforms.md 4.6), however they are typed, alone only."""
    assert command_in(word) == Command("stop")
    assert command_in(f"{word} 2") != Command("stop")
    assert command_in(f"x {word}") is None


def test_to_cancel_a_report_stops_nothing() -> None:
    """No word of cancelling is, or begins with, a word of stopping, in any language."""
    stops, cancels = (
        {fold(word) for words in WORDS[name].values() for word in words} for name in ("stop", "cancel")
    )
    assert not stops & cancels
    assert not [cancel for cancel in cancels if any(cancel.split()[0] == stop for stop in stops)]
