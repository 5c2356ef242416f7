"""`griot person`: who Griot talks to."""

from collections.abc import Mapping
from datetime import date
from functools import partial

import click

from bot.values import LANGUAGES
from griot.commands.desk import BadInput, Day, Desk, PersonId, desk, show_json
from griot.commands.links import invite_links
from griot.commands.paging import rows_of
from griot.commands.unapproved import notes_on
from griot.erasures import note_erasure
from models import export
from models.audit import OPERATOR, Detail, What, record, somebody
from models.base import Db, Json
from models.consent import ELSEWHERE, pause, record_consent, resume
from models.db import read, write
from models.export import Record
from models.invite import invite
from models.media_files import MediaFiles
from models.person import Role, add_person, person_to_change
from models.privacy import erase, everything_about
from models.programme import current_programme
from models.signin import new_sign_in

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
LISTED = "export:people"  # the list has all that the export has
id_of_person = click.argument("id", type=PersonId())


@click.group()
def person() -> None:
    """Add, show, invite, pause, export and erase people."""


@person.command()
@click.option("--name", required=True, help="The name that messages use.")
@click.option("--role", required=True, type=click.Choice([str(role) for role in Role]))
@click.option("--city", help="Slug of the city: needed for coordinator, deputy and group.")
@click.option("--language", required=True, type=click.Choice(LANGUAGES))
@click.option("--telegram", help="Telegram user id.")
@click.option("--whatsapp", help="Number, +E164.")
@click.option("--sms", help="Number, +E164.")
@click.option("--email", help="E-mail address.")
@click.option("--consent", default="", help="How and when they agreed elsewhere to be written to.")
@as_json
def add(
    name: str,
    role: str,
    city: str | None,
    language: str,
    consent: str,
    as_json: bool,
    **addresses: str | None,
) -> None:
    """Add a person and print an invitation code for an address that is not known yet."""
    given = {channel: value for channel, value in addresses.items() if value is not None}
    with desk() as it:

        def work(db: Db) -> tuple[int, str]:
            _check_language(db, language)
            id = add_person(db, name=name, role=role, language=language, city=city, addresses=given, at=it.at)
            if consent.strip():
                record_consent(
                    db,
                    id,
                    agreed=True,
                    version=ELSEWHERE,
                    language=language,
                    channel="console",
                    how=consent,
                    at=it.at,
                )
            code = invite(db, id, it.at)
            added: dict[str, Detail] = {"role": role, "city": city, "consent": bool(consent.strip())}
            _record(db, it, What.PERSON_ADDED, id, channels=sorted(given), **added)
            return id, code

        id, code = write(it.store, work)
        for note in read(it.store, lambda db: [*notes_on(db, it.settings, id), *_unpaid(db, given)]):
            click.echo(f"note: {note}", err=True)
        _show_invite(it, id, code, as_json)


def _unpaid(db: Db, given: Mapping[str, str]) -> list[str]:
    """Return a line for each number that nothing is sent to, since its country has no prices."""
    try:
        prices = current_programme(db).prices
    except LookupError:
        return []
    return [
        f"{value} is of no country that budget.yaml has {channel} prices for: it is not written to."
        for channel, value in given.items()
        if prices is not None and not prices.may_go(channel, value)
    ]


@person.command("list")
@as_json
def list_people(as_json: bool) -> None:
    """List everybody."""
    with desk() as it:
        page = partial(export.people, since=None, at=it.at, base_url=it.settings.origin)
        people = list(rows_of(it.store, page))
        write(it.store, lambda db: record(db, OPERATOR, What.DATA_EXPORTED, LISTED, it.at))
    if as_json:
        show_json(people)
        return
    for row in people:
        click.echo(_line(row))


@person.command()
@id_of_person
@as_json
def show(id: int, as_json: bool) -> None:
    """Show one person."""
    with desk() as it:
        found = read(it.store, partial(export.person, person_id=id, at=it.at, base_url=it.settings.origin))
    if found is None:
        raise BadInput(f"There is no person {id}. See `griot person list`.")
    if as_json:
        show_json(found)
        return
    click.echo(_line(found))
    consent = found["consent"]
    click.echo(f"consent: {_agreed(consent)}")
    click.echo(f"calendar: {found['calendar_url']}")
    if any(one.get("reason") == "not_started" for one in found["addresses"]):
        click.echo(f"They must begin themselves: `griot person invite {id}` gives the link.")


