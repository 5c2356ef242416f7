"""Any number of several options."""

import re

from bot.questions.base import Asked, Reading, label_in
from bot.questions.options import chosen
from bot.questions.select_one import SelectOne
from bot.values import Answer, Heard, Rejection, Say, Toggled, Value
from bot.words import command_in, fold

_SEPARATORS = re.compile(r"[,،;؛\n]|(?<=\d)\s+(?=\d)")


class SelectMultiple:
    """Accept numbers or labels in one message (`1 3`, `1,3`), or taps that toggle until a last one ends."""

    options = SelectOne.options

    def read(self, asked: Asked, heard: Heard, say: Say) -> Reading:
        """Return the names chosen in the form's order, the toggled state, or ask for numbers."""
        if heard.press:
            return self._tapped(asked, heard.press.option, say)
        command = command_in(heard.text)
        if command and command.name == "done" and asked.toggled:
            return Answer(list(asked.toggled))
        names = self._named(asked, heard.text)
        return Answer(names) if names else _not_options(asked, say)

    def shown(self, asked: Asked, value: Value, say: Say) -> str:
        """Return the labels, separated by commas."""
        names = value if isinstance(value, list) else []
        separator = "، " if say.language == "ar" else ", "
        return separator.join(label_in(c, say.language) for c in asked.choices if c.name in names)

    def _tapped(self, asked: Asked, option: int, say: Say) -> Reading:
        if option == len(asked.choices) + 1:
            return Answer(list(asked.toggled)) if asked.toggled else _not_options(asked, say)
        if not 1 <= option <= len(asked.choices):
            return _not_options(asked, say)
        tapped = asked.choices[option - 1].name
        return Toggled(
            tuple(c.name for c in asked.choices if (c.name in asked.toggled) != (c.name == tapped))
        )

    def _named(self, asked: Asked, text: str) -> list[str]:
        labels = [[*choice.labels.values(), choice.name] for choice in asked.choices]
        for parts in ([text], text.splitlines(), _SEPARATORS.split(fold_numbers(text))):
            found = [chosen(part, labels) for part in parts if part.strip()]
            if found and None not in found:
                break
        else:
            return []
        return [choice.name for i, choice in enumerate(asked.choices) if i in found]


def fold_numbers(text: str) -> str:
    """Return the text with Western digits when it holds only numbers and separators, else as it is."""
    folded = fold(text)
    return folded if re.fullmatch(r"[\d\s,،;؛.]+", folded) else text


def _not_options(asked: Asked, say: Say) -> Rejection:
    return Rejection(
        say(
            "These are not among the choices. Please send numbers from 1 to {last}, for example 1 3.",
            last=len(asked.choices),
        )
    )
