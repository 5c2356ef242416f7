"""`griot digest`: the week as the officers read it."""

from collections.abc import Mapping

import click

from bot.digest import Digest
from bot.values import LANGUAGES
from griot.commands.desk import BadInput, Week, desk, show_json
from griot.digests import Digests
from griot.settings import data_folder
from griot.voices import voices
from models.db import read
from models.form import FormShelf
from models.programme import ProgrammeShelf


@click.command()
@click.option("--week", type=Week(), help="An ISO week such as 2026-W48; this week by default.")
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def digest(week: str | None, language: str, as_json: bool) -> None:
    """Print the digest of a week."""
    with desk() as it:
        digests = Digests(ProgrammeShelf(), FormShelf(), voices(data_folder("locales")))
        try:
            found = read(
                it.store,
                lambda db: digests.of_week(db, week or digests.this_week(db, it.at), language, it.at),
            )
        except LookupError as error:
            raise BadInput(f"{error}.") from None
    if as_json:
        show_json(_as_json(found))
    else:
        click.echo(found.text)


def _as_json(found: Digest) -> Mapping[str, object]:
    return {
        "week": found.week,
        "language": found.language,
        "text": found.text,
        "details": [{"city": city, "text": text} for city, text in found.details],
        "expected": found.expected,
        "answered": found.answered,
        "cities": [
            {
                "city": each.city.slug,
                "state": each.standing.value,
                "reference": each.reference,
                "status": status,
            }
            for each, status in found.cities
        ],
    }