@person.command("invite")
@id_of_person
@as_json
def invite_person(id: int, as_json: bool) -> None:
    """Print a new invitation code: it works once, for 72 hours."""
    with desk() as it:

        def work(db: Db) -> str:
            code = invite(db, id, it.at)
            _record(db, it, What.PERSON_INVITED, id)
            return code

        code = write(it.store, work)
        _show_invite(it, id, code, as_json)


@person.command("pause")
@id_of_person
@click.option("--until", type=Day(), help="The last day of the pause; without it, until `resume`.")
@as_json
def pause_person(id: int, until: date | None, as_json: bool) -> None:
    """Stop writing to a person for a while."""
    with desk() as it:
        if until is not None and until < it.at.date():
            raise BadInput(f"--until {until} is over. Give a day to come.")

        def work(db: Db) -> None:
            pause(db, id, until, it.at)
            _record(db, it, What.PERSON_PAUSED, id, until=until)

        write(it.store, work)
        _show_state(it, id, as_json)


@person.command("resume")
@id_of_person
@as_json
def resume_person(id: int, as_json: bool) -> None:
    """Write to a paused person again."""
    with desk() as it:

        def work(db: Db) -> None:
            resume(db, id, it.at)
            _record(db, it, What.PERSON_RESUMED, id)

        write(it.store, work)
        _show_state(it, id, as_json)


@person.command("export")
@id_of_person
@click.option("--json", "as_json", is_flag=True, help="Print JSON, as without it.")
def export_person(id: int, as_json: bool) -> None:
    """Print everything kept about a person, as JSON."""
    with desk() as it:
        ask = partial(everything_about, person_id=id, at=it.at, base_url=it.settings.origin)
        found = read(it.store, ask)
        write(it.store, lambda db: _record(db, it, What.PERSON_EXPORTED, id))
    show_json(found)


@person.command("erase")
@id_of_person
@as_json
def erase_person(id: int, as_json: bool) -> None:
    """Forget a person for good: addresses, name and messages. The city keeps its reports."""
    with desk() as it:
        files = MediaFiles(it.settings.griot_var)
        note_erasure(it.settings.griot_var, id, it.at)  # before: a restore must not bring them back

        def work(db: Db) -> list[str]:
            paths = erase(db, id, it.at)
            _record(db, it, What.PERSON_ERASED, id)
            return paths

        for path in write(it.store, work):
            files.remove(path)
        _show_state(it, id, as_json)


@person.command("login-link")
@id_of_person
@as_json
def login_link(id: int, as_json: bool) -> None:
    """Print an address that signs this person in to the console, once, within ten minutes."""
    with desk() as it:

        def work(db: Db) -> str:
            path = new_sign_in(db, person_to_change(db, id).id, it.at)
            _record(db, it, What.SIGN_IN_GIVEN, id)
            return path

        url = it.settings.origin + write(it.store, work)
    if as_json:
        show_json({"id": id, "url": url})
        return
    click.echo(url)


def _record(db: Db, it: Desk, what: What, id: int, **details: Detail) -> None:
    record(db, OPERATOR, what, somebody(id), it.at, **details)


def _check_language(db: Db, language: str) -> None:
    """Raise BadInput for a language that the programme has no texts in."""
    try:
        spoken = current_programme(db).languages
    except LookupError:  # the first officer may be there before the programme
        return
    if language not in spoken:
        raise BadInput(f"--language: {language} is not the programme's. Use one of {', '.join(spoken)}.")


def _show_invite(it: Desk, id: int, code: str, as_json: bool) -> None:
    links = invite_links(it.settings, code)
    if as_json:
        show_json({"id": id, "invite": {"code": code, **links}})
        return
    click.echo(f"Person {id}. Invitation code, for one use within 72 hours: {code}")
    for url in links.values():
        if url is not None:
            click.echo(url)


def _show_state(it: Desk, id: int, as_json: bool) -> None:
    ask = partial(export.person, person_id=id, at=it.at, base_url=it.settings.origin)
    found = read(it.store, ask)
    assert found is not None  # noqa: S101 - it was changed a moment ago
    if as_json:
        show_json(found)
        return
    click.echo(_line(found))


def _line(row: Record) -> str:
    addresses = [f"{one['channel']}:{one['value']}{_lost(one)}" for one in row["addresses"]]
    facts = (row["id"], row["name"], row["role"], row["city"] or "-", row["language"], row["state"])
    return "  ".join([*(str(fact) for fact in facts), *addresses])


def _lost(address: Record) -> str:
    return "" if address["reachable"] else f" ({address['reason']})"


def _agreed(consent: Json) -> str:
    if consent is None:
        return "none"
    return f"{consent['at']}, wording {consent['version']}, {consent['channel']}, {consent['how']}"
