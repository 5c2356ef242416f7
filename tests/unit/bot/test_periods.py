"""Periods are weeks, months and halves of a city's own calendar; the rhythm says which form is due."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest

from bot.periods import (
    bounds,
    closes_at,
    days_of,
    first_working_day,
    form_due,
    half_of,
    in_words,
    is_prompted,
    month_of,
    next_milestone,
    previous,
    week_of,
)
from bot.programme import City, Programme, open_programme
from tests.programmes import ASTON, ORCHARD, files_of


@cache
def aston() -> Programme:
    return open_programme(files_of(ASTON))


@cache
def orchard() -> Programme:
    return open_programme(files_of(ORCHARD))


@pytest.mark.parametrize(
    ("day", "week"),
    [
        pytest.param("2026-11-23", "2026-W48", id="a Monday"),
        pytest.param("2026-11-29", "2026-W48", id="its Sunday"),
        pytest.param("2026-12-31", "2026-W53", id="a year of 53 weeks"),
        pytest.param("2027-01-03", "2026-W53", id="January in the old year's last week"),
        pytest.param("2027-01-04", "2027-W01", id="the first week with a Thursday"),
        pytest.param("2024-12-30", "2025-W01", id="December in the new year's first week"),
        pytest.param("2028-02-29", "2028-W09", id="29 February"),
    ],
)
def test_weeks_are_those_of_iso_8601(day: str, week: str) -> None:
    assert week_of(date.fromisoformat(day)) == week


def test_months_and_halves() -> None:
    assert [month_of(date(2026, month, 30)) for month in (1, 12)] == ["2026-01", "2026-12"]
    assert [half_of(date(2026, month, 30)) for month in (1, 6, 7, 12)] == [
        "2026-H1",
        "2026-H1",
        "2026-H2",
        "2026-H2",
    ]


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("2026-W48", "2026-11-23", "2026-11-29"),
        ("2026-W53", "2026-12-28", "2027-01-03"),
        ("2027-W01", "2027-01-04", "2027-01-10"),
        ("2026-12", "2026-12-01", "2026-12-31"),
        ("2028-02", "2028-02-01", "2028-02-29"),
        ("2026-H1", "2026-01-01", "2026-06-30"),
        ("2026-H2", "2026-07-01", "2026-12-31"),
    ],
)
def test_a_period_knows_its_days(period: str, first: str, last: str) -> None:
    assert days_of(period) == (date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    "period", ["2027-W53", "2026-W00", "2026-13", "2026-H3", "2026", "2026-W4", "", "٢٠٢٦-W01 "]
)
def test_what_is_no_period_is_refused(period: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        days_of(period)


@pytest.mark.parametrize(
    ("period", "before"),
    [("2027-W01", "2026-W53"), ("2026-W48", "2026-W47"), ("2027-01", "2026-12"), ("2027-H1", "2026-H2")],
)
def test_the_period_before_is_of_the_same_kind(period: str, before: str) -> None:
    assert previous(period) == before


def test_a_week_begins_on_monday_at_midnight_of_the_city() -> None:
    """A period ends where the next one begins: Sunday 23:59:59 still belongs to it."""
    start, end = bounds("2026-W48", "Africa/Kampala")
    assert start.isoformat() == "2026-11-23T00:00:00+03:00"
    assert end.isoformat() == "2026-11-30T00:00:00+03:00"
    assert start.astimezone(UTC) == datetime(2026, 11, 22, 21, tzinfo=UTC)


def test_a_week_in_which_the_clock_is_moved_has_another_length() -> None:
    """Morocco moves its clock around Ramadan: on 7 February 2027 back to UTC."""
    start, end = bounds("2027-W05", "Africa/Casablanca")
    assert end.astimezone(UTC) - start.astimezone(UTC) == timedelta(days=7, hours=1)


@pytest.mark.parametrize(
    ("period", "closes"),
    [
        pytest.param("2026-W48", "2026-12-07T00:00:00+00:00", id="one more week after a week"),
        pytest.param("2026-W53", "2027-01-11T00:00:00+00:00", id="over the new year"),
        pytest.param("2026-11", "2026-12-14T00:00:00+00:00", id="a month, asked in the week of 1 December"),
        pytest.param("2026-12", "2027-01-18T00:00:00+00:00", id="a month, asked in the week of 4 January"),
    ],
)
def test_late_answers_count_for_one_more_week(period: str, closes: str) -> None:
    assert closes_at(aston(), aston().cities["bamako"], period).isoformat() == closes


@pytest.mark.parametrize(
    ("at", "form", "period"),
    [
        pytest.param("2026-11-23 10:00", "weekly_update", "2026-W48", id="an ordinary week"),
        pytest.param("2026-11-29 23:59", "weekly_update", "2026-W48", id="to the end of Sunday"),
        pytest.param("2026-11-30 00:00", "monthly_progress", "2026-11", id="1 December is a Tuesday"),
        pytest.param("2026-12-06 23:59", "monthly_progress", "2026-11", id="all of that week"),
        pytest.param("2026-12-07 00:00", "weekly_update", "2026-W50", id="the week after"),
        pytest.param(
            "2026-12-31 12:00", "weekly_update", "2026-W53", id="1 January is a holiday, no working day"
        ),
        pytest.param(
            "2027-01-04 12:00", "monthly_progress", "2026-12", id="4 January is the first working day"
        ),
        pytest.param(
            "2027-05-03 12:00", "monthly_progress", "2027-04", id="1 May is a Saturday and a holiday"
        ),
        pytest.param("2027-04-28 12:00", "weekly_update", "2027-W17", id="the week of that Saturday"),
    ],
)
def test_the_monthly_form_takes_the_place_of_the_weekly_one(at: str, form: str, period: str) -> None:
    city = aston().cities["bamako"]
    moment = datetime.fromisoformat(at).replace(tzinfo=ZoneInfo(city.timezone))
    assert form_due(aston(), city, moment) == (form, period)
    assert form_due(aston(), city, moment.astimezone(UTC)) == (form, period)


def test_a_week_begins_earlier_in_the_east() -> None:
    at = datetime(2026, 11, 22, 22, tzinfo=UTC)  # Monday 01:00 in Kampala, Sunday 22:00 in Accra
    assert form_due(aston(), aston().cities["kampala"], at) == ("weekly_update", "2026-W48")
    assert form_due(aston(), aston().cities["kumasi"], at) == ("weekly_update", "2026-W47")


def test_a_rhythm_may_have_one_form_or_none() -> None:
    at = datetime(2026, 9, 2, 12, tzinfo=UTC)
    programme, city = orchard(), orchard().cities["nordmark"]
    assert form_due(programme, city, at) == ("harvest_note", "2026-W36")
    monthly = replace(programme.forms["harvest_note"], every="month")
    assert form_due(replace(programme, forms={"harvest_note": monthly}), city, at) == (
        "harvest_note",
        "2026-08",
    )
    assert form_due(replace(programme, forms={}), city, at) is None


def test_every_second_week_is_counted_from_the_cycle() -> None:
    weeks = ["2026-W31", "2026-W32", "2026-W33", "2026-W52", "2026-W53", "2027-W01"]
    asked = [is_prompted(orchard(), orchard().cities["sudval"], week) for week in weeks]
    assert asked == [True, False, True, False, True, False]
    assert all(is_prompted(orchard(), orchard().cities["nordmark"], week) for week in weeks)


def test_the_first_working_day_of_a_month_is_the_citys_own() -> None:
    """A correction of the programme counts: 1 September is a holiday in one of the countries."""
    days = [first_working_day(orchard(), city, date(2026, 9, 20)) for city in orchard().cities.values()]
    assert days == [date(2026, 9, 1), date(2026, 9, 2), date(2026, 9, 1)]


def test_the_next_milestone_is_the_citys_own() -> None:
    nordmark, sudval = orchard().cities["nordmark"], orchard().cities["sudval"]

    def following(city: City, day: date) -> str | None:
        milestone = next_milestone(orchard(), city, day)
        return milestone.id if milestone else None

    assert following(nordmark, date(2026, 8, 21)) == "H1"
    assert following(nordmark, date(2026, 8, 22)) == "H2"
    assert following(nordmark, date(2026, 10, 17)) is None
    assert following(sudval, date(2026, 10, 17)) == "H2"


class Echo:
    """A voice that says sentences as they are."""

    language = "en"
    locale = "en_GB"

    def value(self, text: str) -> str:
        return text

    def __call__(self, sentence: str, /, **parts: object) -> str:
        return sentence.format(**parts)

    def count(self, one: str, many: str, n: int, /, **parts: object) -> str:
        return (one if n == 1 else many).format(n=n, **parts)


@pytest.mark.parametrize(
    ("period", "words"),
    [
        ("2026-W48", "week 48"),
        ("2027-W01", "week 1"),
        ("2026-11", "November 2026"),
        ("2026-H1", "first half of 2026"),
        ("2026-H2", "second half of 2026"),
    ],
)
def test_a_period_in_words(period: str, words: str) -> None:
    assert in_words(period, Echo(), "en_GB") == words
