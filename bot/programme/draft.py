"""A programme while it is read: the values that are right so far, and every problem."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from bot.programme.document import Document, Path, Plain
from bot.values import Problem

T = TypeVar("T")

# pydantic's error types, and what an editor should do
_MENDS = {
    "missing": "Add the key.",
    "unexpected_keyword_argument": "Remove the key or correct its spelling; docs/programme.md lists them.",
    "string_type": "Write a text; put figures in quotes.",
    "string_pattern_mismatch": "Write it in the form that docs/programme.md shows.",
    "int_type": "Write a whole number, without quotes.",
    "bool_parsing": "Write true or false.",
    "bool_type": "Write true or false.",
    "tuple_type": "Write a list, such as [one, two].",
    "mapping_type": "Write `key: value` lines.",
    "dataclass_type": "Write `key: value` lines.",
    "enum": "Use one of the words named.",
    "literal_error": "Use one of the words named.",
    "too_short": "Add an entry.",
    "greater_than_equal": "Correct the number.",
    "less_than_equal": "Correct the number.",
}


class Draft:
    """The documents, read section by section; a section that is wrong is left out and reported."""

    def __init__(self, documents: Mapping[str, Document], homes: Mapping[str, str]) -> None:
        self.documents = documents
        self.homes = homes  # top-level key to file
        self.languages: tuple[str, ...] = ()
        self._places: dict[str, list[int]] = {}
        self.problems: list[Problem] = [p for document in documents.values() for p in document.problems]

    def raw(self, section: str) -> Plain:
        """Return what the file says under a top-level key, or None."""
        document = self.documents.get(self.homes[section])
        return document.data.get(section) if document else None

    def keys(self, section: str) -> tuple[str, ...]:
        """Return the keys of a section, also of its wrong entries."""
        raw = self.raw(section)
        return tuple(raw) if isinstance(raw, dict) else ()

    def fault(self, code: str, path: Path, message: str, mend: str) -> None:
        """Keep one problem, at the path that begins with a top-level key."""
        document = self.documents.get(self.homes[str(path[0])])
        if document is not None:
            self.problems.append(Problem(code, document.where(path), mend, message))

    def unknown(self, path: Path, what: str, name: str, known: Iterable[str]) -> None:
        """Keep the problem of a name that is not one of those known."""
        self.fault("unknown_name", path, f"{name} is not {what}.", f"Use one of: {', '.join(known)}.")

    def one(self, section: str, shape: Any) -> Any:
        """Return a section as a value of this shape, or None with the problems kept."""
        return self._read(shape, (section,), self.raw(section), self._is_there(section))

    def many(self, section: str, shape: Any, key: str = "") -> dict[str, Any]:
        """Return the right entries of a mapping; `key` is the field that takes the entry's key."""
        raw = self.raw(section)
        if not self._is_there(section):
            self.fault("missing", (section,), "Field required.", _MENDS["missing"])
        elif not isinstance(raw, dict):
            self.fault("mapping_type", (section,), "Not a mapping.", _MENDS["mapping_type"])
        entries = raw.items() if isinstance(raw, dict) else ()
        read = {name: self._entry(section, name, entry, shape, key) for name, entry in entries}
        return {name: value for name, value in read.items() if value is not None}

    def row(self, section: str, shape: type[T]) -> tuple[T, ...]:
        """Return the right entries of a list; `numbered` tells their places."""
        raw = self.raw(section)
        if not self._is_there(section):
            self.fault("missing", (section,), "Field required.", _MENDS["missing"])
        elif not isinstance(raw, list):
            self.fault("tuple_type", (section,), "Not a list.", _MENDS["tuple_type"])
        entries = raw if isinstance(raw, list) else []
        read = {n: self._read(shape, (section, n), entry) for n, entry in enumerate(entries)}
        self._places[section] = [n for n, value in read.items() if value is not None]
        return tuple(value for value in read.values() if value is not None)

    def numbered(self, section: str, values: Iterable[T]) -> Iterator[tuple[int, T]]:
        """Return the entries that `row` gave, each with its index in the file."""
        return zip(self._places[section], values, strict=True)

    def _is_there(self, section: str) -> bool:
        document = self.documents.get(self.homes[section])
        return document is None or not document.data or section in document.data

    def _entry(self, section: str, name: str, entry: Plain, shape: Any, key: str) -> Any:
        filled = {**entry, key: name} if key and isinstance(entry, dict) else entry
        return self._read(shape, (section, name), filled)

    def _read(self, shape: Any, path: Path, raw: Plain, is_there: bool = True) -> Any:
        if not is_there:
            self.fault("missing", path, "Field required.", _MENDS["missing"])
            return None
        try:
            return _adapter(shape).validate_python(raw, context={"languages": self.languages})
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                self._translate(path, detail)
            return None

    def _translate(self, path: Path, detail: ErrorDetails) -> None:
        place = (*path, *(part for part in detail["loc"] if part != "[key]"))
        context = detail.get("ctx", {})
        code = str(context.get("code", detail["type"]))
        mend = str(context.get("mend") or _MENDS.get(detail["type"], "Correct the value."))
        self.fault(code, place, f"{detail['msg'].rstrip('.')}.", mend)


@cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    return TypeAdapter(shape)
