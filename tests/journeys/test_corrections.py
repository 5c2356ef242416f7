"""A report that is changed after it was sent: what it lacks, what it said before, and who sees so."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from griot.digests import Digests
from griot.settings import data_folder
from griot.voices import voices
from models.base import Json
from models.db import read
from models.export import submissions
from models.form import FormShelf
from models.programme import ProgrammeShelf
from tests.moved import BASE_URL, Moved, a_moved_site, add_people, minutes

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
AWA = 500_000_001
WELL = ("report", "1", "1", "A first meeting", "2", "1", "-", "Call the mayor", "1")
AWAITED = {
    "en": "Not answered yet",
    "fr": "Réponse attendue",
    "pt": "Resposta em falta",
    "ar": "الإجابة منتظرة",
}
CHANGED = {
    "en": ("Revision 2", "Before: No, none"),
    "fr": ("Révision 2", "Avant : Non, aucune"),
    "pt": ("Revisão 2", "Antes: Não, nenhuma"),
    "ar": ("النسخة المعدلة رقم 2", "قبل التعديل: لا توجد صعوبة"),
}


@pytest.fixture
def site(tmp_path: Path, aston_database: str) -> Iterator[Moved]:
    """Yield a site with a coordinator on Telegram and an officer of each language."""
    with a_moved_site(tmp_path, aston_database, MONDAY) as running:
        add_people(
            running,
            [
                ("coordinator", "bamako", "en", {"telegram": str(AWA)}),
                *(("officer", None, each, {"email": f"{each}@example.org"}) for each in AWAITED),
            ],
        )
        yield running


def say(site: Moved, *texts: str) -> None:
    """Let Awa write."""
    phone = site.telegram(AWA, "en")
    for text in texts:
        phone.say(text)
        site.now += minutes(1)
        site.answer()


def exported(site: Moved) -> Json:
    """Return the one report as it is exported."""
    [row] = read(site.store, lambda db: submissions(db, 0, None, lambda city, period: False)).rows
    return row


def told(site: Moved) -> tuple[str, str, bool]:
    """Return Bamako's state in the digest's JSON, how many reports it counts, and whether it says so."""
    digests = Digests(ProgrammeShelf(), FormShelf(), voices(data_folder("locales")))
    found = read(site.store, lambda db: digests.of_week(db, "2026-W48", "en", site.now))
    [state] = [each.state.value for each, _ in found.cities if each.city.slug == "bamako"]
    details = dict(found.details)["bamako"]
    is_marked = "- Received, incomplete: Bamako" in found.text
    assert is_marked == ("Bamako: Received, incomplete (BKO-2026-W48-1)" in details)
    return state, f"{found.answered} of {found.expected}", is_marked


def shown(site: Moved, language: str = "en") -> tuple[str, str]:
    """Return the first page of this language's officer and the page of the city."""
    browser = site.browser(2 + list(AWAITED).index(language))
    home, city = (browser.get(path, base_url=BASE_URL).text for path in ("/", "/cities/bamako"))
    return home, city


def test_an_answer_that_a_change_made_needed_is_missed_until_it_is_given(site: Moved) -> None:
    """Sent all the same; export, digest and console say what lacks, and nothing once it is there."""
    say(site, *WELL)
    assert (exported(site)["partial"], told(site)) == (False, ("submitted", "1 of 11", False))
    home, page = shown(site)
    assert ("state-partial" in home, "state-partial" in page, "Revision" in page) == (False, False, False)
    say(site, "edit 5", "3", "later")
    assert (exported(site)["partial"], told(site)) == (True, ("partial", "1 of 11", True))
    assert "Updates received: 1 of 11." in shown(site)[0]
    for language, words in AWAITED.items():
        home, page = shown(site, language)
        assert ("state-partial" in home, page.count("state-partial")) == (True, 2)  # the city, the report
        assert page.count(words) == 2
        text = "".join(each for each in page if each not in "\u2068\u2069")
        assert all(each in text for each in CHANGED[language])
    say(site, "edit", "No contract", "2", "later")
    assert (exported(site)["partial"], told(site)) == (False, ("submitted", "1 of 11", False))
    home, page = shown(site)
    assert "state-partial" not in home + page
    assert "Not answered yet" not in page


def test_a_report_changed_after_sending_shows_what_it_said(site: Moved) -> None:
    """The revision, each changed answer with the one before, who changed it and when; not of the draft."""
    say(site, *WELL[:-1], "edit 3", "A second meeting", "1")
    _, page = shown(site)
    assert "Before:" not in page
    say(site, "edit 3", "A third meeting", "later", "edit 6", "The mayor came", "later")
    _, page = shown(site)
    assert "Revision 3" in page
    assert "A third meeting" in page
    assert "Before: A second meeting" in page
    assert "A first meeting" not in page
    assert "Before: Skipped" in page
    by = "<bdi>Person 1 Demo</bdi> · Monday 23 November, 10:1"
    assert page.count(by) == 3  # who sent it, and both changes
    say(site, "edit 5", "2", "A delay", "2", "later")
    assert shown(site)[1].count("Added after sending") == 2
