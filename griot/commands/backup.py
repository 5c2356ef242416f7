"""`griot backup` and `griot restore`: everything in one sealed file, and back."""

from datetime import datetime, timedelta
from pathlib import Path

import click

from griot.backup.contents import Counts, items_of
from griot.backup.restoring import Restored, RestoreError, Settle, check_backup, restore_backup
from griot.backup.sealed import SealError
from griot.backup.taking import NoTablesError, take_backup
from griot.clock import follow, now
from griot.commands.desk import BadInput, Desk, Failed, Moment, desk, read_settings, show_json
from griot.erasures import NAME, LedgerError, erased_since, note_erasure
from griot.setting_faults import SECRET_LENGTH
from griot.settings import Settings
from models.audit import AUDIT, OPERATOR, Detail, Head, What, head, record
from models.base import Db, Json
from models.db import read, write
from models.media_files import MediaFiles
from models.moments import rfc3339
from models.person import PersonError
from models.privacy import erase
from models.restored import settle_restored
from models.worker import last_beat

ALIVE = timedelta(seconds=60)  # since a worker was last seen
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@as_json
def backup(file: Path, as_json: bool) -> None:
    """Write everything into FILE, sealed with GRIOT_BACKUP_KEY, while web and worker run."""
    with desk() as it:
        keys = _keys(it.settings)
        if not file.absolute().parent.is_dir():
            raise BadInput(f"There is no folder {file.absolute().parent}.")
        if _has(it, AUDIT.name):  # not in a schema of before: a new Griot backs it up too
            write(it.store, lambda db: record(db, OPERATOR, What.BACKUP_TAKEN, "backup", it.at))
        try:
            taken = take_backup(it.store, MediaFiles(it.settings.griot_var), file, keys[0], it.at)
        except NoTablesError:
            raise Failed("The database has no tables: there is nothing to back up.") from None
        except OSError as error:
            raise Failed(f"{file} cannot be written: {error.strerror}.") from None
        _read_through(file, keys[0])
    shown = _facts(taken) | {"file": str(file), "size": file.stat().st_size, "taken_at": rfc3339(it.at)}
    if as_json:
        show_json(shown)
        return
    _tell_missing(taken)
    click.echo(f"{file}: {_held(taken)}, {shown['size']} bytes. Read back: it is whole.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--check", "is_check", is_flag=True, help="Read all of it and restore it to a temporary place.")
@click.option("--replace", "replaces", is_flag=True, help="Throw away what the database holds now.")
@click.option("--despite-workers", is_flag=True, help="Also while a worker seems to run.")
@click.option(
    "--ran-until",
    type=Moment(),
    help="When the lost system last ran, else now. What was due until then is not sent again.",
)
@click.option(
    "--erasures",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="The file of erasures of the lost system, else that in GRIOT_VAR.",
)
@as_json
def restore(
    file: Path,
    is_check: bool,
    replaces: bool,
    despite_workers: bool,
    ran_until: datetime | None,
    erasures: Path | None,
    as_json: bool,
) -> None:
    """Put the backup in FILE into an empty database and GRIOT_VAR, and bring it to this Griot's schema."""
    try:
        if is_check:
            with file.open("rb") as sealed:
                _show(check_backup(sealed, _keys(read_settings())), as_json, "This backup is whole")
            return
        with desk() as it, file.open("rb") as sealed:
            keys = _keys(it.settings)
            if not despite_workers:
                _refuse_while_running(it)
            media = MediaFiles(it.settings.griot_var)
            settle = _settling(it, ran_until, erasures)
            restored = restore_backup(it.store, media, sealed, keys, settle, replaces=replaces)
            for path in restored.files_to_remove:
                media.remove(path)
            follow(it.store)
    except LedgerError as error:
        raise BadInput(f"{error}.") from None
    except (SealError, RestoreError) as error:
        raise Failed(f"{error}.") from None
    _show(restored, as_json, "Restored")


def _settling(it: Desk, ran_until: datetime | None, erasures: Path | None) -> Settle:
    """Return what is done once the rows are there; raise LedgerError at once for a file that is none."""
    own = it.settings.griot_var / NAME
    lost = read(it.store, head) if _has(it, AUDIT.name) else Head(0, "")
    ledger = erasures or own
    erased_since(ledger, it.at)

    def settle(db: Db, restored: Restored) -> None:
        taken_at = restored.head.taken_at
        until = ran_until or max(it.at, taken_at + timedelta(seconds=1))  # clocks differ
        restored.uncertain = settle_restored(db, taken_at, until, it.at)
        erased = []
        for person, at in erased_since(ledger, taken_at).items():
            try:
                restored.files_to_remove += erase(db, person, it.at)
            except PersonError:
                continue  # they joined after the backup
            erased.append(person)
            if ledger != own:
                note_erasure(it.settings.griot_var, person, at)
        restored.erased = len(erased)
        told: dict[str, Detail] = {
            "taken_at": rfc3339(taken_at),
            "ran_until": rfc3339(until),
            "erased": erased,
        }
        if lost.number:
            told |= {"replaced": lost.number, "replaced_head": lost.hash}
        record(db, OPERATOR, What.BACKUP_RESTORED, "backup", it.at, **told)

    return settle


def _has(it: Desk, table: str) -> bool:
    from sqlalchemy import inspect

    return inspect(it.store.engine).has_table(table)


def _refuse_while_running(it: Desk) -> None:
    if not _has(it, "worker"):
        return
    seen = read(it.store, last_beat)
    if seen is not None and now() - seen < ALIVE:
        raise Failed(
            f"A worker was seen at {rfc3339(seen)}. Stop web and worker, after a crash wait a minute, "
            "or say --despite-workers."
        )


def _keys(settings: Settings) -> tuple[str, ...]:
    """Return the keys, the one that seals first; raise BadInput without one."""
    keys = settings.backup_keys
    if not keys or any(len(key) < SECRET_LENGTH for key in keys):
        raise BadInput(f"GRIOT_BACKUP_KEY: set it to {SECRET_LENGTH} or more random characters")
    return keys


def _read_through(file: Path, key: str) -> None:
    """Raise Failed unless what was written can be read to its end."""
    try:
        with file.open("rb") as sealed:
            for _ in items_of(sealed, [key]):
                pass
    except SealError as error:
        raise Failed(f"{file} was not written well: {error}.") from None


def _show(restored: Restored, as_json: bool, done: str) -> None:
    counts, head = restored.counts, restored.head
    if as_json:
        about = {
            "taken_at": rfc3339(head.taken_at),
            "revision": head.revision,
            "database": head.database,
            "uncertain": restored.uncertain,
            "erased": restored.erased,
        }
        show_json(about | _facts(counts))
        return
    _tell_missing(counts)
    click.echo(f"{done}: taken {rfc3339(head.taken_at)} at revision {head.revision}, {_held(counts)}.")
    if restored.uncertain:
        click.echo(f"{restored.uncertain} messages may have left before: they are uncertain now, not sent.")
    if restored.erased:
        click.echo(f"{restored.erased} people were erased since the backup: they are erased again.")


def _facts(counts: Counts) -> dict[str, Json]:
    return {
        "tables": {name: count.size for name, count in counts.tables.items()},
        "rows": counts.rows,
        "files": len(counts.files),
        "missing": counts.missing,
    }


def _held(counts: Counts) -> str:
    return f"{counts.rows} rows in {len(counts.tables)} tables and {len(counts.files)} files"


def _tell_missing(counts: Counts) -> None:
    if counts.missing:
        click.echo(f"{len(counts.missing)} files of media are not there: {counts.missing[0]} …", err=True)
