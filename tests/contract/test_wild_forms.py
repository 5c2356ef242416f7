"""Forms filled in to the end by an automatic coordinator: ours, and others' that GRIOT_FORMS names."""

import os
from pathlib import Path

import pytest

from bench.forms import Result, differences, results_of
from griot.settings import data_folder
from tests.xlsform import choices, survey

COLUMNS = "type | name | label | required | constraint"


def _results(folder: Path) -> dict[str, Result]:
    return {result.file: result for result in results_of(folder)}


def test_every_form_of_the_programme_is_answered_to_the_end() -> None:
    results = _results(data_folder("programmes") / "aston" / "forms")
    assert {result.outcome for result in results.values()} == {"submitted"}
    assert len(results) == 9
    assert all(len(result.seconds) > result.questions > 3 for result in results.values())


def test_what_cannot_be_answered_is_named(tmp_path: Path) -> None:
    """A form that no value can satisfy ends at its question, a fault has its code; a list is no form."""
    rows = (
        "integer | age | Age? | yes | . > 17 and . < 19",
        "text | code | Code? | yes | regex(., '[A-Z]{2}-[0-9]{3}') and string-length(.) = 6",
        "select_multiple fruit | fruits | Which? | yes | count-selected(.) = 2",
    )
    fruit = choices("fruit | mango | Mango", "fruit | date | Date", "fruit | fig | Fig")
    (tmp_path / "fits.md").write_text(survey(*rows, columns=COLUMNS) + fruit)
    never = survey("integer | age | Age? | yes | . > 18 and . < 18", columns=COLUMNS)
    (tmp_path / "never.md").write_text(never)
    (tmp_path / "unknown.md").write_text(survey("integer | age | Age? | yes | tody()", columns=COLUMNS))
    (tmp_path / "towns.csv").write_text("name,label\na,A\n")
    (tmp_path / "read.md").write_text("# About these forms\n")
    results = _results(tmp_path)
    outcomes = {name: result.outcome for name, result in results.items()}
    assert outcomes == {"fits.md": "submitted", "never.md": "stuck", "unknown.md": "refused"}
    assert results["never.md"].detail == "age (integer): no value satisfies . > 18 and . < 18"
    assert [problem.code for problem in results["unknown.md"].problems] == ["function_unknown"]


@pytest.mark.skipif("GRIOT_FORMS" not in os.environ, reason="GRIOT_FORMS names no folder of forms")
def test_forms_by_others_are_answered_or_refused_as_expected() -> None:
    """What pyxform accepts is accepted, unless an expression does not parse or names an unknown function."""
    folder = Path(os.environ["GRIOT_FORMS"])
    results = list(results_of(folder))
    assert results
    assert differences(folder, results) == []
    assert [(result.file, result.detail) for result in results if result.outcome in ("raised", "late")] == []
    assert [(result.file, result.detail) for result in results if result.outcome == "stuck"] == []
