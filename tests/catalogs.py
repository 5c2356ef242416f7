"""What the catalogs must hold, beside what the code says: for the tests and for `make check`."""

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import polib
from babel.messages.extract import extract_from_dir

from bot.values import LANGUAGES

ROOT = Path(__file__).parent.parent
SPEAKING = ("bot", "console", "reports")  # the folders that may say anything to people
METHODS = [("**.py", "python"), ("**.html", "jinja2")]
KEYWORDS = {"say": None, "sentence": None, "count": (1, 2)}
UNCOUNTED = {"ar": (0, 1, 2)}  # forms in which the number is a word, not a figure

Sentence = tuple[str, ...]  # the sentence, or its two English forms when it is counted


def faults() -> list[str]:
    """Return what is wrong with the catalogs, one line a fault; [] when all four are complete."""
    said = sentences()
    return [*hidden(said), *(fault for language in LANGUAGES for fault in _faults_of(language, said))]


def sentences() -> frozenset[Sentence]:
    """Return every sentence that Babel finds in the code and the pages."""
    return frozenset(
        (found,) if isinstance(found, str) else tuple(found)
        for folder in SPEAKING
        for _, _, found, _, _ in extract_from_dir(ROOT / folder, METHODS, keywords=KEYWORDS)
    )


def hidden(said: frozenset[Sentence]) -> list[str]:
    """Return the places where something is said that Babel does not find (no literal, or in an f-string)."""
    return [
        f"{file.relative_to(ROOT)}:{line}: say a whole sentence as a literal, outside an f-string"
        for folder in SPEAKING
        for file in sorted((ROOT / folder).rglob("*.py"))
        for line, sentence in _calls(ast.parse(file.read_text(encoding="utf-8")))
        if sentence not in said
    ]


def catalog(language: str) -> polib.POFile:
    """Return one language's catalog as it is written in the repository."""
    return polib.pofile(str(ROOT / "locales" / language / "LC_MESSAGES" / "griot.po"))


def sentence_of(entry: polib.POEntry) -> Sentence:
    """Return which sentence of the code an entry translates."""
    return (entry.msgid, entry.msgid_plural) if entry.msgid_plural else (entry.msgid,)


def forms_of(entry: polib.POEntry) -> tuple[str, ...]:
    """Return the translation, or all its plural forms in the catalog's order."""
    if not entry.msgid_plural:
        return (entry.msgstr,)
    return tuple(entry.msgstr_plural[index] for index in sorted(entry.msgstr_plural))


def placeholders(text: str) -> frozenset[str]:
    """Return the names that stand in braces."""
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def _faults_of(language: str, said: frozenset[Sentence]) -> Iterator[str]:
    entries = {sentence_of(entry): entry for entry in catalog(language) if not entry.obsolete}
    for sentence in sorted(said - entries.keys()):
        yield f"{language}: not in the catalog, run `make catalogs`: {sentence[0]}"
    for sentence in sorted(entries.keys() - said):
        yield f"{language}: no longer said, run `make catalogs`: {sentence[0]}"
    for sentence, entry in entries.items():
        if "fuzzy" in entry.flags or not entry.translated():
            yield f"{language}: to be translated: {sentence[0]}"
        elif not _keeps_placeholders(entry, language):
            yield f"{language}: other placeholders than in English: {sentence[0]}"


def _keeps_placeholders(entry: polib.POEntry, language: str) -> bool:
    wanted = placeholders(entry.msgid) | placeholders(entry.msgid_plural)
    uncounted = UNCOUNTED.get(language, ()) if entry.msgid_plural else ()
    return all(
        placeholders(form) == wanted or (index in uncounted and placeholders(form) == wanted - {"n"})
        for index, form in enumerate(forms_of(entry))
    )


def _calls(tree: ast.Module) -> Iterator[tuple[int, Sentence | None]]:
    """Yield line and sentence of every call of a voice; None for a sentence that is no literal."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (wanted := _literals_wanted(node.func)):
            given = [each.value for each in node.args[:wanted] if isinstance(each, ast.Constant)]
            texts = tuple(text for text in given if isinstance(text, str))
            yield node.lineno, texts if len(texts) == wanted else None


def _literals_wanted(called: ast.expr) -> int:
    if _is_voice(called) or getattr(called, "id", "") == "sentence":
        return 1
    is_count = isinstance(called, ast.Attribute) and called.attr == "count" and _is_voice(called.value)
    return 2 if is_count else 0


def _is_voice(node: ast.expr) -> bool:
    return getattr(node, "id", getattr(node, "attr", "")) == "say"
