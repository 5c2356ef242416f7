"""What must agree between the sections of a programme."""

from collections.abc import Iterable, Mapping
from datetime import date, time
from itertools import pairwise
from typing import Protocol

from bot.programme.draft import Draft
from bot.programme.fields import Weekday
from bot.programme.shapes import City, FormEntry, Programme, Rhythm, Rule, Span
from bot.values import LANGUAGES

ROLES = ("coordinator", "deputy", "group", "officer", "admin", "viewer")
FORM_WORDS = ("need", "practice", "output", "meeting")  # the command words that open a form
ALERTS = ("blocked",)  # what an officer can be told at once


class _Stretch(Protocol):
    @property
    def start(self) -> date | time: ...
    @property
    def end(self) -> date | time: ...


def check_programme(draft: Draft, programme: Programme) -> None:
    """Keep every disagreement between sections; a section or entry that is wrong in itself is not there."""
    _check_languages(draft, programme)
    _check_roles(draft)
    _check_rhythm(draft, ("rhythm",), programme.rhythm)
    _check_forms(draft, programme.forms)
    _check_words(draft, programme.words)
    _check_rules(draft, programme.rules)
    _check_digest(draft, programme)
    _check_clusters(draft, programme)
    _check_cities(draft, programme)
    _check_calendar(draft, programme)


def _known_form(draft: Draft, place: tuple[str | int, ...], name: str) -> None:
    """Keep a problem when the name is not a key of `forms`."""
    if name not in draft.keys("forms"):
        draft.unknown(place, "a form of this programme", name, draft.keys("forms"))


def _check_languages(draft: Draft, programme: Programme) -> None:
    for number, language in enumerate(programme.languages):
        if language not in LANGUAGES:
            draft.unknown(("languages", number), "a language that Griot speaks", language, LANGUAGES)
        elif language in programme.languages[:number]:
            draft.fault(
                "repeated_name", ("languages", number), f"{language} is named twice.", "Keep one of them."
            )
    for language in programme.languages:
        if programme.locales and language not in programme.locales:
            draft.fault(
                "language", ("locales",), f"No locale for {language}.", "Add a line for the language."
            )
    if programme.fallback:
        _known_languages(draft, programme, ("fallback",), (programme.fallback,))
    secretariat = programme.secretariat
    if secretariat is not None:
        _known_languages(draft, programme, ("secretariat", "languages"), secretariat.languages)
        _check_hours(draft, ("secretariat", "office_hours"), secretariat.office_hours)


def _known_languages(
    draft: Draft, programme: Programme, place: tuple[str | int, ...], languages: Iterable[str]
) -> None:
    for language in languages:
        if programme.languages and language not in programme.languages:
            draft.unknown(place, "a language of the programme", language, programme.languages)


def _check_roles(draft: Draft) -> None:
    for role in draft.keys("roles"):
        if role not in ROLES:
            draft.unknown(("roles", role), "a role", role, ROLES)
    missing = [role for role in ROLES if role not in draft.keys("roles")]
    if missing and draft.keys("roles"):
        draft.fault("roles", ("roles",), f"No names for: {', '.join(missing)}.", "Add a line for each role.")


def _check_rhythm(draft: Draft, place: tuple[str | int, ...], rhythm: Rhythm | None) -> None:
    if rhythm is not None and rhythm.quiet_before >= rhythm.quiet_after:
        before, after = rhythm.quiet_before, rhythm.quiet_after
        message = f"No hour lies between quiet_before ({before:%H:%M}) and quiet_after ({after:%H:%M})."
        mend = "Write the first hour of messages as quiet_before, the last one as quiet_after."
        draft.fault("order", place, message, mend)


def _check_forms(draft: Draft, forms: Mapping[str, FormEntry]) -> None:
    for every in ("week", "month"):
        for name in [name for name, form in forms.items() if form.every == every][1:]:
            mend = f"Keep `every: {every}` on one form only."
            draft.fault("rhythm", ("forms", name, "every"), f"A second form for every {every}.", mend)
    for name, form in forms.items():
        _check_replaced(draft, forms, name, form)


def _check_replaced(draft: Draft, forms: Mapping[str, FormEntry], name: str, form: FormEntry) -> None:
    if form.replaces is None:
        return
    place = ("forms", name, "replaces")
    _known_form(draft, place, form.replaces)
    replaced = forms.get(form.replaces)
    if form.every != "month" or (replaced is not None and replaced.every != "week"):
        message = "Only a monthly form takes the place of a form, and only of the weekly one."
        draft.fault("rhythm", place, message, "Remove the key, or set `every` on both forms.")


def _check_words(draft: Draft, words: Mapping[str, str]) -> None:
    for word, form in words.items():
        if word not in FORM_WORDS:
            draft.unknown(("words", word), "a command word that opens a form", word, FORM_WORDS)
        _known_form(draft, ("words", word), form)


def _check_rules(draft: Draft, rules: Iterable[Rule]) -> None:
    for number, rule in draft.numbered("rules", rules):
        place = ("rules", number)
        _known_form(draft, (*place, "form"), rule.form)
        if (rule.offer is None) == (rule.alert is None):
            mend = "Give the rule either offer or alert."
            draft.fault("rule", place, "A rule has exactly one consequence.", mend)
        if rule.offer is not None:
            _known_form(draft, (*place, "offer"), rule.offer)
        if rule.alert is not None and rule.alert not in ALERTS:
            draft.unknown((*place, "alert"), "an alert", rule.alert, ALERTS)


