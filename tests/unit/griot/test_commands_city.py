"""`griot city` and `griot milestone`: what an officer decides, as JSON, as lines and as exit codes."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.programme import read_programme
from griot.clock import now
from models.base import Db
from models.db import open_store, write
from models.person import add_person
from models.programme import load
from tests.programmes import ASTON, ORCHARD, files_of
from tests.unit.griot.conftest import Griot
from tests.unit.models.test_export import a_submission

DAY = timedelta(days=1)
TODAY = now().astimezone(ZoneInfo("Africa/Bamako")).date()
LAST = "M16"  # far enough to be still to come
NOT_YET = "2028-02-15"


def test_a_pause_and_its_end(aston: Griot) -> None:
    until = str(TODAY + DAY)
    paused = aston.json("city", "pause", "bamako", "--until", until, "--reason", "Floods.")
    assert (paused["state"], paused["until"], paused["reason"]) == ("paused", until, "Floods.")
    assert aston.json("export", "cities")[0] == paused
    assert aston.json("programme", "load", str(ASTON))["ok"]
    assert aston.json("export", "cities")[0] == paused, "a load keeps it"
    resumed = aston.json("city", "resume", "bamako", "--reason", "The water is gone.")
    assert (resumed["state"], resumed["until"], resumed["reason"]) == ("active", None, None)


def test_an_excuse_ends_with_the_week(quick: Griot) -> None:
    excused = quick.json("city", "excuse", "bamako", "--reason", "Fair.")
    sunday = TODAY + (6 - TODAY.weekday()) * DAY
    assert (excused["state"], excused["until"]) == ("excused", str(sunday))


def test_a_decision_in_one_line(quick: Griot) -> None:
    said = quick("city", "pause", "bamako", "--reason", "Floods.")
    assert (said.exit_code, said.stdout) == (0, "bamako  Bamako  paused  Floods.\n")
    said = quick("milestone", "extend", "bamako", LAST.lower(), "--to", NOT_YET, "--reason", "Floods.")
    assert said.stdout.split("  ") == [
        LAST,
        "bamako",
        NOT_YET,
        "extended",
        said.stdout.split("  ")[4],
        "Floods.\n",
    ]


def test_milestones_of_a_city(aston: Griot) -> None:
    """The date in force, the state, and what hands it in."""

    def hand_in(db: Db) -> None:
        id = add_person(
            db, name="Fatou Exemple", role="coordinator", language="fr", city="bamako", addresses={}, at=now()
        )
        a_submission(db, id, form="milestone_output", hidden={"milestone": "M03"})

    store = open_store(aston.database)
    write(store, hand_in)
    store.close()
    rows = aston.json("milestone", "list", "bamako")
    assert [row["milestone"] for row in rows][::15] == ["M01", "M16"]
    assert rows[2] == {
        "milestone": "M03",
        "city": "bamako",
        "name": "Problem statement and city profile",
        "due": "2026-11-12",
        "state": "submitted",
        "extended_to": None,
        "reason": None,
        "handed_in_at": "2026-11-23T10:00:00.123Z",
        "reference": "BKO-2026-W48-1",
    }
    assert len(aston.json("milestone", "list")) == 176
    assert len(aston("milestone", "list", "bamako").stdout.splitlines()) == 16
    assert "BKO-2026-W48-1" in aston.refused("milestone", "waive", "bamako", "M03", "--reason", "Floods.")


def test_an_extension_and_a_waiver(aston: Griot) -> None:
    extended = aston.json(
        "milestone", "extend", "bamako", LAST, "--to", NOT_YET, "--reason", "The council  meets\nlate."
    )
    assert (extended["due"], extended["extended_to"], extended["state"]) == (NOT_YET, NOT_YET, "extended")
    assert extended["reason"] == "The council meets late."
    waived = aston.json("milestone", "waive", "bamako", "M15", "--reason", "No council this year.")
    assert (waived["state"], waived["reason"]) == ("waived", "No council this year.")
    assert aston.json("programme", "load", str(ASTON))["ok"]
    rows = {row["milestone"]: row for row in aston.json("milestone", "list", "bamako")}
    assert (rows[LAST], rows["M15"]) == (extended, waived), "a load keeps them"
    others = aston.json("milestone", "list", "kumasi")
    assert {row["state"] for row in others} <= {"not_started", "overdue"}


def test_exports_of_decisions(aston: Griot) -> None:
    aston("milestone", "extend", "bamako", LAST, "--to", NOT_YET, "--reason", "Floods.")
    row = next(row for row in aston.json("export", "milestones") if row["milestone"] == LAST)
    assert (row["due"], row["waived"], row["phase"]) == (NOT_YET, False, "experiment")
    since = aston.json("export", "milestones", "--since", row["changed_at"])
    assert [(row["city"], row["milestone"]) for row in since] == [("bamako", LAST)]
    assert aston("export", "outputs").stdout.startswith("reference,city,milestone,version,state")


CITY = ("--reason", "Floods.")
EXTEND = ("milestone", "extend", "bamako")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        pytest.param(("city", "pause", "nowhere", *CITY), "no city 'nowhere'", id="no city"),
        pytest.param(("city", "pause", "bamako", "--reason", " "), "reason is empty", id="no reason"),
        pytest.param(("city", "excuse", "bamako"), "--reason", id="reason not given"),
        pytest.param(("city", "pause", "bamako", "--until", "2026-01-01", *CITY), "is over", id="past"),
        pytest.param(("city", "pause", "bamako", "--until", "soon", *CITY), "is not a date", id="no date"),
        pytest.param(("milestone", "list", "nowhere"), "no city 'nowhere'", id="list of no city"),
        pytest.param((*EXTEND, "M99", "--to", NOT_YET, *CITY), "no milestone 'M99'", id="no milestone"),
        pytest.param((*EXTEND, LAST, *CITY), "--to", id="no new date"),
        pytest.param((*EXTEND, LAST, "--to", "2028-01-27", *CITY), "Give a later day", id="own date"),
        pytest.param((*EXTEND, LAST, "--to", "2029-01-01", *CITY), "end of the cycle", id="after the cycle"),
    ],
)
def test_what_is_refused(quick: Griot, words: tuple[str, ...], told: str) -> None:
    result = quick(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr.splitlines()[-1]


def test_before_the_programme_is_loaded(griot: Griot) -> None:
    for words in (("milestone", "list"), ("city", "pause", "bamako", *CITY), ("export", "milestones")):
        assert "griot programme load" in griot.refused(*words)


def test_another_programme(griot: Griot) -> None:
    """Its cities and milestones; it has no form for outputs."""

    def work(db: Db) -> None:
        files = files_of(ORCHARD)
        programme, _ = read_programme(files)
        assert programme is not None
        load(db, programme, files, now())

    store = open_store(griot.database)
    write(store, work)
    store.close()
    rows = griot.json("milestone", "list", "sudval")
    assert [(row["milestone"], row["due"]) for row in rows] == [("H1", "2026-08-21"), ("H2", "2026-10-20")]
    assert griot.json("milestone", "waive", "sudval", "H2", *CITY)["state"] == "waived"
    assert griot.json("export", "outputs") == []
