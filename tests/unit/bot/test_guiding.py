"""What is told about the open question: examples that it takes, help that fits a phone."""

from dataclasses import replace

import pytest

from bot.engine import step
from bot.forms.form import Form
from bot.forms.read import read_form
from bot.guiding import example_of, how_to
from bot.session import Filling, askable, moved_to
from bot.values import LANGUAGES, Heard
from channels.sms_text import folded, parts
from griot.settings import data_folder
from griot.voices import voices
from tests.filling import NINE, a_filling, form_named

VOICES = voices(data_folder("locales"))
LOCALES = {"en": "en_GB", "fr": "fr_FR", "pt": "pt_MZ", "ar": "ar_MA"}
ROWS = {
    "whole": "integer | whole | Q |  |",
    "within": "integer | within | Q | . > 40 and . < 60 |",
    "parts": "decimal | parts | Q | . < 1 |",
    "ahead": "date | ahead | Q | . > today() |",
    "long ago": "date | old | Q | . < '2026-01-01' |",
    "one": "select_one l | one | Q | . != 'b' |",
    "some": "select_multiple l | some | Q | count-selected(.) < 2 |",
    "place": "geopoint | place | Q | |",
    "words": "text | words | Q | |",
    "range": "range | scale | Q | . > 4 | start=2 end=10 step=2",
}


def _form(row: str, choices: str = "abc") -> Form:
    lines = (
        "| survey |",
        "| | type | name | label | constraint | parameters |",
        f"| | {row} |",
        "| choices |",
        "| | list_name | name | label |",
        *(f"| | l | {name} | {name.upper()} |" for name in choices),
        "| settings |",
        "| | form_title | form_id | version |",
        "| | F | f | 1 |",
    )
    return read_form("\n".join(lines).encode(), "f.md")


def _in(language: str, filling: Filling) -> Filling:
    return replace(filling, say=VOICES[language].of(LOCALES[language]))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
def test_an_example_is_an_answer_that_the_question_takes(row: str, language: str) -> None:
    """In each language, constraint included."""
    filling = _in(language, a_filling(_form(row)))
    shown = example_of(filling)
    assert shown
    assert len(step(filling, Heard(text=shown)).changes) == 1


@pytest.mark.parametrize("name", NINE)
def test_every_question_of_the_programme_has_an_example(name: str) -> None:
    """Each one that is asked before anything is answered, attachments excepted."""
    filling = a_filling(form_named(name), {"activities_planned": 20, "people": 20, "met_on": "2026-11-20"})
    for at in askable(filling.sheet()):
        shown = example_of(moved_to(filling, at.path))
        assert bool(shown) != (at.question.type in ("image", "file")), at.path


def test_there_is_no_example_where_none_was_found() -> None:
    """None is shown that would be refused."""
    assert example_of(a_filling(_form("text | code | Q | regex(., '^[A-Z]{3}$') |"))) == ""
    assert example_of(a_filling(_form("integer | many | Q | . = 77 |"))) == ""


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("row", [*ROWS.values(), "image | photo | Q | |"], ids=[*ROWS, "photo"])
def test_help_is_short(row: str, language: str) -> None:
    """At most 250 characters, and two parts of an SMS in Latin letters."""
    text = how_to(_in(language, a_filling(_form(row))))
    assert len(text) <= 250
    assert language == "ar" or parts(folded(text)) <= 2


def test_help_says_how_to_skip_only_where_one_may() -> None:
    """And a doubt is settled by yes or no."""
    optional, required = a_filling(_form("text | a | Q | |")), a_filling("weekly_update")
    assert "(-)" in how_to(optional)
    assert "(-)" not in how_to(required)
    doubtful = step(a_filling(_form("integer | a | Q | |")), Heard(text="12.500")).filling
    assert how_to(doubtful).startswith("Reply with yes or no.")
    assert example_of(doubtful) == "Yes"
    assert how_to(replace(optional, session=replace(optional.session, at=None))) == ""


@pytest.mark.parametrize(
    ("row", "choices", "said"),
    [
        ("select_multiple l | some | Q | |", "ab", "such as 1 2."),
        ("select_multiple l | some | Q | |", "abc", "such as 1 3."),
        ("select_multiple l | some | Q | count-selected(.) < 2 |", "abc", "such as 1."),
        ("rank l | order | Q | |", "ab", "such as 2 1."),
        ("text | words | Q | |", "a", "in one message or several."),
    ],
)
def test_help_names_what_the_question_takes(row: str, choices: str, said: str) -> None:
    """No number that no choice has, nor more of them than may be chosen."""
    form = _form(row, choices)
    assert said in how_to(_in("en", a_filling(form)))
