"""`griot form`: the questionnaires, as XLSForm files."""

from pathlib import Path

import click

from bot.forms.changes import Change
from bot.forms.coverage import coverage, gaps
from bot.forms.findings import first_missing, version_of
from bot.forms.form import Form, FormError, Question
from bot.forms.outline import UNLABELLED
from bot.forms.read import Reading
from bot.sentence import spoken
from bot.values import Problem
from griot.commands.desk import BadInput, desk, save, show_json
from griot.commands.form_faults import (
    checked,
    in_language,
    read_with_lists,
    show_checked,
    show_faults,
    show_warnings,
    tell_of_lists,
    voice,
    with_attached,
)
from griot.commands.form_versions import between, reopen, retire, show_changes
from griot.commands.form_versions import show as show_each
from griot.commands.preview import preview
from models.audit import OPERATOR, What, record
from models.base import Db, Json
from models.db import read, write
from models.form import (
    FormShelf,
    FormVersion,
    add_form,
    current_forms,
    form_version,
    opened,
    versions_of,
)
from models.programme import current_programme
from reports.xlsform import spreadsheet_of

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
file_of_form = click.argument("file", type=click.Path(path_type=Path))


@click.group()
def form() -> None:
    """Check, preview, add, list, show and export questionnaires (XLSForm .xlsx, .xls, .csv, .md)."""


for command in (preview, show_changes, retire, reopen):
    form.add_command(command)


@form.command()
@file_of_form
@with_attached
@in_language
@as_json
@click.pass_context
def check(context: click.Context, file: Path, attach: tuple[Path, ...], language: str, as_json: bool) -> None:
    """Find every fault of a form: sheet, row, column and mend; tell its languages and weight."""
    reading, _, _ = read_with_lists(file, attach)
    say = voice(language)
    tell_of_lists(reading, attach, say)
    if as_json:
        show_json(checked(reading, say))
    else:
        show_checked(reading, say)
    context.exit(2 if reading.form is None else 0)


@form.command()
@file_of_form
@with_attached
@click.option("--fallback", help="The language said where a text is missing in en, fr, pt or ar.")
@in_language
@as_json
@click.pass_context
def add(
    context: click.Context,
    file: Path,
    attach: tuple[Path, ...],
    fallback: str | None,
    language: str,
    as_json: bool,
) -> None:
    """Store a form's version and make it the current one, in four languages or with a fallback."""
    reading, content, attached = read_with_lists(file, attach)  # the slow part, before the transaction
    say = voice(language)
    with desk() as it:
        spare = fallback or read(it.store, _fallback_of_programme)
        found = _unfit(reading, fallback, spare)
        form = reading.form
        if form is None or (found and not spare):
            show_faults((*reading.problems, *found), say)
            context.exit(2)
        tell_of_lists(reading, attach, say)

        def work(db: Db) -> tuple[str, str, tuple[Change, ...]]:
            had = {one.version for one in current_forms(db) if one.name == form.name}
            stored = add_form(
                db, form, content, file.name, it.at, fallback=spare if found else "", attached=attached
            )
            changed = between(db, form.name)[2] if had - {stored.version} else ()
            record(db, OPERATOR, What.FORM_ADDED, f"form:{stored.name}", it.at, version=stored.version)
            return stored.name, stored.version, changed

        try:
            name, version, changed = write(it.store, work)
        except FormError as error:
            show_faults(error.problems, say)
            context.exit(2)
    show_warnings(map(first_missing, found), say)
    if as_json:
        show_json({"name": name, "version": version})
        return
    click.echo(spoken(version_of(name, version), say))
    show_each(changed, say)


def _unfit(reading: Reading, fallback: str | None, spare: str) -> tuple[Problem, ...]:
    """Return what a form lacks in the bot's languages; raise BadInput for an unknown fallback."""
    if reading.form is None or reading.outline is None:
        return ()
    texts = reading.outline.texts
    known = {language for _, labels in texts for language in labels}
    if fallback and fallback not in known and UNLABELLED not in known:
        raise BadInput(f"The form has no texts in {fallback}. It has {', '.join(sorted(known))}.")
    return tuple(gaps(coverage(texts, spare), spare))


def _fallback_of_programme(db: Db) -> str:
    try:
        return current_programme(db).fallback
    except LookupError:
        return ""


@form.command("list")
@as_json
def list_forms(as_json: bool) -> None:
    """List the current version of every form."""
    with desk() as it:
        rows = read(it.store, _listed)
    if as_json:
        show_json(rows)
        return
    for row in rows:
        retired = "  (retired)" if row["retired"] else ""
        languages = ", ".join(row["languages"])
        click.echo(f"{row['name']}  version {row['version']}  {languages}  {row['title']}{retired}")


@form.command()
@click.argument("name")
@as_json
def show(name: str, as_json: bool) -> None:
    """Show a form's questions."""
    with desk() as it:
        try:
            found = read(it.store, lambda db: FormShelf().form(db, name))
        except LookupError:
            raise _unknown(name) from None
    if as_json:
        show_json(_described(found))
        return
    click.echo(f"{found.name}, version {found.version}: {found.title}")
    for question in found.questions:
        if question.type != "another":
            click.echo(f"{question.path} ({question.type}): {_first_label(found, question)}")


@form.command()
@click.argument("name")
@click.option("--output", required=True, type=click.Path(path_type=Path, dir_okay=False), help="F.xlsx")
@click.option("--version", help="By default the current one.")
def export(name: str, output: Path, version: str | None) -> None:
    """Write a stored form as a workbook."""
    with desk() as it:
        try:
            stored = read(it.store, lambda db: form_version(db, name, version))
        except LookupError as error:
            raise (BadInput(f"There is {error}.") if version else _unknown(name)) from None
    save(output, spreadsheet_of(stored.file, stored.file_name))


def _unknown(name: str) -> BadInput:
    return BadInput(f"There is no form {name!r}. See `griot form list`.")


def _listed(db: Db) -> list[dict[str, Json]]:
    return [_in_list(db, row) for row in current_forms(db)]


def _in_list(db: Db, row: FormVersion) -> dict[str, Json]:
    one = opened(row)
    return {
        "name": one.name,
        "title": one.title,
        "version": one.version,
        "languages": list(one.languages),
        "retired": row.retired_at is not None,
        "versions": [each.version for each in versions_of(db, row.name)],
    }


def _described(found: Form) -> dict[str, Json]:
    return {
        "name": found.name,
        "title": found.title,
        "version": found.version,
        "languages": list(found.languages),
        "questions": [_question(one) for one in found.questions if one.type != "another"],
    }


def _question(one: Question) -> dict[str, Json]:
    return {
        "path": one.path,
        "type": one.type,
        "label": dict(one.labels),
        "required": _truth(one.required),
        "relevant": one.relevant or None,
        "constraint": one.constraint or None,
        "choices": [{"name": choice.name, "label": dict(choice.labels)} for choice in one.choices],
    }


def _truth(required: str) -> bool | str:
    """Return whether an answer is required, or the expression that decides it."""
    match required.strip().lower():
        case "" | "no" | "false" | "false()":
            return False
        case "yes" | "true" | "true()":
            return True
    return required


def _first_label(found: Form, one: Question) -> str:
    return one.labels.get(found.default_language) or next(iter(one.labels.values()), "")
