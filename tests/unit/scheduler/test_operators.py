"""What only an operator can mend is told to administrators, once a day, on a channel that works."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from bot.faults import FaultKind
from griot.assembly import make_jobs
from models.base import Db
from models.circuit import OPENS_AFTER, Setback, note_setback, note_success
from models.city import City
from models.db import read, write
from models.fault import Trouble, end_faults, faults, raise_fault
from models.outbox import Outbox
from models.template import Template
from tests.moved import BASE_URL, Moved, a_moved_site, add_people

TEN = datetime(2026, 11, 23, 10, tzinfo=UTC)  # Monday, in the Secretariat's hours
DAY = timedelta(days=1)

Run = Callable[[datetime], int]


@pytest.fixture
def site(tmp_path: Path, aston_database: str) -> Iterator[Moved]:
    """Yield a site with two administrators, one officer and one coordinator."""
    with a_moved_site(tmp_path, aston_database, TEN) as running:
        people = [
            ("admin", None, "fr", {"telegram": "600000001", "whatsapp": "+33600000001"}),
            ("admin", None, "ar", {"telegram": "600000002"}),
            ("officer", None, "en", {"telegram": "600000003"}),
            ("coordinator", "bamako", "fr", {"telegram": "600000004"}),
        ]
        add_people(running, people)
        yield running


@pytest.fixture
def run(site: Moved) -> Run:
    """Return what runs the job once, in a transaction of its own."""
    (job,) = (job for job in make_jobs(site.settings, site.channels) if job.name == "operators")
    return lambda at: write(site.store, lambda db: job.run(db, at))


def told(site: Moved) -> list[tuple[str, str, str]]:
    """Return channel, address and first line of every message."""
    rows = read(site.store, lambda db: db.execute(select(Outbox.channel, Outbox.address, Outbox.text)).all())
    return [(channel, address, text.split("\n")[0]) for channel, address, text in rows]


def test_administrators_hear_once_a_day(site: Moved, run: Run) -> None:
    """In their language, and no more once it is mended; officers and coordinators are spared."""
    site.write(lambda db: raise_fault(db, Trouble(FaultKind.REFUSED, "sms", "Authenticate", "20003"), TEN))
    assert (run(TEN), run(TEN + timedelta(hours=1))) == (1, 0)
    assert told(site) == [
        (
            "telegram",
            "600000001",
            "SMS : chaque message est refusé (20003 Authenticate). Les messages attendent.",
        ),
        ("telegram", "600000002", told(site)[1][2]),
    ]
    assert "مرفوضة" in told(site)[1][2]
    assert run(TEN + DAY) == 1
    site.write(lambda db: end_faults(db, {FaultKind.REFUSED}, "sms"))
    assert run(TEN + 2 * DAY) == 0


def test_nothing_is_begun_while_all_is_well(site: Moved) -> None:
    """Every ten seconds one question; a fault, a fallen template or a channel left alone is seen."""
    (job,) = (job for job in make_jobs(site.settings, site.channels) if job.name == "operators")
    look = job.look
    assert look is not None
    assert not read(site.store, lambda db: look(db, TEN))
    site.write(lambda db: raise_fault(db, Trouble(FaultKind.LOST, "telegram", "demo"), TEN))
    assert read(site.store, lambda db: look(db, TEN))
    site.write(lambda db: end_faults(db, {FaultKind.LOST}, "telegram"))
    assert not read(site.store, lambda db: look(db, TEN))
    site.write(lambda db: note_setback(db, Setback("sms", OPENS_AFTER, "unknown", "", "demo"), TEN))
    assert read(site.store, lambda db: look(db, TEN))


def test_they_hear_on_a_channel_that_works(site: Moved, run: Run) -> None:
    """Who has no other way is not reached: the console and doctor still show it."""
    trouble = Trouble(FaultKind.REFUSED, "telegram", "Unauthorized", "401")
    site.twilio("+33600000001").say("hello")  # the window opens
    site.work()
    site.write(lambda db: raise_fault(db, trouble, TEN))
    before = len(told(site))
    run(TEN)
    assert [one[:2] for one in told(site)[before:]] == [("whatsapp", "+33600000001")]


def test_an_outage_is_told_when_it_lasts(site: Moved, run: Run) -> None:
    """Ten minutes; a channel that works again is no fault."""

    def fail(db: Db) -> None:
        note_setback(db, Setback("whatsapp", OPENS_AFTER, "unknown", "500", "Internal Server Error"), TEN)

    site.write(fail)
    assert run(TEN + timedelta(minutes=9)) == 0
    assert run(TEN + timedelta(minutes=10)) == 1
    assert [one.name for one in read(site.store, faults)] == ["down:whatsapp"]
    site.write(lambda db: note_success(db, "whatsapp", TEN + DAY))
    site.write(lambda db: end_faults(db, {FaultKind.DOWN}, "whatsapp"))
    assert run(TEN + DAY) == 0


def test_a_template_that_fell_is_told_until_it_stands(site: Moved, run: Run) -> None:
    """Only those that the programme uses now."""

    def state(status: str, version: int) -> Callable[[Db], object]:
        name = f"griot_prompt_fr_v{version}"
        return lambda db: db.merge(
            Template(
                name=name,
                kind="prompt",
                language="fr",
                version=version,
                content_sid=f"HX{version}",
                status=status,
                reason="",
                checked_at=TEN,
            )
        )

    site.write(state("paused", 1))
    site.write(state("rejected", 99))
    assert run(TEN) == 1
    assert [one.name for one in read(site.store, faults)] == ["template:griot_prompt_fr_v1"]
    site.write(state("approved", 1))
    run(TEN)
    assert read(site.store, faults) == []


def test_a_city_whose_zone_is_not_known_stops_only_itself(
    site: Moved, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    """No job raises, messages are counted, pages open; administrators hear of it until it is mended."""
    reader = add_people(site, [("officer", None, "en", {"telegram": "600000005"})])[0]
    lost = update(City).where(City.slug == "bamako")
    site.write(lambda db: db.execute(lost.values(timezone="Atlantis/Nowhere")))
    site.telegram(600000004).say("help")
    site.work()
    site.now += timedelta(minutes=1)
    site.work()
    assert "a job raised" not in caplog.messages
    parts = read(site.store, lambda db: db.scalars(select(Outbox.parts)).all())
    assert len(parts) > 1
    assert None not in parts
    browser = site.browser(reader)
    pages = ("/", "/cities/bamako", "/attention")
    assert [browser.get(page, base_url=BASE_URL).status_code for page in pages] == [200, 200, 200]
    for admin in ("600000001", "600000002"):
        assert any("bamako" in text and "Atlantis" in text for _, to, text in told(site) if to == admin)
    assert run(TEN + timedelta(hours=1)) == 0
    site.write(lambda db: db.execute(lost.values(timezone="Africa/Bamako")))
    run(TEN + timedelta(hours=1))
    assert read(site.store, faults) == []
