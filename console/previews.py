"""A form before it is published: what each channel would show of its questions, in each language."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.forms.form import Form
from bot.preview import MOST, preview
from bot.programme import Programme
from bot.values import LANGUAGES, Say
from console.renderings import RENDERINGS, Look

CHANNELS = ("telegram", "whatsapp", "sms")


@dataclass(frozen=True, slots=True)
class Asked:
    """One question as every channel would show it."""

    path: str
    type: str
    is_conditional: bool
    looks: Mapping[str, Look]  # by channel


@dataclass(frozen=True, slots=True)
class Preview:
    """A form in one language."""

    language: str
    asked: tuple[Asked, ...]

    @property
    def is_cut(self) -> bool:
        """Tell whether the form has more questions than are shown."""
        return len(self.asked) == MOST


def previews(
    form: Form, programme: Programme | None, voices: Mapping[str, Say], languages: Iterable[str], at: datetime
) -> tuple[Preview, ...]:
    """Return the form in each language; city, period and milestone are those of the programme's first city.

    `at` is aware.
    """
    return tuple(
        Preview(language, _asked(form, voices[language], at, known_of(programme, language)))
        for language in languages
    )


def languages_of(form: Form) -> tuple[str, ...]:
    """Return the languages to look at: those of the form, all four where it names none."""
    return tuple(code for code in LANGUAGES if code in form.languages) or LANGUAGES


def conditional(say: Say) -> str:
    """Return what is said of a question that is not always asked."""
    return say("only under a condition")


def cut_after(one: Preview, say: Say) -> str:
    """Return that a form has more questions than are shown."""
    return say("Only the first {n} questions are shown.", n=len(one.asked))


def as_on(channel: str, say: Say) -> str:
    """Return that a message looks as on another channel."""
    return say("as on {channel}", channel=channel)


def known_of(programme: Programme | None, language: str) -> dict[str, str]:
    """Return what the system would fill in, taken from the programme's first city and milestone."""
    cities = programme.cities.values() if programme else ()
    milestones = programme.milestones.values() if programme else ()
    names = {
        "city": next((one.names for one in cities), {}),
        "milestone_name": next((one.names for one in milestones), {}),
    }
    return {key: each.get(language) or next(iter(each.values()), "…") for key, each in names.items()} | {
        "period": "…"
    }


def _asked(form: Form, say: Say, at: datetime, known: Mapping[str, str]) -> tuple[Asked, ...]:
    found = []
    for one in preview(form, say, at, known):
        looks = {name: RENDERINGS[name](one.message, True) for name in CHANNELS}
        kept = {name: look for name, look in looks.items() if look is not None}
        found.append(Asked(one.question.path, one.question.type, one.is_conditional, kept))
    return tuple(found)
