"""The programmes that tests read: ASToN as it is shipped, and a tiny one on another theme."""

from functools import cache
from pathlib import Path

from bot.forms.read import Readings, read_files
from bot.programme import Programme, read_programme
from bot.programme.form_files import lists_of

ORCHARD = Path(__file__).parent / "orchard"
ASTON = Path(__file__).parents[2] / "programmes" / "aston"


BUDGET = "budget.yaml"


def files_of(folder: Path) -> dict[str, bytes]:
    """Return every file of a programme's folder by its name within it, but for the budget.

    The numbers of tests are of no country that it lists: see `with_budget`.
    """
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != BUDGET
    }


def with_budget(folder: Path) -> dict[str, bytes]:
    """Return every file of a programme's folder by its name within it."""
    return {**files_of(folder), BUDGET: (folder / BUDGET).read_bytes()}


@cache
def read_once(folder: Path) -> tuple[Programme, Readings]:
    """Return a folder's programme without its budget, and its forms: reading takes seconds."""
    files = files_of(folder)
    named = {name: content for name, content in files.items() if name.startswith("forms/")}
    forms = read_files(named, lists_of(files))
    programme, problems = read_programme(files, lambda *_: forms)
    assert programme is not None, problems
    return programme, lambda *_: forms
