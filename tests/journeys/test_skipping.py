"""An optional question passed with its button, through the real processes."""

import json
from pathlib import Path

import pytest

from tests.site import FIRST_PERSON, SECRET, TOKEN, a_site
from tests.standin import StandIn
from tests.standin.phone import Phone, webhook

SPOKEN = {"en": "Skip", "fr": "Passer", "pt": "Saltar", "ar": "تخطي"}
CITIES = {"en": "kampala", "fr": "bamako", "pt": "matola", "ar": "nouakchott"}
WRITTEN = ("Kiosk", "Queues", "A kiosk at the market", "40")


@pytest.mark.timeout(60)
def test_what_is_optional_is_skipped_by_a_tap_on_telegram(tmp_path: Path, site_database: str) -> None:
    """The question names no key; the button of an earlier question changes nothing; the rest is as typed."""
    with (
        StandIn(token=TOKEN) as provider,
        a_site(
            tmp_path, provider.url, [(CITIES[language], language) for language in SPOKEN], site_database
        ) as site,
    ):
        for number, (language, skip) in enumerate(SPOKEN.items()):
            phone = Phone(webhook(site.url, SECRET), provider, FIRST_PERSON + number, language)
            phone.ask("/report good_practice")
            for text in WRITTEN:
                phone.ask(text)
            advice = phone.messages()[-1]
            assert [label for label, _ in advice.buttons] == [skip]
            assert not advice.text.rstrip().endswith(")")
            phone.press(1)
            assert phone.wait_for_reply().text.startswith("6/7")
            phone.press(1, advice)
            assert phone.wait_for_reply().text.splitlines()[-1].startswith("6/7")
            phone.press(1)
            assert "7/7" in phone.wait_for_reply().text
            phone.ask("1")
            phone.ask("send")
        sent = {
            row["language"]: row
            for row in json.loads(site.griot("export", "submissions", "--format", "json"))
        }
    for language in SPOKEN:
        answers = sent[language]["answers"]
        assert (sent[language]["state"], answers["advice"], answers["photo"]) == ("submitted", None, None)
        assert answers["result"] == "40"
