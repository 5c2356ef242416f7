"""The voice: which way a line of an Arabic text runs."""

import pytest

from bot.say import RIGHT_TO_LEFT_MARK, begun_right


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        pytest.param("- \u2068بنزرت\u2069: \u2068تأخر\u2069", [True], id="isolated-values-only"),
        pytest.param("- \u2068بنزرت \u206848\u2069\u2069: x", [True], id="a-latin-letter-outside"),
        pytest.param("المرجع: \u2068NKC-1\u2069", [False], id="arabic-outside"),
        pytest.param("شكرًا\n(3) \u2068NKC-1\u2069", [False, True], id="line-by-line"),
        pytest.param("1. English", [False], id="no-isolates"),
    ],
)
def test_a_line_of_values_alone_begins_from_the_right(text: str, marked: list[bool]) -> None:
    """Only where the first strong character outside isolates would make it run the other way."""
    lines = begun_right(text).split("\n")
    assert [line.startswith(RIGHT_TO_LEFT_MARK) for line in lines] == marked


def test_isolates_that_a_person_pasted_turn_no_other_language() -> None:
    """Messengers put them around numbers and names that are copied."""
    text = "Non compris : appelez \u2068+22790000001\u2069.\n5/7 Un conseil ?"
    assert begun_right(text) == text
