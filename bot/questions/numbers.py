"""Reading and showing of numbers as people write them."""

import re
import unicodedata
from dataclasses import dataclass, replace

from babel.numbers import get_decimal_symbol

from bot.questions.number_words import number_in_words, says_none
from bot.words import any_of, fold, listed, unmarked

_MOST_DIGITS = 15  # all that a stored number keeps exactly (IEEE 754)
_SPACES = re.compile(r"[\s_'’]+")
_SHAPE = re.compile(r"[-+]?\d+(?:[.,]\d+)*")
_NUMERAL = re.compile(r"[-+]?\d{1,3}(?:[\s_'’]\d{3})*(?:[.,]\d+)?(?!\d)|[-+]?\d[\d.,]*\d|[-+]?\.?\d+")
_WORDS_AROUND = re.compile(r"(?P<before>[^\d]*?)(?P<number>[-+]?\d.*\d|[-+]?\d)(?P<after>[^\d]*)")
_MOST_WORDS = 4  # beside a number: more is a sentence, and the number may be of something else
_UNITS = any_of(
    "fcfa, f cfa, f.cfa, fr cfa, frs cfa, cfa, xof, xaf, f, fr, frs, franc, francs, franc cfa,"
    " francs cfa, gnf, cdf,"
    " mga, ariary, mt, mts, mtn, mzn, metical, meticais, kz, aoa, kwanza, kwanzas, cve, escudos, ngn,"
    " naira, nairas, ₦, ghs, ghc, gh₵, gh¢, ₵, cedi, cedis, kes, ksh, kshs, ugx, ush, ushs,"
    " tzs, tsh, sh, shs, rwf,"
    " shilling, shillings, zar, rand, rands, r, etb, birr, gmd, dalasi, sle, leones, lrd, mwk, zmw, kwacha,"
    " mru, um, ouguiya, mad, dh, dhs, dirham, dirhams, dt, tnd, dinar, dinars, da, dzd, egp, eur,"
    " euro, euros, €, usd, us$, dollar, dollars, dólar, dólares, $, gbp, £, xdr,"
    " درهم, درهما, دراهم, د.م, د.م., دينار, دينارا, دنانير, د.ت, د.ت., د.ج, د.ج., أوقية,"
    " جنيه, ج.م, ليرة, يورو, دولار,"
    " %, ٪, percent, per cent, pct, pour cent, pourcent, por cento, في المئة, في المائة, بالمئة, بالمائة"
)
_UNIT_BEFORE = re.compile(rf"(?:{_UNITS})\.?\s*(?=[-+]?\d)")
_UNIT_AFTER = re.compile(rf"(?:(?<=\d)\s*|(?<=\w)\s+(?:de |d'|of )?)(?:{_UNITS})\.?$")
_ABOUT = any_of(
    "about, around, approximately, approx, approx., almost, nearly, roughly, some, circa, ca, ca., at least,"
    " at most, more than, less than, over, under, maybe, perhaps, i think, environ, à peu près, autour de,"
    " vers, presque, près de, plus de, moins de, plus ou moins, au moins, au plus, peut-être, je pense,"
    " cerca de, aproximadamente, mais ou menos, por volta de, quase, uns, umas, mais de, menos de,"
    " pelo menos, talvez, acho, حوالي, تقريبا, نحو, زهاء, ما يقارب, قرابة, أكثر من, أقل من, على الأقل, ربما"
)
_ABOUT_BEFORE = re.compile(rf"(?:{_ABOUT})\s+|(?:[~≈±<>≥≤]|\+/-)\s*")
_ABOUT_AFTER = re.compile(rf"\s+(?:{_ABOUT}|et quelques|e tal|or so|ou mais)$|\s*(?:[+?~]|\.\.\.)$")
_RAISED = re.compile("[\u00b2\u00b3\u00b9\u2070-\u2079]")  # `5²` is not 52
_SHILLINGS = re.compile(r"(?<=\d)\s*/[=-]$")  # `50,000/=`
_MINUS = re.compile(r"(?:minus|negative|moins|menos|ناقص|سالب)\s+(?=\d)")
_MILLIONS = re.compile(r"m|mil\.")  # may be metres
_AFTER_SIGN = re.compile(r"mill|milh|mio|mln|مليون|ملايين|مليار")  # before these a sign is a decimal one
_GLUED = re.compile(r"[^\W\d_]\d|\d[^\W\d_]{1,2}(?![^\W\d_])")  # `M05`, `1O`, `12h`
_JOINING = frozenset(listed("and, et, e, و"))
_OF_SEVERAL = frozenset(listed("or, ou, and, et, e, to, a, au, até, أو, إلى, و, not, pas, não"))


