"""The weekly digest: who reported, who is stuck, in the cities' own words; within one message."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from babel.lists import format_list

from bot.forms.form import Form
from bot.programme import City, FormDigest, Programme
from bot.questions.base import label_in
from bot.say import begun_right
from bot.values import Say, Value

CHARACTERS = 900  # of the text, domain rules section 6
QUOTES = (120, 90, 60, 40, 25, 0)  # characters of a quotation: the first length at which all has room
SUCCESSES = 3
_OUTPUT = re.compile(r"\s*:?\s*\$\{[^}]+\}")  # what was put in when it was asked


class Standing(StrEnum):
    """What a city gave for a week."""

    SUBMITTED = "submitted"
    PARTIAL = "partial"
    SILENT = "silent"
    EXCUSED = "excused"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class CityWeek:
    """What one city gave for one week."""

    city: City
    standing: Standing
    form: Form | None = None
    reference: str | None = None
    language: str = ""  # the answers' own
    answers: Mapping[str, Value] | None = None
    nothing: bool = False

    @property
    def is_expected(self) -> bool:
        """Tell whether a report was asked of the city."""
        return self.standing not in (Standing.EXCUSED, Standing.PAUSED)


@dataclass(frozen=True, slots=True)
class Digest:
    """One week as text, and what stands behind it."""

    week: str
    language: str
    text: str
    details: tuple[tuple[str, str], ...]  # city and everything it said
    expected: int
    answered: int
    cities: tuple[tuple[CityWeek, str | None], ...]  # with the status answered


@dataclass(frozen=True, slots=True)
class _Told:
    """One city's report read by the programme's digest rules."""

    week: CityWeek
    rules: FormDigest | None

    def answer(self, question: str) -> Value:
        return (self.week.answers or {}).get(question)

    @property
    def status(self) -> str | None:
        status = self.answer(self.rules.status) if self.rules else None
        return status if isinstance(status, str) else None

    def is_one_of(self, names: Sequence[str]) -> bool:
        return self.status in names

    @property
    def is_blocked(self) -> bool:
        return self.rules is not None and self.is_one_of(self.rules.blocked)


def digest(programme: Programme, week: str, weeks: Sequence[CityWeek], say: Say) -> Digest:
    """Return the digest of a week in the voice's language."""
    told = [_Told(each, programme.digest.get(each.form.name) if each.form else None) for each in weeks]
    expected = sum(each.is_expected for each in weeks)
    answered = sum(each.standing is Standing.SUBMITTED for each in weeks)
    texts = (begun_right(_text(programme, week, told, expected, answered, say, most)) for most in QUOTES)
    text = next((text for text in texts if len(text) <= CHARACTERS), "")
    return Digest(
        week=week,
        language=say.language,
        text=text or _text(programme, week, told, expected, answered, say, 0)[:CHARACTERS],
        details=tuple((each.week.city.slug, detail(each.week, say)) for each in told),
        expected=expected,
        answered=answered,
        cities=tuple((each.week, each.status) for each in told),
    )


def detail(week: CityWeek, say: Say) -> str:
    """Return everything a city said, question by question; where it stands when it said nothing."""
    head = say("{name}: {text}", name=_city(week, say), text=_standing(week, say))
    if week.form is None or not week.answers:
        return head
    lines = [
        f"{_label(week.form, path, say)} {say.value(_shown(week.form, path, value, say))}"
        for path, value in week.answers.items()
        if value is not None and not isinstance(value, list | dict)
    ]
    return begun_right("\n".join((head, *lines)))