def _check_digest(draft: Draft, programme: Programme) -> None:
    for name, digest in programme.digest.items():
        _known_form(draft, ("digest", name), name)
        meanings = [*digest.on_track, *digest.delayed, *digest.blocked]
        if len(set(meanings)) < len(meanings):
            mend = "Give each choice of the status one meaning."
            draft.fault("repeated_name", ("digest", name), "A choice has two meanings.", mend)
        form = programme.forms.get(name)
        if not digest.status and (meanings or (form is not None and form.every)):
            mend = "Name the question that says how things go as status."
            draft.fault("digest", ("digest", name), f"The digest cannot tell how {name} goes.", mend)
        if bool(digest.progress) != bool(digest.far_enough):
            mend = "Give both progress and far_enough, or neither."
            draft.fault("digest", ("digest", name), "Progress is asked or judged, not both.", mend)
    for name, form in programme.forms.items():
        if form.every and name not in draft.keys("digest"):
            mend = "Add the form to the digest, so that its reports are read."
            draft.fault("digest", ("digest",), f"The digest does not know {name}.", mend)


def _check_clusters(draft: Draft, programme: Programme) -> None:
    grouped = [topic for cluster in programme.clusters.values() for topic in cluster.topics]
    for slug, city in programme.cities.items():
        times = grouped.count(city.topic.key)
        if times != 1 and set(draft.keys("clusters")) == set(programme.clusters):
            message = f"The topic {city.topic.key} stands in {times} clusters."
            mend = "Name each topic key in exactly one cluster."
            draft.fault("topic", ("cities", slug, "topic", "key"), message, mend)


def _check_cities(draft: Draft, programme: Programme) -> None:
    raw = draft.raw("cities")
    codes: dict[str, str] = {}
    for slug, entry in raw.items() if isinstance(raw, dict) else ():
        code = entry.get("code") if isinstance(entry, dict) else None
        if isinstance(code, str) and code in codes:
            message = f"The code {code} belongs to {codes[code]}."
            draft.fault("repeated_code", ("cities", slug, "code"), message, "Give each city its own code.")
        codes.setdefault(str(code), slug)
    for city in programme.cities.values():
        _check_city(draft, programme, city)


def _check_city(draft: Draft, programme: Programme, city: City) -> None:
    place = ("cities", city.slug)
    _known_languages(draft, programme, (*place, "languages"), city.languages)
    _known_languages(draft, programme, (*place, "locales"), city.locales)
    _check_hours(draft, (*place, "office_hours"), city.office_hours)
    _check_hours(draft, (*place, "ramadan_hours"), city.ramadan_hours or {})
    _check_rhythm(draft, (*place, "rhythm"), city.rhythm)
    if city.friday_pause is not None:
        _check_order(draft, (*place, "friday_pause"), city.friday_pause)
    for day in city.working_days:
        if day not in city.office_hours:
            message = f"No hours on {day}, a working day."
            mend = f"Add a line for {day}, or take it out of working_days."
            draft.fault("office_hours", (*place, "office_hours"), message, mend)
    for milestone, due in city.due.items() if draft.keys("milestones") else ():
        if milestone not in draft.keys("milestones"):
            draft.unknown((*place, "due"), "a milestone", milestone, draft.keys("milestones"))
        elif programme.cycle is not None and not programme.cycle.start <= due <= programme.cycle.end:
            _outside(draft, (*place, "due", milestone), "cycle")


def _check_hours(
    draft: Draft, place: tuple[str | int, ...], hours: Mapping[Weekday, tuple[Span, ...]]
) -> None:
    for day, spans in hours.items():
        for number, span in enumerate(spans):
            _check_order(draft, (*place, day.value, number), span)
        if any(later.start < earlier.end for earlier, later in pairwise(spans)):
            mend = "Write the stretches of a day in order, apart from one another."
            draft.fault("hours", (*place, day.value), "Two stretches overlap.", mend)


def _check_calendar(draft: Draft, programme: Programme) -> None:
    cycle = programme.cycle
    if cycle is None:
        return
    _check_order(draft, ("cycle",), cycle)
    for key, phase in programme.phases.items():
        _check_order(draft, ("phases", key), phase)
        if phase.start < cycle.start or phase.end > cycle.end:
            _outside(draft, ("phases", key), "cycle")
    for identifier, milestone in programme.milestones.items():
        if milestone.phase not in draft.keys("phases"):
            place = ("milestones", identifier, "phase")
            draft.unknown(place, "a phase", milestone.phase, draft.keys("phases"))
        elif not cycle.start <= milestone.due <= cycle.end:
            _outside(draft, ("milestones", identifier, "due"), "cycle")
        elif (held := programme.phases.get(milestone.phase)) and not held.start <= milestone.due <= held.end:
            _outside(draft, ("milestones", identifier, "due"), "phase")
    for key, event in programme.events.items():
        if not cycle.start <= event.date <= cycle.end:
            _outside(draft, ("events", key, "date"), "cycle")
    for number, month in draft.numbered("ramadan", programme.ramadan):
        _check_order(draft, ("ramadan", number), month)
    for number, period in draft.numbered("quiet_periods", programme.quiet_periods):
        _check_order(draft, ("quiet_periods", number), period)


def _check_order(draft: Draft, place: tuple[str | int, ...], stretch: _Stretch) -> None:
    if stretch.start.isoformat() > stretch.end.isoformat():
        draft.fault("order", place, f"It ends ({stretch.end}) before it starts.", "Correct one of the two.")


def _outside(draft: Draft, place: tuple[str | int, ...], what: str) -> None:
    draft.fault("outside", place, f"The date is outside its {what}.", f"Correct the date, or the {what}.")
