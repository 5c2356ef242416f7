"""`demo.yaml` is checked with its programme, and told with every fault."""

import pytest

from bot.programme import DemoPerson, open_demo, read_programme
from tests.programmes import ASTON, ORCHARD, files_of

RIGHT = """
people:
  - {name: Ada, role: officer, language: fr}
  - {name: Bram, role: coordinator, city: nordmark, language: fr}
reports:
  harvest_note:
    nordmark:
      - {going: stopped, trouble: Frost, crates: 7, seen: [moth, scab]}
      - {draft: true, going: well}
"""


def faults(*changes: tuple[str, str]) -> list[tuple[str, str, str]]:
    """Return place, message and mend of each fault with texts of the demonstration replaced."""
    text = RIGHT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    _, problems = read_programme({**files_of(ORCHARD), "demo.yaml": text.encode()})
    return [(problem.where, problem.message, problem.mend) for problem in problems]


def test_a_right_demonstration_is_read() -> None:
    assert faults() == []
    demo = open_demo(RIGHT.encode())
    assert demo.people[1] == DemoPerson("Bram", "coordinator", "fr", "nordmark")
    assert demo.reports["harvest_note"]["nordmark"][0]["seen"] == ["moth", "scab"]
    assert len(open_demo(files_of(ASTON)["demo.yaml"]).people) == 13


def test_a_wrong_demonstration_is_not_opened() -> None:
    with pytest.raises(ValueError, match=r"demo\.yaml, line"):
        open_demo(b"people: [")


@pytest.mark.parametrize(
    ("old", "new", "where", "said"),
    [
        pytest.param("city: nordmark", "city: nowhere", "line 4, people.2.city", "sudval", id="city"),
        pytest.param(", city: nordmark", "", "line 4, people.2", "key city", id="no city"),
        pytest.param("role: officer", "role: chief", "line 3, people.1.role", "words", id="role"),
        pytest.param("role: officer", "role: viewer", "people", "Add an officer", id="nobody to sign in"),
        pytest.param("language: fr", "language: pt", "line 3, people.1.language", "fr, en", id="language"),
        pytest.param("name: Ada", "nom: Ada", "people.1", "", id="key"),
        pytest.param("name: Ada", "name: Ada, channel: fax", "people.1.channel", "", id="channel"),
        pytest.param("people:\n", "people: [", "demo.yaml, line", "Correct the line", id="YAML"),
        pytest.param("reports:", "report:", "line 5, report", "spelling", id="section"),
        pytest.param("  harvest_note:", "  harvest:", "line 6, reports.harvest", "harvest_note", id="form"),
        pytest.param("  harvest_note:", "  pest_sighting:", "reports.pest_sighting", "_note", id="due"),
        pytest.param("    nordmark:", "    nordmarc:", "_note.nordmarc", "nordmark", id="no such city"),
        pytest.param("    nordmark:", "    sudval:", "harvest_note.sudval", "people", id="nobody there"),
        pytest.param("going: stopped", "going: stoped", "line 8,", "slow, stopped", id="choice"),
        pytest.param("seen: [moth", "seen: [moss", "nordmark.1.seen", "moth", id="one of several"),
        pytest.param("seen: [moth, scab]", "seen: moth", "nordmark.1.seen", "list", id="several"),
        pytest.param("crates: 7", 'crates: "7"', "nordmark.1.crates", "whole number", id="number"),
        pytest.param("crates: 7", "crates: 901", "nordmark.1.crates", "constraint", id="constraint"),
        pytest.param("crates: 7", "crate: 7", "nordmark.1.crate", "crates", id="question"),
        pytest.param("trouble: Frost, ", "", "nordmark.1", "draft: true", id="unanswered"),
        pytest.param("trouble: Frost", "trouble: true", "nordmark.1.trouble", "quotes", id="text"),
    ],
)
def test_a_fault_of_the_demonstration_names_its_place_and_mend(
    old: str, new: str, where: str, said: str
) -> None:
    told = faults((old, new))
    assert any(
        place.startswith("demo.yaml") and where in place and said in mend for place, _, mend in told
    ), told


def test_faults_of_the_demonstration_are_told_all_at_once() -> None:
    told = faults(("city: nordmark", "city: nowhere"), ("stopped", "stoped"), ("crates: 7", "creates: 7"))
    assert [place.split(", ", 2)[2] for place, _, _ in told] == [
        "people.2.city",
        "reports.harvest_note.nordmark",
        "reports.harvest_note.nordmark.1.going",
        "reports.harvest_note.nordmark.1.creates",
    ]


def test_a_refused_form_leaves_the_answers_for_the_next_time() -> None:
    files = {**files_of(ORCHARD), "demo.yaml": RIGHT.replace("stopped", "stoped").encode()}
    files["forms/harvest_note.md"] = files["forms/harvest_note.md"].replace(b"| integer |", b"| intger |")
    _, problems = read_programme(files)
    assert [problem.where for problem in problems] == ["forms/harvest_note.md, survey, row 5, type"]
