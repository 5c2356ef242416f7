"""What is told of a form: its gaps in each language, its weight, what changed, all in any language."""

import pytest

from bot.forms.changes import Change, changes
from bot.forms.coverage import coverage, gaps
from bot.forms.findings import first_missing, headline, weighed
from bot.forms.form import Form
from bot.forms.outline import UNLABELLED
from bot.forms.places import place_in_words
from bot.forms.read import read_form
from bot.forms.weight import weigh
from bot.sentence import spoken
from griot.settings import data_folder
from griot.voices import voices
from tests.xlsform import choices, survey

COLUMNS = "type | name | label::English (en) | label::French (fr) | relevant | required"
BEFORE = survey(
    "select_one yn | met | Met? | Réunion ? | |", "text | place | Where? | | ${met} = 'y' |", columns=COLUMNS
) + choices("yn | y | Yes", "yn | n | No")


def form_of(text: str) -> Form:
    """Return the form of a text."""
    return read_form(text.encode(), "f.md")


def test_each_language_has_its_gaps() -> None:
    """Of the bot's languages also those that the form does not know; a fallback makes them warnings."""
    texts = (("survey, row 2, label", {"en": "Met?"}), ("survey, row 2, hint", {"en": "A", "fr": "B"}))
    found = coverage(texts)
    assert found["en"]["labels"].missing == ()
    assert found["fr"]["labels"].missing == ("survey, row 2, label",)
    assert found["fr"]["hints"].missing == ()
    assert [problem.where for problem in gaps(found)] == ["survey, row 2, label"] * 3
    assert all("English is said instead" in problem.message for problem in gaps(found, "en"))
    own, *_ = (problem for problem in gaps(found, "fr") if problem.message.startswith("Français"))
    assert own.message == "Français: 1 of 2 texts are missing; another language is said instead."
    assert first_missing(own).endswith(" The first: survey, row 2, label.")


def test_a_column_without_a_language_is_the_fallbacks() -> None:
    """As it is said."""
    texts = (("survey, row 2, label", {UNLABELLED: "Met?"}),)
    assert coverage(texts, "fr")["fr"]["labels"].missing == ()
    assert coverage(texts)["fr"]["labels"].missing == ("survey, row 2, label",)


def test_a_page_is_one_message_and_a_repeat_asks_for_another() -> None:
    """Conditions leave the shortest way; "another one?" is a message of the longest."""
    form = form_of(
        survey(
            "begin_group | page | P | field-list |",
            "text | a | A | |",
            "text | b | B | |",
            "end_group | | | |",
            "text | c | C | | ${a} = 'x'",
            "begin_repeat | r | R | |",
            "text | d | D | |",
            "end_repeat | | | |",
            columns="type | name | label | appearance | relevant",
        )
    )
    weight = weigh(form, lambda text: 1)
    assert (weight.shortest, weight.longest) == (3, 4)
    assert next(weighed(weight, {})) == "3 to 4 messages"
    always = weigh(form_of(survey("text | a | A")), lambda text: 1)
    assert next(weighed(always, {})) == "Messages: 1"


def test_what_changed_is_told_question_by_question() -> None:
    """Texts by language, rules, choices; what was removed comes last."""
    after = BEFORE.replace("Met?", "Did you meet?").replace("| ${met} = 'y' |", "| | yes")
    after = after.replace("| place |", "| where |").replace("n | No", "n | Not")
    found = changes(form_of(BEFORE), form_of(after))
    assert Change("label", "met", "Met?", "Did you meet?", "en") in found
    assert [(one.kind, one.question) for one in found[-2:]] == [("added", "where"), ("removed", "place")]
    assert [one.kind for one in found if one.question == "met: n"] == ["choice_label"]
    assert changes(form_of(BEFORE), form_of(BEFORE)) == ()


@pytest.mark.parametrize("language", ["en", "fr", "pt", "ar"])
def test_all_that_is_told_is_said_in_the_officers_language(language: str) -> None:
    """English words stay only in English."""
    say, form = voices(data_folder("locales"))[language], form_of(BEFORE)
    told = [headline(form), *weighed(weigh(form, lambda text: 3), {})]
    said = [spoken(line, say) for line in (*told, place_in_words("survey, row 3, label"))]
    assert len(said) == 1 + 1 + 2 * (1 + 2) + 1
    english = [*map(str, told), "survey, row 3, label"]
    same = [one for one, other in zip(said, english, strict=True) if one == other]
    assert same == (english if language == "en" else [])


def test_advice_of_the_reader_is_told_in_our_words_with_its_place() -> None:
    """What concerns no chat, or is told otherwise, is left out."""
    form = form_of(
        survey(
            "select_one yn | a | A", "image | p | P", "begin_repeat | g | ", "text | b | B", "end_repeat | | "
        )
        + choices("yn | y | Yes", "yn | n | ")
    )
    assert form.warnings == (
        "choices, row 3, label: The choice has no label.",
        "survey, row 4: The group or repeat has no label.",
    )
