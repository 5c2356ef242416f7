"""Texts that a regular expression matches."""

import re
from collections.abc import Callable, Iterable, Iterator
from random import Random
from re import _constants as sre  # type: ignore[attr-defined]  # no public parser; a change shows at once
from re import _parser  # type: ignore[attr-defined]  # the same
from typing import Any

_TRIES = 12  # texts for each expression
_MORE = 6  # repetitions at most beyond the least
_NAMED = re.compile(r"\\[pP](?:\{\^?(\w+)\}|(\w))|\[:(\w+):\]")  # RE2's classes, which Python lacks
_CLASS = re.compile(r"\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]")
_CLASSES = {"lu": "A-Z", "upper": "A-Z", "n": "0-9", "nd": "0-9", "digit": "0-9", "space": " ", "zs": " "}
_SAMPLES = {
    sre.CATEGORY_DIGIT: "0123456789",
    sre.CATEGORY_WORD: "abcxyzABC0123_",
    sre.CATEGORY_SPACE: " ",
    sre.CATEGORY_NOT_DIGIT: "abcABC-",
    sre.CATEGORY_NOT_WORD: " -.",
    sre.CATEGORY_NOT_SPACE: "abcABC012",
}
_ANY = "abcdefghABCDEFGH0123456789 -_.@"


def texts_for(patterns: Iterable[str], chance: Random) -> Iterator[str]:
    """Yield a few texts for each pattern; what is no pattern yields nothing."""
    for pattern in patterns:
        try:
            parsed = _parser.parse(_plain(pattern))
        except re.error:
            continue
        yield from (_text(parsed, chance) for _ in range(_TRIES))


def _plain(pattern: str) -> str:
    """Return a pattern with the named classes written out, in brackets as members."""
    written = _CLASS.sub(lambda found: _NAMED.sub(_members_named, found.group()), pattern)
    return _NAMED.sub(lambda found: f"[{_members_named(found)}]", written)


def _members_named(found: re.Match[str]) -> str:
    name = next(filter(None, found.groups()))
    return _CLASSES.get(name.lower(), "a-z")


def _text(parsed: Iterable[tuple[Any, Any]], chance: Random) -> str:
    return "".join(_PARTS[op](value, chance) for op, value in parsed if op in _PARTS)


def _repeated(value: Any, chance: Random) -> str:
    least, most, part = value
    return "".join(_text(part, chance) for _ in range(chance.randint(least, min(most, least + _MORE))))


def _within(members: Any, chance: Random) -> str:
    allowed = {char for op, value in members for char in _members(op, value)}
    if members and members[0][0] is sre.NEGATE:
        allowed = set(_ANY) - allowed
    return chance.choice(sorted(allowed)) if allowed else ""


def _members(op: Any, value: Any) -> str:
    if op is sre.LITERAL:
        return chr(value)
    if op is sre.RANGE:
        return "".join(map(chr, range(value[0], min(value[1], value[0] + 200) + 1)))
    return _SAMPLES.get(value, "") if op is sre.CATEGORY else ""


_PARTS: dict[Any, Callable[[Any, Random], str]] = {
    sre.LITERAL: lambda value, chance: chr(value),
    sre.NOT_LITERAL: lambda value, chance: chance.choice([c for c in _ANY if c != chr(value)]),
    sre.ANY: lambda value, chance: chance.choice(_ANY),
    sre.IN: _within,
    sre.CATEGORY: lambda value, chance: chance.choice(_SAMPLES[value]),
    sre.BRANCH: lambda value, chance: _text(chance.choice(value[1]), chance),
    sre.SUBPATTERN: lambda value, chance: _text(value[-1], chance),
    sre.MAX_REPEAT: _repeated,
    sre.MIN_REPEAT: _repeated,
}
