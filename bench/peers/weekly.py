"""The weekly report as both peers ask it: the questions of the programme's form, read when a peer starts."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

FORM = Path(__file__).resolve().parents[2] / "programmes/aston/forms/weekly_update.md"
COLUMNS = {"en": "English (en)", "fr": "French (fr)", "pt": "Portuguese (pt)", "ar": "Arabic (ar)"}
MILESTONE = "M05"  # what a peer says for the next milestone: it has no calendar
MOST, FEWEST_PEOPLE, MOST_PEOPLE = 300, 1, 500
_GREETINGS = ("/report", "report")
_WORDS = {
    "en": ("Please reply with one of the numbers.", "Your report:", "Send", "Start again", "Received: {}."),
    "fr": ("Répondez par l'un des numéros.", "Votre rapport :", "Envoyer", "Recommencer", "Reçu : {}."),
    "pt": ("Responda com um dos números.", "O seu relatório:", "Enviar", "Recomeçar", "Recebido: {}."),
    "ar": ("أجب بأحد الأرقام.", "تقريرك:", "إرسال", "البدء من جديد", "وصل: {}."),
}

Answers = dict[str, str]
Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Person:
    """Who writes: the city's slug and the language."""

    city: str
    language: str


@dataclass(frozen=True, slots=True)
class Question:
    """One row of the form; `choices` are names and labels by language, in order."""

    name: str
    kind: str  # select_one, integer, text
    label: Mapping[str, str]
    is_required: bool
    refusal: Mapping[str, str]
    choices: Sequence[tuple[str, Mapping[str, str]]] = ()

    def is_asked(self, answers: Answers) -> bool:
        """Tell whether the answers so far make it relevant."""
        match self.name:
            case "lag_people":
                return answers.get("lag_met") == "yes"
            case "challenge" | "help_kind":
                return answers.get("severity") != "none"
            case _:
                return True

    def read(self, text: str) -> str | None:
        """Return the value that the text means ("" for a skipped one), None when it means none."""
        if text == "-":
            return None if self.is_required else ""
        match self.kind:
            case "select_one":
                numbers = {str(number): name for number, (name, _) in enumerate(self.choices, start=1)}
                return numbers.get(text)
            case "integer":
                return text if text.isdecimal() and FEWEST_PEOPLE <= int(text) <= MOST_PEOPLE else None
            case _:
                return text if 0 < len(text) <= MOST else None

    def refused(self, language: str) -> str:
        """Return why the last reply was not taken."""
        return self.refusal[language] or _WORDS[language][0]


def next_question(answers: Answers) -> Question | None:
    """Return the first relevant question without an answer, None when all have one."""
    return next((one for one in QUESTIONS if one.name not in answers and one.is_asked(answers)), None)


def asked(question: Question, answers: Answers, language: str) -> str:
    """Return the question's message: its number, its label, its numbered options."""
    relevant = [one.name for one in QUESTIONS if one.is_asked(answers)]
    first = f"{relevant.index(question.name) + 1}/{len(relevant)} {question.label[language]}"
    return "\n".join([first, *_numbered(labels[language] for _, labels in question.choices)])


def read_back(answers: Answers, language: str) -> str:
    """Return all answers in words, and what can be done with them."""
    _, title, send, again, _ = _WORDS[language]
    lines = [
        f"{one.label[language]} {_shown(one, answers, language)}" for one in QUESTIONS if one.name in answers
    ]
    return "\n".join([title, *lines, *_numbered([send, again])])


def received(reference: str, language: str) -> str:
    """Return the receipt."""
    return _WORDS[language][-1].format(reference)


def is_greeting(text: str) -> bool:
    """Tell whether the text begins a report."""
    return text.lower() in _GREETINGS


def read_people(path: Path) -> dict[str, Person]:
    """Return who is known, by address, from a JSON file of `{address: [city, language]}`."""
    return {address: Person(*who) for address, who in json.loads(path.read_bytes()).items()}


def _numbered(labels: Iterator[str] | Sequence[str]) -> list[str]:
    return [f"{number}. {label}" for number, label in enumerate(labels, start=1)]


def _shown(question: Question, answers: Answers, language: str) -> str:
    value = answers[question.name]
    return dict(question.choices)[value][language] if question.choices else value or "-"


def _rows(sheet: str) -> Iterator[Row]:
    """Yield the rows of one sheet of the form, a mapping each."""
    part = FORM.read_text(encoding="utf-8").partition(f"| {sheet} |\n")[2].partition("\n\n")[0]
    cells = [[cell.strip() for cell in line.split("|")[2:-1]] for line in part.splitlines()]
    return (dict(zip(cells[0], row, strict=True)) for row in cells[1:])


def _texts(row: Row, column: str) -> dict[str, str]:
    texts = {language: row[f"{column}::{name}"] for language, name in COLUMNS.items()}
    return {language: text.replace("${milestone_name}", MILESTONE) for language, text in texts.items()}


def _questions() -> Iterator[Question]:
    lists: dict[str, list[tuple[str, Mapping[str, str]]]] = {}
    for row in _rows("choices"):
        lists.setdefault(row["list_name"], []).append((row["name"], _texts(row, "label")))
    for row in _rows("survey"):
        kind, _, choices = row["type"].partition(" ")
        if kind != "hidden":
            label, refusal = _texts(row, "label"), _texts(row, "constraint_message")
            is_required = row["required"] == "yes"
            yield Question(row["name"], kind, label, is_required, refusal, lists.get(choices, ()))


QUESTIONS = tuple(_questions())
