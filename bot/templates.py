"""Templates of a programme as one text per kind and language, and how they stand with the provider."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.programme import Programme, Template
from bot.programme.templates import KINDS
from bot.tapping import ANY_LANGUAGE, TAPPED, Tapped

MISSING = "missing"  # the provider does not have it
UNSUBMITTED = "unsubmitted"  # it does, and nobody asked for approval
APPROVED = "approved"  # the only one that counts
READY = "ready"  # serves within the window, where nothing needs approval
REFUSED = "refused"  # did so, until the provider refused it
FALLEN = ("rejected", "paused", "disabled")  # somebody must act

_NAME = re.compile(rf"griot_({'|'.join([*KINDS, *TAPPED])})_([a-z]{{2,3}})_v([1-9][0-9]{{0,8}})")
_ASKING, _RECALLING = ("prompt", "nudge", "last_call"), ("reminder", "overdue")
_LAST_SAMPLE = "sample"  # of what a button replies with
_CODE = "en"  # the provider wants a language also where every word is a value


@dataclass(frozen=True, slots=True)
class TemplateText:
    """One template as it is shown to the provider; every button replies with the message's token."""

    name: str
    kind: str
    language: str
    version: int
    code: str  # the provider's for the language
    body: str
    buttons: tuple[tuple[str, str], ...]  # label, and what a tap replies with
    samples: tuple[str, ...]  # of each variable, in order; the last one is the token
    opens: str = ""  # what opens the list that the buttons are in; "" for buttons

    @property
    def needs_approval(self) -> bool:
        """Tell whether it opens conversations; the others serve within the window only."""
        return self.kind not in TAPPED


@dataclass(frozen=True, slots=True)
class TemplateState:
    """What the provider made of one template."""

    name: str
    kind: str
    language: str
    version: int
    content_sid: str = ""
    status: str = MISSING
    reason: str = ""  # of a refusal, in the provider's words


def texts_of(programme: Programme) -> list[TemplateText]:
    """Return every template of the programme, by kind and language."""
    return [
        _text(programme, template, language)
        for template in programme.templates.values()
        for language in programme.languages
    ]


def tapped_texts() -> list[TemplateText]:
    """Return the Contents of the window: text, labels and token are all values, so that few serve all."""
    return [_tapped(one) for one in TAPPED.values()]


def _tapped(one: Tapped) -> TemplateText:
    numbers = range(1, one.count + 1)
    token = f"{{{{{one.count + 2}}}}}"
    return TemplateText(
        name=f"griot_{one.kind}_{ANY_LANGUAGE}_v1",
        kind=one.kind,
        language=ANY_LANGUAGE,
        version=1,
        code=_CODE,
        body="{{1}}",
        buttons=tuple((f"{{{{{number + 1}}}}}", f"{token}:{number}") for number in numbers),
        samples=("Which one?", *(f"Option {number}" for number in numbers), _LAST_SAMPLE),
        opens=f"1 – {one.count}" if one.is_list else "",
    )


def _text(programme: Programme, template: Template, language: str) -> TemplateText:
    values = KINDS[template.kind].values
    labels = template.buttons[language]
    return TemplateText(
        name=f"griot_{template.kind}_{language}_v{template.version}",
        kind=template.kind,
        language=language,
        version=template.version,
        code=programme.language_codes[language],
        body=template.bodies[language],
        buttons=tuple(
            (label, f"{{{{{len(values) + 1}}}}}:{number}") for number, label in enumerate(labels, start=1)
        ),
        samples=(*(programme.samples[value][language] for value in values), _LAST_SAMPLE),
    )


def state_named(name: str, content_sid: str, status: str, reason: str) -> TemplateState | None:
    """Return the state of the template of this name, or None for a Content that is not Griot's."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    return TemplateState(name, found[1], found[2], int(found[3]), content_sid, status, reason)


def states_shown(programme: Programme, states: Iterable[TemplateState]) -> list[TemplateState]:
    """Return the state of every template of the programme, missing ones too, then of others."""
    known = {state.name: state for state in states}
    wanted, tapped = _missing(texts_of(programme)), _missing(tapped_texts())
    others = sorted(known.keys() - {state.name for state in (*wanted, *tapped)})
    shown = [*wanted, *(known[name] for name in others), *tapped]
    return [known.get(state.name, state) for state in shown]


def _missing(texts: Iterable[TemplateText]) -> list[TemplateState]:
    return [TemplateState(text.name, text.kind, text.language, text.version) for text in texts]


def approved_of(states: Iterable[TemplateState]) -> Mapping[tuple[str, str], str]:
    """Return the content of the newest approved version by kind and language."""
    standing = sorted((state for state in states if state.status == APPROVED), key=_version)
    return {(state.kind, state.language): state.content_sid for state in standing}


def kinds_set(former: Programme, programme: Programme) -> Mapping[str, frozenset[str | None]]:
    """Return, by kind, the cities whose times are others than before; None stands for the Secretariat."""
    both = [city for slug, city in programme.cities.items() if slug in former.cities]
    asked = frozenset(
        city.slug for city in both if programme.rhythm_of(city) != former.rhythm_of(former.cities[city.slug])
    )
    recalled = frozenset(city.slug for city in both if programme.reminders != former.reminders)
    told: frozenset[str | None] = frozenset({None} if programme.digest_at != former.digest_at else ())
    of_a_city = {**dict.fromkeys(_ASKING, asked), **dict.fromkeys(_RECALLING, recalled)}
    return {**of_a_city, "digest": told}


def missing_of(
    states: Iterable[TemplateState], programme: Programme, needs: Iterable[tuple[str, str]]
) -> list[TemplateState]:
    """Return, for each kind and language needed without an approved version, how its newest one stands."""
    known = list(states)
    usable = approved_of(known)
    newest = {(state.kind, state.language): state for state in sorted(known, key=_version)}
    return [
        newest.get(need) or _without(programme, *need) for need in sorted(set(needs)) if need not in usable
    ]


def _without(programme: Programme, kind: str, language: str) -> TemplateState:
    template = programme.templates.get(kind)
    version = template.version if template else 1
    return TemplateState(f"griot_{kind}_{language}_v{version}", kind, language, version)


def _version(state: TemplateState) -> int:
    return state.version
