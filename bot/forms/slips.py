"""Common slips of those who write forms, and what they mean."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

from bot.sentence import Sentence, sentence

_ALIKE = 0.75  # of difflib's ratio: one wrong letter in a word of four

# What is written in other languages and programs, and what XPath has for it; a wrong part first.
_SLIPS = tuple(
    (re.compile(wrong), right)
    for wrong, right in (
        (r"==", "="),
        (r"<>|≠|=!", "!="),
        (r"=<|≤", "<="),
        (r"=>|≥", ">="),
        (r"&&?|\bAND\b", "and"),
        (r"\|\||\bOR\b", "or"),
        (r"%", "mod"),
        (r"÷|/(?=[\s\d$])", "div"),
        (r"×", "*"),
        (r";", ","),
        (r"!(?!=)", "not(…)"),
        (r"(?<!\$)\{([\w.-]+)\}", r"${\1}"),
        (r"\$\(?([^\W\d][\w.-]*)\)?", r"${\1}"),
        (r"^([^(),]*\d),(\d[^(),]*)$", r"\1.\2"),
    )
)
_LITERAL = re.compile(r"\"[^\"]*(?:\"|$)|'[^']*(?:'|$)")


def mended(source: str) -> Sentence | None:
    """Return what to write instead of the first slip in an expression, or None when none is known."""
    plain = _LITERAL.sub("''", source)
    for wrong, right in _SLIPS:
        if found := wrong.search(plain):
            return sentence(
                "Write {right} instead of {wrong}.", right=found.expand(right), wrong=found.group()
            )
    return None


def meant(word: str, known: Iterable[str], shape: str = "{}") -> Sentence | None:
    """Return which known word a wrong one is like, put into `shape`, or None when none is."""
    by_fold = {name.casefold(): name for name in known}
    near = get_close_matches(word.casefold(), by_fold, n=1, cutoff=_ALIKE)
    return sentence("Perhaps {name} is meant.", name=shape.format(by_fold[near[0]])) if near else None
