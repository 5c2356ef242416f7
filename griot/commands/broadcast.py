"""`griot broadcast`: say one thing to everybody of some cities."""

import re
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import click
import yaml

from bot.programme import Programme
from bot.values import LANGUAGES
from griot.commands.desk import BadInput, Desk, PersonId, desk, programme_of, show_json
from models import broadcast as broadcasts
from models.audit import OPERATOR, Detail, What, record, somebody
from models.base import Db
from models.broadcast import Broadcast, Missed
from models.db import write
from models.person import Person, PersonState, Role, printable

LONGEST = 1500  # characters of a text: of an SMS these are ten parts
MOST_BYTES = 100_000  # of the file
SAYERS = (Role.OFFICER, Role.ADMIN)
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@click.command()
@click.argument("name", metavar="NAME")
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--by", type=PersonId(), required=True, help="The officer who says it: a trace tells so.")
@click.option("--city", "slugs", metavar="SLUG", multiple=True, help="A city; several times for several.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def broadcast(name: str, file: Path, by: int, slugs: tuple[str, ...], as_json: bool) -> None:
    """Queue a message to everybody who agreed; with the same NAME again to who had none."""
    if not _NAME.fullmatch(name):
        raise BadInput(f"{name!r} is no name: up to 40 of a-z, 0-9 and -.")
    texts = _texts(file)
    with desk() as it:
        found = write(it.store, lambda db: _send(db, it, Broadcast(name, texts, slugs, by)))
    if as_json:
        show_json(asdict(found))
        return
    click.echo(f"{found.queued} queued, of {found.people} people who agreed")
    for one in found.missed:
        click.echo(f"no way to person {one.person} of {one.city}: {one.reason}")


@dataclass(frozen=True, slots=True)
class _Sent:
    """What became of it, as JSON has it."""

    name: str
    queued: int
    people: int
    missed: Sequence[Missed]


def _send(db: Db, it: Desk, said: Broadcast) -> _Sent:
    programme = programme_of(db)
    sayer = db.get(Person, said.by)
    if sayer is None or sayer.role not in SAYERS or sayer.state == PersonState.ERASED:
        raise BadInput(f"Person {said.by} is neither officer nor admin. See `griot person list`.")
    said = replace(said, cities=_cities(programme, said.cities))
    people = broadcasts.hearers(db, programme, said, it.at)
    if missing := sorted(people.keys() - said.texts.keys()):
        raise BadInput(f"Somebody reads {', '.join(missing)}: the file says nothing in it.")
    channels = it.settings.channels_on
    queued = broadcasts.send(db, programme, said, channels, it.at)
    missed = broadcasts.missed(db, programme, said, channels, it.at)
    whom = sorted(said.cities) if len(said.cities) < len(programme.cities) else None
    sent: dict[str, Detail] = {"by": somebody(said.by), "cities": whom, "queued": queued}
    record(db, OPERATOR, What.BROADCAST_SENT, f"broadcast:{said.name}", it.at, **sent)
    return _Sent(said.name, queued, sum(people.values()), missed)


def _cities(programme: Programme, slugs: Collection[str]) -> Collection[str]:
    if unknown := [slug for slug in slugs if slug not in programme.cities]:
        raise BadInput(f"There is no city {unknown[0]!r}: use one of {', '.join(programme.cities)}.")
    return frozenset(slugs) or programme.cities


def _texts(file: Path) -> dict[str, str]:
    """Return the text of each language; raise BadInput for a file that is none of these."""
    if file.stat().st_size > MOST_BYTES:
        raise BadInput(f"{file.name} is too large.")
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, yaml.YAMLError):
        raise BadInput(f"{file.name} is no YAML in UTF-8.") from None
    if not isinstance(found, dict) or not found or set(found) - {*LANGUAGES}:
        raise BadInput(f"{file.name} needs a text for each language: {', '.join(LANGUAGES)}.")
    for language, text in found.items():
        if not isinstance(text, str) or not 0 < len(text.strip()) <= LONGEST:
            raise BadInput(f"{file.name}, {language}: a text of 1 to {LONGEST} characters.")
    return {language: printable(text).strip() for language, text in found.items()}
