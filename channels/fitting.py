"""How a message becomes one text within a channel's limits."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from bot.say import begun_right
from bot.values import Message
from channels.base import Limits
from channels.cleaning import clean

ELLIPSIS = "…"
_OPENING, _CLOSING = "\u2066\u2067\u2068", "\u2069"  # bidi isolates: what is opened must be closed
_LEAST = 80  # characters of a line or a label that always stay


def length(text: str) -> int:
    """Return the length in UTF-16 units: the strictest way in which a provider counts characters."""
    return len(text) + sum(character > "\uffff" for character in text)


def numbered(options: Sequence[str]) -> str:
    """Return the options one a line, numbered from 1 in Western digits."""
    return "\n".join(f"{number}. {label}" for number, label in enumerate(options, start=1))


def one_line(label: str) -> str:
    """Return the label without line breaks and runs of space."""
    return " ".join(clean(label).split())


def written(message: Message) -> str:
    """Return the whole text of a message: what it says, then its numbered options."""
    options = numbered([one_line(label) for label in message.options])
    return "\n".join(part for part in (clean(message.text).strip(), options) if part)


def fit(message: Message, limits: Limits) -> str:
    """Return the written message within `limits.characters`; every option and the last line stay.

    Labels give way only when the options alone would fill the message; then the longest lines do.
    """
    whole = written(message)
    if length(whole) <= limits.characters:
        return whole
    text = clean(message.text).strip()
    labels = _fit_labels([one_line(label) for label in message.options], limits.characters * 3 // 4)
    options = numbered(labels)
    room = limits.characters - (length(options) + 1 if options else 0)
    return "\n".join(part for part in (_fit_lines(text, room), options) if part)


def beside_its_button(message: Message) -> Message:
    """Return the message without the words that say how to skip: its button says it.

    What stands before the question may hold the same words, as a person wrote them.
    """
    if message.skip is None:
        return message
    before, _, after = message.text.rpartition(f" {message.skip.words}")
    return replace(message, text=begun_right(before + after))


def shorten(text: str, most: int) -> str:
    """Return the text within `most` (at least 8) characters: cut at a word, with an ellipsis."""
    if length(text) <= most:
        return text
    unclosed = sum(map(text.count, _OPENING)) and 4  # room to close isolates, four deep at most
    kept = _cut(text, most - len(ELLIPSIS) - unclosed)
    space = kept.rfind(" ")
    if space > len(kept) // 2:
        kept = kept[:space]
    opened = sum(map(kept.count, _OPENING)) - kept.count(_CLOSING)
    return kept.rstrip(" ,;:،؛") + ELLIPSIS + _CLOSING * max(0, min(opened, unclosed))


def _cut(text: str, most: int) -> str:
    """Return the first `most` UTF-16 units, never half a character."""
    return text.encode("utf-16-le")[: 2 * most].decode("utf-16-le", "ignore")


def _fit_labels(labels: Sequence[str], room: int) -> list[str]:
    """Return all labels, the longest shortened until the numbered list has room."""
    if length(numbered(labels)) <= room:
        return list(labels)
    numbers = length(numbered([""] * len(labels)))
    cap = _cap(labels, room - numbers, least=8)
    return [shorten(label, max(cap, 8)) for label in labels]


def _fit_lines(text: str, room: int) -> str:
    """Return the text with its longest lines shortened; when all are short, without some before the last."""
    lines = text.split("\n")
    cap = _cap(lines, room - (len(lines) - 1), least=_LEAST)
    if cap >= _LEAST:
        return "\n".join(shorten(line, cap) for line in lines)
    return _leave_out(lines, room)


def _leave_out(lines: Sequence[str], room: int) -> str:
    """Return the first lines that have room, an ellipsis, and the last line, which asks."""
    if len(lines) == 1:
        return shorten(lines[0], room)
    last = shorten(lines[-1], room // 2)
    room -= length(last) + len(ELLIPSIS) + 2
    first: list[str] = []
    for line in lines[:-1]:
        room -= length(line) + 1
        if room < 0:
            break
        first.append(line)
    return "\n".join([*first, ELLIPSIS, last])


def _cap(parts: Sequence[str], room: int, *, least: int) -> int:
    """Return the greatest length per part with which all parts have room; `least - 1` when there is none."""
    lengths = [length(part) for part in parts]
    caps = range(least, max(lengths, default=0) + 1)
    fitting = bisect_right(caps, room, key=lambda cap: sum(min(one, cap) for one in lengths))
    return least + fitting - 1
