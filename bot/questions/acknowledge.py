"""A confirmation."""

from bot.questions.base import Asked, Reading
from bot.questions.options import chosen
from bot.questions.yes_no import yes_or_no
from bot.values import Answer, Heard, Rejection, Say, Value

CONFIRMED = "OK"  # ODK XForms Specification, trigger


class Acknowledge:
    """Accept OK or any form of yes; no leaves an optional question without an answer."""

    def options(self, asked: Asked, say: Say) -> tuple[str, ...]:
        """Return the one option."""
        return (say("OK"),)

    def read(self, asked: Asked, heard: Heard, say: Say) -> Reading:
        """Return "OK", or ask for it."""
        if heard.press:
            is_confirmed = heard.press.option == 1
        else:
            is_confirmed = (
                yes_or_no(heard.text) == "yes" or chosen(heard.text, ((CONFIRMED, say("OK")),)) == 0
            )
        if is_confirmed:
            return Answer(CONFIRMED)
        if yes_or_no(heard.text) == "no" and not asked.is_required:
            return Answer(None, say("No"))
        return Rejection(say("Please confirm with OK to go on."))

    def shown(self, asked: Asked, value: Value, say: Say) -> str:
        """Return OK."""
        return say("OK")
