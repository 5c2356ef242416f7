"""Numbers in words, in four languages: the words, and how they add up."""

import re
from collections.abc import Sequence

from bot.words import fold, listed

_ONES = {
    0: "zero zéro صفر",
    1: "one un une um uma واحد واحدة",
    2: "two deux dois duas اثنان اثنين اثنتان اثنتين إثنان جوج",
    3: "three trois três ثلاثة ثلاث تلاتة",
    4: "four quatre quatro أربعة أربع",
    5: "five cinq cinco خمسة خمس",
    6: "six seis ستة ست",
    7: "seven sept sete سبعة سبع",
    8: "eight huit oito ثمانية ثماني ثمان تمانية",
    9: "nine neuf nove تسعة تسع",
    10: "ten dix dez عشرة عشر",
    11: "eleven onze",
    12: "twelve douze doze",
    13: "thirteen treize treze",
    14: "fourteen quatorze catorze",
    15: "fifteen quinze",
    16: "sixteen seize dezasseis dezesseis",
    17: "seventeen dix-sept dezassete dezessete",
    18: "eighteen dix-huit dezoito",
    19: "nineteen dix-neuf dezanove dezenove",
}
_TENS = {
    20: "twenty vingt vinte عشرون عشرين",
    30: "thirty trente trinta ثلاثون ثلاثين",
    40: "forty fourty quarante quarenta أربعون أربعين",
    50: "fifty cinquante cinquenta خمسون خمسين",
    60: "sixty soixante sessenta ستون ستين",
    70: "seventy septante setenta سبعون سبعين",
    80: "eighty quatre-vingt quatre-vingts huitante oitenta ثمانون ثمانين",
    90: "ninety nonante noventa تسعون تسعين",
}
_HUNDREDS = {
    100: "cem",
    200: "duzentos duzentas مئتان مئتين مائتان مائتين مئتا مئتي مائتا مائتي",
    300: "trezentos trezentas ثلاثمئة ثلاثمائة",
    400: "quatrocentos quatrocentas أربعمئة أربعمائة",
    500: "quinhentos quinhentas خمسمئة خمسمائة",
    600: "seiscentos seiscentas ستمئة ستمائة",
    700: "setecentos setecentas سبعمئة سبعمائة",
    800: "oitocentos oitocentas ثمانمئة ثمانمائة",
    900: "novecentos novecentas تسعمئة تسعمائة",
}
_HUNDRED = frozenset(listed("hundred, hundreds, cent, cents, cento, مئة, مائة, مية"))
_TIMES = {
    1000: "thousand thousands k mille mil milliers ألف آلاف الف الاف",
    10**6: "million millions mio mln milhão milhões مليون ملايين",
    10**9: "milliard milliards md mds bn bilhão bilhões billion billions مليار مليارات",
}
_DUALS = {
    2000: "ألفان ألفين ألفا ألفي",
    2 * 10**6: "مليونان مليونين مليونا مليوني",
    2 * 10**9: "ملياران مليارين",
}


def _by_word(table: dict[int, str]) -> dict[str, int]:
    return {fold(word).replace("-", " "): n for n, words in table.items() for word in words.split()}


_ADDED = _by_word(_ONES) | _by_word(_TENS) | _by_word(_HUNDREDS)
_MULTIPLIED = _by_word(_TIMES)
_MULTIPLIED["mil_milhoes"] = 10**9
_DOUBLED = _by_word(_DUALS)
_COUNTED = frozenset(listed("ألفا, مليونا"))  # after a number (`خمسون ألفا`) one, alone (`ألفا درهم`) two
_JOINED = {  # words of several that are one number
    **{words: n for words, n in _ADDED.items() if " " in words},
    "mil milhoes": 10**9,
    **{
        f"{one} عشر": n + 10
        for word, n in _by_word(_ONES).items()
        if 2 < n < 10 and word.endswith("ه")
        for one in (word, word[:-1])
    },
    **dict.fromkeys(("احد عشر", "احدي عشره"), 11),
    **dict.fromkeys(("اثنا عشر", "اثني عشر", "اثنتا عشره"), 12),
}
_JOINED_FIRST = sorted(_JOINED, key=len, reverse=True)
_NONE = frozenset(
    listed(
        "none, nobody, no one, nil, aucun, aucune, personne, néant, nul, nenhum, nenhuma, ninguém,"
        " لا أحد, لا يوجد, لا يوجد أحد, ولا أحد, لا شيء, ولا واحد, بدون"
    )
)
_AND_HALF = re.compile(r"\s+(?:and a half|et demie?|e meio|e meia|و ?نصف|والنصف)$")
_FILLERS = frozenset({"and", "et", "e", "a", "de", "و"})
_MOST = 10**15
_A_HUNDRED = -100  # the word that multiplies what stands before it


