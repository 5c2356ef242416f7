"""The HTML of the digest: whole, in the reader's direction, quotations in theirs; nothing said is markup."""

from dataclasses import replace
from datetime import UTC, date, datetime

import lxml.html
import pytest

from bot.digest import Digest, digest
from bot.forms.read import read_form
from bot.programme import Programme, read_programme
from bot.values import LANGUAGES, Say
from bot.week import CityWeek, Standing, Week
from griot.settings import data_folder
from griot.voices import voices
from reports.digest_mail import as_html
from tests.programmes import ASTON, files_of

AT = datetime(2026, 11, 23, 10, tzinfo=UTC)
EVIL = '<script>alert("1")</script> & <b>fin</b>'


@pytest.fixture(scope="module")
def programme() -> Programme:
    """Return the ASToN programme."""
    read, problems = read_programme(files_of(ASTON))
    assert read is not None, problems
    return read


@pytest.fixture(scope="module")
def spoken() -> dict[str, Say]:
    """Return the four voices."""
    return dict(voices(data_folder("locales")))


def _digest(programme: Programme, say: Say) -> Digest:
    form = read_form((ASTON / "forms/weekly_update.md").read_bytes(), "weekly_update.md")
    languages = ("fr", "ar", "en", "pt")
    cities = tuple(
        CityWeek(
            city,
            Standing.SUBMITTED,
            form,
            f"{city.code}-1",
            languages[number % 4],
            {"status": "blocked", "challenge": EVIL, "success": "نجاح"},
            sent_at=AT,
        )
        for number, city in enumerate(programme.cities.values())
    )
    return digest(programme, Week("2026-W48", date(2026, 11, 27), cities), say)


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_written_in_the_readers_direction(
    programme: Programme, spoken: dict[str, Say], language: str
) -> None:
    """On the document and within it: some mail programs take the outer tags away."""
    page = lxml.html.fromstring(as_html(_digest(programme, spoken[language]), "Griot", spoken[language]))
    wanted = (language, "rtl" if language == "ar" else "ltr")
    assert (page.get("lang"), page.get("dir")) == wanted
    (inner,) = page.xpath("//div[@class='page']")
    assert (inner.get("lang"), inner.get("dir")) == wanted


@pytest.mark.parametrize("language", LANGUAGES)
def test_quotations_keep_their_own_language(
    programme: Programme, spoken: dict[str, Say], language: str
) -> None:
    """Direction, language, and its name where it is not the reader's."""
    page = lxml.html.fromstring(as_html(_digest(programme, spoken[language]), "Griot", spoken[language]))
    quoted = page.xpath("//bdi[@lang]")
    assert {each.get("lang") for each in quoted} == {"en", "fr", "pt", "ar"}
    assert all((each.get("lang") == "ar") == (each.get("dir") == "rtl") for each in quoted)
    named = {each.text_content() for each in page.xpath("//span[@class='language']")}
    names = {"en": "(English)", "fr": "(Français)", "pt": "(Português)", "ar": "(العربية)"}
    assert named == {name for key, name in names.items() if key != language}


def test_nothing_said_is_markup(programme: Programme, spoken: dict[str, Say]) -> None:
    """It is shown as it was typed; no picture, script or link stands in the mail."""
    html = as_html(_digest(programme, spoken["en"]), "Griot", spoken["en"])
    page = lxml.html.fromstring(html)
    assert page.xpath("//script | //img | //a | //b | //link") == []
    assert EVIL in [each.text_content() for each in page.xpath("//bdi")]
    assert "http" not in html


def test_every_section_and_city_stands_in_it(programme: Programme, spoken: dict[str, Say]) -> None:
    """Whole: eleven successes, eleven cities with their answers."""
    found = _digest(programme, spoken["fr"])
    page = lxml.html.fromstring(as_html(found, "Secrétariat", spoken["fr"]))
    headings = [each.text_content() for each in page.xpath("//h2")]
    assert headings == [*(section.heading for section in found.sections), "Ville par ville"]
    assert len(page.xpath("//h3")) == len(page.xpath("//table")) == 11
    assert page.xpath("//p[@class='foot']")[0].text_content() == "Secrétariat"


def test_a_difficulty_that_lasts_says_for_how_long(programme: Programme, spoken: dict[str, Say]) -> None:
    """Beside its words, in the reader's language."""
    form = read_form((ASTON / "forms/weekly_update.md").read_bytes(), "weekly_update.md")
    answers = {"status": "blocked", "challenge": "Sans contrat"}
    one = CityWeek(programme.cities["bamako"], Standing.SUBMITTED, form, "BKO-1", "fr", answers, sent_at=AT)
    week = Week("2026-W48", date(2026, 11, 27), (replace(one, weeks_told={"sans contrat": 3}),))
    page = lxml.html.fromstring(as_html(digest(programme, week, spoken["pt"]), "Griot", spoken["pt"]))
    assert page.xpath("//li[contains(., 'Sans contrat')]//span/text()") == ["(Français)", "(há 3 semanas)"]
