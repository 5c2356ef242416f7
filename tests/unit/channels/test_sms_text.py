"""How SMS are counted and folded."""

import pytest

from channels.sms_text import folded, is_gsm, parts, units


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        pytest.param("a" * 160, (160, 1), id="one part of GSM-7"),
        pytest.param("a" * 161, (161, 2), id="one more: parts of 153"),
        pytest.param("a" * 307, (307, 3), id="three parts"),
        pytest.param("é" * 160, (160, 1), id="é is GSM-7"),
        pytest.param("ê" * 70, (70, 1), id="one part of UCS-2"),
        pytest.param("ê" * 71, (71, 2), id="one more: parts of 67"),
        pytest.param("ا" * 135, (135, 3), id="Arabic"),
        pytest.param("{ok}", (6, 1), id="braces count twice"),
        pytest.param("👍" * 35, (70, 1), id="an emoji counts two"),
        pytest.param("", (0, 1), id="nothing"),
    ],
)
def test_parts_are_counted(text: str, counted: tuple[int, int]) -> None:
    """160 or 70 units in one message, 153 or 67 in each of several."""
    assert (units(text), parts(text)) == counted


@pytest.mark.parametrize(
    ("text", "written"),
    [
        pytest.param(
            "Où êtes-vous ? " * 6, ("Où etes-vous ? " * 6), id="only what the alphabet lacks is folded"
        ),
        pytest.param("Não há ação." * 7, "Nao ha açao.".replace("ç", "c") * 7, id="Portuguese"),
        pytest.param("«\u00a0Oui\u00a0»… l’œil – " * 5, '"Oui"... l\'oeil - ' * 5, id="typographic signs"),
        pytest.param("Où êtes-vous ?", "Où êtes-vous ?", id="one part either way: as it is"),
        pytest.param("سؤال é " * 20, "سؤال é " * 20, id="Arabic stays: nothing is won"),
        pytest.param("a" * 200, "a" * 200, id="plain already"),
    ],
)
def test_accents_give_way_only_where_it_pays(text: str, written: str) -> None:
    """A text is folded where it then takes fewer parts, and is left alone otherwise."""
    assert folded(text) == written
    assert parts(folded(text)) <= parts(text)


def test_arabic_without_isolates_is_laid_out_from_the_right() -> None:
    """A phone takes a line's direction from its first letter: that of a milestone is Latin."""
    text = "\u2068M05 خارطة طريق\u2069، \u2068نواكشوط\u2069: " + "غدا " * 8 + "\n1. الإرسال"
    assert (parts(text), parts(folded(text))) == (2, 1)
    assert folded(text).startswith("\u200fM05 خارطة")
    assert folded(text).endswith("\n1. الإرسال")


def test_every_letter_of_french_and_portuguese_has_a_writing() -> None:
    """No accent of the two languages keeps a text in UCS-2."""
    letters = "àâæçéèêëîïôœùûüÿÀÂÆÇÉÈÊËÎÏÔŒÙÛÜŸãõáíóúÃÕÁÍÓÚªº’«»…–—"
    assert is_gsm(folded(letters * 4))
