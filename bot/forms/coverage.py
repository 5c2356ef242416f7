"""How far a form is written in each language: what is missing, and where."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bot.forms.outline import UNLABELLED
from bot.sentence import sentence
from bot.values import LANGUAGE_NAMES, LANGUAGES, Labels, Problem

KINDS = ("labels", "hints", "messages", "choices")

_KIND_OF = {"label": "labels", "hint": "hints"}


@dataclass(frozen=True, slots=True)
class Covered:
    """The texts of one kind in one language."""

    texts: int  # that there are in any language
    missing: tuple[str, ...]  # places of those that this language lacks: `survey, row 3, label`


def coverage(texts: Iterable[tuple[str, Labels]], fallback: str = "") -> dict[str, dict[str, Covered]]:
    """Return what each of the bot's languages, and each other of the form's, has of each kind of text.

    A column that names no language counts as the fallback's.
    """
    known = [(place, _named(labels, fallback)) for place, labels in texts]
    others = sorted({language for _, labels in known for language in labels} - {*LANGUAGES, UNLABELLED})
    return {
        language: {kind: _covered(known, kind, language) for kind in KINDS}
        for language in (*LANGUAGES, *others)
    }


def _named(labels: Labels, fallback: str) -> Labels:
    if not fallback or UNLABELLED not in labels:
        return labels
    return {fallback: labels[UNLABELLED], **labels}


def _covered(texts: Iterable[tuple[str, Labels]], kind: str, language: str) -> Covered:
    of_kind = [(place, labels) for place, labels in texts if _kind(place) == kind]
    return Covered(len(of_kind), tuple(place for place, labels in of_kind if not labels.get(language)))


def _kind(place: str) -> str:
    if place.startswith("choices"):
        return "choices"
    return _KIND_OF.get(place.rsplit(", ", 1)[-1], "messages")


def gaps(covered: Mapping[str, Mapping[str, Covered]], fallback: str = "") -> Iterator[Problem]:
    """Yield a problem for each of the bot's languages that lacks a text; with a fallback it is a warning."""
    for language in LANGUAGES:
        kinds = covered[language].values()
        missing = [place for kind in kinds for place in kind.missing]
        if not missing:
            continue
        counts = {"missing": len(missing), "texts": sum(kind.texts for kind in kinds)}
        name = LANGUAGE_NAMES[language]
        if language == fallback:
            message = sentence(
                "{language}: {missing} of {texts} texts are missing; another language is said instead.",
                language=name,
                **counts,
            )
        elif fallback:
            message = sentence(
                "{language}: {missing} of {texts} texts are missing; {fallback} is said instead.",
                language=name,
                fallback=LANGUAGE_NAMES.get(fallback, fallback),
                **counts,
            )
        else:
            message = sentence("{language}: {missing} of {texts} texts are missing.", language=name, **counts)
        mend = sentence("Fill in its columns, or record a fallback: {option}.", option="--fallback LANGUAGE")
        yield Problem("language", missing[0], mend, message)
