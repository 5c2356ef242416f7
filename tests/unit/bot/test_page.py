"""A field-list group: its questions are offered with the open one, and answered a line each."""

import pytest

from bot import engine
from bot.asking import ask
from bot.forms.form import Form
from bot.values import Heard
from channels.fitting import written
from tests.filling import a_filling, after
from tests.xlsform import choices, form_of, survey

COLUMNS = "type | name | label | required | relevant | appearance"


def a_page(*rows: str, label: str = "The visit") -> Form:
    """Return a form with one page of these questions between two others."""
    return form_of(
        survey(
            "text | who | Who reports? | yes | | ",
            f"begin group | visit | {label} | | | field-list",
            *rows,
            "end group | | | | | ",
            "text | end | The end? | yes | | ",
            columns=COLUMNS,
        )
        + choices("yes_no | yes | Yes", "yes_no | no | No")
    )


VISIT = a_page(
    "integer | people | How many people? | yes | | ",
    "select_one yes_no | open | Is it open? | yes | | ",
    "text | why | Why not? | yes | ${open} = 'no' | ",
    "image | photo | A photo? | | | ",
    "text | note | A remark? | | | ",
)


def shown(form: Form, *replies: str) -> str:
    """Return what is asked after these replies, with its numbered options."""
    message = ask(after(a_filling(form), *replies))
    assert message is not None
    return written(message)


def test_the_rest_of_the_page_stands_below_a_question_without_options() -> None:
    """In the order in which lines answer it; a photo cannot be written, `why` is not asked so far."""
    assert shown(VISIT, "Awa").splitlines() == [
        "The visit",
        "2/6 How many people?",
        "You may add below your answer, one line each:",
        "3) Is it open? (1 Yes/2 No)",
        "5) A remark?",
    ]


def test_options_stay_right_below_their_question() -> None:
    """What may be added stands above the open question then; the heading is said once a page."""
    assert shown(VISIT, "Awa", "12").splitlines() == [
        "You may add below your answer, one line each:",
        "5) A remark?",
        "3/6 Is it open?",
        "1. Yes",
        "2. No",
    ]


def test_the_message_belongs_to_the_open_question_alone() -> None:
    message = ask(after(a_filling(VISIT), "Awa", "12"))
    assert message is not None
    assert (message.question, message.options) == ("visit/open", ("Yes", "No"))


def test_a_question_outside_the_page_offers_nothing() -> None:
    assert shown(VISIT) == "1/6 Who reports?"


def test_what_an_answer_makes_asked_is_offered_then() -> None:
    assert "4) A remark?" not in shown(VISIT, "Awa", "12", "no")
    assert shown(VISIT, "Awa", "12", "no").splitlines()[0] == "4/7 Why not?"


def test_nothing_can_be_written_below_a_photo() -> None:
    assert shown(VISIT, "Awa", "12", "yes") == "4/6 A photo? (- to skip)"


def test_a_page_of_one_question_is_an_ordinary_question_under_its_heading() -> None:
    form = a_page("integer | people | How many people? | yes | | ")
    assert shown(form, "Awa").splitlines() == ["The visit", "2/3 How many people?"]


def test_a_heading_shows_answers() -> None:
    form = a_page("integer | people | How many? | yes | | ", label="The visit of ${who}")
    assert shown(form, "Awa").startswith("The visit of Awa\n")


def test_a_doubt_is_asked_without_the_page() -> None:
    """One thing is asked at a time."""
    filling = engine.doubt(after(a_filling(VISIT), "Awa"), 12)
    message = ask(filling)
    assert message is not None
    assert "A remark?" not in message.text


def a_long_page(label: int, questions: int = 4) -> Form:
    """Return a form whose page has questions with options and labels of this many characters."""
    return a_page(*(f"select_one yes_no | q{n} | {n}{'x' * label} | yes | | " for n in range(questions)))


@pytest.mark.parametrize("label", range(60, 160, 7))
def test_a_question_with_its_page_is_never_longer_than_480_characters(label: int) -> None:
    assert len(shown(a_long_page(label), "Awa")) <= 480


