"""Templates of a programme as one text per kind and language, and how they stand with the provider."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.programme import Programme, Template
from bot.programme.templates import KINDS

MISSING = "missing"  # the provider does not have it
UNSUBMITTED = "unsubmitted"  # it does, and nobody asked for approval
APPROVED = "approved"  # the only one that counts
FALLEN = ("rejected", "paused", "disabled")  # somebody must act

_NAME = re.compile(rf"griot_({'|'.join(KINDS)})_([a-z]{{2,3}})_v([1-9][0-9]{{0,8}})")
_LAST_SAMPLE = "sample"  # of what a button replies with


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
    """Return the state of every template of the programme, missing ones too, then of other versions."""
    known = {state.name: state for state in states}
    wanted = [
        TemplateState(text.name, text.kind, text.language, text.version) for text in texts_of(programme)
    ]
    others = known.keys() - {state.name for state in wanted}
    return [*(known.get(state.name, state) for state in wanted), *(known[name] for name in sorted(others))]


def approved_of(states: Iterable[TemplateState]) -> Mapping[tuple[str, str], str]:
    """Return the content of the newest approved version by kind and language."""
    standing = sorted((state for state in states if state.status == APPROVED), key=_version)
    return {(state.kind, state.language): state.content_sid for state in standing}


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
