"""The first values that a session keeps: of once(), of a default of the moment, of its start."""

from dataclasses import dataclass

from bot.values import Value


@dataclass(frozen=True, slots=True)
class First:
    """The first value of a node, kept as long as what started its calculation stays the same."""

    value: Value
    trigger: str = ""  # the answers that started it, "" for none
