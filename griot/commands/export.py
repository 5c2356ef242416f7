"""`griot export`: tables for spreadsheets and programs."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from heapq import merge
from pathlib import Path
from typing import TypeAlias

import click

from bot.periods import bounds, closes_at
from griot.commands.desk import BadInput, Desk, Moment, desk, programme_of, save
from griot.commands.paging import rows_of
from models import export as queries
from models import export_audit, export_milestones
from models.audit import OPERATOR, What, record
from models.base import Json
from models.db import read, write
from models.export import Record
from models.form import opened, versions_of
from models.moments import rfc3339
from models.programme import current_programme
from reports.tables import FORMATS

CHAIN = "audit"
FLAT = ("csv", "xlsx")  # formats with a column for each answer

Rows: TypeAlias = Callable[[Desk, datetime | None], Iterable[Record]]


@click.command()
@click.argument("what", metavar="WHAT")
@click.option("--format", "format_", type=click.Choice(sorted(FORMATS)), default="csv", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
@click.option("--since", type=Moment(), help="Only rows that changed at or after this time.")
def export(what: str, format_: str, as_json: bool, output: Path | None, since: datetime | None) -> None:
    """Export WHAT: submissions, answers, messages, people, cities, milestones, outputs or audit."""
    if what not in TABLES:
        raise BadInput(f"There is nothing called {what!r} to export. Use one of {', '.join(TABLES)}.")
    format_ = "json" if as_json else format_
    if format_ == "xlsx" and output is None and sys.stdout.isatty():
        raise BadInput("A workbook is not for the screen. Give --output FILE.")
    columns, rows_in = TABLES[what]
    with desk() as it:
        rows: Iterable[Record] = rows_in(it, since)
        if what == "submissions" and format_ in FLAT:
            rows = list(rows)
            columns = [*columns, *_answered(it, rows)]
        file = FORMATS[format_](rows, columns)
        if what != CHAIN:  # ids only; and a row of its own would make each export another
            _record(it, what, since)
    if output is None:
        click.echo(file, nl=False)
        return
    save(output, file)


def _record(it: Desk, what: str, since: datetime | None) -> None:
    """Record what was read, page by page and so in no one transaction, before it leaves."""
    subject, day = f"export:{what}", rfc3339(since)
    write(it.store, lambda db: record(db, OPERATOR, What.DATA_EXPORTED, subject, it.at, since=day))


def _submissions(it: Desk, since: datetime | None) -> Iterator[Record]:
    rows = rows_of(it.store, partial(queries.submissions, since=since, is_closed=_closed(it)))
    return _in_form_order(it, rows)


def _in_form_order(it: Desk, rows: Iterable[Record]) -> Iterator[Record]:
    """Yield reports with their answers in the order of the form; PostgreSQL does not keep it."""
    orders: dict[str, Mapping[str, int]] = {}
    for row in rows:
        order = orders.get(row["form"]) or orders.setdefault(row["form"], _order(it, row["form"]))
        yield row | {"answers": _sorted(row["answers"], order, "")}


def _order(it: Desk, form: str) -> Mapping[str, int]:
    """Return the place of each path in all versions of a form: those of the newest, then those of before."""
    forms = read(it.store, lambda db: [opened(version) for version in versions_of(db, form)])
    paths = dict.fromkeys(path for one in forms for path in one.compiled.nodes)
    return {path: place for place, path in enumerate(paths)}


def _answered(it: Desk, rows: Sequence[Record]) -> Iterator[str]:
    """Yield a column for each answer that there is, form by form: versions merge by name."""
    for form in sorted({row["form"] for row in rows}):
        order = _order(it, form)
        paths = {path for row in rows if row["form"] == form for path in row["answers"]}
        yield from (f"answers/{path}" for path in sorted(paths, key=lambda path: order.get(path, len(order))))


def _sorted(answers: Record, order: Mapping[str, int], within: str) -> Record:
    keys = sorted(answers, key=lambda key: order.get(within + key, len(order)))
    return {key: _sorted_rounds(answers[key], order, f"{within}{key}/") for key in keys}


def _sorted_rounds(value: Json, order: Mapping[str, int], within: str) -> Json:
    is_repeat = isinstance(value, list) and all(isinstance(one, dict) for one in value)
    return [_sorted(one, order, within) for one in value] if is_repeat else value


def _answers(it: Desk, since: datetime | None) -> Iterator[Record]:
    return rows_of(it.store, partial(queries.answers, since=since))


def _messages(it: Desk, since: datetime | None) -> Iterator[Record]:
    ways = (queries.messages_in, queries.messages_out)
    both = (rows_of(it.store, partial(way, since=since)) for way in ways)
    return merge(*both, key=lambda row: (row["created_at"], row["direction"]))


def _people(it: Desk, since: datetime | None) -> Iterator[Record]:
    return rows_of(it.store, partial(queries.people, since=since, at=it.at, base_url=it.settings.origin))


def _cities(it: Desk, since: datetime | None) -> list[Record]:
    return read(it.store, partial(queries.cities, since=since, at=it.at))


def _milestones(it: Desk, since: datetime | None) -> list[Record]:
    return read(it.store, lambda db: export_milestones.milestones(db, programme_of(db), since, it.at))


def _outputs(it: Desk, since: datetime | None) -> list[Record]:
    return read(it.store, lambda db: export_milestones.outputs(db, programme_of(db), since))


def _audit(it: Desk, since: datetime | None) -> Iterator[Record]:
    return rows_of(it.store, partial(export_audit.audit, since=since))


def _closed(it: Desk) -> Callable[[str | None, str], bool]:
    """Return what tells of a city and a period whether late answers have ended."""
    try:
        programme = read(it.store, current_programme)
    except LookupError:
        programme = None

    def is_closed(city: str | None, period: str) -> bool:
        known = programme.cities.get(city) if programme is not None and city is not None else None
        if programme is None or known is None:
            return it.at >= bounds(period, "UTC")[1] + timedelta(days=7)
        return it.at >= closes_at(programme, known, period)

    return is_closed


TABLES: Mapping[str, tuple[Sequence[str], Rows]] = {
    "submissions": (queries.SUBMISSIONS, _submissions),
    "answers": (queries.ANSWERS, _answers),
    "messages": (queries.MESSAGES, _messages),
    "people": (queries.PEOPLE, _people),
    "cities": (queries.CITIES, _cities),
    "milestones": (export_milestones.MILESTONES, _milestones),
    "outputs": (export_milestones.OUTPUTS, _outputs),
    CHAIN: (export_audit.AUDIT, _audit),
}
