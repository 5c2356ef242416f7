"""`griot digest`: the week as the officers read it."""

from collections.abc import Mapping

import click

from bot.digest import Digest
from bot.values import LANGUAGES
from griot.commands.desk import BadInput, Desk, Week, desk, show_json
from griot.digests import Digests
from griot.settings import data_folder
from griot.voices import voices
from griot.wake import announce
from models.audit import OPERATOR, What, record
from models.base import Db
from models.db import read, write
from models.digest_sending import send_digest
from models.form import FormShelf
from models.programme import ProgrammeShelf


@click.command()
@click.option("--week", type=Week(), help="An ISO week such as 2026-W48; this week by default.")
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True)
@click.option("--send", "is_sent", is_flag=True, help="Send it to every officer who has not got it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def digest(week: str | None, language: str, is_sent: bool, as_json: bool) -> None:
    """Print the digest of a week; with --send let it leave too."""
    with desk() as it:
        digests = Digests(ProgrammeShelf(), FormShelf(), voices(data_folder("locales")))
        try:
            named = week or read(it.store, lambda db: digests.this_week(db, it.at))
            found = read(it.store, lambda db: digests.of_week(db, named, language, it.at))
            if is_sent:
                click.echo(f"Messages leaving now: {_send(it, digests, named)}.", err=True)
        except LookupError as error:
            raise BadInput(f"{error}.") from None
    if as_json:
        show_json(_as_json(found))
    else:
        click.echo(found.text)


def _send(it: Desk, digests: Digests, week: str) -> int:
    def queue(db: Db) -> int:
        count = send_digest(db, digests, it.settings.channels_on, week, it.at)
        record(db, OPERATOR, What.DIGEST_SENT, f"digest:{week}", it.at, messages=count)
        announce(db)
        return count

    return write(it.store, queue)


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
                "state": each.state.value,
                "reference": each.reference,
                "status": status,
            }
            for each, status in found.cities
        ],
    }
