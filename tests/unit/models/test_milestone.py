"""Dates in force: the programme's, or what an officer decided for one city; and who has handed in."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, event, select

from bot.periods import next_milestone
from bot.programme import Programme, read_programme
from models import export_milestones
from models.base import Db, Json
from models.city import City, DecisionError, absences, excuse, pause
from models.db import open_store
from models.decision import Decision, decisions_since
from models.milestone import CityMilestone, Standing, extend, standings, state_of, waive
from models.person import add_person
from models.programme import ProgrammeShelf, current_programme, is_loaded, load
from tests.databases import Databases, make_tables
from tests.programmes import ASTON, ORCHARD, files_of
from tests.unit.models.test_export import a_submission

LOADED = datetime(2026, 9, 1, 8, tzinfo=UTC)
AT = datetime(2026, 10, 5, 8, tzinfo=UTC)
DAY = timedelta(days=1)
LATER = date(2026, 11, 6)
OUTPUT = b"words:\n  need: pest_sighting\n  output: harvest_note\n"
Reports = list[tuple[str, str, datetime | None]]


def orchard(*changes: tuple[str, str, str]) -> dict[str, bytes]:
    """Return the orchard's files with texts replaced; the word OUTPUT opens its weekly form."""
    files = files_of(ORCHARD)
    files["programme.yaml"] = files["programme.yaml"].replace(b"words:\n  need: pest_sighting\n", OUTPUT)
    for file, old, new in changes:
        assert old.encode() in files[file]
        files[file] = files[file].replace(old.encode(), new.encode())
    return files


def loaded(db: Db, files: Mapping[str, bytes], at: datetime = LOADED) -> Programme:
    programme, problems = read_programme(files)
    assert programme is not None, problems
    assert load(db, programme, files, at) == ()
    return programme


@pytest.fixture
def blank(databases: Databases) -> Iterator[Db]:
    """Yield a session on empty tables, rolled back."""
    store = open_store(databases.shared("models", make_tables))
    with store.writers() as session:
        yield session
    store.close()


@pytest.fixture
def farm(blank: Db) -> Db:
    """Return a session with the orchard programme loaded."""
    loaded(blank, orchard())
    return blank


def kept(db: Db) -> list[tuple[Json, ...]]:
    """Return every row of the table."""
    columns = CityMilestone.__table__.columns
    return [tuple(row) for row in db.execute(select(*columns).order_by(*columns[:2]))]


def dates(db: Db) -> dict[tuple[str, str], date]:
    return {place: standing.due for place, standing in standings(db, current_programme(db)).items()}


def handed_in(db: Db, *reports: tuple[str, str, datetime | None]) -> None:
    """Keep reports of the form for outputs: state, milestone, when sent."""
    id = add_person(
        db, name="Lia Exemple", role="coordinator", language="fr", city="nordmark", addresses={}, at=LOADED
    )
    for number, (state, milestone, at) in enumerate(reports, start=1):
        a_submission(
            db,
            id,
            reference=f"NOR-2026-10-01-{number}" if at else None,
            form="harvest_note",
            city="nordmark",
            state=state,
            submitted_at=at,
            changed_at=at or AT,
            hidden={"milestone": milestone},
            answers={"crates": 4},
        )


@pytest.mark.parametrize("folder", [ASTON, ORCHARD], ids=["aston", "orchard"])
def test_a_load_keeps_each_milestone_of_each_city(blank: Db, folder: str) -> None:
    files = files_of(folder)
    programme = loaded(blank, files)
    found = standings(blank, programme)
    assert list(found) == [(slug, id) for slug in programme.cities for id in programme.milestones]
    for (slug, id), standing in found.items():
        due = programme.due(programme.milestones[id], programme.cities[slug])
        assert standing == Standing(due=due, since=LOADED, changed_at=LOADED)
    before = kept(blank)
    loaded(blank, files, AT)
    assert kept(blank) == before, "again changes nothing"
    assert current_programme(blank) == programme


def test_a_date_that_the_programme_moved_is_in_force_since_then(farm: Db) -> None:
    loaded(farm, orchard(("calendar.yaml", "2026-10-16", "2026-10-23")), AT)
    found = standings(farm, current_programme(farm))
    assert (found["nordmark", "H2"].due, found["nordmark", "H2"].since) == (date(2026, 10, 23), AT)
    assert (found["sudval", "H2"].due, found["sudval", "H2"].since) == (date(2026, 10, 20), LOADED), (
        "own date"
    )
    assert found["nordmark", "H1"].since == LOADED


