"""`griot trace`: what became of one message, from webhook to receipt, from what is stored."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import click

from bot.programme import Programme
from bot.programme.shapes import name_in
from bot.schedule import Verdict
from bot.trace_words import heading, steps_of, with_cities
from bot.traces import Decision, Named, Raw, Step, Trace, Whose
from bot.values import LANGUAGES, Say
from channels import telegram_updates, twilio_webhooks
from channels.base import BodyError, Inbound, Reach, Receipt
from channels.chat import read_said
from channels.telegram_updates import read_update
from channels.twilio_webhooks import read_webhook
from griot.commands.desk import BadInput, Desk, desk, programme_of, show_json
from griot.settings import data_folder
from griot.voices import voices
from models.audit import OPERATOR, What, record
from models.base import Db
from models.db import read, write
from models.moments import rfc3339
from models.timetable import upcoming
from models.trace import trace as trace_of
from models.trace_names import named

AHEAD = 31  # days in which a key is looked for among what is planned
INDENT = "    "
OF_TWILIO = ("whatsapp", "sms")
_READERS: Mapping[str, Callable[[bytes], list[Inbound | Receipt]]] = {
    "telegram": lambda body: read_update(json.loads(body)),
    "whatsapp": read_webhook,
    "sms": read_webhook,
    "chat": read_said,
}
_REACH = {Reach.BLOCKED: "blocked", Reach.RETURNED: "returned"}


@dataclass(frozen=True, slots=True)
class Found:
    """What an id means, and what became of it where it means one thing only."""

    programme: Programme
    meant: Sequence[Named]
    trace: Trace | None


@click.command()
@click.argument("id")
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True)
@click.option("--names", "has_names", is_flag=True, help="Say who the person is.")
@click.option("--texts", "has_texts", is_flag=True, help="Print what was written, both ways.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def trace(
    context: click.Context, id: str, language: str, has_names: bool, has_texts: bool, as_json: bool
) -> None:
    """Tell what became of a message, a report or an occurrence, and what comes next.

    ID: in:7 or out:7, a key, a report's reference, an id of the provider, or how one of these begins.
    """
    with desk() as it:
        found = read(it.store, lambda db: _look(db, it, _bare(id)))
        say = voices(data_folder("locales"))[language]
        if len(found.meant) > 1:
            _show_meanings(found, id, as_json)
            context.exit(2)
        if found.trace is None:
            raise BadInput(f"{id} means nothing known. What was let go of by its age cannot be traced.")
        if has_names or has_texts:
            subject = f"{found.meant[0].kind}:{found.meant[0].key}"
            shown = {"names": has_names, "texts": has_texts}
            write(it.store, lambda db: record(db, OPERATOR, What.MESSAGE_READ, subject, it.at, **shown))
        cities = {slug: name_in(city.names, language) for slug, city in found.programme.cities.items()}
        told = with_cities(found.trace, cities)
        steps = steps_of(say, told, it.at, has_names=has_names, has_texts=has_texts)
    if as_json:
        show_json(_as_json(found.meant[0], language, steps))
        return
    zone = ZoneInfo(found.programme.secretariat.timezone)
    click.echo(heading(say, found.meant[0].shown, zone.key))
    for step in steps:
        click.echo(_line(say, step, zone))


def _bare(id: str) -> str:
    """Return an id as it is stored: copied from an Arabic text it has isolates around it."""
    return "".join(c for c in id if c.isprintable()).strip()


def _look(db: Db, it: Desk, id: str) -> Found:
    programme = programme_of(db)
    meant = named(db, id)
    if not meant:
        return _planned(db, it, programme, id)
    return Found(programme, meant, trace_of(db, meant[0], _reading) if len(meant) == 1 else None)


def _planned(db: Db, it: Desk, programme: Programme, key: str) -> Found:
    """Return the occurrence of this key that is still to come, if it is planned."""
    ceiling = it.settings.griot_unsolicited_per_week
    verdicts = upcoming(db, programme, it.settings.channels_on, ceiling, it.at, AHEAD)
    verdict = next((each for each in verdicts if each.occurrence.key == key), None)
    if verdict is None:
        return Found(programme, (), None)
    at = verdict.occurrence.due_at
    return Found(programme, (Named("occurrence", key, key, at),), _to_come(verdict))


def _to_come(verdict: Verdict) -> Decision:
    one = verdict.occurrence
    return Decision(
        key=one.key,
        kind=one.kind,
        state=one.state,
        reason=one.reason,
        form=one.form,
        period=one.period,
        milestone=one.milestone,
        due_at=one.due_at,
        send_at=one.send_at,
        decided_at=None,
        whose=Whose(one.person, "", one.city),
    )


def _reading(channel: str, body: bytes) -> Raw:
    """Return what a raw update says of itself; no secret is needed."""
    try:
        news = _READERS[channel](body)
    except (BodyError, KeyError, ValueError):
        return Raw()
    for one in news:
        if isinstance(one, Inbound):
            return Raw(one.heard.source, "said", _is_fetched(channel, body))
        if isinstance(one, Receipt) and one.reach is not None:
            return Raw(news=_REACH[one.reach])
    return Raw()


def _is_fetched(channel: str, body: bytes) -> bool:
    """Tell whether the provider was asked for it: no webhook brought it, and no secret proved it."""
    if channel == "telegram":
        return telegram_updates.is_fetched(json.loads(body))
    return channel in OF_TWILIO and twilio_webhooks.is_fetched(body)


def _show_meanings(found: Found, id: str, as_json: bool) -> None:
    rows = [{"id": each.shown, "kind": each.kind, "at": rfc3339(each.at)} for each in found.meant]
    if as_json:
        show_json({"id": id, "candidates": rows})
        return
    for row in rows:
        click.echo(f"{row['id']}  {row['at']}")
    click.echo(f"{id} means more than one thing: name one of these.", err=True)


def _as_json(meant: Named, language: str, steps: Sequence[Step]) -> Mapping[str, object]:
    return {
        "id": meant.shown,
        "kind": meant.kind,
        "language": language,
        "steps": [
            {"at": rfc3339(step.at), "depth": step.depth, "what": step.what, "text": step.text}
            for step in steps
        ],
    }


def _line(say: Say, step: Step, zone: ZoneInfo) -> str:
    moment = say.value(_moment(step.at, zone)) if step.at else " " * len("2026-11-23 10:00:00")
    return f"{moment}  {INDENT * step.depth}{step.text}"


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
