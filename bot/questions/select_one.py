"""One of several options."""

from bot.questions.base import Asked, Reading, label_in
from bot.questions.options import Name, begins_several, chosen, labels_another, nearest
from bot.questions.yes_no import begins_with, is_nearly_no, is_said_back, stands_for, yes_or_no
from bot.values import Answer, Doubt, Heard, Rejection, Say, Value
from bot.words import fold


class SelectOne:
    """Accept the option's number in any digits, its label in any language, or a beginning only it has.

    `yep` is the option that says yes. What may be another option is asked back: a typing error, `yep` where
    the option says more than yes.
    """

    def options(self, asked: Asked, say: Say) -> tuple[str, ...]:
        """Return the options' labels in the form's order."""
        return tuple(label_in(choice, say.language) for choice in asked.choices)

    def read(self, asked: Asked, heard: Heard, say: Say) -> Reading:
        """Return the chosen option's name, or ask for a number."""
        if heard.press and 1 <= heard.press.option <= len(asked.choices):
            return Answer(asked.choices[heard.press.option - 1].name)
        labels = labels_of(asked, say.language)
        index = chosen(heard.text, labels)
        if index is not None:
            name = asked.choices[index].name
            is_open = labels_another(heard.text, index, labels)  # `2`, where the label of the third is 2
            return Answer(name, self.shown(asked, name, say) if is_open else "")
        if agreed := _agreed(asked, labels, heard.text, say):
            return agreed
        if begins_several(heard.text, labels):
            return Rejection(
                say(
                    "Several choices begin like that. Please send a number from 1 to {last}.",
                    last=len(asked.choices),
                )
            )
        if (near := nearest(heard.text, labels)) is not None:
            return _doubt(asked, near, say)
        return Rejection(
            say(
                "That is not one of the choices. Please send a number from 1 to {last}.",
                last=len(asked.choices),
            )
        )

    def shown(self, asked: Asked, value: Value, say: Say) -> str:
        """Return the option's label."""
        return next((label_in(c, say.language) for c in asked.choices if c.name == value), str(value))


def labels_of(asked: Asked, language: str) -> list[list[str]]:
    """Return what each option may be called: its labels in all languages, its name when written out.

    What the person sees as one option's label is no other option's in another language (`Data`).
    """
    seen = [label_in(choice, language) for choice in asked.choices]
    taken = set(map(fold, seen))
    return [
        [shown, *(each for each in choice.labels.values() if fold(each) not in taken), Name(choice.name)]
        for shown, choice in zip(seen, asked.choices, strict=True)
    ]


def _agreed(asked: Asked, labels: list[list[str]], text: str, say: Say) -> Reading | None:
    """Return the option that says yes or no, in doubt when it says more (`Yes, minor`) or the text less.

    The text may be the beginning of other options as well.
    """
    is_nearly = is_nearly_no(text)
    meaning = "no" if is_nearly else yes_or_no(text)
    if meaning is None:
        return None
    same = [i for i, texts in enumerate(labels) if stands_for(texts) == meaning]
    if len(same) == 1:
        name = asked.choices[same[0]].name
        if is_nearly or begins_several(text, labels):
            return _doubt(asked, same[0], say)
        return Answer(name, label_in(asked.choices[same[0]], say.language) if is_said_back(text) else "")
    begun = [i for i, texts in enumerate(labels) if begins_with(texts) == meaning]
    return _doubt(asked, begun[0], say) if len(begun) == 1 else None


def _doubt(asked: Asked, index: int, say: Say) -> Doubt:
    choice = asked.choices[index]
    return Doubt(choice.name, label_in(choice, say.language))