def test_a_database_of_before_gets_its_rows_with_the_next_load(farm: Db) -> None:
    """Though no file changed; what was due meanwhile was due since the programme was loaded."""
    farm.execute(delete(CityMilestone))
    assert not is_loaded(farm, orchard())
    loaded(farm, orchard(), AT)
    assert is_loaded(farm, orchard())
    assert {standing.since for standing in standings(farm, current_programme(farm)).values()} == {LOADED}


def test_so_does_one_whose_files_changed_too(farm: Db) -> None:
    farm.execute(delete(CityMilestone))
    loaded(farm, orchard(("calendar.yaml", 'at: "08:00"', 'at: "09:00"')), AT)
    assert {standing.since for standing in standings(farm, current_programme(farm)).values()} == {LOADED}


def test_an_extension_is_for_one_city_and_stays(farm: Db) -> None:
    """Also when the programme's date moves, for others."""
    extend(farm, current_programme(farm), "nordmark", "H2", LATER, "Hail.", AT)
    loaded(farm, orchard(("calendar.yaml", "2026-10-16", "2026-10-23")), AT + DAY)
    found = standings(farm, current_programme(farm))
    assert (found["nordmark", "H2"].due, found["nordmark", "H2"].since) == (LATER, AT)
    assert (found["nordmark", "H2"].extended_to, found["nordmark", "H2"].extended_reason) == (LATER, "Hail.")
    assert found["eastmere", "H2"].due == date(2026, 10, 23)


def test_everybody_is_told_the_date_in_force(farm: Db) -> None:
    """One programme for all: it is made anew after a decision, and read once before and after."""
    shelf = ProgrammeShelf()
    before = shelf.programme(farm)
    extend(farm, before, "nordmark", "H2", LATER, "Hail.", AT)
    after = shelf.programme(farm)
    city = after.cities["nordmark"]
    assert after.due(after.milestones["H2"], city) == LATER
    assert before.due(before.milestones["H2"], before.cities["nordmark"]) == date(2026, 10, 16)
    assert shelf.programme(farm) is after
    assert current_programme(farm) == after
    assert farm.get_one(City, "nordmark").facts["due"] == {}, "the programme's own data stay"
    extend(farm, after, "nordmark", "H2", LATER - DAY, "Hail.", AT)
    last = shelf.programme(farm)
    assert last.due(last.milestones["H2"], last.cities["nordmark"]) == LATER - DAY


def test_a_waived_milestone_is_none_of_the_citys(farm: Db) -> None:
    waive(farm, current_programme(farm), "nordmark", "H2", "Trees were felled.", AT)
    programme = current_programme(farm)
    milestones = {
        slug: [m.id for m in programme.milestones_of(city)] for slug, city in programme.cities.items()
    }
    assert milestones == {"nordmark": ["H1"], "eastmere": ["H1", "H2"], "sudval": ["H1", "H2"]}
    ahead = [
        next_milestone(programme, programme.cities[slug], AT.date()) for slug in ("nordmark", "eastmere")
    ]
    assert ahead == [None, programme.milestones["H2"]]
    loaded(farm, orchard(("calendar.yaml", "2026-10-16", "2026-10-23")), AT + DAY)
    assert current_programme(farm).waived == {("nordmark", "H2")}


def test_the_shelf_looks_once_a_transaction(farm: Db) -> None:
    """Whatever was decided: one statement, and none for a second look."""
    shelf = ProgrammeShelf()
    extend(farm, shelf.programme(farm), "nordmark", "H2", LATER, "Hail.", AT)
    waive(farm, shelf.programme(farm), "sudval", "H2", "Hail.", AT)
    shelf.programme(farm)
    farm.info.clear()
    asked: list[str] = []
    connection = farm.connection()
    event.listen(connection, "before_cursor_execute", lambda *told: asked.append(told[2]))
    assert shelf.programme(farm) is shelf.programme(farm)
    assert len(asked) == 1


H2 = date(2026, 10, 16)


@pytest.mark.parametrize(
    ("city", "milestone", "to", "reason", "code"),
    [
        pytest.param("nowhere", "H2", LATER, "Hail.", "unknown_city", id="no city"),
        pytest.param("nordmark", "H9", LATER, "Hail.", "unknown_milestone", id="no milestone"),
        pytest.param("nordmark", "H2", LATER, " ", "no_reason", id="no reason"),
        pytest.param("nordmark", "H1", AT.date(), "Hail.", "past_day", id="today"),
        pytest.param("nordmark", "H2", H2, "Hail.", "early_day", id="the programme's own day"),
        pytest.param("sudval", "H2", H2 + 4 * DAY, "Hail.", "early_day", id="the city's own day"),
        pytest.param("nordmark", "H2", date(2027, 1, 1), "Hail.", "late_day", id="after the cycle"),
    ],
)
def test_an_extension_that_is_refused(
    farm: Db, city: str, milestone: str, to: date, reason: str, code: str
) -> None:
    before = kept(farm)
    with pytest.raises(DecisionError) as refused:
        extend(farm, current_programme(farm), city, milestone, to, reason, AT)
    assert (refused.value.problem.code, kept(farm)) == (code, before)


