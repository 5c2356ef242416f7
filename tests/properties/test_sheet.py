"""Whatever is given, a sheet never raises, asks only what is relevant, and records only what it asks."""

from collections.abc import Mapping
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.forms.building import open_form
from bot.forms.first import First
from bot.values import Value
from tests.xlsform import choices, form_of, paths, sheet_of, survey

FORM = form_of(
    survey(
        "hidden | city | | | | | ",
        "select_one severity | severity | How bad? | | | | yes",
        "integer | people | People | ${severity} != 'none' | . >= 1 and . <= 500 | | yes",
        "begin_group | g | G | ${people} > 10 or ${severity} = 'blocking' | | | ",
        "date | met | Met ${city} | | . <= today() | | ${people} > 5",
        "select_multiple severity | several | Several ${severity} | ${met} < today() - 7 | | | ",
        "end_group | | | | | | ",
        "begin_repeat | lines | Lines | ${severity} != 'none' | | | ",
        "decimal | spent | Spent | | . <= ${people} | | ",
        "text | why | ${spent}? | ${spent} > 9 and not(selected(${several}, 'none')) | regex(., '.+') | | ",
        "end_repeat | | | | | | ",
        "calculate | total | | | | sum(${spent}) div count(${lines}) | ",
        "text | closing | All: ${total} | ${total} > 1 or ${met} | string-length(.) < 20 | | ",
        columns="type | name | label | relevant | constraint | calculation | required",
    )
    + choices("severity | none | None", "severity | minor | Minor", "severity | blocking | Blocking")
)
ASKED = ["severity", "people", "g/met", "g/several", "closing", "lines[1]", "lines[2]"]
PATHS = [
    *ASKED,
    "early",
    "late",
    "total",
    *(f"lines[{n}]/{name}" for n in (1, 2, 3) for name in ("spent", "why")),
    "nowhere",
]
TEXTS = st.text(max_size=12) | st.sampled_from(
    ["yes", "none", "blocking", "minor", "2026-11-01", "2026-99-99"]
)
VALUES: st.SearchStrategy[Value] = st.one_of(
    st.none(),
    TEXTS,
    st.integers(-1000, 1000),
    st.floats(),
    st.lists(st.sampled_from(["none", "minor", "blocking"]), max_size=3),
    st.fixed_dictionaries({"type": st.just("file"), "name": TEXTS, "size": st.none(), "ref": TEXTS}),
)
GIVEN = st.dictionaries(st.sampled_from(PATHS), VALUES)


@given(GIVEN, st.sampled_from(PATHS), VALUES)
def test_nothing_that_is_given_makes_a_sheet_raise(
    answers: Mapping[str, Value], path: str, value: Value
) -> None:
    sheet = sheet_of(FORM, answers, {"city": str(value)})
    for step in sheet.steps():
        assert sheet.label(step.path, "fr", lambda text: f"\u2068{text}\u2069")
        sheet.choices(step.path)
        sheet.hint(step.path, "ar")
        sheet.constraint_message(step.path, "pt")
    assert sheet.accepts(path, value) in (True, False)
    sheet.record()


@given(GIVEN)
def test_only_what_is_asked_is_recorded(answers: Mapping[str, Value]) -> None:
    sheet = sheet_of(FORM, answers)
    asked = set(paths(sheet))
    record = sheet.record()
    rows = record.pop("lines", [])
    assert isinstance(rows, list)
    recorded = {f"lines[{n}]/{name}" for n, row in enumerate(rows, 1) for name in row} | set(record)
    assert recorded - {"total"} == asked & set(answers) - {"lines[1]", "lines[2]", "lines[3]"}


@given(GIVEN, st.randoms(use_true_random=False))
def test_the_order_of_answers_does_not_matter(answers: Mapping[str, Value], chance: Random) -> None:
    shuffled = list(answers.items())
    chance.shuffle(shuffled)
    one, other = sheet_of(FORM, answers), sheet_of(FORM, dict(shuffled))
    assert one.steps() == other.steps()
    assert one.record() == other.record()


