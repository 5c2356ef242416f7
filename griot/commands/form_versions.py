"""`griot form changes`, `retire`, `reopen`: the versions of a form, and its end."""

from collections.abc import Callable, Sequence

import click

from bot.forms.changes import Change, changes, compared, said, unchanged
from bot.sentence import spoken
from bot.values import Say
from griot.commands.desk import BadInput, desk, show_json
from griot.commands.form_faults import in_language, voice
from models import form as forms
from models.audit import OPERATOR, What, record
from models.base import Db, Json
from models.db import read, write
from models.programme import current_programme

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command("changes")
@click.argument("name")
@click.option("--from", "before", help="The older version; by default the one before the newer.")
@click.option("--to", "after", help="The newer version; by default the current one.")
@in_language
@as_json
def show_changes(name: str, before: str | None, after: str | None, language: str, as_json: bool) -> None:
    """Show what changed between two versions of a form."""
    with desk() as it:
        try:
            older, newer, found = read(it.store, lambda db: between(db, name, before, after))
        except LookupError as error:
            raise BadInput(f"There is {error}. See `griot form list`.") from None
    if as_json:
        show_json({"name": name, "from": older, "to": newer, "changes": described(found)})
        return
    say = voice(language)
    click.echo(spoken(compared(name, older, newer), say))
    if older and not found:
        click.echo(spoken(unchanged(), say))
    show(found, say)


def between(
    db: Db, name: str, before: str | None = None, after: str | None = None
) -> tuple[str, str, tuple[Change, ...]]:
    """Return two versions and what changed; "" for the older when there is none. Raise LookupError."""
    newer = forms.form_version(db, name, after)
    former = [one for one in forms.versions_of(db, name) if one.id < newer.id]
    if before is None and not former:
        return "", newer.version, ()
    older = former[0] if before is None else forms.form_version(db, name, before)
    return older.version, newer.version, changes(forms.opened(older), forms.opened(newer))


def show(found: Sequence[Change], say: Say) -> None:
    """Print a line a change."""
    for change in found:
        click.echo(spoken(said(change), say))


def described(found: Sequence[Change]) -> list[Json]:
    """Return changes ready for JSON."""
    return [
        {
            "change": one.kind,
            "question": one.question,
            "language": one.language or None,
            "from": one.before or None,
            "to": one.after or None,
        }
        for one in found
    ]


@click.command()
@click.argument("name")
def retire(name: str) -> None:
    """End the use of a form: nobody begins it any more; drafts can be finished, reports stay."""
    with desk() as it:

        def work(db: Db) -> None:
            if is_in_rhythm(db, name):
                raise BadInput(f"{name} is asked for every week or month: take it out of the rhythm first.")
            forms.retire(db, name, it.at)
            record(db, OPERATOR, What.FORM_RETIRED, f"form:{name}", it.at)

        _carry_out(lambda: write(it.store, work), name)
    click.echo(f"{name} is retired.")


@click.command()
@click.argument("name")
def reopen(name: str) -> None:
    """Take a retired form into use again."""
    with desk() as it:

        def work(db: Db) -> None:
            forms.reopen(db, name)
            record(db, OPERATOR, What.FORM_REOPENED, f"form:{name}", it.at)

        _carry_out(lambda: write(it.store, work), name)
    click.echo(f"{name} is in use.")


def _carry_out(work: Callable[[], None], name: str) -> None:
    try:
        work()
    except LookupError:
        raise BadInput(f"There is no form {name!r}. See `griot form list`.") from None


def is_in_rhythm(db: Db, name: str) -> bool:
    """Tell whether the programme asks for a form by itself."""
    try:
        entry = current_programme(db).forms.get(name)
    except LookupError:
        return False
    return entry is not None and entry.every is not None
