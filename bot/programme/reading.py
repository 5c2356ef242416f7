"""Read a programme's files: every fault at once, each with file, place and mend."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated

from pydantic import Field

from bot.forms.read import Readings, read_files
from bot.programme import shapes
from bot.programme.budget import BUDGET_FILE, BUDGET_HOMES, read_budget
from bot.programme.checks import check_programme
from bot.programme.demo import DEMO_FILE, DEMO_HOMES, check_demo
from bot.programme.document import Document, read_document
from bot.programme.draft import Draft
from bot.programme.fields import Hour, LanguageCode, LocaleName, Names, Text
from bot.programme.form_files import check_forms
from bot.programme.templates import TEMPLATE_HOMES, TEMPLATES_FILE, check_templates
from bot.values import Problem

_FILES: dict[str, tuple[str, ...]] = {
    "programme.yaml": (
        "id",
        "names",
        "languages",
        "fallback",
        "locales",
        "secretariat",
        "roles",
        "rhythm",
        "digest_at",
        "forms",
        "words",
        "rules",
        "digest",
    ),
    "cities.yaml": ("clusters", "cities"),
    "calendar.yaml": (
        "cycle",
        "due_at",
        "reminders",
        "phases",
        "milestones",
        "events",
        "ramadan",
        "holiday_corrections",
        "quiet_periods",
    ),
}
_HOMES = {section: file for file, sections in _FILES.items() for section in sections}
_HOMES |= DEMO_HOMES | TEMPLATE_HOMES | BUDGET_HOMES

_Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]
_Languages = Annotated[tuple[str, ...], Field(min_length=1)]


def read_programme(
    files: Mapping[str, bytes], read: Readings = read_files
) -> tuple[shapes.Programme | None, tuple[Problem, ...]]:
    """Return the programme, or None with every fault found; the files by name within the folder.

    `read` reads its forms, all at once.
    """
    draft = _draft(files, (*_FILES, TEMPLATES_FILE, BUDGET_FILE, DEMO_FILE))
    programme = _read(draft)
    forms = check_forms(draft, programme, files, read)
    check_demo(draft, programme, forms)
    return (None if draft.problems else programme), tuple(draft.problems)


def open_programme(files: Mapping[str, bytes]) -> shapes.Programme:
    """Return the programme of files that were checked before, its forms unread; raise ValueError if wrong."""
    names = (*_FILES, TEMPLATES_FILE, BUDGET_FILE)
    return _opened(tuple((name, files[name]) for name in names if name in files))


@lru_cache(maxsize=4)  # a tenth of a second each: every part of a process opens the same one
def _opened(files: tuple[tuple[str, bytes], ...]) -> shapes.Programme:
    draft = _draft(dict(files), tuple(name for name, _ in files))
    programme = _read(draft)
    if draft.problems:
        raise ValueError("; ".join(f"{each.where}: {each.message}" for each in draft.problems))
    return programme


def _draft(files: Mapping[str, bytes], names: tuple[str, ...]) -> Draft:
    documents = {file: read_document(file, files[file]) for file in names if file in files}
    draft = Draft(documents, _HOMES)
    draft.problems.extend(_missing(file) for file in _FILES if file not in files)
    _check_sections(draft)
    return draft


def _missing(file: str) -> Problem:
    return Problem("missing_file", file, "Add the file to the programme's folder.", "The file is not there.")


def _check_sections(draft: Draft) -> None:
    for document in draft.documents.values():
        for section in document.data:
            if _HOMES.get(section) != document.file:
                draft.problems.append(_unknown(document, section))


def _unknown(document: Document, section: str) -> Problem:
    home = _HOMES.get(section)
    mend = (
        f"Move it to {home}."
        if home
        else "Remove the key or correct its spelling; docs/programme.md lists them."
    )
    return Problem("unknown_key", document.where((section,)), mend, "The key does not belong here.")


def _read(draft: Draft) -> shapes.Programme:
    draft.languages = draft.one("languages", _Languages) or ()
    milestones = draft.many("milestones", shapes.Milestone, "id")
    prices, budget = read_budget(draft, draft.keys("cities"))
    programme = shapes.Programme(
        id=draft.one("id", _Identifier),
        names=draft.one("names", Names),
        languages=draft.languages,
        locales=draft.one("locales", Mapping[str, LocaleName]) or {},
        secretariat=draft.one("secretariat", shapes.Secretariat),
        roles=draft.many("roles", Names),
        rhythm=draft.one("rhythm", shapes.Rhythm),
        digest_at=draft.one("digest_at", shapes.WeekTime),
        forms=draft.many("forms", shapes.FormEntry, "name"),
        words=draft.one("words", Mapping[str, str]) or {},
        rules=tuple(draft.row("rules", shapes.Rule)),
        digest=draft.many("digest", shapes.FormDigest),
        clusters=draft.many("clusters", shapes.Cluster),
        cities=draft.many("cities", shapes.City, "slug"),
        cycle=draft.one("cycle", shapes.Cycle),
        due_at=draft.one("due_at", Hour),
        reminders=draft.one("reminders", shapes.Reminders),
        phases=draft.many("phases", shapes.Phase),
        milestones=dict(sorted(milestones.items(), key=lambda item: item[1].due)),
        events=draft.many("events", shapes.Event),
        ramadan=tuple(draft.row("ramadan", shapes.Ramadan)),
        holiday_corrections=tuple(draft.row("holiday_corrections", shapes.Correction)),
        quiet_periods=tuple(draft.row("quiet_periods", shapes.QuietPeriod)),
        language_codes=draft.one("language_codes", Mapping[str, LanguageCode]) or {},
        samples=draft.many("samples", Names),
        templates=draft.many("templates", shapes.Template, "kind"),
        prices=prices,
        budget=budget,
        fallback="" if draft.raw("fallback") is None else draft.one("fallback", Text) or "",
    )
    check_programme(draft, programme)
    check_templates(draft, programme)
    return programme
