"""What `griot form check` and `griot form add` tell of a form: faults, languages, weight."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from bot.forms.coverage import Covered, coverage
from bot.forms.findings import headline, left_over, questions_asked, taken_along, warned, weighed
from bot.forms.places import place_in_words, place_of
from bot.forms.read import Reading
from bot.forms.sizes import LARGEST_FILE
from bot.forms.weight import LONGEST_LABEL, MOST_PARTS, Weight, weigh
from bot.sentence import spoken
from bot.values import LANGUAGES, Problem, Say
from channels.sms_text import folded, parts
from griot.commands.desk import BadInput, one_line
from griot.programmes import beside
from griot.reading import read_once
from griot.settings import data_folder
from griot.voices import voices
from models.base import Json

in_language = click.option(
    "--language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Language of the words."
)
with_attached = click.option(
    "--attach", multiple=True, type=click.Path(path_type=Path), help="A CSV file that the form reads."
)


def voice(language: str) -> Say:
    """Return the voice of a language."""
    return voices(data_folder("locales"))[language]


def content_of(file: Path) -> bytes:
    """Return a file's bytes, one more than a form may have at most; raise BadInput when there is none."""
    try:
        with file.open("rb") as opened:
            return opened.read(LARGEST_FILE + 1)
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}.") from None


def read_with_lists(file: Path, named: Sequence[Path]) -> tuple[Reading, bytes, Mapping[str, bytes]]:
    """Return what a form's file is, its bytes, and the CSV files that it takes; raise BadInput."""
    content = content_of(file)
    try:
        lists = beside(file, named)
    except OSError as error:
        raise BadInput(f"{error.filename} cannot be read: {error.strerror}.") from None
    reading = read_once({file.name: content}, lists)[file.name]
    return reading, content, {name: lists[name] for name in reading.attached}


def tell_of_lists(reading: Reading, named: Sequence[Path], say: Say) -> None:
    """Say which files beside the form were taken without being named, and which were named for nothing."""
    attached = reading.attached
    if reading.form is not None:
        show_warnings((left_over(path.name) for path in named if path.name not in attached), say)
    if found := [name for name in attached if name not in {path.name for path in named}]:
        click.echo(spoken(taken_along(found), say), err=True)


def show_faults(problems: Sequence[Problem], say: Say) -> None:
    """Print one line a fault on standard error, in a language."""
    for problem in problems:
        where = spoken(place_in_words(problem.where), say)
        click.echo(one_line(replace(in_words(problem, say), where=where)), err=True)


def in_words(problem: Problem, say: Say) -> Problem:
    """Return a problem said in a language; its place stays as it is."""
    mend, message = spoken(problem.mend, say), spoken(problem.message, say)
    return Problem(problem.code, problem.where, mend, message)


def checked(reading: Reading, say: Say) -> dict[str, Json]:
    """Return what `form check --json` prints."""
    form = reading.form
    told: dict[str, Json] = {
        "ok": form is not None,
        "form": None if form is None else form.name,
        "questions": 0 if form is None else questions_asked(form),
        "languages": [] if form is None else list(form.languages),
        "errors": [_fault(in_words(problem, say)) for problem in reading.problems],
        "warnings": [] if form is None else [spoken(one, say) for one in form.warnings],
        "coverage": _coverage(reading),
        "weight": None if form is None else _weight(weigh(form, _parts_of)),
    }
    return told


def show_checked(reading: Reading, say: Say) -> None:
    """Print what a form holds: one line, its warnings, a line a language, a line a question too long."""
    show_faults(reading.problems, say)
    form = reading.form
    if form is None:
        return
    click.echo(spoken(headline(form), say))
    show_warnings(form.warnings, say)
    covered = coverage(reading.outline.texts) if reading.outline else {}
    for line in weighed(weigh(form, _parts_of), covered):
        click.echo(spoken(line, say))


def show_warnings(warnings: Iterable[str], say: Say) -> None:
    """Print one line a warning on standard error, in a language."""
    for warning in warnings:
        click.echo(spoken(warned(warning), say), err=True)


def _coverage(reading: Reading) -> Json:
    if reading.outline is None:
        return None
    covered = coverage(reading.outline.texts)
    return {
        language: {name: _covered(kind) for name, kind in kinds.items()}
        for language, kinds in covered.items()
    }


def _covered(kind: Covered) -> dict[str, Json]:
    return {
        "texts": kind.texts,
        "missing": [{"sheet": s, "row": r, "column": c} for s, r, c in map(place_of, kind.missing)],
    }


def _parts_of(text: str) -> int:
    """Return the parts that a text takes by SMS, where it loses its accents if that saves one."""
    return parts(folded(text))


def _weight(weight: Weight) -> dict[str, Json]:
    return {
        "messages": {"shortest": weight.shortest, "longest": weight.longest},
        "limits": {"label": LONGEST_LABEL, "parts": MOST_PARTS},
        "languages": {
            language: {
                "characters": sum(one.characters for one in questions),
                "bytes": sum(one.bytes for one in questions),
                "parts": sum(one.parts for one in questions),
                "questions": [
                    {
                        "path": one.path,
                        "label": one.label,
                        "characters": one.characters,
                        "bytes": one.bytes,
                        "parts": one.parts,
                        "over": one.is_over,
                    }
                    for one in questions
                ],
            }
            for language, questions in weight.languages.items()
        },
    }


def _fault(problem: Problem) -> dict[str, Json]:
    sheet, row, column = place_of(problem.where)
    message = problem.message or one_line(problem)
    return {"sheet": sheet, "row": row, "column": column, "message": message, "mend": problem.mend}
