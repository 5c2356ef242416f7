"""Read a YAML file into plain values, and remember the line of every key."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml

from bot.values import Problem

Plain: TypeAlias = "str | int | float | bool | list[Plain] | dict[str, Plain] | None"
Path: TypeAlias = tuple[str | int, ...]

# YAML 1.2, core schema; YAML 1.1 would also read `no` as false and 12:30 as 750.
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
_INTEGER = re.compile(r"-?[0-9]+")
_DECIMAL = re.compile(r"-?[0-9]+\.[0-9]+")


@dataclass(slots=True)
class Document:
    """A file's values, the line of every key and entry (from 1), and what is wrong with its YAML."""

    file: str
    data: dict[str, Plain] = field(default_factory=dict)
    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    is_read: bool = False  # else the file is no YAML mapping

    def where(self, path: Path) -> str:
        """Return file, line and key path, as `cities.yaml, line 12, cities.bamako.code`."""
        known = next((path[:n] for n in range(len(path), 0, -1) if path[:n] in self.lines), ())
        line = f", line {self.lines[known]}" if known else ""
        return f"{self.file}{line}" + (f", {dotted(path)}" if path else "")

    def fault(self, code: str, path: Path, message: str, mend: str) -> None:
        """Keep one problem of this file."""
        self.problems.append(Problem(code, self.where(path), mend, message))


def dotted(path: Path) -> str:
    """Return a key path as text; entries of lists are numbered from 1."""
    return ".".join(str(part + 1 if isinstance(part, int) else part) for part in path)


def read_document(file: str, content: bytes) -> Document:
    """Return the file's values; a file that is no YAML mapping has none, and the reason in `problems`."""
    document = Document(file)
    try:
        root = yaml.compose(content.decode("utf-8-sig"), yaml.CSafeLoader)
    except UnicodeDecodeError:
        document.fault("encoding", (), "The file is not UTF-8 text.", "Save it as UTF-8.")
        return document
    except yaml.YAMLError as error:
        _syntax_fault(document, error)
        return document
    if not isinstance(root, yaml.MappingNode):
        document.fault("not_a_mapping", (), "The file holds no keys.", "Write it as `key: value` lines.")
        return document
    document.data = _mapping(document, root, (), set())
    document.is_read = True
    return document


def _syntax_fault(document: Document, error: yaml.YAMLError) -> None:
    mark = getattr(error, "problem_mark", None)
    where = f"{document.file}, line {mark.line + 1}" if mark else document.file
    reason = str(getattr(error, "problem", "") or "unreadable")
    mend = "Correct the line: indent with spaces, quote texts that hold `: ` or begin with a sign."
    document.problems.append(Problem("yaml", where, mend, f"The file is not valid YAML: {reason}."))


def _mapping(document: Document, node: yaml.MappingNode, path: Path, seen: set[int]) -> dict[str, Plain]:
    values: dict[str, Plain] = {}
    for key, name, value in _pairs(node):
        place = (*path, name)
        document.lines.setdefault(place, key.start_mark.line + 1)
        if name in values:
            line = key.start_mark.line + 1
            document.fault(
                "repeated_key", place, f"The key is there again in line {line}.", "Keep one of them."
            )
            continue
        values[name] = _plain(document, value, place, seen)
    return values


def _pairs(node: yaml.MappingNode) -> Iterator[tuple[yaml.Node, str, yaml.Node]]:
    for key, value in node.value:
        yield key, key.value if isinstance(key, yaml.ScalarNode) else "?", value


def _plain(document: Document, node: yaml.Node, path: Path, seen: set[int]) -> Plain:
    if id(node) in seen:
        document.fault("alias", path, "The value is a reference to another one.", "Write the value out.")
        return None
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        return _mapping(document, node, path, seen)
    if isinstance(node, yaml.SequenceNode):
        return [_entry(document, child, (*path, n), seen) for n, child in enumerate(node.value)]
    return _scalar(node)


def _entry(document: Document, node: yaml.Node, path: Path, seen: set[int]) -> Plain:
    document.lines[path] = node.start_mark.line + 1
    return _plain(document, node, path, seen)


def _scalar(node: yaml.Node) -> Plain:
    text = str(node.value)
    if isinstance(node, yaml.ScalarNode) and node.style:  # quoted, or a block of text
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _DECIMAL.fullmatch(text):
        return float(text)
    return int(text) if _INTEGER.fullmatch(text) else text
