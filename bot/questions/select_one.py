"""One of several options."""

from bot.questions.base import Asked, Reading, label_in
from bot.questions.options import begins_several, chosen
from bot.values import Answer, Heard, Rejection, Say, Value


class SelectOne:
    """Accept the option's number in any digits, its label in any language, or a beginning only it has."""

    def options(self, asked: Asked, say: Say) -> tuple[str, ...]:
        """Return the options' labels in the form's order."""
        return tuple(label_in(choice, say.language) for choice in asked.choices)

    def read(self, asked: Asked, heard: Heard, say: Say) -> Reading:
        """Return the chosen option's name, or ask for a number."""
        if heard.press and 1 <= heard.press.option <= len(asked.choices):
            return Answer(asked.choices[heard.press.option - 1].name)
        labels = [[*choice.labels.values(), choice.name] for choice in asked.choices]
        index = chosen(heard.text, labels)
        if index is not None:
            return Answer(asked.choices[index].name)
        if begins_several(heard.text, labels):
            return Rejection(
                say(
                    "Several choices begin like that. Please send a number from 1 to {last}.",
                    last=len(asked.choices),
                )
            )
        return Rejection(
            say(
                "That is not one of the choices. Please send a number from 1 to {last}.",
                last=len(asked.choices),
            )
        )

    def shown(self, asked: Asked, value: Value, say: Say) -> str:
        """Return the option's label."""
        return next((label_in(c, say.language) for c in asked.choices if c.name == value), str(value))
