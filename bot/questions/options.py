"""Reading of options by number, label or unambiguous beginning: one reading for all numbered choices."""

import re
from collections.abc import Callable, Sequence

from bot.questions.number_words import number_in_words
from bot.words import digits, fold, number_in, typing_errors

_COPIED = re.compile(  # `2. Partly`, as the option is shown; `2 - Partly`
    r"\s*(\d{1,3})(?:\s*[.)]\s*|\s*[-–:]\s*(?!\d)|\s+(?!\d))(\S.*)"
)
_CALLED = re.compile(  # `option 2`, `n°2`, `الخيار 2`, `le 2`
    r"(?:(?:the |le |la |l'|o |a |um )?(?:option|choice|choix|opcao|escolha|number|numero|num|nr|no\.|n°|"
    r"no(?=\d)|answer|reponse|resposta|"
    r"الخيار|خيار|الاختيار|رقم|الرقم|الجواب|الاجابه)\s*(?:no\.?|n°|number|numero|رقم)?\s*"
    r"|(?:le|la|o|a) )(\d{1,3})",
    re.IGNORECASE,
)
_SIGNS = re.compile(r"[,،;؛:.](?!\d)")
_ARTICLES = ("the ", "le ", "la ", "l'", "les ", "o ", "a ", "os ", "as ", "ال")
_PLACES = {
    0: "first, 1st, first one, first option, premier, première, 1er, 1ère, première option, primeiro,"
    " primeira,"
    " 1º, 1ª, primeira opção, الأول, الأولى, الخيار الأول",
    1: "second, 2nd, second one, second option, deuxième, 2e, 2ème, second, seconde, deuxième option,"
    " segundo,"
    " segunda, 2º, 2ª, segunda opção, الثاني, الثانية, الخيار الثاني",
    2: "third, 3rd, third one, third option, troisième, 3e, 3ème, troisième option, terceiro, terceira,"
    " 3º, 3ª,"
    " terceira opção, الثالث, الثالثة, الخيار الثالث",
    3: "fourth, 4th, fourth one, quatrième, 4e, 4ème, quarto, quarta, 4º, 4ª, الرابع, الرابعة, الخيار الرابع",
    4: "fifth, 5th, fifth one, cinquième, 5e, 5ème, quinto, quinta, 5º, 5ª, الخامس, الخامسة, الخيار الخامس",
    -1: "last, last one, last option, dernier, dernière, dernière option, último, última, última opção,"
    " الأخير, الأخيرة, الخيار الأخير",
}
_BY_PLACE = {fold(word): place for place, words in _PLACES.items() for word in words.split(",")}
_LEAST, _MOST = 3, 60  # characters between which a word may hold a typing error
_MARGIN = 1  # errors by which the second best option must be farther away


class Name(str):
    """What the form calls an option and nobody sees: its beginning does not count."""

    __slots__ = ()


def chosen(text: str, labels: Sequence[Sequence[str]]) -> int | None:
    """Return the index of the option meant, or None when it is none or more than one.

    `labels` holds, for each option, its label in every language. A number (any digits) counts from 1; an
    exact label beats a beginning; a beginning counts when only one option has it. `2. Partly` is option 2
    when that is its label; `option 2` and `the second` are option 2 when no label begins like that.
    """
    said = fold(text)
    if not said:
        return None
    if (copied := _copied(text, labels)) is not None:
        return copied
    if 1 <= (number := number_in(said)) <= len(labels):
        return number - 1
    exact = _seen(labels, lambda label: label == said) or _named(labels, said)
    if exact:
        return exact[0] if len(exact) == 1 else None
    begun = _seen(labels, lambda label: label.startswith(said))
    if begun:
        return begun[0] if len(begun) == 1 else None
    said_without = _without_signs(said)
    begun = _seen(labels, lambda label: _without_signs(label).startswith(said_without))
    return begun[0] if len(begun) == 1 else _placed(said, len(labels))


def nearest(text: str, labels: Sequence[Sequence[str]]) -> int | None:
    """Return the index of the option that a text with typing errors may mean, None when none or two may.

    The person must be asked. One error in four letters at most; the second best option must be farther away.
    A word that only one label contains counts as well.
    """
    said = fold(text)
    if not _LEAST <= len(said) <= _MOST:
        return None
    errors = [min((_errors(said, label) for label in map(fold, texts)), default=_MOST) for texts in labels]
    best, *others = sorted(errors)
    if best > _allowed(said) or any(other - best < _MARGIN for other in others):
        return None
    return errors.index(best)


def _errors(said: str, label: str) -> int:
    """Return how many typing errors lie between a text and a label or its beginning."""
    if re.findall(r"\d+", said) != re.findall(r"\d+", label):
        return _MOST  # numbers are never near one another
    if len(said) > _LEAST and set(said.split()) < set(re.findall(r"\w+", label)):
        return 1
    said, bare = _without_article(said), _without_article(label)
    begun = bare[: len(said)] if len(said) > 2 * _LEAST else bare
    return min(typing_errors(said, bare), typing_errors(said, begun) + (begun != bare))


def _allowed(said: str) -> int:
    return 1 if len(said) < 8 else min(len(said) // 4, 4)


def _without_signs(folded: str) -> str:
    """Return folded text without the commas and stops between its words: nobody types `yes, all` so."""
    return " ".join(_SIGNS.sub(" ", folded).split())


def _without_article(folded: str) -> str:
    article = next((each for each in _ARTICLES if folded.startswith(each)), "")
    return folded[len(article) :] if len(folded) - len(article) >= _LEAST else folded


def _placed(said: str, count: int) -> int | None:
    """Return the index of an option named by its place: `option 2`, `n°2`, `the second`, `last`."""
    if called := _CALLED.fullmatch(said):
        return int(called[1]) - 1 if 1 <= int(called[1]) <= count else None
    if number := number_in_words(said):  # `deux`
        return int(number) - 1 if number in range(1, count + 1) else None
    place = _BY_PLACE.get(said, _BY_PLACE.get(_without_article(said)))
    if place is None or not -1 <= place < count:
        return None
    return place % count


def _copied(text: str, labels: Sequence[Sequence[str]]) -> int | None:
    """Return the index of the option whose number and label (or the label's beginning) the text is."""
    found = _COPIED.fullmatch(digits(text))
    if found is None or not 1 <= int(found[1]) <= len(labels) or not fold(found[2]):
        return None
    index = int(found[1]) - 1
    return index if any(fold(label).startswith(fold(found[2])) for label in labels[index]) else None


def begins_several(text: str, labels: Sequence[Sequence[str]]) -> bool:
    """Tell whether more than one option begins like the text."""
    said = fold(text)
    return bool(said) and len(_seen(labels, lambda label: label.startswith(said))) > 1


def labels_another(text: str, index: int, labels: Sequence[Sequence[str]]) -> bool:
    """Tell whether the text is the whole label of another option: its number `2` where `2` is the third."""
    said = fold(text)
    return any(i != index for i in _seen(labels, lambda label: label == said))


def _seen(labels: Sequence[Sequence[str]], fits: Callable[[str], bool]) -> list[int]:
    return [i for i, texts in enumerate(labels) if any(fits(fold(text)) for text in _shown(texts))]


def _shown(texts: Sequence[str]) -> list[str]:
    return [text for text in texts if not isinstance(text, Name)]


def _named(labels: Sequence[Sequence[str]], said: str) -> list[int]:
    return [i for i, texts in enumerate(labels) if any(fold(text) == said for text in texts)]
