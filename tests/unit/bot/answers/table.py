"""The tables of answers: what people may write, and what it must lead to."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from gettext import NullTranslations
from pathlib import Path

from bot.forms.form import Choice
from bot.questions import type_named
from bot.questions.base import Asked, Reading
from bot.say import Voice
from bot.values import Answer, Doubt, Heard, Rejection, Value

HERE = Path(__file__).parent
TODAY = date(2026, 11, 23)  # a Monday
_LINE = re.compile(r"(.*?)\s{2,}(=|=\+|\?|!)(?: (.*))?")
_LANGUAGES = ("en", "fr", "pt", "ar")


@dataclass(frozen=True)
class Asking:
    """A question of a table: its type, the language spoken, its options, whether an answer is needed."""

    kind: str
    language: str
    choices: tuple[Choice, ...] = ()
    parameters: dict[str, str] = field(default_factory=dict)
    is_required: bool = True


@dataclass(frozen=True)
class Case:
    """A line: what is written, how it must be taken (`=`, `=+`, `?`, `!`), the value."""

    asking: Asking
    said: str
    sign: str
    value: str
    place: str


def cases() -> Iterator[Case]:
    """Yield the lines of all tables."""
    for file in sorted(HERE.glob("*.txt")):
        yield from _cases_in(file)


def _cases_in(file: Path) -> Iterator[Case]:
    asking = Asking("", "")
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("["):
            asking = _asking(line)
            continue
        found = _LINE.fullmatch(line)
        assert found is not None, f"{file.name}:{number}: {line}"
        said = re.sub(r"\\u([0-9a-f]{4})", lambda code: chr(int(code[1], 16)), found[1]).replace("\\n", "\n")
        yield Case(asking, said, found[2], found[3] or "", f"{file.stem}:{number}")


def _asking(line: str) -> Asking:
    """Read `[select_one fr optional] yes: Yes / Oui | no: No / Non` or `[range en start=0 end=10]`."""
    head, _, options = line[1:].partition("]")
    kind, language, *more = head.split()
    parts = [each.partition(":") for each in options.split("|") if each.strip()]
    choices = tuple(
        Choice(name.strip(), dict(zip(_LANGUAGES, map(str.strip, labels.split(" / ")), strict=False)))
        for name, _, labels in parts
    )
    parameters = dict(each.split("=") for each in more if "=" in each)
    return Asking(kind, language, choices, parameters, "optional" not in more)


def read(case: Case) -> Reading:
    """Return what the question type makes of the line."""
    asking = case.asking
    asked = Asked(
        "",
        asking.choices,
        _LANGUAGES,
        TODAY,
        parameters=asking.parameters,
        is_required=asking.is_required,
    )
    say = Voice(asking.language, NullTranslations())
    return type_named(asking.kind).read(asked, Heard(text=case.said), say)


def told(reading: Reading) -> tuple[str, str]:
    """Return the sign and the value of a reading, as a table writes them."""
    match reading:
        case Answer(value, shown):
            return ("=+" if shown else "="), written(value)
        case Doubt(value):
            return "?", written(value)
        case Rejection():
            return "!", ""
        case _:
            return "", ""


def written(value: Value) -> str:
    """Return a value as a table writes it."""
    match value:
        case None:
            return "-"
        case list():
            return ", ".join(value)
        case dict():
            return f"{value['type']} {value['name']}"
        case _:
            return str(value)
