"""The people and reports of `demo.yaml`, and what must agree between them, the programme and its forms."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal, TypeAlias

from pydantic import ConfigDict

from bot.forms.form import Form, Question
from bot.forms.sheet import Sheet
from bot.programme.document import Path, read_document
from bot.programme.draft import Draft
from bot.programme.fields import Text
from bot.programme.shapes import Programme
from bot.values import Value

DEMO_FILE = "demo.yaml"
DEMO_HOMES = {"people": DEMO_FILE, "reports": DEMO_FILE}
DRAFT = "draft"  # key of a report that was begun and not sent

Report: TypeAlias = Mapping[str, Any]  # path of a question to the answer, and perhaps DRAFT
_Reports: TypeAlias = Mapping[str, tuple[Report, ...]]

_OF_A_CITY = ("coordinator", "deputy", "group")
_AT = datetime(2026, 11, 23, 10, tzinfo=UTC)  # any time serves
_INSTANCE = re.compile(r"\[\d+\]")
_WHOLE, _NUMBER, _LIST, _WORDS = "a whole number", "a number", "a list of choices", "a text, in quotes"
_WANTED: dict[str, tuple[tuple[type, ...], str]] = {
    "integer": ((int,), _WHOLE),
    "range": ((int, float), _NUMBER),
    "decimal": ((int, float), _NUMBER),
    "select_multiple": ((list,), _LIST),
    "rank": ((list,), _LIST),
    "image": ((dict,), "type, name and size"),
    "audio": ((dict,), "type, name and size"),
    "video": ((dict,), "type, name and size"),
    "file": ((dict,), "type, name and size"),
}


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody who does not exist."""

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    name: Text
    role: Literal["coordinator", "deputy", "group", "officer", "admin", "viewer"]
    language: str
    city: str | None = None
    channel: Literal["telegram", "whatsapp", "sms", "email"] = "telegram"  # what their phone shows at first
    email: Text = ""  # shown only: nothing is sent there


@dataclass(frozen=True, slots=True)
class Demo:
    """A demonstration's people, and their reports by form and city, the newest period first."""

    people: tuple[DemoPerson, ...]
    reports: Mapping[str, _Reports]


def open_demo(content: bytes) -> Demo:
    """Return the demonstration of a file that was checked with its programme; raise ValueError if wrong."""
    draft = Draft({DEMO_FILE: read_document(DEMO_FILE, content)}, DEMO_HOMES)
    demo = _read(draft)
    if draft.problems:
        raise ValueError("; ".join(f"{each.where}: {each.message}" for each in draft.problems))
    return demo


def check_demo(draft: Draft, programme: Programme, forms: Mapping[str, Form]) -> None:
    """Keep every fault of `demo.yaml`, when there is one."""
    if DEMO_FILE not in draft.documents:
        return
    demo = _read(draft)
    for number, person in draft.numbered("people", demo.people):
        _check_person(draft, ("people", number), person, programme)
    if demo.people and not any(person.role == "officer" for person in demo.people):
        mend = "Add an officer: the console is signed in to as that person."
        draft.fault("roles", ("people",), "Nobody is an officer.", mend)
    for name, reports in demo.reports.items():
        _check_reports(draft, ("reports", name), programme, reports, {each.city for each in demo.people})
        if name in forms:
            _check_answers(draft, ("reports", name), forms[name], reports)


def _read(draft: Draft) -> Demo:
    return Demo(draft.row("people", DemoPerson), draft.many("reports", _Reports))


def _check_person(draft: Draft, place: Path, person: DemoPerson, programme: Programme) -> None:
    if programme.languages and person.language not in programme.languages:
        draft.unknown(
            (*place, "language"), "a language of the programme", person.language, programme.languages
        )
    if person.city is not None:
        _known_city(draft, (*place, "city"), person.city)
    elif person.role in _OF_A_CITY:
        draft.fault("missing", place, f"A {person.role} belongs to a city.", "Add the key city.")


def _known_city(draft: Draft, place: Path, city: str) -> None:
    cities = draft.keys("cities")
    if cities and city not in cities:
        draft.unknown(place, "a city of the programme", city, cities)


def _check_reports(
    draft: Draft, place: Path, programme: Programme, reports: _Reports, homes: set[str | None]
) -> None:
    name = str(place[-1])
    form = programme.forms.get(name)
    due = [each for each in draft.keys("forms") if each not in programme.forms or programme.forms[each].every]
    if draft.keys("forms") and name not in draft.keys("forms"):
        draft.unknown(place, "a form of this programme", name, due)
    elif form is not None and form.every is None:
        draft.unknown(place, "a form of every week or month", name, due)
    for city in reports:
        _known_city(draft, (*place, city), city)
        if city in draft.keys("cities") and city not in homes:
            mend = "Add a person of the city to people."
            draft.fault("nobody", (*place, city), f"Nobody reports for {city}.", mend)


def _check_answers(draft: Draft, place: Path, form: Form, reports: _Reports) -> None:
    asked = {question.path: question for question in form.questions}
    for city, entries in reports.items():
        for number, report in enumerate(entries):
            there = (*place, city, number)
            given = {path: value for path, value in report.items() if path != DRAFT}
            wrong = list(_wrong(draft, there, asked, given))
            if not wrong:
                _check_sheet(draft, there, form, given, is_draft=bool(report.get(DRAFT)))


def _wrong(
    draft: Draft, place: Path, asked: Mapping[str, Question], given: Mapping[str, Any]
) -> Iterator[str]:
    """Yield each path whose answer cannot be kept, its fault told."""
    for path, value in given.items():
        question = asked.get(_INSTANCE.sub("", path))
        if question is None:
            draft.unknown((*place, path), "a question of the form", path, asked)
            yield path
        elif value is not None and not _fits(draft, (*place, path), question, value):
            yield path


def _fits(draft: Draft, place: Path, question: Question, value: object) -> bool:
    types, wanted = _WANTED.get(question.type, ((str,), _WORDS))
    if not isinstance(value, types) or isinstance(value, bool):
        draft.fault("answer", place, f"{value} is no answer to {question.path}.", f"Write {wanted}.")
        return False
    known = [choice.name for choice in question.choices]
    chosen: Iterable[object] = value if isinstance(value, list) else [value]
    unknown = [name for name in chosen if known and name not in known]
    for name in unknown:
        draft.unknown(place, f"a choice of {question.path}", str(name), known)
    return not unknown


def _check_sheet(
    draft: Draft, place: Path, form: Form, given: Mapping[str, Value], *, is_draft: bool
) -> None:
    """Keep what the form itself would not have accepted."""
    sheet = Sheet(form, given, {}, _AT)
    for path, value in given.items():
        if not sheet.accepts(path, value):
            mend = "Correct the answer, or the form's constraint."
            draft.fault("answer", (*place, path), f"The form does not accept {value}.", mend)
    left = [step.path for step in sheet.steps() if step.is_required and given.get(step.path) is None]
    if left and not is_draft:
        mend = "Answer them, or add `draft: true`."
        draft.fault("answer", place, f"Required and not answered: {', '.join(left)}.", mend)
