"""`griot schedule`: what will be sent to whom and when."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import click

from bot.programme import Programme
from bot.schedule import Verdict
from griot.commands.desk import BadInput, desk, show_json
from models.base import Db
from models.db import read
from models.moments import rfc3339
from models.programme import current_programme
from models.timetable import names, upcoming

LONGEST = 366  # days


@click.command()
@click.option("--days", type=click.IntRange(1, LONGEST), default=14, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def schedule(days: int, as_json: bool) -> None:
    """Print what will be sent to whom and when, from now on; what is held, and why."""
    with desk() as it:

        def look(db: Db) -> tuple[Programme, list[Verdict], Mapping[int, str]]:
            programme = current_programme(db)
            ceiling = it.settings.griot_unsolicited_per_week
            found = upcoming(db, programme, it.settings.channels_on, ceiling, it.at, days)
            return programme, found, names(db, {each.occurrence.person for each in found})

        try:
            programme, found, people = read(it.store, look)
        except LookupError as error:
            raise BadInput(f"{error}.") from None
    if as_json:
        show_json([_as_json(programme, each) for each in found])
        return
    for each in found:
        click.echo(_line(programme, each, people))


def _as_json(programme: Programme, verdict: Verdict) -> Mapping[str, object]:
    occurrence = verdict.occurrence
    return {
        "key": occurrence.key,
        "kind": occurrence.kind,
        "person": occurrence.person,
        "city": occurrence.city,
        "form": occurrence.form or None,
        "milestone": occurrence.milestone or None,
        "channel": verdict.rung.channel if verdict.rung else None,
        "due_at": rfc3339(occurrence.due_at),
        "send_at": rfc3339(occurrence.send_at),
        "local": f"{_local(programme, verdict):%Y-%m-%dT%H:%M}",
        "state": occurrence.state,
        "reason": occurrence.reason or None,
    }


def _line(programme: Programme, verdict: Verdict, people: Mapping[int, str]) -> str:
    occurrence = verdict.occurrence
    about = occurrence.form or occurrence.milestone or occurrence.period
    who = f"{people.get(occurrence.person, '')} ({occurrence.person})"
    way = verdict.rung.name if verdict.rung else "-"
    state = f"{occurrence.state} ({occurrence.reason})" if occurrence.reason else occurrence.state
    parts = (occurrence.kind, about, occurrence.city or "", who, way, state)
    return "  ".join((f"{_local(programme, verdict):%Y-%m-%d %H:%M %Z}", *filter(None, parts)))


def _local(programme: Programme, verdict: Verdict) -> datetime:
    city = programme.cities.get(verdict.occurrence.city or "")
    zone = city.timezone if city else programme.secretariat.timezone
    return verdict.occurrence.send_at.astimezone(ZoneInfo(zone))
