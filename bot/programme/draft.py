"""A programme while it is read: the values that are right so far, and every problem."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from bot.programme.document import Document, Path, Plain
from bot.values import Problem

T = TypeVar("T")

_LINES = "Write `key: value` lines."
_NO_LINES = "There are no `key: value` lines here"

# pydantic's error types: what is wrong, "" for pydantic's own words, and what an editor should do
_FAULTS = {
    "missing": ("The key is missing", "Add the key."),
    "unexpected_keyword_argument": (
        "The key does not belong here",
        "Remove the key or correct its spelling; docs/programme.md lists them.",
    ),
    "string_type": ("There is no text here", "Write a text; put figures in quotes."),
    "string_pattern_mismatch": ("", "Write it in the form that docs/programme.md shows."),
    "int_type": ("There is no whole number here", "Write a whole number, without quotes."),
    "bool_parsing": ("It is neither true nor false", "Write true or false."),
    "bool_type": ("It is neither true nor false", "Write true or false."),
    "tuple_type": ("There is no list here", "Write a list, such as [one, two]."),
    "mapping_type": (_NO_LINES, _LINES),
    "dict_type": (_NO_LINES, _LINES),
    "dataclass_type": (_NO_LINES, _LINES),
    "enum": ("", "Use one of the words named."),
    "literal_error": ("", "Use one of the words named."),
    "too_short": ("The list is empty", "Add an entry."),
    "greater_than_equal": ("", "Correct the number."),
    "less_than_equal": ("", "Correct the number."),
}


class Draft:
    """The documents, read section by section; a section that is wrong is left out and reported.

    Of a file that is no YAML mapping only that is reported, nothing of its sections.
    """

    def __init__(self, documents: Mapping[str, Document], homes: Mapping[str, str]) -> None:
        self.documents = {file: document for file, document in documents.items() if document.is_read}
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
            self._translate("missing", (section,))
        elif not isinstance(raw, dict):
            self._translate("mapping_type", (section,))
        entries = raw.items() if isinstance(raw, dict) else ()
        read = {name: self._entry(section, name, entry, shape, key) for name, entry in entries}
        return {name: value for name, value in read.items() if value is not None}

    def row(self, section: str, shape: type[T]) -> tuple[T, ...]:
        """Return the right entries of a list; `numbered` tells their places."""
        raw = self.raw(section)
        if not self._is_there(section):
            self._translate("missing", (section,))
        elif not isinstance(raw, list):
            self._translate("tuple_type", (section,))
        entries = raw if isinstance(raw, list) else []
        read = {n: self._read(shape, (section, n), entry) for n, entry in enumerate(entries)}
        self._places[section] = [n for n, value in read.items() if value is not None]
        return tuple(value for value in read.values() if value is not None)

    def numbered(self, section: str, values: Iterable[T]) -> Iterator[tuple[int, T]]:
        """Return the entries that `row` gave, each with its index in the file."""
        return zip(self._places[section], values, strict=True)

    def _is_there(self, section: str) -> bool:
        document = self.documents.get(self.homes[section])
        return document is None or section in document.data

    def _entry(self, section: str, name: str, entry: Plain, shape: Any, key: str) -> Any:
        filled = {**entry, key: name} if key and isinstance(entry, dict) else entry
        return self._read(shape, (section, name), filled)

    def _read(self, shape: Any, path: Path, raw: Plain, is_there: bool = True) -> Any:
        if not is_there:
            self._translate("missing", path)
            return None
        try:
            return _adapter(shape).validate_python(raw, context={"languages": self.languages})
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                place = (*path, *(part for part in detail["loc"] if part != "[key]"))
                self._translate(detail["type"], place, detail["msg"], detail.get("ctx", {}))
            return None

    def _translate(
        self, sort: str, path: Path, message: str = "", context: Mapping[str, Any] = MappingProxyType({})
    ) -> None:
        """Keep a problem of one of pydantic's types, in our words where we have some."""
        ours, mend = _FAULTS.get(sort, ("", "Correct the value."))
        code = str(context.get("code", sort))
        self.fault(code, path, f"{(ours or message).rstrip('.')}.", str(context.get("mend") or mend))


@cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    return TypeAdapter(shape)