def says_none(text: str) -> bool:
    """Tell whether the text says that there is none, in any of the four languages."""
    return fold(text) in _NONE


def number_in_words(folded: str, numeral: float | None = None) -> float | None:
    """Return the number that folded words say, such as `two hundred and five`; None when they say none.

    `numeral` is a number in digits that stood before the words (`2,5` of `2,5 millions`).
    """
    half = _AND_HALF.search(f" {folded}")
    words = _words(folded[: half.start() - 1 if half.start() else 0] if half else folded)
    part: list[float] = [] if numeral is None else [numeral]
    total, times, last = 0.0, 10**12, 1
    for said in words:
        word = said[:-1] if said in _COUNTED and part else said
        if word in _MULTIPLIED or word in _DOUBLED:
            factor = _DOUBLED.get(word, 0) // 2 or _MULTIPLIED[word]
            many = 2 if word in _DOUBLED else _below_thousand(part or [1])
            if many is None or factor >= times or (word in _DOUBLED and part):
                return None
            total, part, times, last = total + many * factor, [], factor, factor
        elif word in _HUNDRED:
            part.append(_A_HUNDRED)
        elif word.isdecimal() and total:  # `3 mille 500`
            part.append(int(word))
        elif (one := _JOINED.get(word.replace("_", " "), _ADDED.get(word))) is not None:
            part.append(one)
        else:
            return None
    rest = _below_thousand(part) if part else 0
    is_short = last > 1000 and any(word.isdecimal() for word in words[-1:])  # `2 millions 500`: of what?
    is_bare = numeral is not None and not total and not half and _A_HUNDRED not in part
    if rest is None or is_short or is_bare or not (words or half):
        return None
    number = total + rest + (last / 2 if half else 0)
    return number if number < _MOST else None


def _words(said: str) -> list[str]:
    """Return the words that count, those of several joined into one."""
    said = said.replace("-", " ")
    for joined in _JOINED_FIRST:
        if joined in said:
            said = re.sub(rf"(?<!\w)(و?){joined}(?!\w)", rf"\g<1>{joined.replace(' ', '_')}", said)
    return [_without_and(word) for word in said.split() if word not in _FILLERS]


def _without_and(word: str) -> str:
    """Return an Arabic word without the `and` written with it (`وعشرون`), unless it begins a number so."""
    rest = word[1:] if word[:1] == "و" else ""
    is_known = rest.replace("_", " ") in _JOINED or rest in _ADDED or rest in _MULTIPLIED or rest in _HUNDRED
    return rest if is_known and word not in _ADDED else word


def _below_thousand(parts: Sequence[float]) -> float | None:
    """Return what the numbers of one group come to: hundreds, tens, ones, in Arabic ones before tens."""
    match list(parts):
        case [hundreds, mark, *rest] if mark == _A_HUNDRED and 1 <= hundreds < 10:
            first, left = hundreds * 100, rest
        case [mark, *rest] if mark == _A_HUNDRED:
            first, left = 100, rest
        case [hundreds, *rest] if hundreds in _HUNDREDS and rest:
            first, left = hundreds, rest
        case rest:
            first, left = 0, rest
    below = _below_hundred(left)
    return None if below is None else first + below


def _below_hundred(parts: Sequence[float]) -> float | None:
    match list(parts):
        case []:
            return 0
        case [one] if one != _A_HUNDRED:
            return one
        case [tens, ones] if tens in _TENS and 0 < ones < (20 if tens in (60, 80) else 10):
            return tens + ones
        case [ones, tens] if tens in _TENS and 0 < ones < 10:
            return tens + ones
        case _:
            return None
