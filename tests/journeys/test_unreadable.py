"""A row whose JSON was damaged stops no job, no list and nobody else; SQLite alone can hold one."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from click.testing import CliRunner
from sqlalchemy import select, text, update

from griot.cli import griot as command_line
from griot.schema import alembic_config
from models.base import Json
from models.db import open_store, read
from models.outbox import OUT
from tests.databases import Databases, load_aston
from tests.moved import BASE_URL, Moved, a_moved_site, add_people

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)  # a Tuesday: reports are under way
FRIDAY = datetime(2026, 11, 27, 12, tzinfo=UTC)  # the digest is due
FIRST, SECOND, OFFICER = 600000001, 600000002, 600000900
LISTS = [
    ["export", "submissions", "--format", "json"],
    ["export", "answers", "--format", "json"],
    ["export", "messages", "--format", "json"],
    ["export", "cities", "--format", "json"],
    ["export", "outputs", "--format", "json"],
    ["person", "export", "1"],
    ["digest", "--week", "2026-W48"],
    ["schedule"],
]
COLUMNS = [
    "answer.value",
    "city.facts",
    "chat.state",
    "occurrence.data",
    "outbox.message",
    "submission.answers",
    "submission.hidden",
    "submission.kept",
]


@pytest.fixture
def site(tmp_path: Path, sqlite_databases: Databases, monkeypatch: pytest.MonkeyPatch) -> Iterator[Moved]:
    """Yield a site in which a city sent its report, a second one is answering, and an officer reads."""
    database = sqlite_databases.copy_of("aston", load_aston)
    stamp(database)
    monkeypatch.setenv("DATABASE_URL", database)
    with a_moved_site(tmp_path, database, AT) as running:
        people = (
            ("coordinator", "kampala", FIRST),
            ("coordinator", "bamako", SECOND),
            ("officer", None, OFFICER),
        )
        add_people(running, [(role, city, "en", {"telegram": str(user)}) for role, city, user in people])
        running.work()  # the week's prompts
        for user, words in ((FIRST, ("nothing", "1")), (SECOND, ("1",))):
            for word in ("report weekly_update", *words):
                running.telegram(user, "en").say(word)
                running.answer()
        yield running


def test_a_damaged_row_of_each_table_stops_nobody_else(site: Moved, caplog: pytest.LogCaptureFixture) -> None:
    """Jobs, pages, exports, digest and the other city go on; `griot doctor` names each row."""
    for name in COLUMNS:
        table, column = name.split(".")
        first = f"SELECT min(rowid) FROM {table}"  # noqa: S608 - names of ours
        damage = text(f"UPDATE {table} SET {column} = '{{broken' WHERE rowid = ({first})")  # noqa: S608
        assert site.write(lambda db, damage=damage: db.execute(damage).rowcount) == 1
    site.start()
    site.now = FRIDAY
    site.work()
    assert "a job raised" not in caplog.messages
    assert site.sent("digest")
    phone = site.telegram(SECOND, "en")
    before = len(phone.messages())
    phone.say("pending")
    site.answer()
    assert len(phone.messages()) > before
    browser = site.browser(3)
    pages = ("/", "/attention", "/cities/kampala", "/cities/bamako")
    assert {browser.get(page, base_url=BASE_URL).status_code for page in pages} == {200}
    told = [CliRunner().invoke(command_line, words) for words in LISTS]
    assert [repr(each.exception) for each in told if each.exit_code] == []
    found = json.loads(CliRunner().invoke(command_line, ["doctor", "--json"]).stdout)
    what = "".join(one["what"] for one in found["problems"])
    assert [name for name in COLUMNS if name not in what] == []


def test_a_damaged_message_under_way_rests(site: Moved) -> None:
    """Its lease runs out: it may have left, is listed, and others that were lost are settled."""
    lost = select(OUT.c.id).order_by(OUT.c.id).limit(2)
    first, second = read(site.store, lambda db: db.connection().execute(lost).scalars().all())
    until = site.now - timedelta(seconds=1)
    values = {"state": "sending", "lease_token": "gone", "lease_until": until}
    site.write(lambda db: db.execute(update(OUT).where(OUT.c.id.in_((first, second))).values(values)))
    damage = text("UPDATE outbox SET message = '{broken' WHERE id = :id")
    site.write(lambda db: db.execute(damage, {"id": first}))
    site.work()
    assert state(site, first) == "uncertain"
    assert state(site, second) in ("queued", "sent")
    page = site.browser(3).get("/attention", base_url=BASE_URL).get_data(as_text=True)
    assert row(site, first)["text"].split("\n")[0][:20] in page


def row(site: Moved, id: int) -> Json:
    """Return a message but for what cannot be read of it."""
    columns = select(OUT.c.state, OUT.c.text).where(OUT.c.id == id)
    return read(site.store, lambda db: db.connection().execute(columns).mappings().one())


def state(site: Moved, id: int) -> str:
    """Return where a message stands."""
    return str(row(site, id)["state"])


def stamp(database: str) -> None:
    """Say that the tables are those of the newest revision."""
    store, config = open_store(database), alembic_config()
    with store.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.stamp(config, "head")
    store.close()
