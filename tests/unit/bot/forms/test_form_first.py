"""What a session keeps from its first value on: once(), defaults of the moment, `start`."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from bot.forms.first import First
from bot.forms.form import Form
from bot.values import Value
from tests.xlsform import AT, form_of, sheet_of, survey

COLUMNS = "type | name | label | calculation | trigger | default | relevant"
LATER = AT + timedelta(days=1, hours=3)


def turns(form: Form, *givens: Mapping[str, Value]) -> list[Mapping[str, Value]]:
    """Return what is recorded after each message, each a day later, another city writing between them."""
    records: list[Mapping[str, Value]] = []
    firsts: Mapping[str, First] = {}
    for number, given in enumerate(givens):
        at = AT + timedelta(days=number)
        sheet = sheet_of(form, given, {"city": "Niamey"}, at, firsts=firsts)
        records.append(sheet.record())
        firsts = dict(sheet.firsts())
        sheet_of(form, {"name": "Ada"}, {"city": "Kigali"}, at + timedelta(hours=1)).record()
    return records


@pytest.mark.parametrize(
    "expression",
    [
        "once(now())",
        "once(today())",
        "once(random())",
        "once(uuid())",
        "once(${name})",
        "concat('V-', once(now()))",
        "if(${kept} = '', now(), ${kept})",
    ],
)
def test_the_first_value_stays_with_its_type(expression: str) -> None:
    form = form_of(
        survey("text | name | Name | | | | ", f"calculate | kept | | {expression} | | | ", columns=COLUMNS)
    )
    first, second, third = turns(form, {"name": "Awa"}, {"name": "Ada"}, {"name": "Ali"})
    assert first["kept"] == second["kept"] == third["kept"]


def test_what_is_blank_is_not_kept() -> None:
    form = form_of(
        survey("text | name | Name | | | | ", "calculate | kept | | once(${name}) | | | ", columns=COLUMNS)
    )
    found = [record.get("kept") for record in turns(form, {}, {"name": "Awa"}, {"name": "Ada"})]
    assert found == [None, "Awa", "Awa"]


def test_a_value_comes_back_with_its_question() -> None:
    """What is not relevant for a while has its first value again afterwards."""
    form = form_of(
        survey(
            "integer | n | N | | | | ",
            "calculate | kept | | once(now()) | | | ${n} > 1",
            columns=COLUMNS,
        )
    )
    first, gone, back = turns(form, {"n": 2}, {"n": 1}, {"n": 3})
    assert "kept" not in gone
    assert first["kept"] == back["kept"]


def test_what_reads_itself_may_change_itself() -> None:
    form = form_of(
        survey(
            "text | name | Name | | | | ",
            "integer | n | N | | | | ",
            "calculate | kept | | if(${kept} = '' or ${n} = 2, ${name}, ${kept}) | | | ",
            columns=COLUMNS,
        )
    )
    given = [{"name": "Awa"}, {"name": "Ada"}, {"name": "Ali", "n": 2}, {"name": "Ama", "n": 1}]
    assert [record["kept"] for record in turns(form, *given)] == ["Awa", "Awa", "Ali", "Ali"]


def test_a_time_with_a_trigger_is_that_of_its_answer() -> None:
    form = form_of(
        survey(
            "text | name | Name | | | | ",
            "integer | n | N | | | | ",
            "calculate | day | | today() | ${name} | | ",
            columns=COLUMNS,
        )
    )
    records = turns(form, {"n": 1}, {"name": "Awa"}, {"name": "Awa", "n": 2}, {"name": "Ada", "n": 2})
    assert [record.get("day") for record in records] == [None, "2026-11-24", "2026-11-24", "2026-11-26"]


def test_a_calculation_that_is_not_kept_is_of_now() -> None:
    form = form_of(survey("calculate | day | | today() | | | ", columns=COLUMNS))
    assert [record["day"] for record in turns(form, {}, {})] == ["2026-11-23", "2026-11-24"]


@pytest.mark.parametrize("default", ["once(now())", "now()", "uuid()", "random()"])
def test_a_hidden_field_keeps_what_it_began_with(default: str) -> None:
    form = form_of(
        survey(
            f"hidden | ticket | | | | {default} | ",
            "calculate | shown | | ${ticket} | | | ",
            columns=COLUMNS,
        )
    )
    first, second = turns(form, {}, {})
    assert first["shown"] == second["shown"]


def test_a_question_offers_the_day_it_was_offered_first() -> None:
    form = form_of(survey("date | day | Day | | | today() | ", columns=COLUMNS))
    first = sheet_of(form)
    assert first.default("day") == "2026-11-23"
    assert sheet_of(form, at=LATER, firsts=first.firsts()).default("day") == "2026-11-23"
    assert sheet_of(form, at=LATER).default("day") == "2026-11-24"


def test_start_is_the_time_of_the_start() -> None:
    form = form_of(
        survey(
            "start | start | | | | | ",
            "end | end | | | | | ",
            "calculate | begun | | ${start} | | | ",
            "calculate | ended | | ${end} | | | ",
            columns=COLUMNS,
        )
    )
    first, second = turns(form, {}, {})
    assert first["begun"] == second["begun"] == AT.isoformat()
    assert second["ended"] == (AT + timedelta(days=1)).isoformat()


def test_each_instance_of_a_repeat_keeps_its_own() -> None:
    form = form_of(
        survey(
            "begin_repeat | lines | Lines | | | | ",
            "integer | n | N | | | | ",
            "calculate | day | | once(today()) | | | ",
            "end_repeat | | | | | | ",
            columns=COLUMNS,
        )
    )
    one: dict[str, Value] = {"lines[1]/n": 1}
    two: dict[str, Value] = {**one, "lines[1]": "yes", "lines[2]/n": 2}
    *_, last = turns(form, one, two, {**two, "lines[2]": "no"})
    assert last["lines"] == [{"n": 1, "day": "2026-11-23"}, {"n": 2, "day": "2026-11-24"}]


def test_two_reports_of_one_period_have_their_own_numbers() -> None:
    form = form_of(survey("calculate | code | | uuid() | | | ", columns=COLUMNS))
    hidden = [{"city": "Niamey", "instanceID": name} for name in ("niamey-1", "niamey-2")]
    one, other = (sheet_of(form, {}, each).record()["code"] for each in hidden)
    assert one != other
