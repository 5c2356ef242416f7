"""Regular expressions of forms: whoever wrote one, no text keeps it busy."""

import math
import re
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

_LONGEST = 0.02  # seconds; people's answers take microseconds
_MOST_CHARACTERS = 200
_FURTHEST = 10_000  # all counts of a pattern multiplied: the engine writes each out when it compiles
_PROBES = tuple(text * 40 + end for text in ("a", "1", " ", "a1 ") for end in ("", "!"))
_COUNT = re.compile(r"\{(\d*),?(\d*)\}")


def matches(pattern: str, text: str) -> bool:
    """Return whether the whole text matches, as in ODK; a bad or a slow pattern matches nothing.

    RE2 takes linear time and lacks look-ahead, look-behind, back-references and counts over 1000; what uses
    these is left to an engine that can be stopped. Each is imported for the first form that needs it: 4 MiB.
    """
    is_match, _why = _compiled(pattern)
    return is_match is not None and bool(is_match(text))


def pattern_fault(pattern: str) -> str:
    """Return why a regular expression cannot be used, or ""."""
    return _compiled(pattern)[1]


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> tuple[Callable[[str], object] | None, str]:
    """Return what tells whether a text matches, and why there is none."""
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options).fullmatch, ""
    except re2.error:
        return _stoppable(pattern)


def _stoppable(pattern: str) -> tuple[Callable[[str], object] | None, str]:
    import regex

    if not _is_small(pattern):
        return None, "it is too long or counts too far"
    try:
        compiled = regex.compile(pattern)
    except (regex.error, ValueError, OverflowError) as error:
        return None, str(error)
    is_slow = any(_matches_in_time(compiled, probe) is None for probe in _PROBES)
    return (None, "it takes too long") if is_slow else (partial(_matches_in_time, compiled), "")


@lru_cache(maxsize=4096)
def _matches_in_time(compiled: Any, text: str) -> bool | None:  # the library publishes no types
    """Return whether the whole text matches, None when that takes too long; asked again it costs nothing."""
    try:
        return compiled.fullmatch(text, timeout=_LONGEST) is not None
    except TimeoutError:
        return None


def _is_small(pattern: str) -> bool:
    counts = [max(int(n[:6] or 1) for n in found) or 1 for found in _COUNT.findall(pattern)]
    return len(pattern) <= _MOST_CHARACTERS and math.prod(counts) <= _FURTHEST