@dataclass(frozen=True, slots=True)
class Read:
    """A number, whether the writing allows another reading (`12.500`), whether it was more than digits."""

    number: int | float
    is_doubtful: bool = False
    is_worded: bool = False


def read_number(text: str, decimal: str = "") -> Read | None:
    """Return the number written with any digits, grouping and decimal sign, or in words; None for none.

    Understood: `12500`, `12 500`, `12.500,5`, `12,500.5`, `١٢٫٥`, `12 %`, `300 DH`, `3k`, `2,5 millions`,
    `vingt-cinq`. Doubtful, for the person to check: one sign before exactly three digits (grouping, unless
    it is the likelier decimal sign and the digits do not end in 0), `about 20`, `20 people`, `none`. More
    than 15 digits are no number.
    """
    plain = _plain(text)
    if not plain or len(plain) > 80 or _RAISED.search(text):
        return None
    if (literal := _numeral(plain, "٫" in text, decimal)) is not None:
        return literal
    if says_none(text):
        return Read(0, is_doubtful=True)
    bare, is_about = _without_about(plain)
    read = _with_words(_without_units(bare), "٫" in text, decimal)
    return replace(read, is_doubtful=True) if read and is_about else read


def holds_several(text: str) -> bool:
    """Tell whether the text holds more than one number: `10-12`, `20 ou 25`."""
    return len(re.findall(r"\d+(?:[.,]\d+)*", _plain(text))) > 1


def _plain(text: str) -> str:
    plain = "".join(c for c in unmarked(text) if unicodedata.category(c) not in ("So", "Sk"))
    plain = plain.replace("\u066b", ".").replace("\u066c", " ").replace("،", ",").strip()
    plain = _SHILLINGS.sub("", plain).strip("()[]«»\"'!;:*= ").rstrip(".,").strip()
    return plain.removesuffix("%").removesuffix("٪").strip()


def _numeral(plain: str, is_sure: bool, decimal: str) -> Read | None:
    if not re.fullmatch(r"[-+]?\d{1,3}(?:[\s_'’]\d{3})*(?:[.,]\d+)?|[-+]?[\d.,]+", plain):
        return None
    plain = _SPACES.sub("", plain)
    is_number = _SHAPE.fullmatch(plain) and sum(c.isdecimal() for c in plain) <= _MOST_DIGITS
    return _read(plain, is_sure, decimal) if is_number else None


def _without_about(plain: str) -> tuple[str, bool]:
    """Return the text without what makes its number a rough one, and whether there was such."""
    bare = _ABOUT_AFTER.sub("", _begun_after(_ABOUT_BEFORE, plain)).strip()
    return bare, bare != plain


def _without_units(plain: str) -> str:
    """Return the text without currency and percent, before or behind."""
    return _UNIT_AFTER.sub("", _begun_after(_UNIT_BEFORE, _MINUS.sub("-", plain))).strip()


