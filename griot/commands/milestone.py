"""`griot milestone`: where the cities stand with their milestones, and what an officer decides for one."""

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import TypeAlias

import click

from bot.programme import Programme
from griot.commands.desk import BadInput, Day, Desk, desk, programme_of, show_json
from models import export_milestones
from models import milestone as milestones
from models.audit import OPERATOR, Detail, What, record
from models.base import Db
from models.db import read, write
from models.export import Record

Decide: TypeAlias = Callable[[Db, Programme, Desk], None]

slug_of_city = click.argument("slug", metavar="SLUG")
id_of_milestone = click.argument("id", metavar="MILESTONE", type=str.upper)
reason = click.option("--reason", required=True, help="Why, in one line: the digest tells it.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def milestone() -> None:
    """List, extend and waive milestones. What is decided stays when the programme is loaded again."""


@milestone.command("list")
@click.argument("slug", metavar="[SLUG]", required=False)
@as_json
def list_milestones(slug: str | None, as_json: bool) -> None:
    """List the milestones of a city, or of every city."""
    with desk() as it:
        rows = read(it.store, partial(_rows, it=it, slug=slug))
    if as_json:
        show_json(rows)
        return
    for row in rows:
        click.echo(_line(row))


@milestone.command()
@slug_of_city
@id_of_milestone
@click.option("--to", required=True, type=Day(), help="The new last day, city time.")
@reason
@as_json
def extend(slug: str, id: str, to: date, reason: str, as_json: bool) -> None:
    """Give one city more time for a milestone."""
    _decide(
        slug,
        id,
        lambda db, programme, it: milestones.extend(db, programme, slug, id, to, reason, it.at),
        What.MILESTONE_EXTENDED,
        as_json,
        to=to,
    )


@milestone.command()
@slug_of_city
@id_of_milestone
@reason
@as_json
def waive(slug: str, id: str, reason: str, as_json: bool) -> None:
    """Ask one city for a milestone no more."""
    _decide(
        slug,
        id,
        lambda db, programme, it: milestones.waive(db, programme, slug, id, reason, it.at),
        What.MILESTONE_WAIVED,
        as_json,
    )


def _decide(slug: str, id: str, decide: Decide, what: What, as_json: bool, **details: Detail) -> None:
    def work(db: Db) -> Record:
        decide(db, programme_of(db), it)
        record(db, OPERATOR, what, f"milestone:{id}", it.at, city=slug, **details)
        return next(row for row in _rows(db, it, slug) if row["milestone"] == id)

    with desk() as it:
        row = write(it.store, work)
    if as_json:
        show_json(row)
        return
    click.echo(_line(row))


def _rows(db: Db, it: Desk, slug: str | None) -> list[Record]:
    programme = programme_of(db)
    if slug is not None and slug not in programme.cities:
        raise BadInput(f"There is no city {slug!r}. Use one of {', '.join(programme.cities)}.")
    rows = export_milestones.milestones(db, programme, None, it.at)
    return [_row(row) for row in rows if slug in (None, row["city"])]


def _row(row: Record) -> Record:
    names = ("milestone", "city", "name", "due", "state", "extended_to", "reason")
    return {name: row[name] for name in names} | {
        "handed_in_at": row["submitted_at"],
        "reference": row["reference"],
    }


def _line(row: Record) -> str:
    facts = (row["milestone"], row["city"], row["due"], row["state"], row["name"], row["reference"])
    return "  ".join(filter(None, (*facts, row["reason"])))
