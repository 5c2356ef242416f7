"""Stored JSON that is none: it raises for whoever needs it, not for all that is read together with it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from sqlalchemy import JSON, ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

# What reading a row raises that is damaged, or that a later Griot wrote.
UNREADABLE = (AttributeError, LookupError, TypeError, ValueError)


class Unreadable(Mapping[str, Any]):
    """What stands where JSON should; raise ValueError whatever is asked of it."""

    def __getitem__(self, name: str) -> NoReturn:
        """Raise ValueError."""
        raise ValueError("what is stored is no JSON")

    def __iter__(self) -> Iterator[str]:
        """Raise ValueError."""
        raise ValueError("what is stored is no JSON")

    def __len__(self) -> int:
        """Raise ValueError: it is not empty, and not full."""
        raise ValueError("what is stored is no JSON")

    __eq__ = object.__eq__
    __hash__ = object.__hash__


def read_json(text: str | bytes) -> Any:
    """Return what JSON says; Unreadable where it is none: SQLite keeps such, PostgreSQL never does."""
    try:
        return json.loads(text)
    except ValueError:
        return Unreadable()


def legible(stored: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what is stored, for a list: nothing instead of what cannot be read."""
    return {} if isinstance(stored, Unreadable) else stored


class Legible(FunctionElement[Any]):
    """A JSON column as statements may look into it: null instead of what cannot be read."""

    name = "legible"
    inherit_cache = True
    type = JSON()

    def __init__(self, column: InstrumentedAttribute[dict[str, Any]]) -> None:
        """Look into this column."""
        super().__init__(column)
        self.type = column.type


@compiles(Legible)
def _plain(element: Legible, compiler: SQLCompiler, **more: Any) -> str:
    return compiler.process(_column(element), **more)


@compiles(Legible, "sqlite")
def _checked(element: Legible, compiler: SQLCompiler, **more: Any) -> str:
    column = compiler.process(_column(element), **more)
    return f"CASE WHEN json_valid({column}) THEN {column} END"


def _column(element: Legible) -> ColumnElement[Any]:
    [column] = element.clauses
    return column
