"""The words of `or_other` in the form's languages: pyxform writes its choice and question in English only."""

from collections.abc import Iterable

from bot.forms.form import Texts

WARNING = "This form uses or_other and translations"  # how pyxform's own begins; untrue of these languages
_WORDS = {
    "Other": {"en": "Other", "fr": "Autre", "pt": "Outro", "ar": "غير ذلك"},
    "Specify other.": {
        "en": "Specify other.",
        "fr": "Précisez.",
        "pt": "Especifique.",
        "ar": "يرجى التحديد.",
    },
}


def translated(texts: Texts, languages: Iterable[str]) -> Texts:
    """Return a text that pyxform wrote in its words for each language that has them; others as they are."""
    said = set(texts.values())
    english = str(next(iter(said))[0]) if len(said) == 1 else ""
    words = {language: _WORDS.get(english, {}).get(language, english) for language in languages}
    return {language: (word,) for language, word in words.items()} if english in _WORDS and words else texts


def is_spoken(languages: Iterable[str]) -> bool:
    """Return whether the words are there in all these languages."""
    return set(languages) <= _WORDS["Other"].keys()
