"""`griot city`: what an officer decides for one city."""

from collections.abc import Callable
from datetime import date
from typing import TypeAlias

import click

from griot.commands.desk import Day, Desk, desk, show_json
from models import city as cities
from models import export
from models.audit import OPERATOR, What, record
from models.base import Db
from models.db import write

Decide: TypeAlias = Callable[[Db, Desk], None]

slug_of_city = click.argument("slug", metavar="SLUG")
reason = click.option("--reason", required=True, help="Why, in one line: the digest tells it.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def city() -> None:
    """Pause, resume or excuse a city. What is decided stays when the programme is loaded again."""


@city.command()
@slug_of_city
@click.option("--until", type=Day(), help="The last day of the pause; without it, until `resume`.")
@reason
@as_json
def pause(slug: str, until: date | None, reason: str, as_json: bool) -> None:
    """Ask a city for nothing: no prompt, nudge, last call or reminder."""
    _decide(
        slug, lambda db, it: cities.pause(db, slug, until, reason, it.at), What.CITY_PAUSED, until, as_json
    )


@city.command()
@slug_of_city
@click.option("--until", type=Day(), help="The last day; without it, the Sunday of this week.")
@reason
@as_json
def excuse(slug: str, until: date | None, reason: str, as_json: bool) -> None:
    """Expect no report of a city this week, or through a day."""
    _decide(
        slug, lambda db, it: cities.excuse(db, slug, until, reason, it.at), What.CITY_EXCUSED, until, as_json
    )


@city.command()
@slug_of_city
@click.option("--reason", help="Why; taken for the sake of the other two, and not kept.")
@as_json
def resume(slug: str, reason: str | None, as_json: bool) -> None:
    """End a city's pause and excuse."""
    _decide(slug, lambda db, it: cities.resume(db, slug, it.at), What.CITY_RESUMED, None, as_json)


def _decide(slug: str, decide: Decide, what: What, until: date | None, as_json: bool) -> None:
    with desk() as it:

        def work(db: Db) -> export.Record:
            decide(db, it)
            record(db, OPERATOR, what, f"city:{slug}", it.at, until=until)
            return export.city(db, slug, it.at)

        found = write(it.store, work)
    if as_json:
        show_json(found)
        return
    facts = (found["city"], found["name"], found["state"])
    last = f"until {found['until']}" if found["until"] else ""
    click.echo("  ".join(filter(None, (*facts, last, found["reason"]))))
