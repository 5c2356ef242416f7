"""`${last-saved#name}` reads the answers of last time, wherever an expression stands."""

import pytest

from bot.forms.building import open_form
from bot.forms.form import Form, FormError
from bot.values import Value
from tests.xlsform import choices, form_of, paths, sheet_of, survey

COLUMNS = "type | name | label | default | relevant | calculation"
LAST: dict[str, Value] = {
    "town": "BKO",
    "needs": ["water", "roads"],
    "people": 12,
    "day": "2026-11-16",
    "lines[1]/spent": 5,
    "lines[1]": "yes",
    "lines[2]/spent": 7,
    "lines[2]": "no",
}


@pytest.fixture(scope="module")
def form() -> Form:
    """A form that compares this week with the last one."""
    return form_of(
        survey(
            "select_one towns | town | Town, last time ${last-saved#town} | ${last-saved#town} | | ",
            "select_multiple needs | needs | Needs | ${last-saved#needs} | | ",
            "integer | people | People | ${last-saved#people} + 1 | | ",
            "date | day | Day | | | ",
            "text | why | Why fewer? | | ${people} < ${last-saved#people} | ",
            "text | later | Why later? | | ${day} > ${last-saved#day} + 7 | ",
            "calculate | twice | | | | ${people} * 2",
            "calculate | before | | | | ${last-saved#twice}",
            "calculate | spent_before | | | | sum(${last-saved#spent})",
            "begin_repeat | lines | Lines | | | ",
            "integer | spent | Spent | | | ",
            "end_repeat | | | | | ",
            columns=COLUMNS,
        )
        + choices("towns | BKO | Bamako", "needs | water | Water", "needs | roads | Roads")
    )


def test_a_form_knows_that_it_reads_the_answers_of_last_time(form: Form) -> None:
    assert form.reads_last
    assert open_form(form.source).reads_last
    assert not form_of(survey("text | a | A")).reads_last


def test_a_default_is_the_answer_of_last_time_as_it_was_given(form: Form) -> None:
    sheet = sheet_of(form, previous=LAST)
    assert sheet.default("town") == "BKO"
    assert sheet.default("needs") == ["water", "roads"]
    assert sheet.default("people") == "13"


def test_nothing_is_offered_the_first_time(form: Form) -> None:
    sheet = sheet_of(form)
    assert [sheet.default(name) for name in ("town", "needs", "people")] == [None, None, None]
    assert sheet.label("town", "default") == "Town, last time"


def test_labels_relevance_and_calculations_read_last_time(form: Form) -> None:
    sheet = sheet_of(form, {"people": 10, "day": "2026-11-30"}, previous=LAST)
    assert sheet.label("town", "default") == "Town, last time Bamako"
    assert {"why", "later"} <= set(paths(sheet))
    assert (sheet.record()["before"], sheet.record()["spent_before"]) == ("24", 12)
    assert "why" not in paths(sheet_of(form, {"people": 12}, previous=LAST))
    assert "later" not in paths(sheet_of(form, {"day": "2026-11-23"}, previous=LAST))


def test_the_text_as_written_keeps_its_reference(form: Form) -> None:
    assert form.questions[0].labels["default"] == "Town, last time ${last-saved#town}"


def test_a_rule_of_a_programme_reads_last_time(form: Form) -> None:
    assert sheet_of(form, {"people": 10}, previous=LAST).holds("${people} < ${last-saved#people}")


def test_an_unknown_name_of_last_time_is_refused_with_its_place() -> None:
    with pytest.raises(FormError) as refused:
        form_of(
            survey(
                "text | a | A | | ${last-saved#b} = 1 | ",
                "text | c | ${last-saved#d} | | | ",
                columns=COLUMNS,
            )
        )
    told = [(problem.where, problem.code) for problem in refused.value.problems]
    assert told == [("survey, row 2, relevant", "name_unknown"), ("survey, row 3, label", "name_unknown")]


def test_a_rule_cannot_read_last_time_where_the_form_does_not(form: Form) -> None:
    """Nobody would look the answers up, and the rule would find them blank."""
    rule = "${people} < ${last-saved#people}"
    assert form.fault(rule) is None
    fault = form_of(survey("integer | people | People")).fault(rule)
    assert fault is not None
    assert fault.code == "rule_last_saved"
