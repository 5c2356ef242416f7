"""The words of days hold every name that CLDR has for a month or a weekday."""

import pytest
from babel.dates import get_day_names, get_month_names

from bot.questions.day_words import MONTHS, WEEKDAYS
from bot.words import fold


def _known(name: str) -> str:
    return fold(name).replace("-", " ").rstrip(".")


@pytest.mark.parametrize("width", ["wide", "abbreviated"])
@pytest.mark.parametrize(
    "locale", ["en", "fr", "pt", "ar", "ar_MA", "ar_DZ", "ar_TN", "ar_MR", "ar_SY", "ar_LB"]
)
def test_every_month_is_known(locale: str, width: str) -> None:
    """Each name, in all Arabic-speaking countries, means its own month."""
    for number, name in get_month_names(width, locale=locale).items():  # type: ignore[arg-type] # a literal
        assert MONTHS[_known(name)] == number


@pytest.mark.parametrize("locale", ["en", "fr", "pt", "ar"])
def test_every_weekday_is_known(locale: str) -> None:
    """Each name means its own day, Monday being 0."""
    for number, name in get_day_names("wide", locale=locale).items():
        assert WEEKDAYS[_known(name)] == number
