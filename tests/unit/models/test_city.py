"""What an officer decides for a city: from when, until when, and when it is refused."""

from datetime import UTC, date, datetime, timedelta

import pytest

from models.base import Db
from models.city import Absence, City, DecisionError, absences, decided, excuse, pause, resume

AT = datetime(2026, 11, 25, 22, 30, tzinfo=UTC)  # Wednesday in Bamako, Thursday in Kampala
WEDNESDAY, DAY = date(2026, 11, 25), timedelta(days=1)


def test_a_pause_without_an_end_lasts_until_it_is_resumed(db: Db) -> None:
    pause(db, "bamako", None, "Floods.", AT)
    city = db.get_one(City, "bamako")
    assert absences(city) == (Absence("paused", AT, None, "Floods."),)
    assert decided(city, WEDNESDAY + 400 * DAY) == "paused"
    resume(db, "bamako", AT + DAY)
    assert (decided(city, WEDNESDAY), absences(city), city.changed_at) == (None, (), AT + DAY)


def test_a_pause_holds_through_its_last_day(db: Db) -> None:
    pause(db, "bamako", WEDNESDAY + DAY, "Floods.", AT)
    city = db.get_one(City, "bamako")
    assert [decided(city, WEDNESDAY + n * DAY) for n in range(3)] == ["paused", "paused", None]


def test_an_excuse_is_for_the_week_that_it_is_in_the_city(db: Db) -> None:
    """Late on Sunday in Bamako it is Monday in Kampala: the week that begins."""
    sunday = datetime(2026, 11, 29, 22, 30, tzinfo=UTC)
    for slug in ("bamako", "kampala"):
        excuse(db, slug, None, "Fair.", sunday)
    assert db.get_one(City, "bamako").excused_until == date(2026, 11, 29)
    assert db.get_one(City, "kampala").excused_until == date(2026, 12, 6)


def test_a_pause_goes_before_an_excuse_and_resume_ends_both(db: Db) -> None:
    excuse(db, "bamako", WEDNESDAY + 9 * DAY, "Fair.", AT)
    pause(db, "bamako", WEDNESDAY, "Floods.", AT)
    city = db.get_one(City, "bamako")
    assert [decided(city, WEDNESDAY + n * DAY) for n in (0, 1, 10)] == ["paused", "excused", None]
    resume(db, "bamako", AT)
    assert decided(city, WEDNESDAY) is None


def test_resuming_a_city_for_which_nothing_was_decided_changes_nothing(db: Db) -> None:
    before = db.get_one(City, "bamako").changed_at
    resume(db, "bamako", AT)
    assert db.get_one(City, "bamako").changed_at == before


def test_a_reason_is_one_line(db: Db) -> None:
    """Letters of every script stay, with the marks that join and turn them; control characters go."""
    pause(db, "bamako", None, " Élections\r\n\tmunicipales\x07 \u200fالانتخابات ", AT)
    assert db.get_one(City, "bamako").paused_reason == "Élections municipales \u200fالانتخابات"


@pytest.mark.parametrize(
    ("slug", "until", "reason", "code"),
    [
        pytest.param("nowhere", None, "Floods.", "unknown_city", id="no city"),
        pytest.param("kampala", WEDNESDAY, "Floods.", "past_until", id="over where they are"),
        pytest.param("bamako", WEDNESDAY - DAY, "Floods.", "past_until", id="over"),
        pytest.param("bamako", None, "", "no_reason", id="no reason"),
        pytest.param("bamako", None, "\n\x00 ", "no_reason", id="nothing to read"),
        pytest.param("bamako", None, "x" * 301, "long_reason", id="long reason"),
    ],
)
def test_what_is_refused(db: Db, slug: str, until: date | None, reason: str, code: str) -> None:
    for decide in (pause, excuse):
        with pytest.raises(DecisionError) as refused:
            decide(db, slug, until, reason, AT)
        assert refused.value.problem.code == code
        assert refused.value.problem.mend
    assert not db.dirty


def test_a_closed_city_is_none_of_the_programme(db: Db) -> None:
    db.get_one(City, "bamako").is_closed = True
    with pytest.raises(DecisionError, match="Use one of kampala"):
        pause(db, "bamako", None, "Floods.", AT)
