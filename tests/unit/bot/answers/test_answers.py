"""Answers in people's words: each line of the tables leads to its value, its check or its refusal."""

from collections import Counter

import pytest

from tests.unit.bot.answers.table import Case, cases, read, told

CASES = tuple(cases())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.place)
def test_what_is_written_leads_to_what_the_table_says(case: Case) -> None:
    """`=` is taken as it is, `=+` is said back, `?` is checked with the person, `!` is asked again."""
    assert told(read(case)) == (case.sign, case.value), case.said


def test_the_tables_are_wide() -> None:
    """At least 400 inputs, at least 50 in each language, no line twice."""
    assert len(CASES) >= 400
    by_language = Counter(case.asking.language for case in CASES)
    assert all(by_language[language] >= 50 for language in ("en", "fr", "pt", "ar")), by_language
    twice = Counter((repr(case.asking), case.said) for case in CASES)
    assert [said for said, count in twice.items() if count > 1] == []
