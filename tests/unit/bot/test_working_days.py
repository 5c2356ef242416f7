"""Working days follow the city's week, its country's public holidays and the programme's corrections."""

from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import pytest

from bot.programme import Correction, Programme, Weekday, open_programme
from bot.working_days import holidays_of, is_quiet, is_ramadan, is_working_day, next_working_day
from tests.programmes import ASTON, files_of


@cache
def aston() -> Programme:
    return open_programme(files_of(ASTON))


@pytest.mark.parametrize(
    ("city", "day", "is_open"),
    [
        pytest.param("bamako", "2026-11-25", True, id="a Wednesday"),
        pytest.param("bamako", "2026-11-28", False, id="a Saturday"),
        pytest.param("bamako", "2027-01-01", False, id="New Year"),
        pytest.param("bamako", "2026-09-22", False, id="independence of Mali"),
        pytest.param("kampala", "2026-09-22", True, id="a day like others elsewhere"),
        pytest.param("nouakchott", "2027-03-09", False, id="Eid, estimated"),
        pytest.param("matola", "2026-09-25", False, id="Armed Forces of Mozambique"),
        pytest.param("seme-podji", "2026-11-30", True, id="a Monday"),
    ],
)
def test_working_days(city: str, day: str, is_open: bool) -> None:
    assert is_working_day(aston(), aston().cities[city], date.fromisoformat(day)) is is_open


def test_a_corrected_holiday_moves() -> None:
    city = aston().cities["benguerir"]
    early, late = date(2027, 3, 10), date(2027, 3, 12)
    assert not is_working_day(aston(), city, early)
    assert is_working_day(aston(), city, late)
    moved = replace(
        aston(),
        holiday_corrections=(
            Correction("MA", early, is_holiday=False),
            Correction("MA", late, is_holiday=True, names={"ar": "عيد الفطر"}),
        ),
    )
    assert is_working_day(moved, city, early)
    assert not is_working_day(moved, city, late)
    assert holidays_of(moved, "MA", 2027, "ar")[late].name == "عيد الفطر"
    assert not holidays_of(moved, "MA", 2027, "ar")[late].is_estimated
    assert is_working_day(moved, aston().cities["bamako"], late), "only in the country of the correction"


def test_moon_dates_are_marked_as_estimated_in_any_language() -> None:
    for language in ("en", "fr", "ar", "pt"):
        days = holidays_of(aston(), "MR", 2027, language)
        assert days[date(2027, 3, 9)].is_estimated
        assert not days[date(2027, 11, 28)].is_estimated
        assert list(days) == sorted(days)


def test_names_are_in_the_language_where_the_table_has_it() -> None:
    names = [holidays_of(aston(), country, 2027, language)[date(2027, 1, 1)].name for country, language in
             (("MR", "ar"), ("BJ", "fr"), ("UG", "fr"))]  # fmt: skip
    assert names == ["رأس السنة الميلادية", "Fête du Nouvel An", "New Year's Day"]


def test_a_country_without_a_published_table_has_no_holidays() -> None:
    assert holidays_of(aston(), "TA", 2027) == {}


def test_a_week_may_end_on_other_days() -> None:
    city = replace(aston().cities["nouakchott"], working_days=(Weekday.SUN, Weekday.MON))
    assert next_working_day(aston(), city, date(2026, 11, 24)) == date(2026, 11, 29)


def test_quiet_periods_are_of_their_countries_or_of_all() -> None:
    kigali, lagos = aston().cities["kigali"], aston().cities["lagos"]
    assert is_quiet(aston(), kigali, date(2027, 4, 7))
    assert not is_quiet(aston(), lagos, date(2027, 4, 7))
    assert is_quiet(aston(), lagos, date(2026, 12, 24))
    assert not is_quiet(aston(), lagos, date(2027, 1, 4))


def test_ramadan_has_a_first_and_a_last_day() -> None:
    days = [date(2027, 2, 7), date(2027, 2, 8), date(2027, 3, 8), date(2027, 3, 9)]
    assert [is_ramadan(aston(), day) for day in days] == [False, True, True, False]


def test_no_deadline_falls_on_a_free_day_of_any_city() -> None:
    """The common calendar avoids Fridays, week-ends, Ramadan and every member country's holidays."""
    for milestone in aston().milestones.values():
        assert milestone.due.weekday() < 4, milestone.id
        assert not is_ramadan(aston(), milestone.due), milestone.id
        for city in aston().cities.values():
            assert is_working_day(aston(), city, milestone.due), (milestone.id, city.slug)
            assert not is_quiet(aston(), city, milestone.due), (milestone.id, city.slug)


def test_the_last_month_has_no_deadline() -> None:
    last = max(milestone.due for milestone in aston().milestones.values())
    assert aston().cycle.end - last > timedelta(days=28)