def _begun_after(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.match(text)
    return text[found.end() :] if found else text


def _with_words(plain: str, is_sure: bool, decimal: str) -> Read | None:
    """Read `3k`, `2,5 millions`, `vingt-cinq`; a number among few other words is doubtful."""
    if (literal := _numeral(plain, is_sure, decimal)) is not None:
        return literal
    if (number := number_in_words(fold(plain))) is not None and not any(c.isdecimal() for c in plain):
        return Read(_whole(number), is_worded=True)
    begun = _NUMERAL.match(plain)
    rest = plain[begun.end() :].strip() if begun else plain
    numeral = _numeral(begun[0], is_sure or bool(_AFTER_SIGN.match(rest)), decimal) if begun else None
    if begun and numeral:
        is_doubtful = re.search(r"[.,]\d{3}$", begun[0]) is not None and not is_sure
        if _MILLIONS.fullmatch(rest):
            return Read(_whole(numeral.number * 10**6), is_doubtful=True)
        if (number := number_in_words(fold(rest), numeral.number)) is not None:
            return Read(_whole(number), is_doubtful, is_worded=True)
    return _among_words(plain, is_sure, decimal) or _before_words(plain)


def _among_words(plain: str, is_sure: bool, decimal: str) -> Read | None:
    found = _WORDS_AROUND.fullmatch(plain)
    numeral = _numeral(found["number"], is_sure, decimal) if found else None
    if found is None or numeral is None:
        return None
    beside = f"{found['before']} {found['after']}"
    words = re.findall(r"[^\W\d_]+", beside)
    is_other = re.search(r"[/:@#_\\=+*^~<>°-]", beside) or _OF_SEVERAL.intersection(map(fold, words))
    if not words or len(words) > _MOST_WORDS or is_other or _GLUED.search(plain):
        return None
    if any(number_in_words(fold(word), numeral.number) for word in words):
        return None
    return replace(numeral, is_doubtful=True)


def _before_words(plain: str) -> Read | None:
    """Read `twenty people`, in doubt: a number in words before one or two others."""
    words = plain.split()
    if _OF_SEVERAL.intersection(map(fold, words)) - _JOINING:
        return None
    found = (
        number_in_words(fold(" ".join(words[:-n])))
        for n in (1, 2)
        if len(words) > n and not any(number_in_words(fold(word)) for word in words[-n:])
    )
    number = next((each for each in found if each is not None and each > 1), None)
    return Read(_whole(number), is_doubtful=True) if number is not None else None


def _whole(number: float) -> int | float:
    number = round(number, 6)
    return int(number) if number == int(number) else number


def _read(plain: str, is_sure: bool, decimal: str) -> Read | None:
    signs = re.findall(r"[.,]", plain)
    if not signs:
        return Read(int(plain))
    if len(set(signs)) == 2:
        return _grouped(plain, decimal=signs[-1])
    if len(signs) > 1:
        return _grouped(plain, decimal="")
    before, after = re.split(r"[.,]", plain.lstrip("+-"))
    if len(after) == 3 and 1 <= len(before) <= 3 and before != "0" and not is_sure:
        is_decimal = signs[0] == decimal and after[-1] != "0"
        joined = plain.replace(",", ".") if is_decimal else re.sub(r"[.,]", "", plain)
        return Read(float(joined) if is_decimal else int(joined), is_doubtful=True)
    return Read(float(plain.replace(",", ".")))


def _grouped(plain: str, decimal: str) -> Read | None:
    whole, _, part = plain.rpartition(decimal) if decimal else (plain, "", "")
    groups = re.split(r"[.,]", whole)
    if any(len(group) != 3 for group in groups[1:]) or not 1 <= len(groups[0].lstrip("+-")) <= 3:
        return None
    number = "".join(groups)
    return Read(float(f"{number}.{part}") if part else int(number))


def decimal_sign(locale: str) -> str:
    """Return the decimal sign that the country writes (CLDR)."""
    return get_decimal_symbol(locale, numbering_system="latn")


def shown_number(number: int | float, locale: str) -> str:
    """Return the number in Western digits, grouped by narrow spaces from five digits on.

    The decimal sign is the one that the country writes (CLDR).
    """
    whole, _, part = f"{number:f}".rstrip("0").rstrip(".").partition(".")
    if len(whole.lstrip("-")) > 4:
        whole = f"{int(whole):,}".replace(",", " ")
    return f"{whole}{decimal_sign(locale)}{part}" if part else whole
