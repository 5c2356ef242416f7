"""A number within bounds, in steps."""

from decimal import Decimal as Exact
from decimal import InvalidOperation

from bot.questions.base import Asked, Reading
from bot.questions.integer import Integer, no_number, number_read
from bot.questions.numbers import decimal_sign, read_number, shown_number
from bot.values import Heard, Rejection, Say

_DEFAULTS = {"start": "1", "end": "10", "step": "1"}  # XLSForm reference, range


class Range:
    """Accept a number from `start` to `end`, both included, in steps of `step`."""

    options = Integer.options
    shown = Integer.shown

    def read(self, asked: Asked, heard: Heard, say: Say) -> Reading:
        """Return the number, a doubt for `about 5`, or what was understood: the question says the bounds."""
        read = read_number(heard.text, decimal_sign(say.locale))
        if read is None:
            return no_number(heard.text, say)
        start, end, step = _bounds(asked)
        number = Exact(str(read.number))
        is_step = not step or (number - start) % step == 0
        if not min(start, end) <= number <= max(start, end) or not is_step:
            return Rejection(say("Understood as: {value}.", value=shown_number(read.number, say.locale)))
        return number_read(read, say)


def bounds(asked: Asked, say: Say) -> str:
    """Return the sentence that says what numbers are possible."""
    start, end, step = (shown_number(float(part), say.locale) for part in _bounds(asked))
    if step in ("0", "1"):
        return say("A number from {start} to {end}.", start=start, end=end)
    return say("A number from {start} to {end}, in steps of {step}.", start=start, end=end, step=step)


def _bounds(asked: Asked) -> tuple[Exact, Exact, Exact]:
    start, end, step = (_exact(asked.parameters.get(name, ""), name) for name in _DEFAULTS)
    return start, end, abs(step)


def _exact(text: str, name: str) -> Exact:
    try:
        number = Exact(text.strip())
    except InvalidOperation:
        return Exact(_DEFAULTS[name])
    return number if number.is_finite() else Exact(_DEFAULTS[name])
