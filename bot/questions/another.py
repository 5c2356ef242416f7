"""One more round of a repeat, or not."""

from bot.questions.base import Asked, Reading
from bot.questions.options import chosen
from bot.questions.yes_no import NO, YES, is_nearly_no, is_said_back, plain
from bot.values import Answer, Doubt, Heard, Rejection, Say, Value

_VALUES = ("yes", "no")


class Another:
    """Accept yes or no, in any of their forms, in any of the four languages; ask what is nearly a no."""

    def options(self, asked: Asked, say: Say) -> tuple[str, ...]:
        """Return yes and no."""
        return (say("Yes"), say("No"))

    def read(self, asked: Asked, heard: Heard, say: Say) -> Reading:
        """Return "yes" or "no", or ask for a number."""
        if is_nearly_no(heard.text):
            return Doubt("no", say("No"))
        index = heard.press.option - 1 if heard.press else chosen(plain(heard.text), (YES, NO))
        if index is not None and 0 <= index < len(_VALUES):
            return Answer(_VALUES[index], say("No") if is_said_back(heard.text) else "")
        return Rejection(
            say("That is not one of the choices. Please send a number from 1 to {last}.", last=2)
        )

    def shown(self, asked: Asked, value: Value, say: Say) -> str:
        """Return yes or no."""
        return say("Yes") if value == "yes" else say("No")
