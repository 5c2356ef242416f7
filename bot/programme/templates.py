"""The templates of a programme: what the approved messages that open a WhatsApp conversation must be."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from bot.programme.document import Path
from bot.programme.draft import Draft
from bot.programme.shapes import Programme, Template

TEMPLATES_FILE = "templates.yaml"
TEMPLATE_SECTIONS = ("language_codes", "samples", "templates")
TEMPLATE_HOMES = dict.fromkeys(TEMPLATE_SECTIONS, TEMPLATES_FILE)

BODY_CHARACTERS = 1024  # Content API, twilio/quick-reply
BUTTON_CHARACTERS = 20  # the same
_VARIABLE = re.compile(r"\{\{(.*?)\}\}")


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind of template says: its values in the order of the variables, and its number of buttons."""

    values: tuple[str, ...]
    buttons: int


_OF_A_FORM = ("name", "form", "city", "minutes")
_OF_A_MILESTONE = ("name", "milestone", "city", "date")
KINDS: Mapping[str, Kind] = {
    "prompt": Kind(_OF_A_FORM, 3),
    "nudge": Kind(_OF_A_FORM, 3),
    "last_call": Kind(("name", "form", "city", "day"), 3),
    "reminder": Kind(_OF_A_MILESTONE, 3),
    "overdue": Kind(_OF_A_MILESTONE, 3),
    "digest": Kind(("week", "answered", "expected"), 1),
}


def check_templates(draft: Draft, programme: Programme) -> None:
    """Keep every fault of the templates; a programme without the file has none."""
    for kind in draft.keys("templates"):
        if kind not in KINDS:
            draft.unknown(("templates", kind), "a kind of template", kind, KINDS)
    _check_codes(draft, programme)
    _check_samples(draft)
    for kind, template in programme.templates.items():
        if kind in KINDS:
            _check_template(draft, programme, ("templates", kind), template, KINDS[kind])


def _check_codes(draft: Draft, programme: Programme) -> None:
    codes = draft.keys("language_codes")
    for language in programme.languages:
        if codes and language not in codes:
            mend = "Add a line with the provider's code, such as pt_PT."
            draft.fault("language", ("language_codes",), f"No code for {language}.", mend)
    for language in codes:
        if programme.languages and language not in programme.languages:
            place = ("language_codes", language)
            draft.unknown(place, "a language of the programme", language, programme.languages)


def _check_samples(draft: Draft) -> None:
    used = {value for name in draft.keys("templates") if name in KINDS for value in KINDS[name].values}
    known = {value for kind in KINDS.values() for value in kind.values}
    samples = draft.keys("samples")
    missing = sorted(used.difference(samples))
    if missing and samples:
        mend = "Add an example in every language: who approves a template reads it."
        draft.fault("sample", ("samples",), f"No sample of: {', '.join(missing)}.", mend)
    for name in samples:
        if name not in known:
            draft.unknown(("samples", name), "a value of templates", name, sorted(known))


def _check_template(draft: Draft, programme: Programme, place: Path, template: Template, kind: Kind) -> None:
    for language, body in template.bodies.items():
        _check_body(draft, (*place, "bodies", language), body, kind)
    for language in programme.languages:
        if language not in template.buttons:
            draft.fault(
                "language", (*place, "buttons"), f"No buttons in: {language}.", "Add a line for the language."
            )
    for language, buttons in template.buttons.items():
        there = (*place, "buttons", language)
        if programme.languages and language not in programme.languages:
            draft.unknown(there, "a language of the programme", language, programme.languages)
        _check_buttons(draft, there, buttons, kind)


def _check_body(draft: Draft, place: Path, body: str, kind: Kind) -> None:
    parts = _VARIABLE.split(body)
    texts, variables = parts[::2], parts[1::2]
    wanted = [str(number) for number in range(1, len(kind.values) + 1)]
    if variables != wanted or any(sign in text for text in texts for sign in "{}"):
        values = (f"{{{{{number}}}}} {value}" for number, value in zip(wanted, kind.values, strict=True))
        mend = f"Use each of these once, in this order: {', '.join(values)}."
        draft.fault("variables", place, "The variables are not those of this kind.", mend)
    if not (_has_word(texts[0]) and _has_word(texts[-1])):
        message = "The body begins or ends with a variable."
        draft.fault("edge", place, message, "Put a word before the first and after the last variable.")
    if any(not text.strip() for text in texts[1:-1]):
        mend = "Put words or a comma between them."
        draft.fault("side_by_side", place, "Two variables stand side by side.", mend)
    if len(body) > BODY_CHARACTERS:
        mend = f"Write at most {BODY_CHARACTERS}."
        draft.fault("length", place, f"The body has {len(body)} characters.", mend)


def _has_word(text: str) -> bool:
    return any(sign.isalpha() for sign in text)


def _check_buttons(draft: Draft, place: Path, buttons: tuple[str, ...], kind: Kind) -> None:
    if len(buttons) != kind.buttons:
        mend = f"Write {kind.buttons}: the replies to this kind are counted."
        draft.fault("buttons", place, f"There are {len(buttons)} buttons.", mend)
    if any(one == other for one, other in pairwise(sorted(buttons))):
        draft.fault("repeated_name", place, "Two buttons say the same.", "Give each its own label.")
    for number, label in enumerate(buttons):
        if len(label) > BUTTON_CHARACTERS or "{" in label:
            mend = f"Write at most {BUTTON_CHARACTERS} characters, without variables."
            draft.fault("length", (*place, number), f"A button cannot say {label!r}.", mend)
