"""Numbers that a country writes in another way since."""

import pytest

from bot.phone_numbers import as_now, forms_of


@pytest.mark.parametrize(
    ("number", "forms"),
    [
        pytest.param("+22990000001", ("+2290190000001", "+22990000001"), id="as before"),
        pytest.param("+2290190000001", ("+2290190000001", "+22990000001"), id="as now"),
        pytest.param("+22901234567", ("+2290101234567", "+22901234567"), id="before, beginning like now"),
        pytest.param("+2299000001", ("+2299000001",), id="too short"),
        pytest.param("+2290290000001", ("+2290290000001",), id="another prefix"),
        pytest.param("+22790000001", ("+22790000001",), id="another country"),
        pytest.param("BJ.1033639980001", ("BJ.1033639980001",), id="no number"),
        pytest.param("40000001", ("40000001",), id="a Telegram id"),
    ],
)
def test_both_forms_of_a_number(number: str, forms: tuple[str, ...]) -> None:
    assert forms_of(number) == forms
    assert as_now(number) == forms[0]
