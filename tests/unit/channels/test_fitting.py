"""Messages fitted to a channel's limits."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.values import Message, Skip
from channels.base import Limits
from channels.fitting import ELLIPSIS, beside_its_button, fit, length, shorten, written

LIMITS = Limits(characters=400, buttons=100, label=200)


def test_options_are_numbered_in_western_digits() -> None:
    """Options stand one a line under the text, whatever their script and white space."""
    message = Message("هل توافقون؟", ("نعم\n", "لا  أدري"))
    assert written(message) == "هل توافقون؟\n1. نعم\n2. لا أدري"


def test_what_fits_is_not_touched() -> None:
    """A message within the limit is the written message."""
    message = Message("x" * 390, ("Yes",))
    assert fit(message, LIMITS) == written(message)


def test_the_longest_line_gives_way() -> None:
    """One long answer in a read-back is shortened; the lines around it stay."""
    text = "First: yes\nSecond: " + "many words " * 60 + "\nSend these answers?"
    lines = fit(Message(text, ("Send", "Change")), LIMITS).split("\n")
    assert lines[0] == "First: yes"
    assert lines[1].startswith("Second: many words")
    assert lines[1].endswith("words…")
    assert lines[2:] == ["Send these answers?", "1. Send", "2. Change"]


def test_many_short_lines_leave_some_out() -> None:
    """When every line is short, those before the last go, with an ellipsis in their place."""
    text = "\n".join(f"Line {n}" for n in range(100)) + "\nSend?"
    lines = fit(Message(text, ("Send",)), LIMITS).split("\n")
    assert (lines[0], lines[-3:]) == ("Line 0", [ELLIPSIS, "Send?", "1. Send"])


def test_long_labels_give_way_to_the_question() -> None:
    """Options that alone would fill the message keep their numbers and their beginnings."""
    fitted = fit(Message("Which one?", tuple(f"Option {n} " + "x" * 90 for n in range(9))), LIMITS)
    assert fitted.startswith("Which one?\n1. Option 0")
    assert len(re.findall(r"^[1-9]\. Option", fitted, re.MULTILINE)) == 9


@pytest.mark.parametrize(
    ("text", "most", "short"),
    [
        pytest.param("one two three", 13, "one two three", id="fits"),
        pytest.param("one two three", 12, "one two…", id="at a word"),
        pytest.param("one, two three", 8, "one…", id="no comma before the ellipsis"),
        pytest.param("onetwothreefour", 8, "onetwot…", id="one long word"),
        pytest.param("😀😀😀😀😀", 8, "😀😀😀…", id="never half a character"),
        pytest.param("العنوان \u2068Bamako\u2069 طويل", 15, "العنوان…", id="an isolate that is cut away"),
        pytest.param(
            "\u2068" + "x" * 30 + "\u2069", 15, "\u2068xxxxxxxxx…\u2069", id="an isolate that is cut"
        ),
    ],
)
def test_shortening(text: str, most: int, short: str) -> None:
    """A text is cut at a word, never inside a character, and its isolates are closed."""
    assert shorten(text, most) == short


TEXTS = st.text(st.characters(codec="utf-16", exclude_categories=["Cs"]), max_size=900)


@given(TEXTS, st.lists(st.text(max_size=60), max_size=20))
def test_nothing_exceeds_the_limit(text: str, options: list[str]) -> None:
    """Whatever is said, it fits, and every option has its line."""
    fitted = fit(Message(text, tuple(options)), LIMITS)
    assert length(fitted) <= LIMITS.characters
    for number in range(1, len(options) + 1):
        assert re.search(rf"^{number}\.", fitted, re.MULTILINE)


@given(st.text(max_size=80), st.integers(min_value=8, max_value=60))
def test_shortening_keeps_the_limit(text: str, most: int) -> None:
    """A shortened text is never longer than asked for."""
    assert length(shorten(text, most)) <= most


@pytest.mark.parametrize(
    ("text", "words", "beside"),
    [
        pytest.param("2/9 Photo? (-)", "(-)", "2/9 Photo?", id="at the end"),
        pytest.param("2/9 Photo? (-)\nOf the site.", "(-)", "2/9 Photo?\nOf the site.", id="before a hint"),
        pytest.param(
            "Not stored: Photo? (-)\n2/9 Photo? (-)", "(-)", "Not stored: Photo? (-)\n2/9 Photo?", id="quoted"
        ),
        pytest.param(
            "2/9 \u2068Awa\u2069 (تخطي)", "(تخطي)", "\u200f2/9 \u2068Awa\u2069", id="from the right"
        ),
    ],
)
def test_a_button_makes_words_superfluous(text: str, words: str, beside: str) -> None:
    """Those of the question alone; an Arabic line keeps its direction."""
    assert beside_its_button(Message(text, skip=Skip("Skip", words))).text == beside