def test_what_is_handed_in_or_waived_is_decided(farm: Db) -> None:
    """There is nothing to extend or to waive then; a draft or a report that was withdrawn is no output."""
    handed_in(farm, ("draft", "H2", None), ("submitted", "H1", AT))
    programme = current_programme(farm)
    for decide in (
        lambda id: extend(farm, programme, "nordmark", id, LATER, "Hail.", AT),
        lambda id: waive(farm, programme, "nordmark", id, "Hail.", AT),
    ):
        with pytest.raises(DecisionError, match="NOR-2026-10-01-2"):
            decide("H1")
    waive(farm, programme, "nordmark", "H2", "Hail.", AT)
    with pytest.raises(DecisionError, match="waived"):
        extend(farm, programme, "nordmark", "H2", LATER, "Hail.", AT)


@pytest.mark.parametrize(
    ("reports", "at", "reference", "started"),
    [
        pytest.param([], None, "", False, id="nothing"),
        pytest.param([("draft", "H2", None)], None, "", True, id="begun"),
        pytest.param([("withdrawn", "H2", None)], None, "", False, id="cancelled"),
        pytest.param([("submitted", "H1", AT)], None, "", False, id="another milestone"),
        pytest.param([("submitted", "H2", AT)], AT, "NOR-2026-10-01-1", False, id="sent"),
        pytest.param(
            [("submitted", "H2", AT), ("submitted", "H2", AT + DAY)],
            AT,
            "NOR-2026-10-01-1",
            False,
            id="twice",
        ),
        pytest.param(
            [("withdrawn", "H2", AT), ("submitted", "H2", AT + DAY)],
            AT,
            "NOR-2026-10-01-2",
            False,
            id="replaced: in time, by what stands now",
        ),
    ],
)
def test_when_an_output_was_handed_in(
    farm: Db, reports: Reports, at: datetime | None, reference: str, started: bool
) -> None:
    handed_in(farm, *reports)
    found = standings(farm, current_programme(farm))["nordmark", "H2"]
    assert (found.handed_in_at, found.handed_in_reference, found.started) == (at, reference, started)


def test_a_programme_without_a_form_for_outputs_has_none(blank: Db) -> None:
    programme = loaded(blank, files_of(ORCHARD))
    handed_in(blank, ("submitted", "H2", AT))
    assert standings(blank, programme)["nordmark", "H2"].handed_in_at is None
    assert export_milestones.outputs(blank, programme, None) == []


DUE = datetime(2026, 10, 16, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    ("more", "at", "state"),
    [
        pytest.param({}, DUE, "not_started", id="on the minute"),
        pytest.param({}, DUE + timedelta(seconds=1), "overdue", id="after"),
        pytest.param({"started": True}, DUE, "in_progress", id="begun"),
        pytest.param({"started": True}, DUE + DAY, "overdue", id="begun and late"),
        pytest.param({"extended_to": DUE.date()}, DUE, "extended", id="extended"),
        pytest.param({"extended_to": DUE.date()}, DUE + DAY, "overdue", id="extended and late"),
        pytest.param({"handed_in_at": DUE + DAY}, DUE + 2 * DAY, "submitted", id="handed in late"),
        pytest.param({"handed_in_at": DUE, "waived_at": DUE}, DUE + DAY, "waived", id="waived"),
    ],
)
def test_one_word_for_where_it_stands(more: dict[str, Json], at: datetime, state: str) -> None:
    standing = Standing(due=DUE.date(), since=LOADED, changed_at=LOADED, **more)
    assert state_of(standing, at, "UTC", time(18)) == state


def test_the_last_hour_is_the_citys() -> None:
    standing = Standing(due=DUE.date(), since=LOADED, changed_at=LOADED)
    states = [state_of(standing, DUE, zone, time(18)) for zone in ("Africa/Kampala", "Atlantic/Cape_Verde")]
    assert states == ["overdue", "not_started"]


def test_decisions_of_a_time_with_their_reasons(farm: Db) -> None:
    programme = current_programme(farm)
    pause(farm, "sudval", None, "Storm.", AT - DAY)
    extend(farm, programme, "nordmark", "H2", LATER, "Hail.", AT)
    waive(farm, programme, "nordmark", "H1", "Late spring.", AT)
    excuse(farm, "eastmere", date(2026, 10, 9), "Fair.", AT + DAY)
    assert decisions_since(farm, programme, AT) == [
        Decision("waived", "nordmark", AT, None, "Late spring.", "H1"),
        Decision("extended", "nordmark", AT, LATER, "Hail.", "H2"),
        Decision("excused", "eastmere", AT + DAY, date(2026, 10, 9), "Fair."),
    ]
    assert len(decisions_since(farm, programme, LOADED)) == 4
    assert decisions_since(farm, programme, AT + 2 * DAY) == []


