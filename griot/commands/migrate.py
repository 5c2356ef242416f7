"""`griot migrate`: the schema."""

import click
from sqlalchemy.exc import SQLAlchemyError

from griot import schema
from griot.commands.desk import Failed, desk


@click.command()
def migrate() -> None:
    """Create or upgrade the tables; loads nothing."""
    with desk() as it:
        if schema.standing(it.store) == schema.Standing.AHEAD:
            raise Failed("The schema is ahead of this Griot. Install the newer one.")
        try:
            schema.migrate(it.store)
        except SQLAlchemyError as error:
            raise Failed(f"The schema could not be upgraded: {error}") from None
    click.echo(f"The schema is at revision {schema.revisions()[-1]}.")
