"""Any number of several options."""

from bot.questions.base import Asked, Reading, is_exact_label, label_in
from bot.questions.select_one import SelectOne, labels_of
from bot.questions.sets import is_none, named
from bot.values import Answer, Doubt, Heard, Rejection, Say, Toggled, Value
from bot.words import command_in


class SelectMultiple:
    """Accept numbers or labels in one message (`1 3`, `1,3`, `1-3`, `all but 2`), or taps that toggle.

    What was not written one by one is said back; what may be something else is asked.
    """

    options = SelectOne.options

    def read(self, asked: Asked, heard: Heard, say: Say) -> Reading:
        """Return the names chosen in the form's order, the toggled state, or ask for numbers."""
        if heard.press:
            return self._tapped(asked, heard.press.option, say)
        command = command_in(heard.text)
        if command and command.name == "done" and not is_exact_label(asked, heard.text):
            return Answer(list(asked.toggled)) if asked.toggled else _not_options(asked, say)
        found = named(heard.text, labels_of(asked, say.language))
        if found is None:
            return _none(asked, say) if is_none(heard.text) else _not_options(asked, say)
        names: Value = [choice.name for i, choice in enumerate(asked.choices) if i in found.indexes]
        if found.is_doubtful:
            return Doubt(names, self.shown(asked, names, say))
        return Answer(names, "" if found.is_literal else self.shown(asked, names, say))

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


def _none(asked: Asked, say: Say) -> Reading:
    """Return that no option was chosen, where the question may stay without an answer."""
    return _not_options(asked, say) if asked.is_required else Answer(None, say("none of these"))


def _not_options(asked: Asked, say: Say) -> Rejection:
    return Rejection(
        say(
            "These are not among the choices. Please send numbers from 1 to {last}, for example {example}.",
            last=len(asked.choices),
            example={1: "1", 2: "1 2"}.get(len(asked.choices), "1 3"),
        )
    )
