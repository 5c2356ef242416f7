"""All options in an order of one's own."""

import re

from bot.questions.base import Asked, Reading, label_in
from bot.questions.options import chosen, nearest
from bot.questions.select_one import labels_of
from bot.values import Answer, Doubt, Heard, Rejection, Say, Toggled, Value
from bot.words import digits, fold

_JOINTS = (r"\n", r"[,،;؛>\n]", r"[,،;؛>\n]|->|→|\s+(?:then|puis|depois|ثم|and|et|e|و)\s+", r"[\s,،;؛>.\-]+")
_NUMBERS = re.compile(r"[\d\s,،;؛>.\-]+")


class Rank:
    """Accept all numbers or labels in the person's order (`3 1 2`), or one tap after the other."""

    def options(self, asked: Asked, say: Say) -> tuple[str, ...]:
        """Return the labels in the form's order, each with its place once it is chosen."""
        return tuple(
            f"{label_in(choice, say.language)} ({asked.toggled.index(choice.name) + 1})"
            if choice.name in asked.toggled
            else label_in(choice, say.language)
            for choice in asked.choices
        )

    def read(self, asked: Asked, heard: Heard, say: Say) -> Reading:
        """Return the names in the order given, or say which are missing or named twice."""
        if heard.press:
            return self._tapped(asked, heard.press.option, say)
        found, is_doubtful = _ordered(asked, heard.text, say.language)
        names = [asked.choices[i].name for i in found]
        if not names:
            return Rejection(in_order(asked, say))
        if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
            return Rejection(say("More than once: {options}.", options=self.shown(asked, twice, say)))
        if missing := [choice.name for choice in asked.choices if choice.name not in names]:
            return Rejection(say("Still missing: {options}.", options=self.shown(asked, missing, say)))
        value: Value = names
        return Doubt(value, self.shown(asked, value, say)) if is_doubtful else Answer(value)

    def shown(self, asked: Asked, value: Value, say: Say) -> str:
        """Return the labels in their order, numbered."""
        labels = {choice.name: label_in(choice, say.language) for choice in asked.choices}
        names = value if isinstance(value, list) else []
        separator = "، " if say.language == "ar" else ", "
        return separator.join(labels.get(name, name) for name in names)

    def _tapped(self, asked: Asked, option: int, say: Say) -> Reading:
        if not 1 <= option <= len(asked.choices):
            return Rejection(in_order(asked, say))
        name = asked.choices[option - 1].name
        before = tuple(each for each in asked.toggled if each != name)
        order = before if name in asked.toggled else (*before, name)
        return Answer(list(order)) if len(order) == len(asked.choices) else Toggled(order)


def _ordered(asked: Asked, text: str, language: str) -> tuple[list[int], bool]:
    """Return the options in the order of the text, and whether one was written with an error."""
    labels, folded = labels_of(asked, language), fold(text)
    if folded.isdecimal() and len(folded) == len(labels) <= 9:  # `312`
        found = [chosen(c, labels) for c in folded]
        return ([i for i in found if i is not None], True) if None not in found else ([], False)
    written = folded if _NUMBERS.fullmatch(folded) else digits(text)
    for joint in _JOINTS:
        parts = [part for part in re.split(joint, written) if part.strip()]
        if len(parts) > 2 * len(labels):
            continue
        for read, is_doubtful in ((chosen, False), (nearest, True)):
            found = [chosen(part, labels) if read is chosen else _near(part, labels) for part in parts]
            if len(found) > 1 and None not in found:
                return [i for i in found if i is not None], is_doubtful
    one = chosen(text, labels)
    return ([] if one is None else [one]), False


def _near(part: str, labels: list[list[str]]) -> int | None:
    index = chosen(part, labels)
    return nearest(part, labels) if index is None else index


def in_order(asked: Asked, say: Say) -> str:
    """Return the sentence that says how an order is written."""
    return say("Please send all numbers in your order, for example {example}.", example=_example(asked))


def _example(asked: Asked) -> str:
    """Return an order as it may be written: the last one first."""
    count = len(asked.choices)
    return " ".join(map(str, (count, *range(1, count)))) if count else "1"
