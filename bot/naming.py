"""What the questions of a form are called, as people may write it before an answer."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.forms.form import Question
from bot.forms.sheet import Sheet
from bot.words import fold

_LEAST = 3  # characters of a label's beginning that may name its question

folded = lru_cache(maxsize=16_384)(fold)  # of forms' texts only: those of people are not kept


@dataclass(frozen=True, slots=True)
class Names:
    """The names and labels of some questions, folded, each with the paths of those that are called so."""

    names: Mapping[str, tuple[str, ...]]
    labels: Mapping[str, tuple[str, ...]]
    in_order: Sequence[str]  # the labels
    longest: int  # characters; whatever is much longer is no name

    def path_of(self, head: str) -> str:
        """Return the path of the one question that is called so, or whose label alone begins so, else ""."""
        if len(head) > 2 * self.longest:  # folding may double a character or drop it
            return ""
        said = fold(head)
        exact = self.names.get(said, ())
        if len(said) < _LEAST:
            return exact[0] if exact else ""
        found = exact or self.labels.get(said, ()) or self._begun(said)
        return found[0] if len(found) == 1 else ""

    def _begun(self, said: str) -> tuple[str, ...]:
        """Return questions whose labels begin so; two are enough to know that the beginning names none."""
        paths: set[str] = set()
        for label in self.in_order[bisect_left(self.in_order, said) :]:
            if len(paths) > 1 or not label.startswith(said):
                break
            paths.update(self.labels[label])
        return tuple(paths)


def names_of(sheet: Sheet, questions: Iterable[Question]) -> Names:
    """Return what questions are called on a sheet."""
    names, labels = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for question in questions:
        for name in _names(question):
            names[name].append(question.path)
        for label in labels_of(sheet, question):
            labels[label].append(question.path)
    longest = max(map(len, (*names, *labels)), default=0)
    return Names(_fixed(names), _fixed(labels), sorted(labels), longest)


def labels_of(sheet: Sheet, question: Question) -> set[str]:
    """Return a question's label in each language, as written and with its `${…}` put in, folded."""
    forms_own = frozenset(question.labels.values())
    return {folded(each) if each in forms_own else fold(each) for each in written_labels(sheet, question)}


def written_labels(sheet: Sheet, question: Question) -> set[str]:
    """Return a question's label in each language, as written and with its `${…}` put in."""
    labels = set(question.labels.values())
    if any("${" in label for label in labels):
        labels.update(sheet.label(question.path, language) for language in question.labels)
    return labels


def _names(question: Question) -> set[str]:
    name = folded(question.path.rpartition("/")[2])
    return {folded(question.path), name, name.replace("_", " ")}


def _fixed(found: Mapping[str, list[str]]) -> Mapping[str, tuple[str, ...]]:
    return {called: tuple(paths) for called, paths in found.items()}
