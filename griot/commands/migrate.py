"""`griot migrate`: the schema."""

import click
from sqlalchemy.exc import SQLAlchemyError

from griot import schema
from griot.commands.desk import BadInput, Failed, desk
from models.db import Store


@click.command()
@click.option("--to", "revision", help="Take the schema back to this revision, for an older Griot.")
def migrate(revision: str | None) -> None:
    """Create or upgrade the tables; loads nothing."""
    with desk() as it:
        if revision is not None:
            _take_back(it.store, revision)
            return
        if schema.standing(it.store) == schema.Standing.AHEAD:
            raise Failed("The schema is ahead of this Griot. Install the newer one.")
        try:
            schema.migrate(it.store)
        except SQLAlchemyError as error:
            raise Failed(f"The schema could not be upgraded: {error}") from None
    click.echo(f"The schema is at revision {schema.revisions()[-1]}.")


def _take_back(store: Store, revision: str) -> None:
    """Go back to a revision that this Griot knows; what the later ones added is lost."""
    known = schema.revisions()
    if revision not in known:
        raise BadInput(f"There is no revision {revision}: {known[0]} to {known[-1]}.")
    if (found := schema.standing(store)) != schema.Standing.CURRENT:
        raise Failed(f"The schema is {found}: only that of this very Griot can be taken back.")
    try:
        schema.downgrade(store, revision)
    except SQLAlchemyError as error:
        raise Failed(f"The schema could not be taken back: {error}") from None
    click.echo(f"The schema is at revision {revision}.")
