"""Several options in one message: numbers, ranges, labels, all, all but some, none."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.questions.options import chosen, labels_another, nearest
from bot.words import digits, fold, listed

_SEPARATORS = re.compile(r"[,،;؛/&+\n]|(?<=\d)\s+(?=\d)|(?<=\d)\.\s+(?=\d)")
_AND = re.compile(r"\s+(?:and|et|e|puis|then|و)\s+|\s+و(?=ال)|(?<=\d)\s*و\s*(?=\d)")
_RANGE = re.compile(
    r"(?:from|de|du|من)?\s*(\d{1,3})\s*(?:-|\.\.+|to|through|thru|à|a|au|até|ate|jusqu'a|الي|حتي)\s*(\d{1,3})"
)
_NUMBERS = re.compile(r"[\d\s,،;؛.]+")
_ALL = frozenset(
    listed(
        "all, all of them, all of these, everything, every one, tout, tous, toutes, tous les choix,"
        " toutes les options, tudo, todos, todas, todas as opções, todos eles,"
        " الكل, كل, كلها, جميعها, الجميع, كل شيء, جميع الخيارات, كل الخيارات"
    )
)
_BUT = re.compile(
    r"(?P<all>.+?)[\s,،]+(?:but not|but|except for|except|excluding|apart from|without|minus|sauf|excepte|"
    r"hormis|a part|moins|sans|menos|excepto|exceto|salvo|fora|a excecao de|ما عدا|ماعدا|عدا|باستثناء|الا|"
    r"سوي)\s+(?P<rest>.+)"
)
_NONE = frozenset(
    listed(
        "none, none of them, none of these, none of the above, none at all, neither, no one, aucun, aucune,"
        " aucun des deux, aucun de ces choix, aucune de ces options, aucune réponse, rien de tout cela,"
        " nenhum, nenhuma, nenhum deles, nenhuma delas, nenhuma das opções, nenhum dos anteriores,"
        " nenhuma das anteriores, لا أحد, لا واحد, لا واحدة, ولا واحد, ولا واحدة, لا شيء, لا شيء منها,"
        " لا شيء مما سبق, لا شيء مما ذكر, لا يوجد, بدون"
    )
)
_MOST_BY_ONE_DIGIT = 9


@dataclass(frozen=True, slots=True)
class Chosen:
    """The options meant, whether they may be others, and whether each was named by itself."""

    indexes: frozenset[int]
    is_doubtful: bool = False
    is_literal: bool = True


def is_none(text: str) -> bool:
    """Tell whether the text says that no option is meant, in any of the four languages."""
    return fold(text) in _NONE


def named(text: str, labels: Sequence[Sequence[str]]) -> Chosen | None:
    """Return the options that the text names, None when one of its parts names none."""
    said = fold(text)
    if not said or not labels or len(_parts(text)) > 2 * len(labels) + 2:
        return None
    if found := _one_by_one(text, labels):
        return found
    if said in _ALL:
        return _all(labels)
    if said in _NONE:
        says_none = _saying_none(labels)
        return Chosen(says_none, is_literal=False) if says_none else None
    return _all_but(said, labels) or _some(text, labels)


def _some(text: str, labels: Sequence[Sequence[str]]) -> Chosen | None:
    return _one_by_one(text, labels) or _in_ranges(text, labels) or _in_doubt(text, labels)


def _one_by_one(text: str, labels: Sequence[Sequence[str]]) -> Chosen | None:
    for parts in ([text], text.splitlines(), _SEPARATORS.split(digits(text)), _parts(text)):
        found = [(part, chosen(part, labels)) for part in parts if part.strip()]
        indexes = frozenset(index for _, index in found if index is not None)
        if found and all(index is not None for _, index in found):
            is_open = any(labels_another(part, index, labels) for part, index in found if index is not None)
            return Chosen(indexes, is_literal=not is_open)
    return None


def _parts(text: str) -> list[str]:
    """Return what stands between separators: those of numbers are more than those of words."""
    folded = fold(text)
    if _NUMBERS.fullmatch(folded):
        return _SEPARATORS.split(folded)
    return [part for each in _SEPARATORS.split(digits(text)) for part in _AND.split(each)]


def _all(labels: Sequence[Sequence[str]]) -> Chosen:
    """Return all options, the one that says none left out: then the person is asked."""
    says_none = _saying_none(labels)
    return Chosen(frozenset(range(len(labels))) - says_none, bool(says_none), is_literal=False)


def _all_but(said: str, labels: Sequence[Sequence[str]]) -> Chosen | None:
    found = _BUT.fullmatch(said)
    if found is None or fold(found["all"]) not in _ALL:
        return None
    rest = _some(found["rest"], labels)  # not `named`: `all but all but …` has no end
    left = _all(labels).indexes - rest.indexes if rest else frozenset()
    return Chosen(left, rest.is_doubtful, is_literal=False) if left and rest else None


def _in_ranges(text: str, labels: Sequence[Sequence[str]]) -> Chosen | None:
    """Read `1-3`, `1 to 3, 5`: each part a range or a number."""
    indexes: set[int] = set()
    for part in _parts(text):
        between = _RANGE.fullmatch(fold(part))
        one = chosen(part, labels) if between is None else None
        if between and 1 <= int(between[1]) < int(between[2]) <= len(labels):
            indexes.update(range(int(between[1]) - 1, int(between[2])))
        elif one is not None:
            indexes.add(one)
        else:
            return None
    return Chosen(frozenset(indexes), is_literal=False) if indexes else None


def _in_doubt(text: str, labels: Sequence[Sequence[str]]) -> Chosen | None:
    """Read what may be meant: `134` as 1, 3 and 4; labels with typing errors."""
    said = fold(text)
    if said.isdecimal():
        numbers = [int(c) for c in said]
        is_list = len(set(numbers)) == len(numbers) > 1 and len(labels) <= _MOST_BY_ONE_DIGIT
        if not is_list or not all(1 <= n <= len(labels) for n in numbers):
            return None
        return Chosen(frozenset(n - 1 for n in numbers), is_doubtful=True)
    for parts in ([text], _parts(text)):
        found = [_meant(part, labels) for part in parts if part.strip()]
        if found and None not in found:
            return Chosen(frozenset(i for i in found if i is not None), is_doubtful=True)
    return None


def _meant(part: str, labels: Sequence[Sequence[str]]) -> int | None:
    index = chosen(part, labels)
    return nearest(part, labels) if index is None else index


def _saying_none(labels: Sequence[Sequence[str]]) -> frozenset[int]:
    """Return the option that says none, if just one does."""
    found = [i for i, texts in enumerate(labels) if any(map(is_none, texts))]
    return frozenset(found) if len(found) == 1 else frozenset()
