"""Regular expressions of forms: whoever wrote one, no text keeps it busy."""

import math
import re
from functools import lru_cache
from typing import Any

import re2
import regex

_LONGEST = 0.02  # seconds; people's answers take microseconds
_MOST_CHARACTERS = 200
_FURTHEST = 10_000  # all counts of a pattern multiplied: the engine writes each out when it compiles
_PROBES = tuple(text * 40 + end for text in ("a", "1", " ", "a1 ") for end in ("", "!"))
_COUNT = re.compile(r"\{(\d*),?(\d*)\}")


def matches(pattern: str, text: str) -> bool:
    """Return whether the whole text matches, as in ODK; a bad or a slow pattern matches nothing.

    RE2 takes linear time and lacks look-ahead, look-behind, back-references and counts over 1000; what uses
    these is left to an engine that can be stopped.
    """
    compiled, _why = _compiled(pattern)
    if compiled is None:
        return False
    if isinstance(compiled, regex.Pattern):
        return _matches_in_time(compiled, text) or False
    return compiled.fullmatch(text) is not None


def pattern_fault(pattern: str) -> str:
    """Return why a regular expression cannot be used, or ""."""
    return _compiled(pattern)[1]


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> tuple[Any, str]:  # neither publishes types
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options), ""
    except re2.error:
        pass
    if not _is_small(pattern):
        return None, "it is too long or counts too far"
    try:
        compiled = regex.compile(pattern)
    except (regex.error, ValueError, OverflowError) as error:
        return None, str(error)
    is_slow = any(_matches_in_time(compiled, probe) is None for probe in _PROBES)
    return (None, "it takes too long") if is_slow else (compiled, "")


@lru_cache(maxsize=4096)
def _matches_in_time(compiled: Any, text: str) -> bool | None:
    """Return whether the whole text matches, None when that takes too long; asked again it costs nothing."""
    try:
        return compiled.fullmatch(text, timeout=_LONGEST) is not None
    except TimeoutError:
        return None


def _is_small(pattern: str) -> bool:
    counts = [max(int(n[:6] or 1) for n in found) or 1 for found in _COUNT.findall(pattern)]
    return len(pattern) <= _MOST_CHARACTERS and math.prod(counts) <= _FURTHEST
