"""What changes while something is planned or queued: reports, outages, holidays, cities, people."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.programme import read_programme
from models.alerts import tell_officers
from models.base import Db
from models.city import pause
from models.milestone import extend
from models.person import Person
from models.privacy import erase
from models.programme import current_programme, load
from tests.databases import Databases, load_aston, make_tables
from tests.moved import Moved, a_moved_site, add_people, minutes
from tests.programmes import ASTON, ORCHARD, files_of
from tests.standin.trouble import Fault, Trouble

SUNDAY = datetime(2026, 11, 15, 12, tzinfo=UTC)  # a week without a deadline near
MONDAY = datetime(2026, 11, 16, 9, tzinfo=UTC)  # 10:00 in Niamey
AGREED = datetime(2026, 7, 1, tzinfo=UTC)
AWA, OMAR = 600_000_001, 600_000_002
THROTTLED = Trouble(fault=Fault.THROTTLED, value=600)


@pytest.fixture
def site(tmp_path: Path, aston_database: str) -> Iterator[Moved]:
    """Yield a site with a coordinator in Niamey and an officer, on Telegram."""
    with a_moved_site(tmp_path, aston_database, SUNDAY) as running:
        add_people(
            running,
            [
                ("coordinator", "niamey", "fr", {"telegram": str(AWA)}),
                ("officer", None, "fr", {"telegram": str(OMAR)}),
            ],
            AGREED,
        )
        yield running


def left(site: Moved, *kinds: str) -> list[str]:
    """Return the keys and UTC times of the messages of these kinds that left."""
    return [f"{row['key']} {row['sent_at']:%a %H:%M}" for row in site.sent(*kinds) if row["sent_at"]]


def look(site: Moved) -> None:
    """Let the worker see what changed, as it does within 15 seconds."""
    site.now += timedelta(seconds=20)
    site.work()


def states(site: Moved, *kinds: str) -> list[str]:
    """Return the states of the messages of these kinds."""
    return [row["state"] for row in site.sent(*kinds)]


def test_a_report_cancels_what_a_provider_throttles(site: Moved) -> None:
    """The prompt waits for the provider; the report comes first, and the prompt never leaves."""
    site.provider.trouble(AWA, THROTTLED)
    site.run(MONDAY)
    assert states(site, "prompt") == ["queued"]
    site.provider.trouble(AWA)
    phone = site.telegram(AWA)
    for text in ("report", "rien", "1"):
        site.now += timedelta(seconds=1)
        phone.say(text)
        site.work()
    assert states(site, "prompt") == ["cancelled"]
    site.run(MONDAY + timedelta(days=6))
    assert left(site, "prompt", "nudge", "last_call") == []


def test_a_pause_cancels_what_is_queued(site: Moved) -> None:
    site.provider.trouble(AWA, THROTTLED)
    site.run(MONDAY)
    site.write(lambda db: pause(db, "niamey", MONDAY.date() + timedelta(days=1), "Elections.", site.now))
    site.provider.trouble(AWA)
    look(site)
    assert states(site, "prompt") == ["cancelled"]
    site.run(MONDAY + timedelta(days=2, hours=1))
    assert left(site, "prompt", "nudge") == ["check:niamey:2026-11-17:1 Wed 09:00"]


def test_an_extension_moves_what_is_planned(site: Moved) -> None:
    """M04 is due on 25 November; three days before, the city is given a week."""
    site.run(datetime(2026, 11, 22, 12, tzinfo=UTC))
    programme = site.write(current_programme)
    to = date(2026, 12, 2)
    site.write(lambda db: extend(db, programme, "niamey", "M04", to, "Elections.", site.now))
    site.run(datetime(2026, 12, 3, 12, tzinfo=UTC))
    told = [each for each in left(site, "reminder", "overdue", "escalation") if "M04" in each]
    assert told[0].startswith("rem:M04:2026-11-25")  # a week before the first date
    assert {each.split(":")[2] for each in told if each.startswith("rem:") and "11-25" not in each} == {
        "2026-12-02"
    }
    assert "overdue:M04:2026-12-02:1 Thu 09:00" in told
    assert "esc:M04:2026-12-02:2:1 Thu 09:00" in told
    [others, alone] = [row["text"] for row in site.sent("escalation") if row["key"].endswith(":1")][-2:]
    assert ("Niamey" in others, "Niamey" in alone) == (False, True)


def test_an_alert_out_of_hours_is_shown_and_leaves_at_the_opening(site: Moved) -> None:
    """Held on Sunday until Monday nine in Paris; a safety alert waits for nothing."""

    def alert(kind: str) -> None:
        site.write(
            lambda db: tell_officers(
                db, current_programme(db), kind, "X", lambda _: f"{kind}!", site.now, {"telegram"}
            )
        )

    alert("blocked")
    alert("safety")
    site.work()
    assert left(site, "alert") == ["alert:safety:X:2 Sun 12:00"]
    [shown] = [each for each in site.upcoming() if each.occurrence.kind == "alert"]
    assert (shown.occurrence.state, shown.occurrence.reason) == ("held", "day_off")
    assert shown.rung is not None
    assert shown.occurrence.send_at == datetime(2026, 11, 16, 8, tzinfo=UTC)
    site.run(MONDAY)
    assert left(site, "alert")[1:] == ["alert:blocked:X:2 Mon 08:00"]


def test_after_an_outage_nothing_rings_at_night(site: Moved) -> None:
    """Nobody worked from Sunday to Monday night: alert and prompt wait for the next opening."""
    site.write(
        lambda db: tell_officers(
            db, current_programme(db), "blocked", "X", lambda _: "!", site.now, {"telegram"}
        )
    )
    site.now = MONDAY.replace(hour=20)
    site.start()
    [shown] = [each for each in site.upcoming() if each.occurrence.kind == "alert"]
    assert shown.occurrence.send_at == datetime(2026, 11, 17, 8, tzinfo=UTC)
    site.run(site.now + timedelta(hours=16))
    assert left(site, "alert", "prompt") == [
        "prompt:weekly_update:2026-W47:1 Tue 07:30",
        "alert:blocked:X:2 Tue 08:00",
    ]


def test_after_three_weeks_one_digest_one_escalation(site: Moved) -> None:
    """M04 fell due meanwhile: officers hear of it once, by its second escalation, and get one digest."""
    site.run(SUNDAY + timedelta(hours=1))
    site.now = datetime(2026, 12, 4, 10, tzinfo=UTC)  # a Friday
    site.start()
    site.run(site.now + minutes(1))
    told = left(site, "digest", "escalation", "prompt", "nudge", "last_call")
    assert (
        [each for each in told if "Fri 10:00" in each]
        == told[1:]
        == [
            "esc:M04:2026-11-25:2:2 Fri 10:00",
            "dig:2026-W49:2 Fri 10:00",
            "prompt:monthly_progress:2026-11:1 Fri 10:00",
        ]
    )
    assert left(site, "overdue") == ["overdue:M04:2026-11-25:1 Fri 10:00"]


def test_a_holiday_loaded_meanwhile_moves_what_is_planned(site: Moved) -> None:
    """On Sunday the Secretariat learns that Monday is a holiday in Niger."""
    files = files_of(ASTON)
    text = files["calendar.yaml"].decode()
    assert "holiday_corrections: []" in text
    added = "holiday_corrections:\n  - {country: NE, date: 2026-11-16, is_holiday: true}\n"
    files["calendar.yaml"] = text.replace("holiday_corrections: []\n", added).encode()
    programme, problems = read_programme(files)
    assert programme is not None, problems
    site.work()
    site.write(lambda db: load(db, programme, files, site.now))
    [held] = [each.occurrence for each in site.upcoming(3) if each.occurrence.kind == "prompt"]
    assert (held.state, held.reason) == ("held", "holiday")
    site.run(MONDAY + timedelta(days=1))
    assert left(site, "prompt") == ["prompt:weekly_update:2026-W47:1 Tue 09:00"]


def test_a_city_that_closes_is_asked_nothing_more(site: Moved) -> None:
    """Also not what is queued; escalations leave it out."""
    site.provider.trouble(AWA, THROTTLED)
    site.run(MONDAY)
    site.provider.trouble(AWA)

    files = files_of(ASTON)
    text = files["cities.yaml"].decode()
    begins = text.index("\n  niamey:\n")
    files["cities.yaml"] = (text[:begins] + text[text.index("\n  nouakchott:\n") :]).encode()
    del files["demo.yaml"]
    programme, problems = read_programme(files)
    assert programme is not None, problems
    site.write(lambda db: load(db, programme, files, site.now))
    site.run(MONDAY + timedelta(days=3))
    assert (states(site, "prompt"), left(site, "prompt", "nudge", "last_call")) == (["cancelled"], [])


def test_people_change_while_things_are_planned(site: Moved) -> None:
    """A coordinator is erased on Tuesday: the deputy added that day is asked, and nudged."""
    site.run(MONDAY + timedelta(days=1))
    site.write(lambda db: erase(db, 1, site.now))
    add_people(site, [("deputy", "niamey", "fr", {"telegram": str(AWA + 10)})], AGREED)
    look(site)
    site.run(MONDAY + timedelta(days=3, minutes=1))
    assert left(site, "prompt", "nudge")[1:] == [
        "prompt:weekly_update:2026-W47:3 Tue 09:00",
        "nudge:weekly_update:2026-W47:3 Wed 09:00",
    ]


def test_who_becomes_an_officer_is_not_asked_to_report(site: Moved) -> None:
    def promote(db: Db) -> None:
        person = db.scalars(select(Person).where(Person.id == 1)).one()
        person.role, person.city = "officer", None

    site.run(SUNDAY + timedelta(hours=1))
    site.write(promote)
    site.run(MONDAY + timedelta(days=4))
    assert left(site, "prompt", "nudge", "last_call") == []
    assert [each for each in left(site, "digest") if "W47" in each] == [
        "dig:2026-W47:1 Fri 08:00",
        "dig:2026-W47:2 Fri 08:00",
    ]


@pytest.mark.parametrize(
    ("slug", "monday", "sent"),
    [
        pytest.param("benguerir", "2027-02-01", "Mon 09:00", id="Morocco, UTC+1"),
        pytest.param("benguerir", "2027-02-08", "Mon 10:00", id="Morocco after 7 February, UTC"),
        pytest.param("benguerir", "2027-03-15", "Mon 09:00", id="Morocco after 14 March, UTC+1"),
        pytest.param("niamey", "2026-12-28", "Mon 09:00", id="week 53"),
        pytest.param("niamey", "2027-01-04", "Mon 09:00", id="the first week of the year"),
        pytest.param("niamey", "2028-02-28", "Mon 09:00", id="29 February"),
    ],
)
def test_prompts_over_the_calendar(
    tmp_path: Path, sqlite_databases: Databases, slug: str, monday: str, sent: str
) -> None:
    """Through the real job, at ten in the city, under the week's or the month's own key.

    Dates are reckoned outside the database: one kind is enough here.
    """
    day = datetime.fromisoformat(f"{monday}T00:00+00:00")
    database = sqlite_databases.copy_of("aston", load_aston)
    with a_moved_site(tmp_path, database, day - timedelta(hours=6)) as site:
        add_people(site, [("coordinator", slug, "fr", {"telegram": str(AWA)})], AGREED)
        site.run(day + timedelta(days=1))
        week = f"{day.isocalendar().year}-W{day.isocalendar().week:02}"
        asked = {"2027-02-01": "monthly_progress:2027-01", "2027-01-04": "monthly_progress:2026-12"}
        if monday == "2028-02-28":
            asked[monday] = "monthly_progress:2028-02"  # the first working day of March is that Wednesday
        assert left(site, "prompt") == [f"prompt:{asked.get(monday, f'weekly_update:{week}')}:1 {sent}"]


@pytest.mark.parametrize(
    ("friday", "hour"),
    [("2026-10-23", "07:00"), ("2026-10-30", "08:00"), ("2027-03-26", "08:00"), ("2027-04-02", "07:00")],
)
def test_digests_over_the_shifts_of_paris(
    tmp_path: Path, sqlite_databases: Databases, friday: str, hour: str
) -> None:
    """Nine in Paris, in summer and in winter."""
    day = datetime.fromisoformat(f"{friday}T00:00+00:00")
    database = sqlite_databases.copy_of("aston", load_aston)
    with a_moved_site(tmp_path, database, day - timedelta(hours=6)) as site:
        add_people(site, [("officer", None, "fr", {"telegram": str(OMAR)})], AGREED)
        site.run(day + timedelta(hours=12))
        assert [each.split()[-1] for each in left(site, "digest")][-1:] == [hour]


def test_another_programme_has_its_own_rhythm(tmp_path: Path, databases: Databases) -> None:
    """The orchards have no monthly form; what is foreseen is what leaves."""
    address = databases.empty()
    make_tables(address)
    files = files_of(ORCHARD)
    programme, problems = read_programme(files)
    assert programme is not None, problems
    begins = datetime.combine(programme.cycle.start, datetime.min.time(), UTC) + timedelta(days=14)
    with a_moved_site(tmp_path, address, begins) as site:
        site.write(lambda db: load(db, programme, files, begins - timedelta(days=1)))
        site.start()
        people = [
            ("coordinator", slug, city.languages[0], {"telegram": str(AWA + n)})
            for n, (slug, city) in enumerate(programme.cities.items())
        ]
        add_people(
            site, [*people, ("officer", None, programme.languages[0], {"telegram": str(OMAR + 50)})], AGREED
        )
        foreseen = {
            (each.occurrence.key, each.occurrence.send_at) for each in site.upcoming(7) if each.leaves
        }
        site.run(begins + timedelta(days=7))
        kinds = ("prompt", "nudge", "last_call", "reminder", "overdue", "escalation", "digest")
        sent = {(row["key"], row["sent_at"]) for row in site.sent(*kinds)}
    databases.drop(address)
    assert sent == foreseen
    assert {key.split(":")[0] for key, _ in sent} >= {"prompt", "dig"}
