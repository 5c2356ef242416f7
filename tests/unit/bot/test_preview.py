"""A form before it is published: every question is shown, whatever it depends on."""

from bot.preview import MOST, preview
from channels.fitting import written
from tests.conversations.stage import VOICES
from tests.xlsform import AT, choices, form_of, paths, sheet_of, survey

LINES = survey(
    "select_one kind | kind | What kind? | ",
    "text | which | Which one? | ${kind} = 'other'",
    "begin group | more | More | ${kind} = 'never'",
    "integer | many | How many of ${which}? | ",
    "end group | | | ",
    "note | thanks | Thank you | ",
    columns="type | name | label | relevant",
) + choices("kind | tool | Tool", "kind | other | Other")
SHOWN = preview(form_of(LINES), VOICES["en"], AT, {})


def test_every_question_is_shown_in_order() -> None:
    """Conditions are not looked at, a note goes with a question and is none itself."""
    assert [one.question.path for one in SHOWN] == ["kind", "which", "more/many"]
    assert written(SHOWN[0].message).splitlines()[0] == "1/3 What kind? (- to skip)"
    assert SHOWN[0].message.options == ("Tool", "Other")


def test_a_condition_is_told_also_that_of_a_group() -> None:
    assert [one.is_conditional for one in SHOWN] == [False, True, True]


def test_what_a_label_shows_of_an_answer_is_there() -> None:
    """The questions before are answered with samples, so no label has a hole."""
    assert "How many of …?" in SHOWN[2].message.text


def test_lists_that_depend_on_one_another_show_options() -> None:
    text = (
        "| survey |\n| | type | name | label | choice_filter |\n| | select_one land | land | Land? | |\n"
        "| | select_one town | town | Town? | land = ${land} |\n"
        "| choices |\n| | list_name | name | label | land |\n"
        "| | land | ml | Mali | |\n| | land | ne | Niger | |\n"
        "| | town | bko | Bamako | ml |\n| | town | nim | Niamey | ne |\n"
    )
    assert preview(form_of(text), VOICES["en"], AT, {})[1].message.options == ("Bamako",)


def test_a_repeat_is_asked_once_and_a_count_does_not_hide_it() -> None:
    text = survey(
        "integer | people | How many? | ",
        "begin repeat | person | Person | ${people}",
        "text | name | Name? | ",
        "end repeat | | | ",
        columns="type | name | label | repeat_count",
    )
    assert [one.question.path for one in preview(form_of(text), VOICES["en"], AT, {})][:2] == [
        "people",
        "person/name",
    ]


def test_a_long_form_is_cut() -> None:
    long = survey(*(f"text | q{n} | Question {n}" for n in range(MOST + 5)))
    assert len(preview(form_of(long), VOICES["en"], AT, {})) == MOST


def test_a_city_is_named_where_the_form_asks_for_it() -> None:
    text = survey("hidden | city | ", "text | idea | An idea for ${city}?")
    shown = preview(form_of(text), VOICES["ar"], AT, {"city": "باماكو"})
    assert "باماكو" in shown[0].message.text


def test_a_preview_leaves_no_trace_in_the_form() -> None:
    """It lays the form out with every question relevant; nobody's report may begin with that."""
    form = form_of(
        survey(
            "hidden | city | | ",
            "text | a | A | ",
            "note | never | Never | false()",
            "note | elsewhere | Elsewhere | ${city} = 'Niamey'",
            columns="type | name | label | relevant",
        )
    )
    preview(form, VOICES["en"], AT, {"city": "Bamako"})
    assert paths(sheet_of(form, {}, {"city": "Bamako"})) == ["a"]
