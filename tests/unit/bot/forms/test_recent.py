"""What is kept from turn to turn is little, and goes soon."""

from datetime import UTC, datetime, timedelta
from gettext import NullTranslations

from bot.forms.recent import KEPT_FOR, Recent
from bot.say import Voice
from bot.session import Filling, Session
from tests.xlsform import form_of, sheet_of, survey

AT = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)
MOST = 32


def test_the_latest_stands_in_for_an_unknown_key() -> None:
    recent = Recent[str]()
    assert recent.get("a") is None
    recent.keep("a", AT, "first", MOST)
    recent.keep("b", AT, "second", MOST)
    recent.keep("a", AT, "third", MOST)
    assert [recent.get(key) for key in "abc"] == ["third", "second", "third"]


def test_few_are_kept_and_the_oldest_goes_first() -> None:
    recent = Recent[int]()
    for number in range(MOST + 5):
        recent.keep(number, AT, number, MOST)
    assert [recent.get(number) for number in (4, 5, 6)] == [MOST + 4, 5, 6]


def test_few_are_kept_of_a_long_form() -> None:
    form = form_of(survey(*(f"text | q{number} | Q" for number in range(2000))))
    for number in range(20):
        sheet_of(form, {"q1": f"answer {number}"}, {"city": f"city {number}"}, AT)
    kept = repr(vars(form.compiled.recent))
    assert ("answer 11" in kept, "answer 12" in kept) == (False, True)


def test_what_the_system_fills_in_is_each_reports_own() -> None:
    form = form_of(survey("hidden | city | ", "text | name | Name", "note | hello | ${name}, ${city}"))
    bamako = sheet_of(form, {"name": "Awa"}, {"city": "Bamako"}, AT)
    niamey = sheet_of(form, {"name": "Awa"}, {"city": "Niamey"}, AT)
    again = sheet_of(form, {"name": "Awa"}, {"city": "Bamako"}, AT)
    shown = [sheet.label("hello", "en") for sheet in (bamako, niamey, again)]
    assert shown == ["Awa, Bamako", "Awa, Niamey", "Awa, Bamako"]


def test_reports_begun_in_the_same_second_are_kept_apart() -> None:
    """Colleagues of a city begin together: each turn goes on from the one before of the same person."""
    form = form_of(survey("text | name | Name"))
    for person, name in enumerate(("Aïssa", "Paulo"), start=1):
        session = Session({"name": name}, None)
        Filling(
            form,
            session,
            {"instanceID": "niamey-5"},
            AT,
            Voice("en", NullTranslations()),
            token=f"q{person}-5",
        ).sheet()
    kept = repr(vars(form.compiled.recent))
    assert ("Aïssa" in kept, "Paulo" in kept) == (True, True)


def test_answers_are_dropped_after_a_while() -> None:
    form = form_of(survey("text | name | Name"))
    sheet_of(form, {"name": "Aïssa"}, {"city": "niamey"}, AT)
    sheet_of(form, {"name": "Paulo"}, {"city": "maputo"}, AT + KEPT_FOR + timedelta(seconds=1))
    assert "Aïssa" not in repr(vars(form.compiled.recent))
    assert "Paulo" in repr(vars(form.compiled.recent))
