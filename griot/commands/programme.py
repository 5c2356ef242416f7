"""`griot programme`: the cities, calendar, forms and rules that a network works by."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from bot.programme import Programme, read_programme
from bot.values import Problem
from griot.commands.desk import desk, read_settings, show_json, show_problems
from griot.commands.unapproved import refusals
from griot.programmes import files_of
from griot.reading import read_once
from models.base import Db
from models.db import read, write
from models.form import newer_than
from models.programme import load as load_programme

folder_of_programme = click.argument(
    "folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path, file_okay=False)
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def programme() -> None:
    """Check a programme's files, or load them. DIR is GRIOT_PROGRAMME when not given."""


@programme.command()
@folder_of_programme
@as_json
@click.pass_context
def check(context: click.Context, folder: Path | None, as_json: bool) -> None:
    """Find every fault of a programme's files: file, place and mend."""
    found, _, problems = _read(folder)
    _show(found, problems, as_json)
    context.exit(2 if problems else 0)


@programme.command()
@folder_of_programme
@click.option("--unapproved", is_flag=True, help="Also times whose templates WhatsApp has not approved.")
@as_json
@click.pass_context
def load(context: click.Context, folder: Path | None, unapproved: bool, as_json: bool) -> None:
    """Load a programme; again changes nothing. What was decided for a city is kept."""
    found, files, problems = _read(folder)
    if found is not None:
        with desk() as it:
            refused = () if unapproved else read(it.store, lambda db: refusals(db, it.settings, found))
            problems = refused or write(
                it.store, lambda db: load_programme(db, found, files, it.at, read_once)
            )
            notes = () if problems else read(it.store, lambda db: tuple(_notes(db, found, files)))
        for note in notes:
            click.echo(f"note: {note}", err=True)
    _show(None if problems else found, problems, as_json)
    context.exit(2 if problems else 0)


def _read(
    folder: Path | None,
) -> tuple[Programme | None, Mapping[str, bytes], Sequence[Problem]]:
    place = folder or read_settings().programme_folder
    try:
        files = files_of(place)
    except OSError as error:
        message = f"{error.strerror or 'There is no such folder'}."
        return None, {}, (Problem("missing_folder", str(place), "Name a programme's folder.", message),)
    found, problems = read_programme(files, read_once)
    return found, files, problems


def _notes(db: Db, found: Programme, files: Mapping[str, bytes]) -> Iterator[str]:
    """Yield what to know of each form that does not become the current one."""
    for name, entry in found.forms.items():
        if versions := newer_than(db, name, files[entry.file]):
            older, current = versions
            yield f"{entry.file} is version {older} of {name}; version {current} stays the current one."


def _show(found: Programme | None, problems: Sequence[Problem], as_json: bool) -> None:
    if as_json:
        show_json({"ok": found is not None, **_counts(found), "errors": [_fault(one) for one in problems]})
        return
    if found is None:
        show_problems(problems)
        return
    counts = ", ".join(f"{number} {what}" for what, number in _counts(found).items() if what != "programme")
    click.echo(f"{found.id}: {counts}")


def _counts(found: Programme | None) -> dict[str, str | int]:
    if found is None:
        return {}
    return {
        "programme": found.id,
        "cities": len(found.cities),
        "milestones": len(found.milestones),
        "forms": len(found.forms),
        "rules": len(found.rules),
    }


def _fault(problem: Problem) -> dict[str, str]:
    return {"where": problem.where, "message": problem.message, "mend": problem.mend}