@given(GIVEN, GIVEN)
def test_what_is_not_asked_changes_nothing(answers: Mapping[str, Value], more: Mapping[str, Value]) -> None:
    sheet = sheet_of(FORM, answers)
    asked = set(paths(sheet))
    hidden_away = {path: value for path, value in more.items() if path not in asked}
    again = sheet_of(FORM, {**answers, **hidden_away})
    assert again.steps() == sheet.steps()
    assert again.record() == sheet.record()


@given(st.sampled_from(["none", "minor", "blocking", None]), st.none() | st.integers(-5, 600))
def test_relevance_is_what_the_expression_says(severity: str | None, people: int | None) -> None:
    """The same rules written in Python, blank numbers comparing false."""
    sheet = sheet_of(FORM, {"severity": severity, "people": people})
    counted = people if severity != "none" else None
    is_met = (counted is not None and counted > 10) or severity == "blocking"
    assert ("people" in paths(sheet)) == (severity != "none")
    assert ("g/met" in paths(sheet)) == is_met
    assert ("lines[1]" in paths(sheet)) == (severity != "none")
    assert sheet.accepts("people", people) == (people is None or 1 <= people <= 500)


HIDDEN = st.fixed_dictionaries({"city": st.sampled_from(["niamey", "kigali"])})
TURNS = st.lists(
    st.tuples(st.dictionaries(st.sampled_from(PATHS), VALUES, max_size=3), HIDDEN), min_size=2, max_size=12
)
AHEAD = form_of(
    survey(
        "text | early | Early | ${late} > 2 | ",
        "calculate | twice | | | ${late} * 2",
        "begin_repeat | lines | Lines | ${people} > 3 | ",
        "integer | spent | Spent | ${twice} > 4 | ",
        "calculate | part | | | ${spent} div ${total}",
        "end_repeat | | | | ",
        "integer | people | People | | ",
        "integer | late | Late | ${people} > 1 | ",
        "calculate | total | | | sum(${spent})",
        columns="type | name | label | relevant | calculation",
    )
)
KEEPS = form_of(
    survey(
        "text | severity | Severity | | ",
        "calculate | kept | | once(${severity}) | ",
        "calculate | own | | if(${own} = '', ${severity}, ${own}) | ",
        "integer | people | People | | ",
        "calculate | unique | | once(uuid()) | ",
        columns="type | name | label | calculation | trigger",
    )
)
LATER = form_of(
    survey(
        "text | severity | Severity | | ",
        "calculate | set | | ${early} | ${people}, ${severity}",
        "integer | people | People | | ",
        "text | early | Early | | ",
        columns="type | name | label | calculation | trigger",
    )
)


FORMS = {"in order": FORM, "reads ahead": AHEAD, "keeps": KEEPS, "set later": LATER}


@given(st.sampled_from(sorted(FORMS)), TURNS)
@settings(deadline=None, max_examples=40)  # each opens a dozen forms
def test_a_turn_that_begins_with_the_one_before_is_like_a_form_just_opened(
    name: str, turns: list[tuple[dict[str, Value], dict[str, str]]]
) -> None:
    """Answers come, change and go; nothing that is kept from one turn to the next may show."""
    form, answers, firsts = FORMS[name], dict[str, Value](), dict[str, First]()
    for changes, hidden in turns:
        answers, firsts = ({**answers, **changes}, firsts) if changes else ({}, {})
        forms = form, open_form(form.source)
        known, fresh = (sheet_of(one, answers, hidden, firsts=firsts) for one in forms)
        assert known.steps() == fresh.steps()
        assert known.record() == fresh.record()
        assert known.firsts() == fresh.firsts()
        firsts = dict(known.firsts())
        for path, value in answers.items():
            assert known.accepts(path, value) == fresh.accepts(path, value)
            assert known.label(path, "en") == fresh.label(path, "en")
            assert known.choices(path) == fresh.choices(path)
