"""Forms that are no longer used: no new report begins on them in any way, begun ones are finished."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from models.db import write
from models.form import retire
from tests.conversations.stage import Stage, a_stage, a_store

GONE = "This form is no longer used."


@pytest.fixture
def phone(tmp_path: Path) -> Iterator[Stage]:
    """A coordinator's phone in a programme whose need_request can be retired."""
    store = a_store(tmp_path / "retired.db")
    yield a_stage(store, "kampala", "en")
    store.close()


def retired(phone: Stage, name: str) -> None:
    """End the use of a form."""
    write(phone.store, lambda db: retire(db, name, phone.clock))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("report need_request", id="by-its-name"),
        pytest.param("report need_request\n1) 1\n2) Signs", id="written-under-its-name"),
        pytest.param("report form need_request", id="blank"),
        pytest.param("report form need_request\n1) 1\n2) Signs", id="filled-in-offline"),
        pytest.param(
            "Ask for support. Please fill in and send back (- to skip):\n1) 1\n2) Signs", id="its-blank-form"
        ),
    ],
)
def test_no_way_begins_a_report_on_it(phone: Stage, text: str) -> None:
    retired(phone, "need_request")
    (message,) = phone.says(text)
    assert message.text.startswith(GONE)
    assert not phone.reports()


def test_a_report_that_is_asked_for_is_not_begun_straight_off(phone: Stage) -> None:
    """Also where the lines alone, without a name, would begin it."""
    retired(phone, "weekly_update")
    phone.says("status: 1\nprogress: 25%")
    assert not phone.reports()


@pytest.mark.parametrize(
    "text", ["report need_request", "report need_request\n2) Street signs", "report form need_request"]
)
def test_what_was_begun_is_finished(phone: Stage, text: str) -> None:
    """A draft is taken up, by its name and with lines under it."""
    phone.says("report need_request\n1) 1")
    retired(phone, "need_request")
    phone.says("menu")
    assert GONE not in phone.says(text)[0].text
    assert [report["form"] for report in phone.reports()] == ["need_request"]