def _text(
    programme: Programme, week: str, told: Sequence[_Told], expected: int, answered: int, say: Say, most: int
) -> str:
    number = week.rpartition("W")[2].lstrip("0")
    sent = [each for each in told if each.week.standing is Standing.SUBMITTED]
    blocked = [each for each in told if each.is_blocked]
    others = [each for each in told if not each.is_blocked]
    sections = [
        say(
            "Digest, week {week}. Updates received: {answered} of {expected}.",
            week=number,
            answered=answered,
            expected=expected,
        ),
        say(
            "On track: {on_track}. Some delay: {delayed}. Blocked: {blocked}.",
            on_track=sum(each.rules is not None and each.is_one_of(each.rules.on_track) for each in sent),
            delayed=sum(each.rules is not None and each.is_one_of(each.rules.delayed) for each in sent),
            blocked=sum(each.is_blocked for each in sent),
        ),
        _section(say("Act now"), _difficulties(blocked, say, most), say, always=True),
        _section(say("Difficulties and needs"), _difficulties(others, say, most), say),
        _section(say("Successes"), list(_successes(told, say, most))[:SUCCESSES], say),
        _section(say("Silent or paused"), _absent(told, say), say),
    ]
    return "\n".join(section for section in sections if section)


def _section(heading: str, lines: Sequence[str], say: Say, *, always: bool = False) -> str:
    if not lines:
        return say("{name}: {text}", name=heading, text=say("Nothing")) if always else ""
    return "\n".join((say("{heading}:", heading=heading), *(f"- {line}" for line in lines)))


def _difficulties(told: Iterable[_Told], say: Say, most: int) -> list[str]:
    return [
        line for each in told if each.rules for line in _lines(each, each.rules.difficulties, say, most)
    ] + [_city(each.week, say) for each in told if each.is_blocked and not _has_words(each)]


def _has_words(each: _Told) -> bool:
    return each.rules is not None and any(each.answer(q) for q in each.rules.difficulties)


def _successes(told: Iterable[_Told], say: Say, most: int) -> Iterable[str]:
    for each in told:
        if each.rules:
            yield from _lines(each, each.rules.successes, say, most)


def _lines(each: _Told, questions: Iterable[str], say: Say, most: int) -> Iterable[str]:
    for question in questions:
        said = each.answer(question)
        if isinstance(said, str) and said and most:
            told = say("{name}: {text}", name=_city(each.week, say), text=_cut(said, most))
            yield told if each.week.language == say.language else f"{told} ({each.week.language})"
        elif said:
            yield _city(each.week, say)


def _absent(told: Iterable[_Told], say: Say) -> list[str]:
    lines = []
    for standing in (Standing.PARTIAL, Standing.SILENT, Standing.EXCUSED, Standing.PAUSED):
        names = [_city(each.week, say) for each in told if each.week.standing is standing]
        if names:
            listed = format_list(names, locale=say.language)
            lines.append(say("{name}: {text}", name=_words(standing, say), text=listed))
    return lines


def _standing(week: CityWeek, say: Say) -> str:
    if week.nothing:
        nothing = say("Nothing to report")
        return f"{nothing} ({week.reference})"
    words = _words(week.standing, say)
    return f"{words} ({week.reference})" if week.reference else words


def _words(standing: Standing, say: Say) -> str:
    match standing:
        case Standing.SUBMITTED:
            return say("Received")
        case Standing.PARTIAL:
            return say("Begun, not sent")
        case Standing.SILENT:
            return say("Not received yet")
        case Standing.EXCUSED:
            return say("Excused")
        case Standing.PAUSED:
            return say("Paused")


def _city(week: CityWeek, say: Say) -> str:
    names = week.city.names
    return names.get(say.language) or next(iter(names.values()), week.city.slug)


def _cut(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[:most].rsplit(" ", 1)[0] + "…"


def _label(form: Form, path: str, say: Say) -> str:
    question = next((q for q in form.questions if q.path == path), None)
    if question is None:
        return path
    label = question.labels.get(say.language) or next(iter(question.labels.values()), path)
    return _OUTPUT.sub("", label)


def _shown(form: Form, path: str, value: Value, say: Say) -> str:
    question = next((q for q in form.questions if q.path == path), None)
    if question is None or not question.choices:
        return str(value)
    return next((label_in(c, say.language) for c in question.choices if c.name == value), str(value))
