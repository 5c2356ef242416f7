"""What a question type gets to ask with and to read with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from bot.forms.form import Choice
from bot.values import Answer, Doubt, Heard, Rejection, Say, Toggled, Value
from bot.words import fold


def _anything(value: Value) -> bool:
    """Stand for a question without a constraint."""
    return True


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it is put to one person: texts in their language, choices filtered."""

    label: str
    choices: tuple[Choice, ...] = ()
    languages: tuple[str, ...] = ()  # of the form: labels of all of them are understood
    today: date = date.min
    toggled: tuple[str, ...] = ()  # options chosen so far
    appearance: str = ""
    may_follow: bool = False  # an attachment that is needed, but not before the report is sent
    parameters: Mapping[str, str] = field(default_factory=dict)  # start, end, step of a range
    is_required: bool = False
    fits: Callable[[Value], bool] = field(default=_anything, compare=False, repr=False)  # its constraint


Reading = Answer | Doubt | Rejection | Toggled


class QuestionType(Protocol):
    """One type of question: what stands beside its label, how a reply is read, how an answer is shown."""

    def options(self, asked: Asked, say: Say) -> tuple[str, ...]:
        """Return the labels of the numbered options; () for an open question."""
        ...

    def read(self, asked: Asked, heard: Heard, say: Say) -> Reading:
        """Return what the reply was understood as."""
        ...

    def shown(self, asked: Asked, value: Value, say: Say) -> str:
        """Return the answer as the person would write it."""
        ...


def label_in(choice: Choice, language: str) -> str:
    """Return the option's label in the language, else in any, else its name."""
    return choice.labels.get(language) or next(iter(choice.labels.values()), "") or choice.name


def is_exact_label(asked: Asked, text: str) -> bool:
    """Tell whether the text is the whole label of an option, in any of the form's languages."""
    said = fold(text)
    return any(said == fold(label) for choice in asked.choices for label in choice.labels.values())
