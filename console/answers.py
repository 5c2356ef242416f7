"""A report as a reader sees it: the questions in the reader's language, the answers in the city's words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.forms.form import Form
from bot.forms.sheet import Sheet, Step
from bot.questions import type_named
from bot.questions.base import Asked, label_in
from bot.say import isolate
from bot.values import Say, Value
from models.overview import Report
from models.revisions import Change

ASIDE = frozenset({"note", "another"})  # steps that hold no answer of their own


@dataclass(frozen=True, slots=True)
class Changed:
    """What an answer said before it was changed after sending, who changed it, and when."""

    before: str | None  # None: passed over
    is_new: bool  # there was no answer before
    author: str
    at: str


@dataclass(frozen=True, slots=True)
class Line:
    """One question and what was answered; None: passed over, or still awaited."""

    label: str
    text: str | None
    is_awaited: bool = False
    changes: tuple[Changed, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """One report as one reader reads it."""

    report: Report
    sheet: Sheet
    changes: Sequence[Change]
    say: Say
    moment: Callable[[datetime], str]  # in words

    def lines(self) -> tuple[Line, ...]:
        """Return every question that was answered or passed over, or that a change left without an answer."""
        asked = (step for step in self.sheet.steps() if step.question.type not in ASIDE)
        return tuple(self._line(step) for step in asked if self._is_shown(step))

    def _is_shown(self, step: Step) -> bool:
        return step.path in self.report.given or (self.report.has_gap and step.is_required)

    def _line(self, step: Step) -> Line:
        isolated = isolate if self.say.language == "ar" else str
        label = self.sheet.label(step.path, self.say.language, isolated)
        asked = Asked(label, self.sheet.choices(step.path))

        def shown(value: Value) -> str | None:
            return None if value is None else type_named(step.question.type).shown(asked, value, self.say)

        changed = (each for each in self.changes if each.question == step.path)
        return Line(
            label,
            shown(self.report.given.get(step.path)),
            step.path not in self.report.given,
            tuple(
                Changed(shown(each.before), each.is_new, each.author, self.moment(each.at))
                for each in changed
            ),
        )


def status_of(form: Form, path: str, report: Report, language: str) -> str:
    """Return the label of the option chosen at this path, "" when there is none."""
    question = next((one for one in form.questions if one.path == path), None)
    choices = question.choices if question else ()
    named = {choice.name: label_in(choice, language) for choice in choices}
    return named.get(report.answers.get(path, ""), "")
