"""Whatever form is sent blank: filled in and sent back it gives exactly the answers that were written."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.blank import blank
from bot.forms.form import Form
from bot.lines import addressed, in_writing
from bot.session import Filling
from bot.several import read_report
from bot.values import Value
from channels.sms_text import folded
from tests.filling import NINE, a_filling
from tests.xlsform import choices, form_of, survey

WORDS = st.sampled_from(
    [
        "How",
        "many",
        "people",
        "Où en est",
        "le jalon :",
        "why?",
        "(1 or 2)",
        "Etat = a",
        "ما أهم",
        "نشاط؟",
        "2026",
        "-",
    ]
)
LABELS = st.tuples(st.sampled_from(["Town", "نشاط", "Où"]), st.lists(WORDS, max_size=5)).map(
    lambda drawn: " ".join((drawn[0], *drawn[1]))
)
TEXTS = st.lists(
    st.sampled_from(["rain", "at 12:30", "we met: twice", "(all of us)", "why?", "لقاء", "a = b", "5"]),
    min_size=1,
    max_size=5,
).map(lambda words: "Seen " + " ".join(words))
KINDS = ("text", "integer", "select_one place", "select_multiple place", "date")
PLACES = choices("place | hall | Town hall (old)", "place | market | Market: east", "place | port | Port?")
ANSWERS: dict[str, st.SearchStrategy[tuple[str, Value]]] = {
    "text": TEXTS.map(lambda text: (text, text)),
    "integer": st.integers(0, 999).map(lambda number: (str(number), number)),
    "select_one": st.sampled_from([("1", "hall"), ("Market: east", "market"), ("٣", "port")]),
    "select_multiple": st.sampled_from([("1 3", ["hall", "port"]), ("2", ["market"])]),
    "date": st.just(("15/09/2026", "2026-09-15")),
}


@st.composite
def _forms(draw: st.DrawFn) -> Form:
    """Draw a form of a few questions, all asked."""
    rows = [
        f"{draw(st.sampled_from(KINDS))} | q{number} | {draw(LABELS)}"
        for number in range(1, draw(st.integers(2, 7)))
    ]
    return form_of(survey(*rows) + PLACES)


def _sent_back(filling: Filling, text: str) -> dict[str, Value]:
    below = text.partition("\n")[2]
    lines = addressed(filling.form, filling.sheet(), below, is_filled_form=True)
    return dict(read_report(filling, lines).changes)


@given(
    _forms(),
    st.sampled_from(["telegram", "sms"]),
    st.sampled_from(["kept", "plain", "deleted"]),
    st.data(),
)
@settings(max_examples=40, deadline=None)
def test_a_filled_form_gives_its_answers(form: Form, channel: str, labels: str, data: st.DataObject) -> None:
    """Labels kept, written without accents by a phone, or deleted; gaps stay gaps."""
    filling = a_filling(form)
    lines, answers = blank(filling, "Form:", channel).split("\n"), {}
    for place, question in enumerate(in_writing(form), start=1):
        if data.draw(st.booleans()):
            written, answers[question.path] = data.draw(ANSWERS[question.type])
            head = (
                lines[place]
                if labels == "kept"
                else folded(lines[place])
                if labels == "plain"
                else f"{place}) "
            )
            lines[place] = head + written
    assert _sent_back(filling, "\n".join(lines)) == answers


@pytest.mark.parametrize("name", NINE)
@pytest.mark.parametrize("channel", ["telegram", "whatsapp", "sms"])
def test_an_empty_form_gives_no_answer(name: str, channel: str) -> None:
    """Sent back as it came it changes nothing, and fits the channel."""
    filling = a_filling(name)
    text = blank(filling, "Form:", channel)
    assert len(text) <= {"telegram": 4096}.get(channel, 1600)
    assert text.count("\n") == len(in_writing(filling.form))
    assert _sent_back(filling, text) == {}


@pytest.mark.parametrize("label", ["Où -", "Town -", "Où", "ما :"])
def test_the_shortest_label_is_known_again(label: str) -> None:
    """Whatever signs stand around it."""
    filling = a_filling(form_of(survey(f"text | q1 | {label}")))
    assert _sent_back(filling, blank(filling, "Form:", "telegram")) == {}
