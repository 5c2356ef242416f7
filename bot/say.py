"""Griot's voice: whole sentences from the catalogs, in one language."""

import re
import unicodedata
from gettext import NullTranslations

FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"
LEFT_TO_RIGHT_MARK, RIGHT_TO_LEFT_MARK = "\u200e", "\u200f"
_ISOLATED = re.compile(f"{FIRST_STRONG_ISOLATE}[^{FIRST_STRONG_ISOLATE}{POP_ISOLATE}]*{POP_ISOLATE}")


def isolate(value: str) -> str:
    """Return the value wrapped so that its direction disturbs nothing around it (Unicode UAX 9)."""
    return f"{FIRST_STRONG_ISOLATE}{value}{POP_ISOLATE}"


def begun_right(text: str) -> str:
    """Return an Arabic text each of whose lines is laid out from the right.

    A line's direction is that of its first strong character outside isolates (Unicode UAX 9, P2): a line of
    isolated values alone has none and gets a mark. Texts without isolates, those of other languages, stay.
    """
    if not is_isolating(text):
        return text
    return "\n".join(line if _begins_right(line) else RIGHT_TO_LEFT_MARK + line for line in text.split("\n"))


def is_isolating(text: str) -> bool:
    """Tell whether values stand in a text that is written from the right."""
    return FIRST_STRONG_ISOLATE in text


def _begins_right(line: str) -> bool:
    outside, count = _ISOLATED.subn("", line)
    while count:
        outside, count = _ISOLATED.subn("", outside)
    directions = (unicodedata.bidirectional(c) for c in outside)
    first = next((each for each in directions if each in ("L", "R", "AL")), "")
    return outside == line or first in ("R", "AL")


class Voice:
    """Says sentences in one language; parts are isolated in Arabic."""

    def __init__(self, language: str, catalog: NullTranslations, locale: str = "") -> None:
        self.language = language
        self.locale = locale or language
        self._catalog = catalog

    def of(self, locale: str) -> "Voice":
        """Return the same voice with the dates of a country, such as `ar_MA`."""
        return Voice(self.language, self._catalog, locale)

    def __call__(self, sentence: str, /, **parts: object) -> str:
        """Return the sentence of the catalog with its parts put in."""
        return self._filled(self._catalog.gettext(sentence), parts)

    def count(self, one: str, many: str, n: int, /, **parts: object) -> str:
        """Return the counted sentence for n, with `{n}` and the other parts put in."""
        return self._filled(self._catalog.ngettext(one, many, n), {"n": n, **parts})

    def value(self, text: str) -> str:
        """Return a value as it is put into a text of this language."""
        return isolate(text) if self.language == "ar" and text else text

    def _filled(self, sentence: str, parts: dict[str, object]) -> str:
        return sentence.format(**{name: self.value(str(part)) for name, part in parts.items()})
