"""Reading of a time of day as people write it, in four languages."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import time

from bot.words import any_of, unmarked


@dataclass(frozen=True, slots=True)
class Hour:
    """A time of day understood, and whether the writing allows another one."""

    time: time
    is_doubtful: bool = False


Fits = Callable[[time], bool]
_HALVES = {  # the half of the day that a word names
    "am": any_of(
        "am, a.m., a.m, in the morning, this morning, morning, du matin, matin, da manhã, de manhã,"
        " manhã, da madrugada,"
        " de la mañana, صباحا, الصبح, صباح, في الصباح, ص"
    ),
    "pm": any_of(
        "pm, p.m., p.m, in the afternoon, in the evening, at night, afternoon, evening,"
        " de l'après-midi, après-midi,"
        " de l'après midi, du soir, soir, da tarde, de tarde, à tarde, tarde, da noite, à noite, noite,"
        " مساء, المساء,"
        " بعد الظهر, ظهرا, عصرا, العصر, ليلا, في المساء, م"
    ),
}
_WORDS = {
    time(12): any_of("noon, midday, 12 noon, midi, meio-dia, meio dia, الظهر, ظهرا, منتصف النهار, عند الظهر"),
    time(0): any_of("midnight, 12 midnight, minuit, meia-noite, meia noite, منتصف الليل"),
}
_BEFORE = re.compile(
    rf"(?:{any_of('at, around, à, vers, a, à la, às, as, pelas, ao, o, الساعة, على الساعة, في, عند')})\s+"
)
_THE_HOUR = unmarked("الساعة")
_HOUR_WORDS = any_of("o'clock, oclock, hours, hour, hrs, hr, h, heures, heure, horas, hora, uhr, hs")
_ORDINALS = {  # `الساعة الثالثة`: the third hour
    unmarked(word): str(hour)
    for hour, words in {
        1: "الواحدة",
        2: "الثانية",
        3: "الثالثة",
        4: "الرابعة",
        5: "الخامسة",
        6: "السادسة",
        7: "السابعة",
        8: "الثامنة",
        9: "التاسعة",
        10: "العاشرة",
        11: "الحادية عشرة, الحادية عشر",
        12: "الثانية عشرة, الثانية عشر",
    }.items()
    for word in words.split(",")
}
_ORDINAL = re.compile("|".join(sorted(_ORDINALS, key=len, reverse=True)))
_QUARTERS = {
    30: any_of("et demie, et demi, e meia, e trinta, ونصف, والنصف, و نصف"),
    15: any_of("et quart, e um quarto, e quinze, وربع, والربع, و ربع"),
    -15: any_of("moins le quart, moins quart, menos um quarto, إلا ربع, إلا الربع, الا ربع"),
}
_PAST = re.compile(r"(half past|quarter past|quarter to) (\d{1,2})")
_PAST_MINUTES = {"half past": 30, "quarter past": 15, "quarter to": -15}
_CLOCK = re.compile(
    rf"(?P<hour>\d{{1,2}})(?P<word>\s*(?:{_HOUR_WORDS})(?![^\W\d_]))?"
    r"(?:(?P<sign>\s*[:.,]\s*|(?<=[hsra\s])\s*)(?P<minute>\d{2})(?::\d{2}(?:\.\d+)?)?"
    r"\s*(?:minutes|min|mn|m|h|hrs)?)?"
    rf"(?:\s+(?P<quarter>{'|'.join(_QUARTERS.values())}))?"
)
_RUN = re.compile(r"([01]?\d|2[0-3])([0-5]\d)(?:\s*(?:hrs|hours|h))?")
_EARLY = range(1, 7)  # hours that people rarely mean in the night


def read_hour(text: str, fits: Fits) -> Hour | None:
    """Return the time of day that a text says, None when it says none.

    In doubt: an hour from 1 to 6 without a half of the day (the afternoon, when that fits), a number alone.
    """
    said = unmarked(text).replace("\u066b", ".").replace("،", ",").strip(" .,;!()")
    said = _ORDINAL.sub(lambda found: _ORDINALS[found[0]], said, count=1)
    is_hour = said.startswith(_THE_HOUR)
    said = said[found.end() :] if (found := _BEFORE.match(said)) else said
    for moment, words in _WORDS.items():
        if re.fullmatch(words, said):
            return Hour(moment)
    said, half = _half_in(said)
    if past := _PAST.fullmatch(said):
        return _hour(int(past[2]), _PAST_MINUTES[past[1]], half, fits)
    if (run := _RUN.fullmatch(said)) and len(run[1]) + len(run[2]) == 4:
        found_time = _hour(int(run[1]), int(run[2]), half or "24", fits)
        return Hour(found_time.time, is_doubtful=True) if found_time else None
    clock = _CLOCK.fullmatch(said)
    return _by_clock(clock, half, is_hour, fits) if clock else None


def _by_clock(clock: re.Match[str], half: str, is_hour: bool, fits: Fits) -> Hour | None:
    is_number = not (clock["word"] or clock["minute"] or half or is_hour)
    if clock["minute"] and not clock["word"] and not (clock["sign"] or "").strip():
        return None  # two numbers
    minutes = int(clock["minute"] or 0) + _quarter(clock["quarter"])
    is_padded = len(clock["hour"]) == 2 and clock["hour"].startswith("0") and bool(clock["minute"])
    found = _hour(int(clock["hour"]), minutes, half or ("24" if is_padded else ""), fits)
    is_point = (clock["sign"] or "").strip() in (".", ",") and not half  # `14.30` may be a number
    return Hour(found.time, found.is_doubtful or is_number or is_point) if found else None


def _half_in(said: str) -> tuple[str, str]:
    """Return the text without the words of a half of the day, and that half ("am", "pm" or "")."""
    for half, words in _HALVES.items():
        if found := re.search(rf"(?:(?<=\d)|\s|^)\s*(?:{words})\.?$", said):
            return said[: found.start()].rstrip(" ,."), half
        if found := re.match(rf"(?:{words})\s+(?=\d)", said):
            return said[found.end() :], half
    return said, ""


def _quarter(words: str | None) -> int:
    return next((n for n, pattern in _QUARTERS.items() if words and re.fullmatch(pattern, words)), 0)


def _hour(hour: int, minutes: int, half: str, fits: Fits) -> Hour | None:
    """Return the time; `half` is "am", "pm", "24" for a clock of 24 hours or "" for an unknown one."""
    if half in ("am", "pm") and hour > 12:
        half = "24" if half == "pm" else "none"
    if half in ("am", "pm"):
        hour = hour % 12 + (12 if half == "pm" else 0) if hour else 24
    if minutes < 0:
        hour, minutes = hour - 1, minutes + 60
    if half == "none" or not (0 <= hour <= 23 and minutes <= 59):
        return None
    written = time(hour, minutes)
    if half or hour not in _EARLY:
        return Hour(written)
    later = time(hour + 12, minutes)
    return Hour(next(filter(fits, (later, written)), later), is_doubtful=True)
