"""How many parts of SMS each text takes at most, in each language, and how many it may take."""

import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from bot import notices
from bot.forms.wording import label_in
from bot.reminders import asked
from bot.schedule import Occurrence
from bot.talk import Facts, Report, Scene, Talk, Who
from bot.values import LANGUAGES, Message
from channels.fitting import written
from channels.sms_text import folded, parts
from models.base import Db
from models.db import read
from tests.conversations.stage import FORMS, VOICES, Stage, a_stage, a_store
from tests.week import aston

# Parts in the order of LANGUAGES. A reminder takes two, platforms.md section 4.5. Arabic has 67 signs a part:
# a third one for a last call, for a question with eight options, and for help, which repeats what is open.
CEILINGS: Mapping[str, tuple[int, int, int, int]] = {
    "prompt": (1, 2, 2, 2),
    "nudge": (1, 2, 1, 2),
    "last_call": (2, 2, 2, 3),
    "reminder": (2, 2, 2, 2),
    "overdue": (2, 2, 2, 2),
    "notice": (1, 1, 1, 2),
    "receipt": (1, 1, 1, 2),
    "stop": (1, 1, 1, 1),
    "start": (1, 1, 1, 2),
    "menu": (1, 1, 1, 2),
    "language": (1, 1, 1, 1),
    "help": (2, 2, 2, 3),
    "help at a question": (2, 2, 2, 4),
    "question": (2, 2, 2, 3),
    "why": (2, 2, 2, 3),
    "example": (1, 1, 1, 2),
}

MONDAY = datetime(2026, 11, 23, 10, tzinfo=UTC)
CITIES = {"en": "kumasi", "fr": "niamey", "pt": "matola", "ar": "nouakchott"}


@dataclass(frozen=True, slots=True)
class Measured:
    """The longest text of one kind in one language."""

    parts: int
    text: str


class NoFacts(Facts):
    """Nothing is known, nothing was begun."""

    def draft(self, form: str, period: str | None, milestone: str = "") -> Report | None:
        """Return None."""
        return None


def faults() -> Iterator[str]:
    """Yield every text that takes more parts than it may."""
    yield from faults_in(measured())


def faults_in(found: Mapping[tuple[str, str], Measured]) -> Iterator[str]:
    """Yield a line a kind and language over its ceiling."""
    for (kind, language), most in sorted(found.items(), key=lambda each: each[0]):
        ceiling = CEILINGS[kind][LANGUAGES.index(language)]
        if most.parts > ceiling:
            yield f"SMS: {kind} in {language} takes {most.parts} parts of {ceiling} it may: {most.text!r}"


def measured() -> Mapping[tuple[str, str], Measured]:
    """Return the most that each kind of text takes in each language."""
    found = defaultdict[tuple[str, str], Measured](lambda: Measured(0, ""))
    for kind, language, message in (*_scheduled(), *_notices(), *_said()):
        text = folded(written(message))
        if parts(text) > found[kind, language].parts:
            found[kind, language] = Measured(parts(text), text)
    return found


def _scheduled() -> Iterator[tuple[str, str, Message]]:
    """Yield what is sent unasked, with every city, form, milestone and distance to it."""
    for slug, city in aston().cities.items():
        for language in city.languages:
            who = Who(7, "Awa Exemple", "coordinator", slug, language, agreed=True)
            for at, occurrence in _occurrences(slug):
                scene = Scene(who, aston(), at, VOICES, NoFacts(), Talk())
                yield occurrence.kind, language, asked(scene, occurrence).message


def _occurrences(city: str) -> Iterator[tuple[datetime, Occurrence]]:
    for days, kind in ((0, "prompt"), (2, "nudge"), (3, "last_call")):
        at = MONDAY + timedelta(days=days)
        for form, period in (("weekly_update", "2026-W48"), ("monthly_progress", "2026-10")):
            yield at, Occurrence("key", kind, 7, city, at, at, form=form, period=period)
    for milestone in aston().milestones:
        for left in (-1, *aston().reminders.days_before):
            kind, due = "overdue" if left < 0 else "reminder", date(2026, 11, 23) + timedelta(days=left)
            yield (
                MONDAY,
                Occurrence("key", kind, 7, city, MONDAY, MONDAY, milestone=milestone, deadline=due),
            )


def _notices() -> Iterator[tuple[str, str, Message]]:
    """Yield what is said beside a conversation."""
    for language in LANGUAGES:
        say = VOICES[language]
        for notice in (notices.code_wrong, notices.code_spent, notices.our_fault, notices.busy):
            yield "notice", language, Message(notice(say))


def _said() -> Iterator[tuple[str, str, Message]]:
    """Yield what is answered to the words of a conversation, and the questions that the rhythm asks."""
    with tempfile.TemporaryDirectory() as folder:
        store = a_store(Path(folder) / "one.db")
        phones = {
            language: a_stage(store, city, language, channels=("sms",)) for language, city in CITIES.items()
        }
        turns = phones["en"].turns  # shared: the programme is opened once
        for language, phone in phones.items():
            phone.turns = turns
            for kind, message in _conversation(phone):
                yield kind, language, message
            yield from read(store, lambda db, language=language: list(_questions(db, language)))
        store.close()


def _questions(db: Db, language: str) -> Iterator[tuple[str, str, Message]]:
    for name in aston().forms:
        form = FORMS.form(db, name)
        for question in form.questions:
            label = label_in(question.labels, language, form.default_language)
            options = [label_in(one.labels, language, form.default_language) for one in question.choices]
            yield "question", language, Message(f"3/9 {label}", tuple(options))


def _conversation(phone: Stage) -> Iterator[tuple[str, Message]]:
    for kind, text in _WORDS:
        for message in phone.says(text):
            yield kind, message


_WORDS = (
    ("menu", "menu"),
    ("help", "help"),
    ("question", "report"),
    ("why", "why"),
    ("example", "example"),
    ("help at a question", "help"),
    ("stop", "stop"),
    ("start", "start"),
    ("language", "language"),
    ("receipt", "nothing"),
)
