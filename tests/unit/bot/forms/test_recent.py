"""What is kept from turn to turn is little, and goes soon."""

from datetime import UTC, datetime, timedelta

from bot.forms.recent import KEPT_FOR, MOST_KEPT, Recent
from tests.xlsform import form_of, sheet_of, survey

AT = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)


def test_the_latest_stands_in_for_an_unknown_key() -> None:
    recent = Recent[str]()
    assert recent.get("a") is None
    recent.keep("a", AT, "first")
    recent.keep("b", AT, "second")
    recent.keep("a", AT, "third")
    assert [recent.get(key) for key in "abc"] == ["third", "second", "third"]


def test_few_are_kept_and_the_oldest_goes_first() -> None:
    recent = Recent[int]()
    for number in range(MOST_KEPT + 5):
        recent.keep(number, AT, number)
    assert [recent.get(number) for number in (4, 5, 6)] == [MOST_KEPT + 4, 5, 6]


def test_answers_are_dropped_after_a_while() -> None:
    form = form_of(survey("text | name | Name"))
    sheet_of(form, {"name": "Aïssa"}, {"city": "niamey"}, AT)
    sheet_of(form, {"name": "Paulo"}, {"city": "maputo"}, AT + KEPT_FOR + timedelta(seconds=1))
    assert "Aïssa" not in repr(vars(form.compiled.recent))
    assert "Paulo" in repr(vars(form.compiled.recent))
