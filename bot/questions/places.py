"""Reading of a place as people write it: degrees, minutes, maps' links."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from bot.words import unmarked


@dataclass(frozen=True, slots=True)
class Place:
    """A place, WGS 84 degrees, and whether the writing allows another one."""

    latitude: float
    longitude: float
    is_doubtful: bool = False


_NUMBER = r"[-+]?\d{1,3}(?:\.\d+)?"
_IN_LINKS = tuple(  # the surest first: a pin, then a query, then the middle of the view
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"!3d({_NUMBER})!4d({_NUMBER})",
        rf"mlat=({_NUMBER})&(?:amp;)?mlon=({_NUMBER})",
        rf"[?&](?:q|query|ll|daddr|destination|center)=(?:loc:)?\s*({_NUMBER})\s*,\s*\+?({_NUMBER})",
        rf"/(?:place|search|dir)/({_NUMBER}),\+?({_NUMBER})",
        rf"@({_NUMBER}),({_NUMBER})",
        rf"#map=\d+(?:\.\d+)?/({_NUMBER})/({_NUMBER})",
        rf"geo:({_NUMBER}),({_NUMBER})",
    )
)
_PLAIN = re.compile(rf"\(?\s*({_NUMBER})°?\s*[,;/\s]\s*({_NUMBER})°?\s*\)?")
_WITH_COMMAS = re.compile(r"([-+]?\d{1,3},\d+)°?(?:\s+|\s*[;/]\s*)([-+]?\d{1,3},\d+)°?")
_ONLY_COMMAS = re.compile(r"([-+]?\d{1,3},\d+)\s*,\s*([-+]?\d{1,3},\d+)")
_TWO_WHOLE = re.compile(r"[-+]?\d{1,3},\d{1,3}")  # `13,5`: two numbers, or one
_SIDES = {
    "n": ("n", "north", "nord", "norte", "شمالا", "شمال", "ش"),
    "s": ("s", "south", "sud", "sul", "جنوبا", "جنوب", "ج"),
    "e": ("e", "east", "est", "leste", "este", "l", "شرقا", "شرق", "ق"),
    "w": ("w", "west", "ouest", "oeste", "o", "غربا", "غرب", "غ"),
}
_BY_WORD = {word: side for side, words in _SIDES.items() for word in words}
_SIDE = "|".join(sorted(_BY_WORD, key=len, reverse=True))
_DEGREES = (
    r"(\d{1,3}(?:[.,]\d+)?)\s*(?:°|º|deg|d)?\s*"
    r"(?:(\d{1,2}(?:[.,]\d+)?)\s*(?:'|′|m(?:in)?\b)\s*(?:(\d{1,2}(?:[.,]\d+)?)\s*(?:\"|″|''|s(?:ec)?\b)?)?)?"
)
_SIDED = re.compile(rf"{_DEGREES}\s*({_SIDE})\s*[,;/]?\s*{_DEGREES}\s*({_SIDE})")
_SIDED_FIRST = re.compile(rf"({_SIDE})\s*{_DEGREES}\s*[,;/]?\s*({_SIDE})\s*{_DEGREES}")
_LONGEST = 2000  # characters of a link
_LONGEST_WRITTEN = 100


def read_place(text: str) -> Place | None:
    """Return the place that a text or a map's link says, None when it says none; it may lie off the globe."""
    if len(text) > _LONGEST:
        return None
    if re.search(r"https?://|geo:|maps?\.", text, re.IGNORECASE):
        return _linked(text)
    if len(text) > _LONGEST_WRITTEN:
        return None
    said = unmarked(text).replace("\u066b", ".").replace("،", ",").replace("؛", ";").replace("”", '"')
    said = re.sub(
        r"^(?:gps|coord\w*|position|location)\s*:?\s*|(?:lat\w*|lon\w*|lng)\s*[:=]?\s*", "", said
    ).strip(" .")
    if found := _PLAIN.fullmatch(said):
        return Place(float(found[1]), float(found[2]), _TWO_WHOLE.fullmatch(said) is not None)
    if found := _WITH_COMMAS.fullmatch(said):
        return Place(_float(found[1]), _float(found[2]))
    if found := _ONLY_COMMAS.fullmatch(said):
        return Place(_float(found[1]), _float(found[2]), is_doubtful=True)
    return _sided(said)


def _linked(text: str) -> Place | None:
    plain = unquote(text)
    found = next((found for pattern in _IN_LINKS if (found := pattern.search(plain))), None)
    return Place(float(found[1]), float(found[2])) if found else None


def _sided(said: str) -> Place | None:
    """Read degrees with their side of the globe, in either order: `13°30'N 2°06'E`."""
    if found := _SIDED.fullmatch(said):
        first, second = (found[4], found.group(1, 2, 3)), (found[8], found.group(5, 6, 7))
    elif found := _SIDED_FIRST.fullmatch(said):
        first, second = (found[1], found.group(2, 3, 4)), (found[5], found.group(6, 7, 8))
    else:
        return None
    by_axis: dict[str, float] = {}
    for word, parts in (first, second):
        side = _BY_WORD[word]
        degrees = _degrees(parts)
        by_axis["latitude" if side in "ns" else "longitude"] = -degrees if side in "sw" else degrees
    return Place(by_axis["latitude"], by_axis["longitude"]) if len(by_axis) == 2 else None


def _degrees(parts: tuple[str | None, ...]) -> float:
    degrees, minutes, seconds = (_float(part or "0") for part in parts)
    return round(degrees + minutes / 60 + seconds / 3600, 6)


def _float(text: str) -> float:
    return float(text.replace(",", "."))
