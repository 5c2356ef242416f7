"""The values that an expression compares questions with."""

from collections.abc import Iterator

from bot.forms.rewriting import tokens

_REFERENCE, _LITERAL = "reference", "literal"


def compared(expression: str) -> Iterator[tuple[str, str]]:
    """Yield name and text of each `${name} = 'text'`, either way round, and `selected(${name}, 'text')`.

    Raise ExpressionError for what is no expression.
    """
    read = tokens(expression)
    for at, (_, text) in enumerate(read):
        if text in ("=", "!="):
            sides = dict((*read[max(0, at - 1) : at], *read[at + 1 : at + 2]))
        elif text == "selected":
            sides = dict((*read[at + 2 : at + 3], *read[at + 4 : at + 5]))
        else:
            continue
        if sides.keys() == {_REFERENCE, _LITERAL}:
            yield sides[_REFERENCE][2:-1].strip(), sides[_LITERAL][1:-1]
