"""What each text costs as SMS, in the languages of the cities: never more than its ceiling."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.values import LANGUAGES
from tests import sms_parts
from tests.sms_parts import CEILINGS, Measured, faults_in

PAGE = Path(__file__).parents[3] / "docs" / "channels" / "sms.md"


@pytest.fixture(scope="module")
def most() -> Mapping[tuple[str, str], Measured]:
    """Return the most parts that each kind takes in each language."""
    return sms_parts.measured()


def test_each_text_keeps_its_ceiling(most: Mapping[tuple[str, str], Measured]) -> None:
    """Every kind is measured in every language, and a ceiling is no higher than it must be."""
    assert list(faults_in(most)) == []
    for kind, ceilings in CEILINGS.items():
        assert tuple(most[kind, language].parts for language in LANGUAGES) == ceilings


def test_a_text_over_its_ceiling_is_named(most: Mapping[tuple[str, str], Measured]) -> None:
    grown = {**most, ("reminder", "pt"): Measured(3, "Um texto mais longo")}
    [fault] = faults_in(grown)
    assert fault == "SMS: reminder in pt takes 3 parts of 2 it may: 'Um texto mais longo'"


def test_the_page_tells_the_ceilings() -> None:
    """The table in docs/channels/sms.md is what is measured."""
    page = PAGE.read_text(encoding="utf-8")
    for kind, ceilings in CEILINGS.items():
        assert f"| `{kind}` | {' | '.join(map(str, ceilings))} |" in page
