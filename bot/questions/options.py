"""Reading of options by number, label or unambiguous beginning: one reading for all numbered choices."""

import re
from collections.abc import Callable, Sequence

from bot.words import digits, fold

_COPIED = re.compile(r"\s*(\d{1,3})\s*[.)]\s*(\S.*)")  # `2. Partly`, as the option is shown


def chosen(text: str, labels: Sequence[Sequence[str]]) -> int | None:
    """Return the index of the option meant, or None when it is none or more than one.

    `labels` holds, for each option, its label in every language. A number (any digits) counts from 1; an
    exact label beats a beginning; a beginning counts when only one option has it. `2. Partly` is option 2
    when that is its label.
    """
    said = fold(text)
    if not said:
        return None
    if (copied := _copied(text, labels)) is not None:
        return copied
    if said.isdecimal() and 1 <= int(said) <= len(labels):
        return int(said) - 1
    exact = _those(labels, lambda label: label == said)
    if exact:
        return exact[0] if len(exact) == 1 else None
    begun = _those(labels, lambda label: label.startswith(said))
    return begun[0] if len(begun) == 1 else None


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
    return bool(said) and len(_those(labels, lambda label: label.startswith(said))) > 1


def _those(labels: Sequence[Sequence[str]], fits: Callable[[str], bool]) -> list[int]:
    return [i for i, texts in enumerate(labels) if any(fits(fold(text)) for text in texts)]
