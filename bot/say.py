"""Griot's voice: whole sentences from the catalogs, in one language."""

import re
import unicodedata
from collections.abc import Iterator
from gettext import NullTranslations

FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"
LEFT_TO_RIGHT_MARK, RIGHT_TO_LEFT_MARK = "\u200e", "\u200f"
_FROM_THE_RIGHT = frozenset({"R", "AL"})
_ISOLATED = re.compile(f"{FIRST_STRONG_ISOLATE}[^{FIRST_STRONG_ISOLATE}{POP_ISOLATE}]*{POP_ISOLATE}")


def isolate(value: str) -> str:
    """Return the value wrapped so that its direction disturbs nothing around it (Unicode UAX 9)."""
    return f"{FIRST_STRONG_ISOLATE}{value}{POP_ISOLATE}"


def begun_right(text: str) -> str:
    """Return an Arabic text each of whose lines is laid out from the right.

    A line's direction is that of its first strong character outside isolates (Unicode UAX 9, P2): a line of
    isolated values alone has none and gets a mark. Texts of other languages stay, also where a person pasted
    isolates into one.
    """
    if not is_isolating(text):
        return text
    return "\n".join(line if _begins_right(line) else RIGHT_TO_LEFT_MARK + line for line in text.split("\n"))


def is_isolating(text: str) -> bool:
    """Tell whether values stand in a text that is written from the right.

    A text of Latin letters alone is not, whatever a person pasted into it.
    """
    if FIRST_STRONG_ISOLATE not in text:
        return False
    return not _FROM_THE_RIGHT.isdisjoint(_directions(text)) or "L" not in _directions(_outside(text))


def _begins_right(line: str) -> bool:
    outside = _outside(line)
    return outside == line or next(_directions(outside), "") in _FROM_THE_RIGHT


def _outside(text: str) -> str:
    """Return what stands outside isolates, however deep they lie in one another."""
    outside, count = _ISOLATED.subn("", text)
    while count:
        outside, count = _ISOLATED.subn("", outside)
    return outside


def _directions(text: str) -> Iterator[str]:
    """Return the direction of each strong character in order (Unicode UAX 9, table 4)."""
    found = (unicodedata.bidirectional(character) for character in text)
    return (each for each in found if each == "L" or each in _FROM_THE_RIGHT)


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
