"""No statement of a working day reads a table that grows from end to end: neither of a turn nor of a page."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from bench.crowd import Crowd, fill
from griot.commands.paging import rows_of
from griot.metrics import FOLDER
from models import export
from tests.databases import Databases, make_tables
from tests.moved import BASE_URL, Moved, a_moved_site, add_people
from tests.plans import recorded, scans, times_as_text

SATURDAY = datetime(2026, 11, 21, 12, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
CROWD = Crowd(cities=11, people=440, reports=1_200, weeks=52, talked=200)
KINDS = ("prompt", "digest", "receipt")
USER, NUMBER = 40_000_001, "+22370000001"


@pytest.fixture
def crowded(databases: Databases) -> Iterator[str]:
    """Yield the address of a database in which a few hundred people have reported for a year."""
    address = databases.copy_of("crowded", _fill)
    yield address
    databases.drop(address)


def _fill(address: str) -> None:
    make_tables(address)
    fill(address, CROWD, SATURDAY)


def test_a_week_reads_no_growing_table_whole(
    crowded: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prompts, turns, a report, an escalation, the digest, the pages, exports since a time, metrics."""
    monkeypatch.setenv(FOLDER, str(tmp_path))
    with a_moved_site(tmp_path, crowded, MONDAY) as site, recorded(site.store) as recorder:
        officer = _week(site)
        _pages(site, officer)
        _exports(site)
        found = scans(site.store, recorder.seen)
        texts = times_as_text(site.store)
        sent = {row["kind"] for row in site.sent(*KINDS)}
    told = "\n\n".join(f"{statement}\n-> {plan}" for statement, plan in found.items())
    assert len(recorder.seen) > 100
    assert sent == {*KINDS}
    assert not found, told
    assert not texts  # statements that compare times would be wrong


def _week(site: Moved) -> int:
    """Let a coordinator be asked and report, one on WhatsApp keep silent, an officer read the digest."""
    people = [
        ("coordinator", "bamako", "fr", {"telegram": str(USER)}),
        ("coordinator", "kumasi", "en", {"whatsapp": NUMBER, "sms": NUMBER}),
        ("officer", None, "fr", {"telegram": "40000009"}),
    ]
    officer = add_people(site, people)[2]
    phone = site.telegram(USER)
    site.work()
    _pass(site, MONDAY + timedelta(hours=1))
    for text in ("report", "1", "3", "Réunion au marché.", "2", "1", "-", "Visite vendredi.", "1", "need"):
        phone.say(text)
    site.work()
    for day in (24, 25, 26, 27):  # in no more than a day: Telegram would have forgotten what people wrote
        _pass(site, datetime(2026, 11, day, 10, tzinfo=UTC))
    return officer


def _pass(site: Moved, until: datetime) -> None:
    """Let time pass at once; what falls due in between falls due now."""
    site.now = until
    site.work()


def _pages(site: Moved, officer: int) -> None:
    browser = site.browser(officer)
    for path in ("/", "/cities/bamako", "/attention", "/metrics"):
        assert browser.get(path, base_url=BASE_URL).status_code == 200


def _exports(site: Moved) -> None:
    since = MONDAY
    pages = (
        partial(export.submissions, since=since, is_closed=lambda _city, _period: True),
        partial(export.answers, since=since),
        partial(export.messages_in, since=since),
        partial(export.messages_out, since=since),
        partial(export.people, since=since, at=site.now, base_url=BASE_URL),
    )
    for page in pages:
        list(rows_of(site.store, page))