def test_what_has_no_room_is_left_out_options_first() -> None:
    """Then the labels: what is left is how many questions there are."""
    assert "(1 Yes/2 No)" in shown(a_long_page(60), "Awa")
    assert "3) 1xx" in shown(a_long_page(90), "Awa")
    assert "(1 Yes" not in shown(a_long_page(90), "Awa")
    assert shown(a_long_page(150), "Awa").splitlines()[1] == (
        "3 more questions can be answered in the same message, one line each."
    )


LINES = [
    pytest.param("12\nno", {"people": 12, "open": "no"}, id="the-first-ones"),
    pytest.param("12\nyes\nAll well", {"people": 12, "open": "yes", "note": "All well"}, id="past-the-photo"),
    pytest.param("5) All well\n2) 12", {"people": 12, "note": "All well"}, id="by-number"),
    pytest.param("note: All well\npeople: 12", {"people": 12, "note": "All well"}, id="by-name"),
    pytest.param("12\nyes\n-", {"people": 12, "open": "yes", "note": None}, id="a-dash"),
    pytest.param("12\nperhaps\nAll well", {"people": 12}, id="what-follows-an-unread-line-that-decides"),
]


@pytest.mark.parametrize(("text", "given"), LINES)
def test_lines_answer_the_page_as_it_was_shown(text: str, given: dict[str, object]) -> None:
    turn = engine.step(after(a_filling(VISIT), "Awa"), Heard(text=text))
    assert dict(turn.changes) == {f"visit/{name}": value for name, value in given.items()}


def test_lines_go_to_the_open_page_also_where_an_earlier_question_is_a_gap() -> None:
    """The question before the page was left with `edit`; its turn comes later."""
    filling = engine.go_to(a_filling(VISIT), 2)
    assert filling is not None
    assert dict(engine.step(filling.filling, Heard(text="12\nyes")).changes) == {
        "visit/people": 12,
        "visit/open": "yes",
    }


NAMES = a_page(
    "text | name | Name? | yes | | ",
    "integer | age | Age? | yes | | ",
    "text | role | Role? | yes | | ",
)


@pytest.mark.parametrize(
    ("text", "given"),
    [
        pytest.param("Awa\n31\nMayor", {"name": "Awa", "age": 31, "role": "Mayor"}, id="a-line-each"),
        pytest.param("Awa\nDiop", {"name": "Awa\nDiop"}, id="too-few-lines"),
        pytest.param("Awa\nDiop\nSow", {"name": "Awa\nDiop\nSow"}, id="lines-that-do-not-answer"),
    ],
)
def test_a_text_is_parted_only_where_every_line_answers(text: str, given: dict[str, object]) -> None:
    turn = engine.step(after(a_filling(NAMES), "Idrissa"), Heard(text=text))
    assert dict(turn.changes) == {f"visit/{name}": value for name, value in given.items()}


def test_a_text_that_may_have_lines_keeps_them() -> None:
    form = a_page("text | story | Story? | yes | | multiline", "text | moral | Moral? | yes | | ")
    turn = engine.step(after(a_filling(form), "Awa"), Heard(text="Once\nupon"))
    assert dict(turn.changes) == {"visit/story": "Once\nupon"}


def test_a_text_is_not_parted_where_the_page_was_only_counted() -> None:
    """Nobody can answer questions that were not shown."""
    form = a_page(*(f"text | t{n} | {n}{'x' * 200} | yes | | " for n in range(3)))
    turn = engine.step(after(a_filling(form), "Awa"), Heard(text="One\ntwo\nthree"))
    assert dict(turn.changes) == {"visit/t0": "One\ntwo\nthree"}


STOPS = form_of(
    survey(
        "begin repeat | stop | Stop | yes | | field-list",
        "text | name | Name? | yes | | ",
        "integer | benches | Benches? | yes | | ",
        "end repeat | | | | | ",
        columns=COLUMNS,
    )
)


def test_a_round_of_a_repeat_is_a_page() -> None:
    """Only the open round is offered, and "another one?" is asked when it is over."""
    assert shown(STOPS).splitlines()[-1] == "2) Benches?"
    second = after(a_filling(STOPS), "Gate\n2", "yes")
    message = ask(second)
    assert message is not None
    assert message.text.splitlines() == [
        "Stop",
        "4/6 Name?",
        "You may add below your answer, one line each:",
        "5) Benches?",
    ]
    assert dict(engine.step(second, Heard(text="Port\n3")).changes) == {
        "stop[2]/name": "Port",
        "stop[2]/benches": 3,
    }
