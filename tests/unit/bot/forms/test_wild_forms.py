"""Forms by others, where GRIOT_FORMS names their folder, are read or refused as expected.json says."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from bot.forms.form import Form, FormError
from bot.forms.read import read_form
from bot.values import Problem, Value
from tests.xlsform import sheet_of

FOLDER = Path(os.environ.get("GRIOT_FORMS", "/nowhere"))
EXPECTED: dict[str, dict[str, Any]] = (
    json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))["forms"] if FOLDER.is_dir() else {}
)
CASES = sorted(EXPECTED) or [
    pytest.param("", marks=pytest.mark.skip(reason="GRIOT_FORMS names no folder of forms"), id="no-forms")
]
SAMPLES: dict[str, Value] = {"integer": 1, "decimal": 1.5, "date": "2026-11-20", "range": 1, "text": "a"}


def is_to_be_accepted(name: str) -> bool:
    """Return whether a form uses nothing but what is supported now."""
    expected = EXPECTED[name]
    return expected["accepted_by_pyxform"] and "because pyxform doesn't know what to do" not in expected.get(
        "not_evaluated", []
    )


@pytest.mark.parametrize("name", CASES)
def test_a_form_by_others_is_read_or_refused(name: str) -> None:
    form, problems = _read(name)
    assert all(problem.where and problem.mend and problem.message for problem in problems)
    assert (form is not None) == is_to_be_accepted(name)
    if form is not None:
        assert len(form.questions) == EXPECTED[name]["questions"] + EXPECTED[name]["notes"]
        _answer_to_the_end(form)


def _read(name: str) -> tuple[Form | None, tuple[Problem, ...]]:
    try:
        return read_form((FOLDER / name).read_bytes(), name), ()
    except FormError as refused:
        return None, refused.problems


def _answer_to_the_end(form: Form) -> None:
    """Answer every step as it comes until nothing is open."""
    given: dict[str, Value] = {}
    for _ in range(1000):
        sheet = sheet_of(form, given)
        open_steps = [step for step in sheet.steps() if step.path not in given]
        if not open_steps:
            assert sheet.record() is not None
            return
        step = open_steps[0]
        assert sheet.label(step.path, "en")
        options = sheet.choices(step.path)
        given[step.path] = options[0].name if options else SAMPLES.get(step.question.type)
    pytest.fail("the form never ends")