def test_export_of_milestones(farm: Db) -> None:
    handed_in(farm, ("submitted", "H1", AT))
    extend(farm, current_programme(farm), "sudval", "H2", LATER, "Hail.", AT + DAY)
    programme = current_programme(farm)
    rows = export_milestones.milestones(farm, programme, None, AT)
    assert len(rows) == 6
    assert tuple(rows[0]) == export_milestones.MILESTONES
    assert (rows[0]["name"], rows[0]["state"], rows[0]["reference"]) == (
        "Première caisse", "submitted", "NOR-2026-10-01-1",
    )  # fmt: skip
    assert [row["state"] for row in rows[1:]] == [
        "not_started",
        "overdue",
        "not_started",
        "overdue",
        "extended",
    ]
    since = export_milestones.milestones(farm, programme, AT, AT)
    assert [(row["city"], row["milestone"]) for row in since] == [("nordmark", "H1"), ("sudval", "H2")]


def test_export_of_outputs(farm: Db) -> None:
    """Versions are counted for each city and milestone; a draft is none."""
    handed_in(
        farm,
        ("withdrawn", "H1", AT),
        ("submitted", "H2", AT),
        ("submitted", "H1", AT + DAY),
        ("draft", "H1", None),
        ("submitted", "", AT + DAY),
    )
    rows = export_milestones.outputs(farm, current_programme(farm), None)
    assert tuple(rows[0]) == export_milestones.OUTPUTS
    assert [(row["reference"][-1], row["milestone"], row["version"], row["state"]) for row in rows] == [
        ("1", "H1", 1, "withdrawn"),
        ("2", "H2", 1, "submitted"),
        ("3", "H1", 2, "submitted"),
        ("5", None, 1, "submitted"),
    ]
    since = export_milestones.outputs(farm, current_programme(farm), AT + DAY)
    assert [(row["reference"][-1], row["version"]) for row in since] == [("3", 2), ("5", 1)]


CITY = st.sampled_from(["nordmark", "eastmere", "sudval"])
MILESTONE = st.sampled_from(["H1", "H2"])
MOVED = st.dates(date(2026, 10, 21), date(2026, 10, 30))
STEPS = st.one_of(
    st.tuples(st.just("extend"), CITY, MILESTONE, st.dates(date(2026, 10, 31), date(2026, 12, 31))),
    st.tuples(st.just("waive"), CITY, MILESTONE, MOVED),
    st.tuples(st.just("pause"), CITY, MILESTONE, MOVED),
    st.tuples(st.just("load"), CITY, MILESTONE, MOVED),
)


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(STEPS, max_size=6))
def test_any_order_of_decisions_and_loads_keeps_what_was_decided_last(
    farm: Db, steps: list[tuple[str, str, str, date]]
) -> None:
    """A date is the last extension's, else the last load's; a load ends neither pause nor waiver."""
    inner, shelf = farm.begin_nested(), ProgrammeShelf()
    extended: dict[tuple[str, str], date] = {}
    waived: set[tuple[str, str]] = set()
    paused: set[str] = set()
    common = H2
    for number, (what, city, milestone, day) in enumerate(steps, start=1):
        at, programme = AT + timedelta(minutes=number), shelf.programme(farm)
        if what == "load":
            common = day
            loaded(farm, orchard(("calendar.yaml", "2026-10-16", str(day))), at)
        elif what == "pause":
            paused.add(city)
            pause(farm, city, None, "Storm.", at)
        elif (city, milestone) not in waived:
            if what == "extend":
                extended[city, milestone] = day
                extend(farm, programme, city, milestone, day, "Hail.", at)
            else:
                waived.add((city, milestone))
                waive(farm, programme, city, milestone, "Hail.", at)
    own = {("sudval", "H2"): date(2026, 10, 20)}
    usual = {(city, "H2"): common for city in ("nordmark", "eastmere", "sudval")}
    usual |= {(city, "H1"): date(2026, 8, 21) for city in ("nordmark", "eastmere", "sudval")}
    programme = shelf.programme(farm)
    assert programme == current_programme(farm)
    assert dates(farm) == usual | own | extended
    assert dates(farm) == {
        (city, id): programme.due(programme.milestones[id], programme.cities[city])
        for city in programme.cities
        for id in programme.milestones
    }
    assert programme.waived == waived
    assert {city.slug for city in farm.scalars(select(City)) if absences(city)} == paused
    inner.rollback()
    farm.info.clear()
