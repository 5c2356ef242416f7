"""The cities' pages: what stands there, in the reader's language and the city's own words."""

from datetime import date, timedelta

import pytest
from sqlalchemy import event

from models.city import excuse, pause
from models.db import write
from tests.console_stage import MONDAY, Stage

WELL = {"going": "well", "crates": 120, "seen": ["moth", "scab"]}


def test_home_lists_each_city_with_its_report_of_the_week(stage: Stage) -> None:
    """Status by its label, when in city time, the reference; who sent nothing is silent."""
    stage.report("keeper", "nordmark", reference="NOR-2026-W38-1", given=WELL)
    page = stage.signed_in("admin").get("/").text
    assert "Nordmark Orchard" in page
    assert "Well" in page
    assert "Harvest note · week 38. Updates received: 1 of 3." in page
    assert "Monday 14 September, 11:00" in page  # 09:00 UTC in Brussels
    assert "NOR-2026-W38-1" in page
    assert page.count("Silent") == 2


def test_words_of_the_reader(stage: Stage) -> None:
    stage.report("keeper", "nordmark", reference="NOR-2026-W38-1", given=WELL)
    client = stage.signed_in("officer")  # reads French
    assert "Note de récolte" in client.get("/").text
    page = client.get("/cities/nordmark").text
    for words in (
        "Verger de Nordmark",
        "Où en est la récolte\u00a0?",
        "Bien",
        "120",
        "Carpocapse",
        "Tavelure",
    ):
        assert words in page
    assert "How is the harvest going?" in stage.signed_in("admin").get("/cities/nordmark").text


def test_a_reader_whose_language_the_programme_lacks(stage: Stage) -> None:
    """Portuguese readers get the programme's first language for its own words."""
    stage.report("keeper", "nordmark", reference="NOR-2026-W38-1", given=WELL)
    client = stage.signed_in("viewer")
    assert "Verger de Nordmark" in client.get("/").text
    assert "Où en est la récolte\u00a0?" in client.get("/cities/nordmark").text


def test_reports_of_a_city_stand_newest_first(stage: Stage) -> None:
    """By when they were sent, not by when they were begun."""
    stage.report("keeper", "nordmark", reference="NOR-2026-W38-1", given=WELL)
    stage.report("keeper", "nordmark", reference="NOR-2026-W37-1", submitted_at=MONDAY - timedelta(days=7))
    page = stage.signed_in("admin").get("/cities/nordmark").text
    assert page.index("NOR-2026-W38-1") < page.index("NOR-2026-W37-1")


def test_own_words_of_the_city_are_shown_as_text(stage: Stage) -> None:
    """Markup that somebody wrote stays text."""
    trouble = '<script>alert(1)</script> & "pluie"\nدودة'
    stage.report(
        "keeper", "nordmark", reference="NOR-2026-W38-1", given={"going": "stopped", "trouble": trouble}
    )
    page = stage.signed_in("officer").get("/cities/nordmark").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &#34;pluie&#34;\nدودة" in page


def test_what_is_skipped_and_what_is_not_asked(stage: Stage) -> None:
    """A skipped question says so; one that is not relevant is not there."""
    given = {"going": "well", "trouble": "from before", "crates": 4, "seen": None}
    stage.report("keeper", "nordmark", reference="NOR-2026-W38-1", given=given)
    page = stage.signed_in("admin").get("/cities/nordmark").text
    assert page.count("Skipped") == 1
    assert "from before" not in page


@pytest.mark.parametrize(
    ("values", "state"),
    [
        pytest.param({"reference": "NOR-2026-W38-1", "given": WELL}, "submitted", id="sent"),
        pytest.param({"reference": "NOR-2026-W38-1", "nothing": True}, "submitted", id="nothing to report"),
        pytest.param({"state": "draft", "given": {"going": "well"}}, "partial", id="draft"),
        pytest.param({"state": "draft"}, "silent", id="draft without an answer"),
        pytest.param(
            {"state": "withdrawn", "reference": "NOR-2026-W38-1", "given": WELL}, "silent", id="withdrawn"
        ),
        pytest.param(
            {"reference": "NOR-2026-W37-1", "period": "2026-W37", "given": WELL}, "silent", id="last week"
        ),
    ],
)
def test_state_of_a_city(stage: Stage, values: dict[str, object], state: str) -> None:
    stage.report("keeper", "nordmark", **values)
    page = stage.signed_in("keeper").get("/cities/nordmark").text
    assert f'<p class="lead">Note de récolte · week 38 <span class="state state-{state}">' in page


def test_a_sent_report_stands_before_a_later_draft(stage: Stage) -> None:
    stage.report("keeper", "nordmark", reference="NOR-2026-W38-1", given=WELL)
    stage.report("keeper", "nordmark", state="draft", given={"going": "slow"})
    page = stage.signed_in("admin").get("/").text
    assert "NOR-2026-W38-1" in page
    assert "Slowly" not in page


def test_a_paused_and_an_excused_city_are_not_silent(stage: Stage) -> None:
    until = date(2026, 9, 14)  # the last day counts
    write(stage.store, lambda db: pause(db, "nordmark", until, "Storm.", MONDAY))
    write(stage.store, lambda db: excuse(db, "eastmere", until, "Fair.", MONDAY))
    page = stage.signed_in("admin").get("/").text
    assert ("Paused" in page, "Excused" in page, page.count("Silent")) == (True, True, 1)
    stage.wait(days=1)
    assert stage.signed_in("admin").get("/").text.count("Silent") == 3


def test_the_first_page_asks_the_same_whatever_is_stored(stage: Stage) -> None:
    """The number of statements does not grow with the cities' reports."""
    client = stage.signed_in("admin")
    client.get("/")  # programme and form are read once
    stage.report("keeper", "nordmark", reference="NOR-2026-W38-1", given=WELL)
    client.get("/")
    few = count_statements(stage, lambda: client.get("/"))
    stage.report("other", "eastmere", reference="EAS-2026-W38-1", given=WELL)
    stage.report("other", "sudval", reference="SUD-2026-W38-1", given=WELL)
    assert count_statements(stage, lambda: client.get("/")) == few


def count_statements(stage: Stage, act: object) -> int:
    seen: list[str] = []

    def note(*arguments: object) -> None:
        seen.append(str(arguments[2]))

    event.listen(stage.store.engine, "before_cursor_execute", note)
    assert callable(act)
    act()
    event.remove(stage.store.engine, "before_cursor_execute", note)
    return len(seen)
