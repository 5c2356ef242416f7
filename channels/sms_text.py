"""How many parts an SMS is billed as, and how to write it in fewer (GSM 03.38; platforms 4.5)."""

import re
import unicodedata
from functools import cache

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")  # each takes two septets
_GSM = _BASIC | _EXTENDED
_LIKE = {
    "’": "'",
    "‘": "'",
    "‚": "'",
    "“": '"',
    "”": '"',
    "„": '"',
    "«": '"',
    "»": '"',
    "…": "...",
    "–": "-",
    "—": "-",
    "‑": "-",
    "−": "-",
    "•": "-",
    "·": "-",
    "×": "x",
    "œ": "oe",
    "Œ": "OE",
    "ª": "a",
    "º": "o",
    "°": "o",
    "\t": " ",
    "\u00a0": " ",
    "\u202f": " ",
    "\u2009": " ",
    "\u200b": "",
    "\u2060": "",
    "\u2066": "",
    "\u2067": "",
    "\u2068": "",
    "\u2069": "",
    "\u200e": "",
    "\u200f": "",
}
_RIGHT_TO_LEFT_MARK = "\u200f"
_QUOTED = re.compile("«[ \u00a0\u202f]|[ \u00a0\u202f]»")
_SINGLE, _PART = {True: 160, False: 70}, {True: 153, False: 67}  # units: septets, or UTF-16 units


def is_gsm(text: str) -> bool:
    """Tell whether every character is of the GSM 7-bit alphabet or its extension."""
    return _GSM.issuperset(text)


def units(text: str) -> int:
    """Return septets where the text is GSM-7, else UTF-16 units."""
    if is_gsm(text):
        return len(text) + sum(character in _EXTENDED for character in text)
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def parts(text: str) -> int:
    """Return how many messages are billed: 160 or 70 units in one, 153 or 67 in each of several."""
    gsm, needed = is_gsm(text), units(text)
    return 1 if needed <= _SINGLE[gsm] else -(-needed // _PART[gsm])


def in_parts(text: str) -> tuple[str, ...]:
    """Return the text cut as it travels; phones put the parts together again."""
    gsm = is_gsm(text)
    if units(text) <= _SINGLE[gsm]:
        return (text,)
    cut, room = [""], _PART[gsm]
    for character in text:
        needed = 1 + (character in _EXTENDED if gsm else character > "\uffff")
        if needed > room:
            cut.append("")
            room = _PART[gsm]
        cut[-1] += character
        room -= needed
    return tuple(cut)


def folded(text: str) -> str:
    """Return the text without accents and typographic signs where that takes fewer parts, else as it is."""
    if is_gsm(text):
        return text
    plain = "\n".join(map(_begun_right, "".join(map(_plain, _QUOTED.sub('"', text))).split("\n")))
    return plain if parts(plain) < parts(text) else text


def _begun_right(line: str) -> str:
    """Return a line with Arabic behind a Latin beginning, such as `M05`, still laid out from the right.

    The isolates that kept it so are gone; the mark costs one sign, they cost two each.
    """
    directions = [unicodedata.bidirectional(character) for character in line]
    first = next((each for each in directions if each in ("L", "R", "AL")), "")
    return _RIGHT_TO_LEFT_MARK + line if first == "L" and "AL" in directions else line


@cache
def _plain(character: str) -> str:
    """Return the nearest GSM-7 writing of a character, or the character where there is none."""
    if is_gsm(character):
        return character
    if character in _LIKE:
        return _LIKE[character]
    base = unicodedata.normalize("NFD", character)[0]
    return base if is_gsm(base) else character
