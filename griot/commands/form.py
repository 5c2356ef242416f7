"""`griot form`: the questionnaires, as XLSForm files."""

from pathlib import Path

import click

from bot.forms.form import Form, FormError, Question
from bot.forms.sizes import LARGEST_FILE
from bot.values import Problem
from griot.commands.desk import BadInput, desk, one_line, save, show_json, show_problems
from griot.commands.preview import preview
from griot.reading import read_apart
from models.base import Db, Json
from models.db import read, write
from models.form import FormShelf, add_form, current_forms, form_version
from reports.xlsform import spreadsheet_of

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
file_of_form = click.argument("file", type=click.Path(path_type=Path))
SHEETS = ("survey", "choices", "settings", "external_choices", "entities", "osm")
NOT_ASKED = ("note", "another")  # `another` is the bot's question between two rounds of a repeat


@click.group()
def form() -> None:
    """Check, preview, add, list, show and export questionnaires (XLSForm .xlsx, .xls, .csv, .md)."""


form.add_command(preview)


@form.command()
@file_of_form
@as_json
@click.pass_context
def check(context: click.Context, file: Path, as_json: bool) -> None:
    """Find every fault of a form: sheet, row, column and mend."""
    found, problems = _read(file)
    if as_json:
        show_json(_checked(found, problems))
    else:
        _show_checked(found, problems)
    context.exit(2 if problems else 0)


@form.command()
@file_of_form
@as_json
@click.pass_context
def add(context: click.Context, file: Path, as_json: bool) -> None:
    """Store a form's version and make it the current one."""
    content = _content(file)
    with desk() as it:
        try:
            form = _form(content, file.name)  # the slow part, before the transaction

            def work(db: Db) -> tuple[str, str]:
                stored = add_form(db, form, content, file.name, it.at)
                return stored.name, stored.version

            name, version = write(it.store, work)
        except FormError as error:
            show_problems(error.problems)
            context.exit(2)
    if as_json:
        show_json({"name": name, "version": version})
        return
    click.echo(f"{name}, version {version}")


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
        click.echo(f"{row['name']}  version {row['version']}  {', '.join(row['languages'])}  {row['title']}")


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
def export(name: str, output: Path) -> None:
    """Write the stored form as a workbook."""
    with desk() as it:
        try:
            stored = read(it.store, lambda db: form_version(db, name))
        except LookupError:
            raise _unknown(name) from None
    save(output, spreadsheet_of(stored.file, stored.file_name))


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(LARGEST_FILE + 1)
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}.") from None


def _read(file: Path) -> tuple[Form | None, tuple[Problem, ...]]:
    reading = read_apart({file.name: _content(file)})[file.name]
    return reading.form, reading.problems


def _form(content: bytes, name: str) -> Form:
    reading = read_apart({name: content})[name]
    if reading.form is None:
        raise FormError(reading.problems, reading.outline)
    return reading.form


def _unknown(name: str) -> BadInput:
    return BadInput(f"There is no form {name!r}. See `griot form list`.")


def _listed(db: Db) -> list[dict[str, Json]]:
    shelf = FormShelf()
    forms = [shelf.form(db, row.name) for row in current_forms(db)]
    return [
        {"name": one.name, "title": one.title, "version": one.version, "languages": list(one.languages)}
        for one in forms
    ]


def _checked(found: Form | None, problems: tuple[Problem, ...]) -> dict[str, Json]:
    asked = [] if found is None else [one for one in found.questions if one.type not in NOT_ASKED]
    return {
        "ok": not problems,
        "form": None if found is None else found.name,
        "questions": len(asked),
        "languages": [] if found is None else list(found.languages),
        "errors": [_fault(problem) for problem in problems],
        "warnings": [] if found is None else list(found.warnings),
    }


def _show_checked(found: Form | None, problems: tuple[Problem, ...]) -> None:
    show_problems(problems)
    if found is None:
        return
    checked = _checked(found, ())
    languages = ", ".join(found.languages) or "no language named"
    click.echo(f"{found.name}, version {found.version}: {checked['questions']} questions, {languages}")
    for warning in found.warnings:
        click.echo(f"warning: {warning}", err=True)


def _fault(problem: Problem) -> dict[str, Json]:
    sheet, row, column = place_of(problem.where)
    message = problem.message or one_line(problem)
    return {"sheet": sheet, "row": row, "column": column, "message": message, "mend": problem.mend}


def place_of(where: str) -> tuple[str | None, int | None, str | None]:
    """Return sheet, row and column of `survey, row 5, relevant`; None for what is not said."""
    parts = [part.strip().removeprefix("sheet ").removeprefix("column ") for part in where.split(",")]
    if parts[0] not in SHEETS:
        parts = parts[1:] or [""]
    sheet = parts[0] if parts[0] in SHEETS else None
    rows = [part.removeprefix("row ") for part in parts if part.startswith("row ")]
    columns = [part for part in parts[1:] if not part.startswith("row ")]
    row = int(rows[0]) if rows and rows[0].isdecimal() else None
    return sheet, row, ", ".join(columns) or None


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
