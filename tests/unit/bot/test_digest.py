"""The digest: what it counts, what it quotes, and its length in the worst week."""

from dataclasses import replace

import pytest

from bot.digest import CHARACTERS, CityWeek, Standing, digest
from bot.forms.form import Form
from bot.forms.read import read_form
from bot.programme import Programme, read_programme
from bot.values import LANGUAGES, Say
from griot.settings import data_folder
from griot.voices import voices
from tests.programmes import ASTON, files_of

WEEK = "2026-W47"
LONG = "A long difficulty about the contract of the provider and the rain. " * 5


@pytest.fixture(scope="module")
def programme() -> Programme:
    """Return the ASToN programme."""
    read, problems = read_programme(files_of(ASTON))
    assert read is not None, problems
    return read


@pytest.fixture(scope="module")
def form() -> Form:
    """Return the weekly form."""
    return read_form((ASTON / "forms/weekly_update.md").read_bytes(), "weekly_update.md")


@pytest.fixture(scope="module")
def spoken() -> dict[str, Say]:
    """Return the four voices."""
    return dict(voices(data_folder("locales")))


def _weeks(programme: Programme, form: Form, **answers: str) -> list[CityWeek]:
    return [
        CityWeek(
            city, Standing.SUBMITTED, form, f"{city.code}-{WEEK}-1", "fr", {"status": "on_track"} | answers
        )
        for city in programme.cities.values()
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_worst_week_has_room(
    programme: Programme, form: Form, spoken: dict[str, Say], language: str
) -> None:
    """Eleven blocked cities with long difficulties and successes stay within the limit, every city named."""
    weeks = _weeks(programme, form, status="blocked", challenge=LONG, success=LONG)
    found = digest(programme, WEEK, weeks, spoken[language])
    assert len(found.text) <= CHARACTERS
    assert all(city.names[language] in found.text for city in programme.cities.values())


def test_only_what_was_sent_is_counted(programme: Programme, form: Form, spoken: dict[str, Say]) -> None:
    """A draft counts as begun, neither as received nor by its status; a paused city is not expected."""
    first, second, third, *rest = _weeks(programme, form)
    weeks = [
        replace(first, standing=Standing.PARTIAL),
        replace(second, standing=Standing.PAUSED, form=None, answers=None),
        replace(third, standing=Standing.SILENT, form=None, answers=None),
        *rest,
    ]
    found = digest(programme, WEEK, weeks, spoken["en"])
    assert (found.answered, found.expected) == (8, 10)
    assert "On track: 8. Some delay: 0. Blocked: 0." in found.text
    assert "- Begun, not sent: Bamako" in found.text
    assert "- Paused: Benguerir" in found.text


def test_words_of_another_language_are_named(
    programme: Programme, form: Form, spoken: dict[str, Say]
) -> None:
    """A quotation says its language when it is not the reader's."""
    weeks = _weeks(programme, form, success="Une réussite")
    assert "Kigali: Une réussite (fr)" in digest(programme, WEEK, weeks[4:5], spoken["en"]).text
    assert "Kigali : Une réussite\n" in digest(programme, WEEK, weeks[4:5], spoken["fr"]).text + "\n"


def test_an_empty_week_says_so(programme: Programme, spoken: dict[str, Say]) -> None:
    """With nothing urgent the first section says "nothing"; silent cities are listed."""
    weeks = [CityWeek(city, Standing.SILENT) for city in programme.cities.values()]
    text = digest(programme, WEEK, weeks, spoken["pt"]).text
    assert "0 de 11" in text
    assert "Nada" in text
    assert "Maputo-Matola" in text


def test_a_city_without_a_name_in_the_language_keeps_another_name(
    programme: Programme, form: Form, spoken: dict[str, Say]
) -> None:
    """Never its slug."""
    weeks = [
        replace(each, city=replace(each.city, names={"fr": "Ville d'essai"}), standing=Standing.SILENT)
        for each in _weeks(programme, form)[:1]
    ]
    told = digest(programme, WEEK, weeks, spoken["pt"])
    assert "Ville d'essai" in told.text
    assert weeks[0].city.slug not in told.text
