"""Whose answer each line of a message is."""

import pytest

from bot import engine
from bot.blank import blank
from bot.values import Heard
from tests.filling import a_filling, after
from tests.xlsform import choices, form_of, survey

FORM = form_of(
    survey(
        "select_one yes_no | open | Is it open? | | yes",
        "integer | people | How many people? | ${open} = 'yes' | yes",
        "text | why | Why: in short | | yes",
        "select_multiple day | days | Which days? | | yes",
        "text | more | Anything more? | | ",
        columns="type | name | label | relevant | required",
    )
    + choices("yes_no | yes | Yes", "yes_no | no | No", "day | mon | Monday", "day | tue | Tuesday")
)
WHOLE = {"open": "yes", "people": 12, "why": "Rain", "days": ["mon", "tue"], "more": None}
LINES = [
    pytest.param("open: yes\npeople: 12\nwhy: Rain\ndays: 1 2\nmore: -", WHOLE, id="names"),
    pytest.param("more=-\ndays=1,2\nwhy=Rain\npeople=12\nopen=yes", WHOLE, id="any-order-and-equals"),
    pytest.param("OPEN：1\nHow many：12\n3：Rain\nWhich：1 2\n5：-", WHOLE, id="beginnings-and-numbers"),
    pytest.param("1) yes 2) 12 3) Rain 4) 1 2 5) -", WHOLE, id="numbers-in-one-line"),
    pytest.param("1. yes 2. 12 3. Rain 4. mon,tue 5. -", WHOLE, id="dots-in-one-line"),
    pytest.param("١) ١ ٢) ١٢ ٣) Rain ٤) ١ ٢ ٥) -", WHOLE, id="arabic-digits-in-one-line"),
    pytest.param("\u200f1) yes\n\u20682) 12\u2069", {"open": "yes", "people": 12}, id="marks-of-direction"),
    pytest.param("why: in short: wet\nopen: no", {"why": "wet", "open": "no"}, id="a-colon-in-the-label"),
    pytest.param(
        "why: it was: wet\nopen: no", {"why": "it was: wet", "open": "no"}, id="a-colon-in-the-text"
    ),
    pytest.param("why: wet\nand cold\nopen: no", {"why": "wet\nand cold", "open": "no"}, id="a-text-goes-on"),
    pytest.param("people: 12", {}, id="not-asked-yet"),
    pytest.param("people: 12\nopen: yes", {"people": 12, "open": "yes"}, id="asked-by-a-later-line"),
    pytest.param("open: yes", {"open": "yes"}, id="one-name-where-a-text-cannot-be"),
    pytest.param("open:\npeople:\nwhy: wet", {"why": "wet"}, id="gaps"),
    pytest.param("1) Yes\n2) Yes", {"open": "yes"}, id="a-wrong-line-keeps-the-rest"),
    pytest.param("Is it 12:30 now?", {}, id="a-time-is-no-name"),
    pytest.param("1) yes\n1) no", {}, id="a-number-twice-is-not-guessed"),
]


@pytest.mark.parametrize(("text", "given"), LINES)
def test_each_line_is_read_for_the_question_it_names(text: str, given: dict[str, object]) -> None:
    """By name, label or number, in any order; what cannot be read is no answer."""
    assert engine.step(a_filling(FORM), Heard(text=text)).filling.session.given == given


TEXTS = [
    "Rain: a lot of it",
    "why: Rain",
    "Weather: wet\nRoads: bad",
    "1) Rain 2) Mud",
    "We met. 3) is open",
    "3) Rain 4) no such day",
    "Only this:\n- one\n- two",
    "http://example.org/why: a page",
    "0) nobody",
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_that_only_looks_so_stays_a_text(text: str) -> None:
    """At a text question two lines must name questions, or the numbers begin at the open one and read."""
    at_text = after(a_filling(FORM), "yes", "12")
    assert engine.step(at_text, Heard(text=text)).changes == (("why", text),)


def test_unknown_names_are_told() -> None:
    """A line whose name is no question's is listed, not joined to the text before it."""
    turn = engine.step(a_filling(FORM), Heard(text="open: no\nwhy: Rain\nweather: wet"))
    assert dict(turn.changes) == {"open": "no", "why": "Rain"}
    assert "weather: wet" in turn.first


def test_a_short_label_of_one_word_is_no_answer() -> None:
    """A filled form leaves out what stands in brackets at a label's end; its gap stays one."""
    filling = a_filling(form_of(survey("text | town | Town (1 or 2)", "text | why | Why?")))
    assert blank(filling, "Form:", "sms").splitlines()[1] == "1) Town: "
    turn = engine.step(filling, Heard(text="1) Town:\n2) Why? Rain"))
    assert turn.changes == (("why", "Rain"),)


def test_a_name_that_two_labels_begin_with_is_no_name() -> None:
    """Never guessed: both lines are told."""
    form = form_of(
        survey("integer | a | People who came", "integer | b | People who left", "text | c | Note")
    )
    turn = engine.step(a_filling(form), Heard(text="a: 5\nPeople who: 3"))
    assert dict(turn.changes) == {"a": 5}
    assert "People who: 3" in turn.first


def test_the_refused_line_is_asked_first_with_its_reason() -> None:
    """A constraint says why, also where an earlier question is still a gap."""
    turn = engine.step(a_filling(), Heard(text="status: 1\nlag_met: yes\nlag_people: 900"))
    assert turn.filling.session.at == "lag_people"
    assert "from 1 to 500" in turn.first


def test_names_in_a_repeat_are_those_of_the_open_round() -> None:
    """`spent` of the second line is not that of the first."""
    filling = after(a_filling("budget_report"), "1\n100\n-\n1\n-\nyes")
    turn = engine.step(filling, Heard(text="line: travel\nspent: 50"))
    assert dict(turn.changes) == {"lines[2]/line": "travel", "lines[2]/spent": 50}


def test_numbers_in_a_repeat_are_those_shown() -> None:
    """`8)` is the second round's amount when it is shown as 8/14."""
    filling = after(a_filling("budget_report"), "1\n100\n-\n1\n-\nyes")
    turn = engine.step(filling, Heard(text="7) travel 8) 50 9) - 10) 1"))
    assert list(dict(turn.changes)) == [
        f"lines[2]/{name}" for name in ("line", "spent", "committed", "versus")
    ]


def test_an_edit_reads_names_too() -> None:
    """Only what differs is a change."""
    filling = after(a_filling(FORM), "open: no\nwhy: Rain")
    turn = engine.change(filling, ("open", "why"), Heard(text="open: no\nwhy: Mud"))
    assert dict(turn.changes) == {"why": "Mud"}
