"""A report as a reader sees it: the questions in the reader's language, the answers in the city's words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from bot.forms.form import Form
from bot.forms.sheet import Sheet, Step
from bot.questions import type_named
from bot.questions.base import Asked, label_in
from bot.say import isolate
from bot.values import Say, Value
from models.overview import Report

ASIDE = frozenset({"note", "another"})  # steps that hold no answer of their own


@dataclass(frozen=True, slots=True)
class Line:
    """One question and what was answered; None: passed over."""

    label: str
    text: str | None


def lines_of(
    form: Form, report: Report, hidden: Mapping[str, str], at: datetime, say: Say
) -> tuple[Line, ...]:
    """Return every question that was answered or passed over.

    `hidden`: what the system fills in, in the reader's language; `at` in city time.
    """
    given = cast(Mapping[str, Value], report.given)
    sheet = Sheet(form, given, hidden, at)
    steps = (step for step in sheet.steps() if step.path in given and step.question.type not in ASIDE)
    return tuple(_line(sheet, step, given[step.path], say) for step in steps)


def status_of(form: Form, path: str, report: Report, language: str) -> str:
    """Return the label of the option chosen at this path, "" when there is none."""
    question = next((one for one in form.questions if one.path == path), None)
    choices = question.choices if question else ()
    named = {choice.name: label_in(choice, language) for choice in choices}
    return named.get(report.answers.get(path, ""), "")


def _line(sheet: Sheet, step: Step, value: Value, say: Say) -> Line:
    isolated = isolate if say.language == "ar" else str
    label = sheet.label(step.path, say.language, isolated)
    if value is None:
        return Line(label, None)
    asked = Asked(label, sheet.choices(step.path))
    return Line(label, type_named(step.question.type).shown(asked, value, say))
