"""Operands of an expression, written as what stands beside them makes of them."""

from dataclasses import dataclass

from bot.forms.functions import PREFIX

_ARITHMETIC = frozenset({"+", "-", "*", "div", "mod"})
_ORDER = frozenset({"<", "<=", ">", ">="})
_EQUALITY = frozenset({"=", "!="})
_LOGIC = frozenset({"and", "or"})
OPERATORS = _ARITHMETIC | _ORDER | _EQUALITY | _LOGIC | {"|"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A rewritten part: its text, its kind, and whether it is a bare path."""

    text: str
    kind: str
    is_path: bool = False

    @property
    def is_nodes(self) -> bool:
        """Whether it finds questions, and is no value yet."""
        return self.is_path or self.kind == "nodes"


def joined(operands: list[Piece], operators: list[str]) -> Piece:
    """Return operands and operators written in a row, each operand as its neighbours make of it."""
    if not operators:
        return operands[0]
    around = [set(operators[max(0, n - 1) : n + 1]) for n in range(len(operands))]
    kinds = [_kind_among(piece, near) for piece, near in zip(operands, around, strict=True)]
    equals: list[set[str]] = [set() for _ in operands]  # the kinds that each is compared with
    for n, operator in enumerate(operators):
        if operator in _EQUALITY:
            equals[n].add(kinds[n + 1])
            equals[n + 1].add(kinds[n])
    first, *others = (
        _in_place(piece, near, same).text for piece, near, same in zip(operands, around, equals, strict=True)
    )
    written = first + "".join(f" {o} {text}" for o, text in zip(operators, others, strict=True))
    return Piece(written, _kind_of(operators))


def _kind_of(operators: list[str]) -> str:
    if set(operators) <= _ARITHMETIC:
        return "number"
    return "nodes" if set(operators) == {"|"} else "boolean"


def _kind_among(piece: Piece, near: set[str]) -> str:
    return "number" if near & _ARITHMETIC else piece.kind


def _in_place(piece: Piece, near: set[str], equals: set[str]) -> Piece:
    """Return an operand as its operators, and what it is compared with, make of it."""
    if near & (_ARITHMETIC | _ORDER):
        return as_number(piece)
    if near & _EQUALITY and "boolean" in equals:
        return as_truth(piece)
    if near & _EQUALITY:
        return as_number(piece) if piece.kind == "date" and "number" in equals else piece
    return as_truth(piece) if near & _LOGIC else piece


def as_number(piece: Piece) -> Piece:
    """Return a number: a date as its day number, which libxml2 alone would make NaN, comparing false."""
    if piece.kind in ("number", "boolean"):
        return piece
    return Piece(f"{PREFIX}number({piece.text})", "number")


def as_truth(piece: Piece) -> Piece:
    """Return whether a question has an answer other than 0; libxml2 alone would ask whether it exists."""
    if not piece.is_nodes:
        return piece
    return Piece(f"boolean({'number' if piece.kind == 'number' else 'string'}({piece.text}))", "boolean")
