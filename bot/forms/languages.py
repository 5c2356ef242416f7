"""The languages of a form's columns, matched to the bot's four where they can be."""

import re
import unicodedata
from functools import lru_cache

_CODE = re.compile(r"\(\s*([A-Za-z]{2,3})(?:[-_][A-Za-z0-9]+)*\s*\)\s*$")

# ISO 639-2 knows some languages by two codes (fre, fra); forms use both.
_NAMES = {
    "en": "en eng english anglais ingles inglesa inglês الإنجليزية الانجليزية إنجليزي",
    "fr": "fr fra fre french français francais francês frances الفرنسية فرنسي",
    "pt": "pt por portuguese português portugues portugais البرتغالية برتغالي",
    "ar": "ar ara arabic arabe árabe العربية عربية عربي اللغة_العربية",
}


def _fold(text: str) -> str:
    """Lower case, no accents, no marks: enough to compare names of languages."""
    plain = unicodedata.normalize("NFKD", text.casefold().strip())
    return "".join(c for c in plain if not unicodedata.combining(c)).replace(" ", "_")


_CODES = {_fold(name): code for code, names in _NAMES.items() for name in names.split()}


@lru_cache(maxsize=256)  # a long form asks for each of its cells
def recognise(name: str) -> str:
    """Return `en`, `fr`, `pt` or `ar` for a language column's name, or the name as the form has it.

    The code in brackets counts first (XLSForm, "Multiple language support": `label::English (en)`), then
    the name in any of the four languages, then a bare code, a region after it not counted.
    """
    stripped = name.strip()
    in_brackets = _CODE.search(stripped)
    before = stripped.split("(", 1)[0]
    region_less = re.split(r"[-_]", before, maxsplit=1)[0]
    for candidate in (in_brackets.group(1) if in_brackets else "", before, region_less):
        if code := _CODES.get(_fold(candidate)):
            return code
    return stripped
