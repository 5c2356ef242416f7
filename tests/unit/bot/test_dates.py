"""Dates stand in the words of the country, with Western digits."""

import re
from datetime import date

import pytest

from bot.dates import long_date, month_and_year, weekday


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("en_GB", "5 August 2026"),
        ("fr_ML", "5 août 2026"),
        ("pt_MZ", "5 de Agosto de 2026"),
        ("ar_MA", "5 غشت 2026"),
        ("ar_TN", "5 أوت 2026"),
        ("ar_MR", "5 أغشت 2026"),
        ("ar", "5 أغسطس 2026"),
    ],
)
def test_months_have_the_names_of_the_country(locale: str, words: str) -> None:
    assert long_date(date(2026, 8, 5), locale) == words


@pytest.mark.parametrize("locale", ["ar", "ar_MA", "ar_TN", "ar_MR", "ar_EG"])
@pytest.mark.parametrize("month", range(1, 13))
def test_digits_are_western(locale: str, month: int) -> None:
    assert re.findall(r"\d+", long_date(date(2026, month, 9), locale)) == ["9", "2026"]


@pytest.mark.parametrize("month", range(1, 13))
def test_portuguese_months_have_a_capital(month: int) -> None:
    assert re.fullmatch(r"9 de [A-Z][a-zç]+ de 2026", long_date(date(2026, month, 9), "pt_MZ"))


@pytest.mark.parametrize(
    ("locale", "words"),
    [("en_GB", "March 2027"), ("fr_FR", "mars 2027"), ("pt_MZ", "Março de 2027"), ("ar_MA", "مارس 2027")],
)
def test_a_month_and_its_year(locale: str, words: str) -> None:
    assert month_and_year(date(2027, 3, 31), locale) == words


@pytest.mark.parametrize(
    ("locale", "words"),
    [("en_GB", "Friday"), ("fr_NE", "vendredi"), ("pt_MZ", "sexta-feira"), ("ar_MR", "الجمعة")],
)
def test_a_day_of_the_week(locale: str, words: str) -> None:
    assert weekday(date(2026, 11, 27), locale) == words
