"""`templates.yaml` is checked with its programme, and told with every fault."""

import re

import pytest

from bot.programme import open_programme, read_programme
from bot.programme.templates import KINDS
from tests.programmes import ASTON, ORCHARD, files_of

RIGHT = """
language_codes: {fr: fr, en: en_GB}
samples:
  week: {fr: "48", en: "48"}
  answered: {fr: "2", en: "2"}
  expected: {fr: "3", en: "3"}
templates:
  digest:
    version: 2
    bodies:
      fr: "Semaine {{1}} : notes de {{2}} vergers sur {{3}}. Lire ?"
      en: "Week {{1}}: notes of {{2}} orchards of {{3}}. Read?"
    buttons:
      fr: [Lire]
      en: [Read]
"""


def faults(*changes: tuple[str, str]) -> list[tuple[str, str, str]]:
    """Return place, message and mend of each fault with texts of the templates replaced."""
    text = RIGHT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    _, problems = read_programme({**files_of(ORCHARD), "templates.yaml": text.encode()})
    return [(problem.where, problem.message, problem.mend) for problem in problems]


def test_right_templates_are_read() -> None:
    assert faults() == []
    programme = open_programme({**files_of(ORCHARD), "templates.yaml": RIGHT.encode()})
    assert programme.templates["digest"].version == 2
    assert programme.language_codes["en"] == "en_GB"


def test_the_file_may_be_left_out() -> None:
    files = {name: content for name, content in files_of(ORCHARD).items() if name != "templates.yaml"}
    programme, problems = read_programme(files)
    assert problems == ()
    assert programme is not None
    assert programme.templates == {}


@pytest.mark.parametrize(
    ("old", "new", "where", "said"),
    [
        pytest.param('"Week {{1}}:', '"{{1}}:', "line 12, templates.digest.bodies.en", "a word", id="begins"),
        pytest.param("{{3}}. Read?", "{{3}}.", "digest.bodies.en", "after the last", id="ends"),
        pytest.param("{{1}}: notes of {{2}}", "{{1}} {{2}}", "bodies.en", "side by side", id="side by side"),
        pytest.param("orchards of {{3}}", "orchards", "bodies.en", "{{3}} expected", id="one is missing"),
        pytest.param("orchards of {{3}}", "orchards of {{4}}", "bodies.en", "in this order", id="a gap"),
        pytest.param("{{1}}: notes of {{2}}", "{{2}}: notes of {{1}}", "bodies.en", "order", id="order"),
        pytest.param("orchards of {{3}}", "{{3}} {{3}}", "bodies.en", "each of these once", id="twice"),
        pytest.param("{{1}}: notes", "{{week}}: notes", "bodies.en", "{{1}} week", id="a name"),
        pytest.param("{{1}}: notes", "{1} {{1}}: notes", "bodies.en", "variables", id="a brace"),
        pytest.param("Read?", "Read" + "?" * 1000, "bodies.en", "at most 1024", id="long"),
        pytest.param("[Read]", "[Read it all now and here]", "buttons.en.1", "at most 20", id="long button"),
        pytest.param("[Read]", "[Read, Later]", "digest.buttons.en", "Write 1", id="too many buttons"),
        pytest.param("[Read]", "[]", "digest.buttons.en", "Write 1", id="no button"),
        pytest.param(
            "      en: [Read]", "      de: [Read]", "digest.buttons", "No buttons in: en", id="lost"
        ),
        pytest.param('      en: "Week', '      de: "Week', "digest.bodies", "No text in: en", id="language"),
        pytest.param("  digest:", "  digests:", "templates.digests", "reminder", id="kind"),
        pytest.param("version: 2", "version: 0", "digest.version", "", id="version"),
        pytest.param(", en: en_GB}", "}", "language_codes", "No code for en", id="no code"),
        pytest.param("en: en_GB}", "en: english}", "language_codes.en", "", id="code"),
        pytest.param("{fr: fr,", "{ar: ar, fr: fr,", "language_codes.ar", "Use one of: fr, en", id="other"),
        pytest.param('  week: {fr: "48", en: "48"}\n', "", "samples", "No sample of: week", id="sample"),
        pytest.param("  week:", "  weak:", "samples.weak", "Use one of", id="unknown sample"),
        pytest.param('{fr: "48", en: "48"}', '{fr: "48"}', "samples.week", "en", id="half a sample"),
        pytest.param("templates:", "template:", "line 7, template", "spelling", id="section"),
    ],
)
def test_a_fault_is_told_with_its_place_and_mend(old: str, new: str, where: str, said: str) -> None:
    found = faults((old, new))
    assert any(where in place and said in f"{message} {mend}" for place, message, mend in found), found
    assert all(place.startswith("templates.yaml") and mend for place, _, mend in found), found


def test_every_fault_is_told_at_once() -> None:
    found = faults(("Week {{1}}:", "{{1}}{{2}}"), ("[Lire]", "[]"), ("version: 2", "version: 0"))
    assert {place.rsplit(", ", 1)[1] for place, _, _ in found} == {"templates.digest.version"}
    found = faults(("Week {{1}}:", "{{1}}{{2}}"), ("[Lire]", "[]"))
    assert len(found) == 4  # begins with a variable, side by side, not the variables, no button


def test_aston_has_every_kind_and_enough_words() -> None:
    """Providers refuse a body with fewer words than three a variable and one, variables counted in."""
    programme = open_programme(files_of(ASTON))
    assert set(programme.templates) == set(KINDS)
    for template in programme.templates.values():
        for language, body in template.bodies.items():
            said = re.findall(r"\{\{\d\}\}|[^\W\d_][^\s{}]*", body)
            assert len(said) >= 3 * len(KINDS[template.kind].values) + 1, (template.kind, language)
