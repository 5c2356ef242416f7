"""`griot backup` and `griot restore`: all of it or nothing, on both databases, while others write."""

import json
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from griot import schema
from griot.backup import tables
from griot.backup.restoring import RestoreError, check_backup, restore_backup
from griot.backup.sealed import Sealer, SealError, unsealed
from griot.backup.taking import take_backup
from griot.clock import now
from models.base import Db, Json
from models.city import City
from models.db import Store, open_store, read, write
from models.inbox import Inbox, receive
from models.media import Attachment, Stored, attach, claim, mark_kept
from models.media_files import MediaFiles
from models.outbox import OUT, OutboxState
from models.person import Person, PersonState
from models.signin import SignIn
from models.submission import Submission
from models.worker import beat
from tests.databases import Databases
from tests.unit.griot.conftest import Griot
from tests.unit.models.conftest import CITIES, LOADED_AT
from tests.unit.models.test_export import a_message_out
from tests.unit.models.test_privacy import a_full_life

KEY = "backup-key-of-nobody-0123456789abcdef"
OLD_KEY = "former-key-of-nobody-0123456789abcdef"
AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
PICTURE = b"\xff\xd8 not quite a photo"


def fill(address: str) -> None:
    """Create the tables by their migrations, and somebody who left a trace in every one."""
    store = open_store(address)
    schema.migrate(store)

    def people(db: Db) -> None:
        for position, (slug, code, zone) in enumerate(CITIES):
            facts: dict[str, Json] = {"position": position, "timezone": zone, "facts": {"z": 1, "a": [None]}}
            db.add(City(slug=slug, code=code, name=slug, changed_at=LOADED_AT, **facts))
        db.flush()
        a_full_life(db)

    write(store, people)
    store.close()


@pytest.fixture
def full(databases: Databases) -> Iterator[Store]:
    """Yield a database with somebody who left a trace in every table."""
    yield from opened(databases)


@pytest.fixture
def quick(sqlite_databases: Databases) -> Iterator[Store]:
    """Yield the same on SQLite only: where the database does not matter."""
    yield from opened(sqlite_databases)


def opened(databases: Databases) -> Iterator[Store]:
    address = databases.copy_of("full", fill)
    store = open_store(address)
    yield store
    store.close()
    databases.drop(address)


