"""Values that questions begin with: which are carried together, which are kept, which are suggested."""

import pytest

from bot.forms.form import Form
from bot.forms.read import read_form
from bot.last_time import carried, kept, suggested
from bot.session import Filling, askable
from bot.values import Value
from tests.filling import a_filling

HEADER = "| | type | name | label | relevant | constraint | default | choice_filter |"


def _form(*rows: str) -> Form:
    lines = (
        "| survey |",
        HEADER,
        *(f"| | {row} |" for row in rows),
        "| choices |",
        "| | list_name | name | label | of |",
        *(f"| | l | {name} | {name.upper()} | {of} |" for name, of in (("a", "x"), ("b", "x"), ("c", "y"))),
        "| settings |",
        "| | form_title | form_id | version |",
        "| | F | f | 1 |",
    )
    return read_form("\n".join(lines).encode(), "f.md")


def _carried(rows: tuple[str, ...], last: dict[str, Value], **given: Value) -> dict[str, Value]:
    return dict(carried(a_filling(_form(*rows), given, previous=last)))


CHAIN = (
    "integer | one | Q | | | ${last-saved#one} |",
    "text | two | Q | ${one} > 1 | | ${last-saved#two} |",
    "text | three | Q | ${two} = 'go' | | ${last-saved#three} |",
)


@pytest.mark.parametrize(
    ("last", "found"),
    [
        pytest.param(
            {"one": 2, "two": "go", "three": "on"}, {"one": 2, "two": "go", "three": "on"}, id="all"
        ),
        pytest.param({"one": 2, "two": "stay", "three": "on"}, {"one": 2, "two": "stay"}, id="not the last"),
        pytest.param({"one": 1, "two": "go"}, {"one": 1}, id="only the first"),
        pytest.param({"two": "go", "three": "on"}, {}, id="the first had no answer"),
        pytest.param({}, {}, id="no report before"),
    ],
)
def test_relevance_follows_what_is_carried(last: dict[str, Value], found: dict[str, Value]) -> None:
    """What a carried answer makes relevant is carried, what is not relevant is not."""
    assert _carried(CHAIN, last) == found


def test_what_was_answered_already_stays() -> None:
    """Only questions without an answer carry one."""
    assert _carried(CHAIN, {"one": 2, "two": "go"}, one=5) == {"two": "go"}
    assert _carried(CHAIN, {"one": 2, "two": "go"}, one=1) == {}


@pytest.mark.parametrize(
    ("row", "value"),
    [
        pytest.param("integer | q | Q | | . < 10 | ${last-saved#q} |", 12, id="constraint"),
        pytest.param("select_one l | q | Q | | | ${last-saved#q} | of = 'x'", "c", id="choice filter"),
        pytest.param("select_one l | q | Q | | | ${last-saved#q} |", ["a"], id="another shape"),
        pytest.param("select_one l | q | Q | | | ${last-saved#q} |", "z", id="an option no more"),
        pytest.param("image | q | Q | | | |", {"type": "image", "name": "a.jpg"}, id="an attachment"),
        pytest.param("text | q | Q | | | |", "as before", id="not carried"),
        pytest.param("text | q | Q | | | before |", "as before", id="a default of another kind"),
    ],
)
def test_what_holds_no_more_is_not_carried(row: str, value: Value) -> None:
    """Each value was an answer of last time."""
    assert _carried((row,), {"q": value}) == {}


def test_several_options_are_carried_as_they_were() -> None:
    """A list stays a list."""
    assert _carried(("select_multiple l | q | Q | | | ${last-saved#q} |",), {"q": ["a", "c"]}) == {
        "q": ["a", "c"]
    }


def test_answers_that_exclude_one_another_are_not_carried() -> None:
    """Each makes the other irrelevant: the person decides."""
    rows = (
        "text | here | Q | ${there} = '' | | ${last-saved#here} |",
        "text | there | Q | ${here} = '' | | ${last-saved#there} |",
    )
    assert len(_carried(rows, {"here": "a", "there": "b"})) <= 1


@pytest.mark.parametrize(
    ("row", "value"),
    [
        pytest.param("integer | q | Q | | | 12 |", 12, id="number"),
        pytest.param("decimal | q | Q | | | 1.5 |", 1.5, id="decimal"),
        pytest.param("select_one l | q | Q | | | b |", "b", id="option"),
        pytest.param("select_multiple l | q | Q | | | a c |", ["a", "c"], id="options"),
        pytest.param("date | q | Q | | | today() |", "2026-11-23", id="calculated"),
        pytest.param("date | q | Q | | | now() |", "2026-11-23", id="day of a time"),
        pytest.param("dateTime | q | Q | | | now() |", "2026-11-23T10:30", id="now"),
        pytest.param("time | q | Q | | | 10:30:00 |", "10:30", id="time"),
        pytest.param("date | q | Q | | | soon |", None, id="no date"),
        pytest.param("decimal | q | Q | | | 1 div 0 |", None, id="no finite number"),
        pytest.param("text | q | Q | | | Niamey |", "Niamey", id="text"),
        pytest.param("integer | q | Q | | | many |", None, id="no number"),
        pytest.param("integer | q | Q | | . > 20 | 12 |", None, id="refused by the constraint"),
    ],
)
def test_a_suggestion_has_the_type_of_the_answer(row: str, value: Value) -> None:
    """And `=` keeps it."""
    filling: Filling = a_filling(_form(row))
    sheet = filling.sheet()
    (at,) = askable(sheet)
    assert suggested(sheet, at) == value
    assert kept(filling, sheet, at) == value


def test_what_is_kept_without_a_default() -> None:
    """The answer of last time, as it always was."""
    filling = a_filling(_form("text | q | Q | | | |"), previous={"q": "as before"})
    (at,) = askable(filling.sheet())
    assert suggested(filling.sheet(), at) is None
    assert kept(filling, filling.sheet(), at) == "as before"
