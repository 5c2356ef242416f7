"""What WhatsApp would format stays as it was typed; all else is left alone."""

import pytest

from channels.whatsapp_marks import JOINER, unmarked


@pytest.mark.parametrize(
    "text",
    [
        "*urgent*",
        "a _very_ late report",
        "~10~ 12",
        "`code`",
        "*two words*.",
        "(*x*)",
        "```x```",
        "> a quote",
    ],
)
def test_marks_lose_their_force(text: str) -> None:
    """Nothing is lost but the formatting: without the signs of no width the text is as it was."""
    written = unmarked(text)
    assert JOINER in written
    assert written.replace(JOINER, "") == text
    assert unmarked(written).replace(JOINER, "") == text


@pytest.mark.parametrize(
    "text",
    [
        "2 * 3 * 4",
        "snake_case_name",
        "~ 12",
        "a*b*c",
        "10 > 5",
        "https://example.org/a_b_c",
        "*\n*",
        "",
        "5*",
    ],
)
def test_other_signs_are_left_alone(text: str) -> None:
    assert unmarked(text) == text