@pytest.fixture
def here(quick: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Griot:
    """Return the command line on that database, with a key for backups."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRIOT_BACKUP_KEY", KEY)
    return there(quick.engine.url.render_as_string(hide_password=False), monkeypatch)


@pytest.fixture
def empty(sqlite_databases: Databases) -> str:
    """Return the address of a database without tables."""
    return sqlite_databases.empty()


def there(address: str, monkeypatch: pytest.MonkeyPatch) -> Griot:
    """Return the command line on another database."""
    monkeypatch.setenv("DATABASE_URL", address)
    return Griot(address)


def rows_in(store: Store) -> dict[str, list[Sequence[Json]]]:
    """Return every row of every table, JSON read."""
    with store.engine.connect() as connection:
        return {
            shape.table.name: [
                [_read(value) for value in row]
                for portion in tables.rows_of(connection, shape)
                for row in portion
            ]
            for shape in tables.shapes_of(connection)
        }


def _read(value: object) -> object:
    return json.loads(value) if isinstance(value, str) and value[:1] in ("{", "[") else value


def taken(store: Store, folder: Path, at: datetime = AT) -> Path:
    take_backup(store, MediaFiles(folder), folder / "night.backup", KEY, at)
    return folder / "night.backup"


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_every_row_comes_back(full: Store, kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Into a database of either kind; new rows are numbered after the old ones."""
    file = taken(full, tmp_path)
    target = open_store(request.getfixturevalue(f"{kind}_databases").empty())
    with file.open("rb") as sealed:
        restored = restore_backup(target, MediaFiles(tmp_path), sealed, [KEY], lambda db, done: None)
    assert rows_in(target) == rows_in(full)
    assert {name: len(rows) for name, rows in rows_in(full).items()} == {
        name: count.size for name, count in restored.counts.tables.items()
    }
    assert restored.counts.rows > 20
    assert write(target, lambda db: receive(db, "telegram", "1:99", "telegram:40000001", b"{}", AT))
    newest = read(target, lambda db: list(db.scalars(select(Inbox.id).order_by(Inbox.id.desc()))))
    assert newest[0] == newest[1] + 1
    target.close()


def test_a_backup_is_one_moment_while_others_write(full: Store, tmp_path: Path) -> None:
    """Each transaction adds an update and a message: a backup has both or neither, and no writer waits."""
    stop, longest = threading.Event(), [0.0]

    def both(db: Db) -> None:
        number = db.scalar(select(func.count()).select_from(OUT)) or 0
        receive(db, "telegram", f"5:{number}", "telegram:40000001", b"{}", AT)
        a_message_out(db, None, f"pair:{number}", state=OutboxState.SENT, provider_id="")

    def go_on() -> None:
        import time

        while not stop.is_set():
            began = time.monotonic()
            write(full, both)
            longest[0] = max(longest[0], time.monotonic() - began)

    before = len(rows_in(full)["inbox"]) - len(rows_in(full)["outbox"])
    writer = threading.Thread(target=go_on)
    writer.start()
    sizes = []
    try:
        for _ in range(3):
            counts = take_backup(full, MediaFiles(tmp_path), tmp_path / "night.backup", KEY, AT)
            sizes.append(counts.tables["outbox"].size)
            assert counts.tables["inbox"].size - counts.tables["outbox"].size == before
    finally:
        stop.set()
        writer.join()
    assert sizes == sorted(sizes)
    assert sizes[-1] > sizes[0], "nobody wrote meanwhile"
    assert longest[0] < 2


def test_media_come_back(quick: Store, tmp_path: Path) -> None:
    """With the rows that name them; of a file that is gone the backup tells."""
    media = MediaFiles(tmp_path / "var")
    digest, path = media.keep(PICTURE, "jpg")

    def keep(db: Db) -> None:
        report = db.scalars(select(Submission)).one()
        for name in ("here", "gone"):
            whose = (report.id, report.person_id, "photo")
            attach(db, Attachment(*whose, "telegram", name, "image", "", None), AT, AT)
        for wanted, where in zip(
            claim(db, 2, AT, timedelta(seconds=60), ["telegram"]), (path, "00/gone.jpg"), strict=True
        ):
            mark_kept(db, wanted, Stored("image/jpeg", len(PICTURE), digest, where), AT)

    write(quick, keep)
    counts = take_backup(quick, media, tmp_path / "night.backup", KEY, AT)
    assert (list(counts.files), counts.missing) == ([path], ["00/gone.jpg"])
    target, other = open_store(f"sqlite:///{tmp_path / 'new.db'}"), MediaFiles(tmp_path / "other")
    with (tmp_path / "night.backup").open("rb") as sealed:
        restore_backup(target, other, sealed, [KEY], lambda db, done: None)
    found = other.find(path)
    assert found is not None
    assert found.read_bytes() == PICTURE
    target.close()


def test_check_reads_all_and_changes_nothing(here: Griot, tmp_path: Path) -> None:
    """With any of two keys; the file is its owner's only, and holds no readable word."""
    told = here.json("backup", "night.backup")
    file = tmp_path / "night.backup"
    assert file.stat().st_mode & 0o777 == 0o600
    assert b"Fatou" not in file.read_bytes()
    checked = here.json("restore", "night.backup", "--check")
    assert checked["tables"] == told["tables"]
    assert checked["revision"] == schema.revisions()[-1]
    assert "whole" in here("restore", "night.backup", "--check").stdout
    assert [path.name for path in tmp_path.iterdir() if "backup" in path.name] == ["night.backup"]


def test_a_former_key_opens_what_it_sealed(here: Griot, monkeypatch: pytest.MonkeyPatch) -> None:
    here.json("backup", "night.backup")
    monkeypatch.setenv("GRIOT_BACKUP_KEY", f"{OLD_KEY},{KEY}")
    assert here("restore", "night.backup", "--check").exit_code == 0
    monkeypatch.setenv("GRIOT_BACKUP_KEY", OLD_KEY)
    assert "Another key" in here.refused("restore", "night.backup", "--check", exit_code=1)


@pytest.mark.parametrize("key", ["", "short"])
def test_without_a_key_nothing_is_written(
    here: Griot, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRIOT_BACKUP_KEY", key)
    assert "GRIOT_BACKUP_KEY" in here.refused("backup", "night.backup")
    assert not (tmp_path / "night.backup").exists()


def sealed_file() -> bytes:
    file = BytesIO()
    sealer = Sealer(file, KEY)
    sealer.add(b"first")
    sealer.add(b"second")
    sealer.add(b"last", is_last=True)
    return file.getvalue()


SEALED = sealed_file()


def test_records_come_back_in_their_order() -> None:
    assert list(unsealed(BytesIO(SEALED), [OLD_KEY, KEY])) == [b"first", b"second", b"last"]


@pytest.mark.parametrize("place", [*range(0, len(SEALED), 11), len(SEALED) - 1])
def test_every_changed_byte_is_noticed(place: int) -> None:
    damaged = bytearray(SEALED)
    damaged[place] ^= 1
    with pytest.raises(SealError):
        list(unsealed(BytesIO(bytes(damaged)), [KEY]))


@pytest.mark.parametrize("length", [0, 5, 40, 80, len(SEALED) - 30, len(SEALED) - 1, len(SEALED) + 1])
def test_a_file_cut_off_or_lengthened_is_noticed(length: int) -> None:
    with pytest.raises(SealError):
        list(unsealed(BytesIO((SEALED + b"\0")[:length]), [KEY]))


def test_records_that_change_places_are_noticed() -> None:
    begin = len(SEALED) - sum(4 + 17 + len(each) for each in (b"first", b"second", b"last"))
    first, second = SEALED[begin : begin + 26], SEALED[begin + 26 : begin + 53]
    with pytest.raises(SealError):
        list(unsealed(BytesIO(SEALED[:begin] + second + first + SEALED[begin + 53 :]), [KEY]))


def test_a_damaged_backup_changes_nothing(
    here: Griot, empty: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Half of the rows are not restored either."""
    here.json("backup", "night.backup")
    whole = (tmp_path / "night.backup").read_bytes()
    (tmp_path / "night.backup").write_bytes(whole[:-40])
    new = there(empty, monkeypatch)
    assert "cut off" in new.refused("restore", "night.backup", exit_code=1)
    store = open_store(empty)
    with store.engine.connect() as connection:
        assert tables.shapes_of(connection) == []
    store.close()


def test_a_database_that_holds_something_is_kept(full: Store, tmp_path: Path) -> None:
    """Unless it shall be replaced; then it is as it was."""
    file, before = taken(full, tmp_path), rows_in(full)
    write(full, lambda db: db.execute(text("UPDATE person SET name = 'Nobody Test'")))
    changed = rows_in(full)

    def restore(*, replaces: bool) -> None:
        with file.open("rb") as sealed:
            restore_backup(
                full, MediaFiles(tmp_path), sealed, [KEY], lambda db, done: None, replaces=replaces
            )

    with pytest.raises(RestoreError, match="--replace"):
        restore(replaces=False)
    assert rows_in(full) == changed
    restore(replaces=True)
    assert rows_in(full) == before


def test_a_running_worker_forbids_it(here: Griot, quick: Store) -> None:
    here.json("backup", "night.backup")
    write(quick, lambda db: beat(db, "a-worker", now()))
    assert "worker" in here.refused("restore", "night.backup", "--replace", exit_code=1)
    here.json("restore", "night.backup", "--replace", "--despite-workers")


def test_an_older_schema_is_brought_up(full: Store, tmp_path: Path) -> None:
    """A backup taken before the upgrade, by the new Griot, fits afterwards."""
    schema.downgrade(full, "0003")
    file = taken(full, tmp_path)
    target = open_store(f"sqlite:///{tmp_path / 'new.db'}")
    with file.open("rb") as sealed:
        assert (
            restore_backup(target, MediaFiles(tmp_path), sealed, [KEY], lambda db, done: None).head.revision
            == "0003"
        )
    assert schema.standing(target) == schema.Standing.CURRENT
    assert read(target, lambda db: db.scalar(select(func.count()).select_from(Person))) == 3
    target.close()


def test_a_later_schema_is_refused(quick: Store, tmp_path: Path) -> None:
    write(quick, lambda db: db.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    file = taken(quick, tmp_path)
    with file.open("rb") as sealed, pytest.raises(RestoreError, match="later schema"):
        check_backup(sealed, [KEY])


def test_who_was_erased_stays_erased(here: Griot, empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also from a backup taken before, into another database."""
    here.json("backup", "night.backup")
    here.json("person", "erase", "1")
    new = there(empty, monkeypatch)
    assert new.json("restore", "night.backup")["erased"] == 1
    store = open_store(new.database)
    person = read(store, lambda db: db.get(Person, 1))
    assert person is not None
    assert (person.state, person.name) == (PersonState.ERASED, "")
    store.close()


def test_erasures_of_a_lost_machine_are_handed_over(
    here: Griot, empty: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """And kept for the next restore."""
    here.json("backup", "night.backup")
    here.json("person", "erase", "1")
    monkeypatch.setenv("GRIOT_VAR", str(tmp_path / "elsewhere"))
    new = there(empty, monkeypatch)
    for words in (("--erasures", "var/erasures"), ("--replace",)):
        assert new.json("restore", "night.backup", *words)["erased"] == 1
    (tmp_path / "odd").write_text("yesterday Fatou\n")
    assert "line 1" in new.refused("restore", "night.backup", "--replace", "--erasures", "odd")


def test_what_may_have_left_is_uncertain(here: Griot, quick: Store) -> None:
    """What is due later than the lost system ran cannot have left, and waits on."""
    later = now() + timedelta(days=1)
    write(quick, lambda db: a_message_out(db, None, "late:1", state="queued", due_at=later, provider_id=""))
    here.json("backup", "night.backup")
    told = here.json("restore", "night.backup", "--replace")
    states = dict(read(quick, lambda db: db.execute(select(OUT.c.key, OUT.c.state)).all()))
    assert states["late:1"] == "queued"
    assert states["reply:2:1"] == "uncertain"
    assert told["uncertain"] == sum(state == "uncertain" for state in states.values()) > 0


def test_nobody_is_signed_in_after_a_restore(here: Griot, quick: Store) -> None:
    """A sign-in address that was used since the backup must not work again."""
    waiting = select(func.count()).select_from(SignIn)
    assert read(quick, lambda db: db.scalar(waiting)) == 1
    here.json("backup", "night.backup")
    here.json("restore", "night.backup", "--replace")
    assert read(quick, lambda db: db.scalar(waiting)) == 0


def test_what_did_not_run_since_goes_on(here: Griot, quick: Store) -> None:
    """A move to another machine loses no message."""
    taken_at = here.json("backup", "night.backup")["taken_at"]
    assert here.json("restore", "night.backup", "--replace", "--ran-until", taken_at)["uncertain"] == 0
    query = select(OUT.c.state).where(OUT.c.key == "reply:2:1")
    assert read(quick, lambda db: db.execute(query).scalar()) == "queued"


def test_late_statuses_meet_no_new_message(here: Griot, quick: Store) -> None:
    """The next message gets no number that a lost one may have had."""
    before = max(row[0] for row in rows_in(quick)["outbox"])
    here.json("backup", "night.backup")
    here.json("restore", "night.backup", "--replace")
    row = write(quick, lambda db: a_message_out(db, None, "next:1", provider_id="").id)
    assert row > before + 100_000
