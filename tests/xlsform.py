"""Forms written in the tests, as their authors would write them in Markdown."""

from collections.abc import Mapping
from datetime import UTC, datetime

from bot.forms.first import First
from bot.forms.form import Form
from bot.forms.read import read_form
from bot.forms.sheet import Sheet
from bot.values import Value

AT = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)  # a Monday


def form_of(text: str, file_name: str = "written.md", **attached: str) -> Form:
    """Return the form that a Markdown text holds, with attached CSV files (`towns="name,label"`)."""
    files = {f"{name}.csv": content.encode() for name, content in attached.items()}
    return read_form(text.encode(), file_name, files)


def survey(*rows: str, columns: str = "type | name | label") -> str:
    """Return a survey sheet, a row a string with its cells between bars."""
    return "\n".join(["| survey |", f"| | {columns} |", *(f"| | {row} |" for row in rows)])


def choices(*rows: str, columns: str = "list_name | name | label") -> str:
    """Return a choices sheet likewise."""
    return "\n".join(["", "| choices |", f"| | {columns} |", *(f"| | {row} |" for row in rows)])


def settings(columns: str, row: str) -> str:
    """Return a settings sheet."""
    return f"\n| settings |\n| | {columns} |\n| | {row} |"


def sheet_of(
    form: Form,
    given: Mapping[str, Value] | None = None,
    hidden: Mapping[str, str] | None = None,
    at: datetime = AT,
    previous: Mapping[str, Value] | None = None,
    firsts: Mapping[str, First] | None = None,
) -> Sheet:
    """Return a sheet of a form."""
    return Sheet(form, given or {}, hidden or {}, at, previous or {}, firsts or {})


def paths(sheet: Sheet) -> list[str]:
    """Return the paths of what a sheet asks, in order."""
    return [step.path for step in sheet.steps()]
