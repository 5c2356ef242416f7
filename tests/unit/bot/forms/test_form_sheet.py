"""A sheet asks what is relevant, accepts what the constraint allows, and records what was given."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from bot.forms.building import open_form
from bot.forms.form import Form
from bot.values import Value
from tests.xlsform import AT, choices, form_of, paths, settings, sheet_of, survey

YES_NO = choices(
    "yes_no | yes | Yes | Oui | نعم",
    "yes_no | no | No | Non | لا",
    columns="list_name | name | label::English (en) | label::Français (fr) | label::العربية",
)
FOUR = "type | name | label::English (en) | label::Français (fr) | label::العربية"


def marked(value: str) -> str:
    """Isolate a value visibly."""
    return f"<{value}>"


@pytest.fixture(scope="module")
def grouped() -> Form:
    """A group that depends on an answer, and a question that depends on one inside."""
    return form_of(
        survey(
            "select_one yes_no | met | Met | ",
            "begin_group | meeting | Meeting | ${met} = 'yes'",
            "integer | people | People | ",
            "text | far | Far | ${people} > 100",
            "end_group | | | ",
            "text | after | After | ${people} > 5",
            columns="type | name | label | relevant",
        )
        + choices("yes_no | yes | Yes", "yes_no | no | No")
    )


def test_a_group_that_is_not_relevant_hides_its_questions(grouped: Form) -> None:
    assert paths(sheet_of(grouped)) == ["met"]
    assert paths(sheet_of(grouped, {"met": "yes"})) == ["met", "meeting/people"]
    given: dict[str, Value] = {"met": "yes", "meeting/people": 200}
    assert paths(sheet_of(grouped, given)) == ["met", "meeting/people", "meeting/far", "after"]


def test_an_answer_that_is_not_relevant_is_blank_to_others_and_comes_back(grouped: Form) -> None:
    given: dict[str, Value] = {"met": "no", "meeting/people": 200, "meeting/far": "yes, far"}
    sheet = sheet_of(grouped, given)
    assert paths(sheet) == ["met"]
    assert sheet.record() == {"met": "no"}
    assert not sheet.holds("${people} > 5")
    back = sheet_of(grouped, {**given, "met": "yes"})
    assert back.record() == {"met": "yes", "meeting/people": 200, "meeting/far": "yes, far"}


def test_a_relevance_may_read_a_later_answer() -> None:
    form = form_of(
        survey(
            "text | a | A | ${c} = 'go'",
            "text | b | B | ${a} = 'go'",
            "text | c | C | ",
            "text | d | D | ${b} = 'go'",
            columns="type | name | label | relevant",
        )
    )
    assert form.compiled.looks_ahead
    everything: dict[str, Value] = dict.fromkeys("abcd", "go")
    assert paths(sheet_of(form, everything)) == ["a", "b", "c", "d"]
    assert paths(sheet_of(form, {**everything, "c": "stop"})) == ["c"]
    assert paths(sheet_of(form, {"a": "go"})) == ["c"]


def test_calculations_may_read_one_another_in_any_order_and_a_circle_ends() -> None:
    form = form_of(
        survey(
            "calculate | double | | ${plus} * 2",
            "calculate | plus | | ${n} + 1",
            "integer | n | N | ",
            "calculate | one | | ${other} + 1",
            "calculate | other | | ${one} + 1",
            columns="type | name | label | calculation",
        )
    )
    assert sheet_of(form, {"n": 4}).record() == {"double": 10, "plus": 5, "n": 4}


@pytest.fixture(scope="module")
def lines() -> Form:
    """A repeat without a count."""
    return form_of(
        survey(
            "begin_repeat | lines | Budget lines | |",
            "select_one kind | line | Line | |",
            "decimal | spent | Spent on ${line} | | . >= 0",
            "text | why | Why | ${spent} > 100 |",
            "end_repeat | | | |",
            "text | end | The end of ${line} | |",
            "note | shown | Lines: ${end} | |",
            columns="type | name | label | relevant | constraint",
        )
        + choices("kind | staff | Staff", "kind | travel | Travel")
    )


def test_a_repeat_asks_for_another_after_each_instance(lines: Form) -> None:
    first = ["lines[1]/line", "lines[1]/spent", "lines[1]"]
    assert paths(sheet_of(lines)) == [*first, "end", "shown"]
    again = sheet_of(lines, {"lines[1]": "yes", "lines[2]/spent": 500})
    second = ["lines[2]/line", "lines[2]/spent", "lines[2]/why", "lines[2]"]
    assert paths(again) == [*first, *second, "end", "shown"]
    assert paths(sheet_of(lines, {"lines[1]": "no", "lines[2]": "yes"})) == [*first, "end", "shown"]
    another = next(step for step in again.steps() if step.path == "lines[2]")
    assert (another.question.type, another.is_required) == ("another", True)
    assert again.label("lines[2]", "en") == "Budget lines"


def test_a_repeat_is_recorded_as_objects_and_skipped_ones_are_null(lines: Form) -> None:
    given: dict[str, Value] = {
        "lines[1]/line": "staff",
        "lines[1]/spent": 12.5,
        "lines[1]/why": "kept",
        "lines[1]": "yes",
        "lines[2]/line": "travel",
        "lines[2]/spent": None,
        "lines[2]": "no",
        "lines[3]/line": "never asked",
    }
    assert sheet_of(lines, given).record() == {
        "lines": [{"line": "staff", "spent": 12.5}, {"line": "travel", "spent": None}]
    }


def test_a_question_in_a_repeat_reads_its_own_instance(lines: Form) -> None:
    sheet = sheet_of(lines, {"lines[1]/line": "staff", "lines[1]": "yes", "lines[2]/line": "travel"})
    assert sheet.label("lines[1]/spent", "en", marked) == "Spent on <Staff>"
    assert sheet.label("lines[2]/spent", "en", marked) == "Spent on <Travel>"
    assert sheet.accepts("lines[2]/spent", 0)
    assert not sheet.accepts("lines[2]/spent", -1)


def test_a_further_instance_begins_without_the_answers_of_the_one_before(lines: Form) -> None:
    sheet = sheet_of(lines, {"lines[1]/line": "staff", "lines[1]/spent": 500, "lines[1]": "yes"})
    assert "lines[1]/why" in paths(sheet)
    assert "lines[2]/why" not in paths(sheet)
    assert sheet.label("lines[2]/spent", "en", marked) == "Spent on"
    assert sheet.label("end", "en", marked) == "The end of <Staff>"


def test_a_counted_repeat_has_its_number_of_instances() -> None:
    form = form_of(
        survey(
            "integer | n | N | ",
            "begin_repeat | person | Person | ${n} + 1",
            "text | name | Name of ${n} | ",
            "end_repeat | | | ",
            columns="type | name | label | repeat_count",
        )
    )
    given: dict[str, Value] = {
        "n": 1,
        "person[1]/name": "Awa",
        "person[2]/name": "Ali",
        "person[3]/name": "no",
    }
    assert paths(sheet_of(form, given)) == ["n", "person[1]/name", "person[2]/name"]
    assert sheet_of(form, given).record() == {"n": 1, "person": [{"name": "Awa"}, {"name": "Ali"}]}
    assert paths(sheet_of(form, {"n": -1})) == ["n"]
    assert paths(sheet_of(form)) == ["n"]  # a blank count is no instance
    assert len(paths(sheet_of(form, {"n": 10**9}))) == 501  # a bound, whatever was typed


def test_repeats_may_be_inside_groups_and_repeats() -> None:
    form = form_of(
        survey(
            "begin_group | g | G | ",
            "begin_repeat | out | Out | ",
            "text | a | A | ",
            "begin_repeat | in | In | ",
            "integer | b | B | ",
            "end_repeat | | | ",
            "calculate | sum | | sum(${b})",
            "end_repeat | | | ",
            "end_group | | | ",
            columns="type | name | label | calculation",
        )
    )
    given: dict[str, Value] = {
        "g/out[1]/in[1]/b": 1,
        "g/out[1]/in[1]": "yes",
        "g/out[1]/in[2]/b": 2,
        "g/out[1]": "yes",
        "g/out[2]/in[1]/b": 5,
    }
    sheet = sheet_of(form, given)
    assert paths(sheet)[:5] == [
        "g/out[1]/a",
        "g/out[1]/in[1]/b",
        "g/out[1]/in[1]",
        "g/out[1]/in[2]/b",
        "g/out[1]/in[2]",
    ]
    assert sheet.record() == {"g/out": [{"in": [{"b": 1}, {"b": 2}], "sum": 3}, {"in": [{"b": 5}], "sum": 5}]}


def test_a_total_over_a_repeat_leaves_out_what_is_not_relevant() -> None:
    form = form_of(
        survey(
            "calculate | total | | | sum(${spent})",
            "begin_repeat | lines | L | |",
            "text | kind | K | |",
            "decimal | spent | S | ${kind} = 'money' |",
            "calculate | share | | | ${spent} div ${total}",
            "end_repeat | | | |",
            "note | shown | ${total} in all | |",
            columns="type | name | label | relevant | calculation",
        )
    )
    given: dict[str, Value] = {
        "lines[1]/kind": "money",
        "lines[1]/spent": 30,
        "lines[1]": "yes",
        "lines[2]/kind": "time",
        "lines[2]/spent": 1000,
        "lines[2]": "yes",
        "lines[3]/kind": "money",
        "lines[3]/spent": 10,
    }
    sheet = sheet_of(form, given)
    assert sheet.label("shown", "en") == "40 in all"
    rows = sheet.record()["lines"]
    assert rows == [
        {"kind": "money", "spent": 30, "share": 0.75},
        {"kind": "time"},
        {"kind": "money", "spent": 10, "share": 0.25},
    ]


# -- constraints and what is required


@pytest.mark.parametrize(
    ("type_", "constraint", "good", "bad"),
    [
        ("integer", ". >= 1 and . <= 500", 500, 501),
        ("decimal", ". > 0.5", 0.51, 0.5),
        ("date", ". <= today()", "2026-11-23", "2026-11-24"),
        ("date", ". > today() - 7", "2026-11-17", "2026-11-16"),
        ("date", ". >= ${day}", "2026-11-01", "2026-10-31"),
        ("text", "string-length(.) <= 5", "abcde", "abcdef"),
        ("text", "regex(., '^https?://.+')", "https://example.org", "example.org"),
        ("text", "current() = 'a'", "a", "b"),
        ("select_multiple yes_no", "count-selected(.) <= 1", ["yes"], ["yes", "no"]),
        ("select_multiple yes_no", "not(selected(., 'no') and selected(., 'yes'))", ["no"], ["yes", "no"]),
        ("text", ". = ${twice}", "6", "7"),
    ],
)
def test_a_constraint_is_about_the_value_offered(
    type_: str, constraint: str, good: Value, bad: Value
) -> None:
    form = form_of(
        survey(
            "date | day | Day | |",
            "calculate | twice | | | 2 * 3",
            f"{type_} | q | Q | {constraint} |",
            columns="type | name | label | constraint | calculation",
        )
        + choices("yes_no | yes | Yes", "yes_no | no | No")
    )
    sheet = sheet_of(form, {"day": "2026-11-01", "q": "kept"})
    assert sheet.accepts("q", good)
    assert not sheet.accepts("q", bad)
    assert sheet.accepts("q", None)
    assert sheet.record()["q"] == "kept"  # asking changes nothing


def test_required_may_be_an_expression() -> None:
    form = form_of(
        survey(
            "integer | n | N | yes | ",
            "text | why | Why | ${n} > 3 | Say why, please.",
            "text | free | Free | no | ",
            columns="type | name | label | required | required_message",
        )
    )
    assert [step.is_required for step in sheet_of(form, {"n": 4}).steps()] == [True, True, False]
    assert [step.is_required for step in sheet_of(form, {"n": 3}).steps()] == [True, False, False]
    assert sheet_of(form).required_message("why", "fr") == "Say why, please."


# -- texts


@pytest.fixture(scope="module")
def spoken() -> Form:
    """Labels that show answers, in three languages."""
    return form_of(
        survey(
            "hidden | city | | | ",
            "select_one yes_no | met | Met? | Réunis ? | هل اجتمعتم؟",
            "select_multiple yes_no | both | Both | Les deux | كلاهما",
            "integer | n | How many? | | ",
            "note | said | ${met}, ${both}, ${n} in ${city} | ${met} à ${city} | ${met} في ${city}",
            "text | only | | Seulement | ",
            columns=FOUR,
        )
        + YES_NO
        + settings("default_language", "English (en)")
    )


def test_labels_show_answers_each_isolated(spoken: Form) -> None:
    sheet = sheet_of(spoken, {"met": "yes", "both": ["no", "yes"], "n": 12}, {"city": "Sèmè-Podji"})
    assert sheet.label("said", "en", marked) == "<Yes>, <No, Yes>, <12> in <Sèmè-Podji>"
    assert sheet.label("said", "fr", marked) == "<Oui> à <Sèmè-Podji>"
    assert sheet.label("said", "ar", marked) == "<نعم> في <Sèmè-Podji>"


def test_a_blank_answer_leaves_nothing_in_a_label(spoken: Form) -> None:
    assert sheet_of(spoken).label("said", "fr", marked) == "à"


def test_a_language_falls_back_to_the_default_then_to_any_then_to_the_name(spoken: Form) -> None:
    sheet = sheet_of(spoken)
    assert sheet.label("n", "fr") == "How many?"
    assert sheet.label("only", "en") == "Seulement"
    assert sheet.label("met", "pt") == "Met?"
    assert sheet_of(form_of(survey("hidden | h | "))).label("h", "en") == "h"
    assert sheet.label("nowhere", "en") == "nowhere"


def test_hints_and_messages_are_in_the_language_too() -> None:
    form = form_of(
        survey(
            "integer | n | N | About ${n} | Environ ${n} | Not ${n} | Why | . > 1",
            columns="type | name | label::en | hint::en | hint::fr | constraint_message::en | "
            "guidance_hint::en | constraint",
        )
    )
    sheet = sheet_of(form, {"n": 3})
    assert sheet.hint("n", "fr", marked) == "Environ <3>"
    assert sheet.hint("n", "ar", marked) == "About <3>"
    assert sheet.constraint_message("n", "en", marked) == "Not <3>"
    assert sheet.guidance("n", "en") == "Why"
    assert sheet.required_message("n", "en") == ""


def test_a_message_without_a_language_is_found() -> None:
    form = form_of(
        survey(
            "integer | n | N | . > 1 | More, please.",
            columns="type | name | label | constraint | constraint_message",
        )
    )
    assert sheet_of(form).constraint_message("n", "fr") == "More, please."


# -- choices


def test_a_choice_filter_leaves_what_fits() -> None:
    form = form_of(
        survey(
            "select_one country | country | Country | ",
            "select_one town | town | Town | country = ${country}",
            "begin_repeat | visits | V | ",
            "select_one country | c | C | ",
            "select_one town | t | T | country = ${c} and size > 1",
            "select_one town | u | U | country = current()/../c",
            "end_repeat | | | ",
            columns="type | name | label | choice_filter",
        )
        + choices(
            "country | ml | Mali | | ",
            "country | ma | Maroc | | ",
            "town | bko | Bamako in ${country} | ml | 4",
            "town | other | Another | ml | 1",
            "town | other | Other | ma | 2",
            columns="list_name | name | label | country | size",
        )
        + settings("allow_choice_duplicates", "yes")
    )
    assert sheet_of(form).choices("town") == ()
    sheet = sheet_of(form, {"country": "ml", "visits[1]/c": "ma", "visits[1]": "yes", "visits[2]/c": "ml"})
    assert [(c.name, c.labels["default"]) for c in sheet.choices("town", marked)] == [
        ("bko", "Bamako in <Mali>"),
        ("other", "Another"),
    ]
    assert [choice.labels["default"] for choice in sheet.choices("visits[1]/t")] == ["Other"]
    assert [choice.name for choice in sheet.choices("visits[2]/t")] == ["bko"]
    assert [choice.labels["default"] for choice in sheet.choices("visits[1]/u")] == ["Other"]
    assert len(sheet.choices("country")) == 2
    assert sheet.choices("visits[1]") == ()


def test_answers_of_a_repeat_may_be_choices() -> None:
    form = form_of(
        survey(
            "begin_repeat | people | People",
            "text | who | Who",
            "end_repeat | |",
            "select_one ${who} | chief | Chief",
        )
    )
    sheet = sheet_of(form, {"people[1]/who": "Awa", "people[1]": "yes", "people[2]/who": "Ali"})
    assert [choice.name for choice in sheet.choices("chief")] == ["Awa", "Ali"]


def test_or_other_adds_its_choice_and_its_question() -> None:
    form = form_of(survey("select_one yes_no or_other | q | Q") + choices("yes_no | yes | Yes"))
    assert [choice.name for choice in form.questions[0].choices] == ["yes", "other"]
    assert paths(sheet_of(form, {"q": "other"})) == ["q", "q_other"]


# -- calculations, hidden fields, defaults


def test_calculations_have_types_and_blank_ones_are_absent() -> None:
    form = form_of(
        survey(
            "integer | n | N | ",
            "calculate | whole | | ${n} * 2",
            "calculate | part | | ${n} div 8",
            "calculate | text | | concat(${n}, '!')",
            "calculate | same | | ${n}",
            "calculate | truth | | ${n} > 3",
            "calculate | nothing | | ${n} + ${blank}",
            "integer | blank | Blank | ",
            "calculate | day | | date('2026-11-20')",
            columns="type | name | label | calculation",
        )
    )
    assert sheet_of(form, {"n": 4}).record() == {
        "n": 4,
        "whole": 8,
        "part": 0.5,
        "text": "4!",
        "same": 4,
        "truth": "true",
        "day": "2026-11-20",
    }


def test_a_calculated_question_is_shown_and_recorded_but_not_asked() -> None:
    form = form_of(survey("integer | n | Twice: | 2 * 3", columns="type | name | label | calculation"))
    assert [step.question.type for step in sheet_of(form).steps()] == ["note"]
    assert sheet_of(form).record() == {"n": 6}


def test_a_calculation_with_a_trigger_waits_for_it() -> None:
    form = form_of(
        survey(
            "integer | n | N | | ",
            "calculate | when | | today() | ${n}",
            columns="type | name | label | calculation | trigger",
        )
    )
    assert sheet_of(form).record() == {}
    assert sheet_of(form, {"n": 1}).record() == {"n": 1, "when": "2026-11-23"}


@pytest.mark.parametrize(
    "expression", ["once(${name})", "if(${kept} = '', ${name}, ${kept})", "once(uuid())"]
)
def test_what_is_kept_once_is_nobody_elses(expression: str) -> None:
    """A layout begins with the one before, which may be of another city's report."""
    form = form_of(
        survey(
            "text | name | Name | ",
            f"calculate | kept | | {expression}",
            columns="type | name | label | calculation",
        )
    )
    awa, ada = (sheet_of(form, {"name": name}, {"city": name}).record()["kept"] for name in ("Awa", "Ada"))
    assert awa != ada


def test_a_trigger_may_come_after_its_calculation() -> None:
    form = form_of(
        survey(
            "calculate | when | | today() | ${n}",
            "integer | n | N | | ",
            columns="type | name | label | calculation | trigger",
        )
    )
    assert sheet_of(form).record() == {}
    assert sheet_of(form, {"n": 1}).record() == {"n": 1, "when": "2026-11-23"}


def test_each_of_several_triggers_starts_a_calculation() -> None:
    form = form_of(
        survey(
            "integer | n | N | | ",
            "integer | m | M | | ",
            "calculate | when | | today() | ${n}, ${m}",
            columns="type | name | label | calculation | trigger",
        )
    )
    assert "when" not in sheet_of(form).record()
    assert sheet_of(form, {"n": 1}).record()["when"] == sheet_of(form, {"m": 1}).record()["when"]


def test_a_trigger_in_a_repeat_is_that_of_its_own_instance() -> None:
    form = form_of(
        survey(
            "begin_repeat | lines | Lines | | ",
            "integer | n | N | | ",
            "calculate | when | | today() | ${n}",
            "end_repeat | | | | ",
            columns="type | name | label | calculation | trigger",
        )
    )
    given: dict[str, Value] = {"lines[1]/n": 1, "lines[1]": "yes", "lines[2]/n": None, "lines[2]": "no"}
    assert sheet_of(form, given).record()["lines"] == [{"n": 1, "when": "2026-11-23"}, {"n": None}]


def test_a_calculation_that_copies_another_keeps_its_number() -> None:
    form = form_of(
        survey(
            "integer | n | N | ",
            "calculate | twice | | ${n} * 2",
            "calculate | same | | ${twice}",
            "calculate | word | | concat(${n}, '')",
            "calculate | copied | | ${word}",
            columns="type | name | label | calculation",
        )
    )
    record = sheet_of(form, {"n": 2}).record()
    assert record == {"n": 2, "twice": 4, "same": 4, "word": "2", "copied": "2"}


def test_hidden_fields_and_metadata_are_filled_and_not_recorded() -> None:
    form = form_of(
        survey(
            "start | start | | ",
            "today | today | | ",
            "username | username | | ",
            "hidden | city | | ",
            "hidden | kept | | as it was",
            "note | said | ${city} ${today} ${username} ${kept} | ",
            columns="type | name | label | default",
        )
    )
    sheet = sheet_of(form, {}, {"city": "lagos", "username": "Awa"})
    assert sheet.label("said", "en") == "lagos 2026-11-23 Awa as it was"
    assert sheet.holds("${start} > ${today}")
    assert sheet.record() == {}
    assert form.hidden == ("city", "kept")


def test_defaults_are_offered_not_answered() -> None:
    form = form_of(
        survey(
            "integer | n | N | 5",
            "date | d | D | today()",
            "integer | m | M | ",
            columns="type | name | label | default",
        )
    )
    sheet = sheet_of(form)
    assert (sheet.default("n"), sheet.default("d"), sheet.default("m")) == ("5", "2026-11-23", None)
    assert sheet.record() == {}


# -- record


def test_media_are_recorded_without_the_providers_reference_and_read_as_present() -> None:
    form = form_of(
        survey(
            "file | document | D | ",
            "text | link | L | ${document} = ''",
            columns="type | name | label | relevant",
        )
    )
    media: Value = {"type": "file", "name": "plan.pdf", "size": 3, "ref": "AgAC-fictitious"}
    assert paths(sheet_of(form, {"document": media})) == ["document"]
    assert paths(sheet_of(form, {"document": None})) == ["document", "link"]
    assert sheet_of(form, {"document": media}).record() == {
        "document": {"type": "file", "name": "plan.pdf", "size": 3}
    }
    nameless: Value = {"type": "image", "name": "", "size": None, "ref": "AgAC-fictitious"}
    assert paths(sheet_of(form, {"document": nameless})) == ["document"]


def test_values_keep_their_types_and_notes_are_left_out() -> None:
    form = form_of(
        survey(
            "text | t | T",
            "decimal | m | M",
            "select_multiple yes_no | s | S",
            "note | n | N",
            "date | d | D",
            "geopoint | g | G",
        )
        + choices("yes_no | yes | Yes", "yes_no | no | No")
    )
    given: dict[str, Value] = {
        "t": "= 2\n\x00\ud800",
        "m": 1.5,
        "s": ["no", "yes"],
        "n": "seen",
        "d": "2026-11-20",
        "g": "1.5 2.5 0 0",
        "gone": "from an older version",
    }
    record = sheet_of(form, given).record()
    assert record == {name: given[name] for name in "tmsdg"}


# -- threads


def test_many_threads_may_use_one_form(grouped: Form) -> None:
    def turn(number: int) -> list[str]:
        return paths(sheet_of(grouped, {"met": "yes", "meeting/people": number}, {"city": str(number)}))

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(turn, range(400)))
    assert found == [turn(number) for number in range(400)]


def test_the_time_is_an_argument() -> None:
    form = form_of(survey("date | d | D | . <= today()", columns="type | name | label | constraint"))
    early = sheet_of(form, at=datetime(2026, 1, 1, tzinfo=UTC))
    assert early.accepts("d", "2026-01-01")
    assert not early.accepts("d", "2026-01-02")


def test_what_is_remembered_never_outlives_an_answer_that_it_reads() -> None:
    form = form_of(
        survey(
            "integer | a | A | | | ",
            "hidden | city | | | | ",
            "begin_group | g | G | | ${a} > 1 | ",
            "integer | b | B | | ${city} = 'bamako' | . > ${a}",
            "calculate | seen | | count(${b}) + count-non-empty(${b}) | | ",
            "end_group | | | | | ",
            "text | c | C | | ${b} > 2 or format-date(today(), '%Y') = '2030' | ",
            "calculate | d | | coalesce(${b}, 7) + ${a} | | ",
            columns="type | name | label | calculation | relevant | constraint",
        )
    )
    later = datetime(2030, 1, 1, tzinfo=UTC)
    for city in ("bamako", "niamey", "bamako"):
        for given in ({}, {"a": 1}, {"a": 2}, {"a": 2, "g/b": 3}, {"a": 1, "g/b": 3}, {"a": 5, "g/b": 3}):
            for at in (AT, later):
                known, fresh = (
                    sheet_of(one, given, {"city": city}, at) for one in (form, open_form(form.source))
                )
                assert paths(known) == paths(fresh)
                assert known.record() == fresh.record()
                assert [known.accepts("g/b", n) for n in (0, 3, 9, 3)] == [
                    fresh.accepts("g/b", n) for n in (0, 3, 9, 3)
                ]
                assert paths(known) == paths(fresh)


def test_repeats_inside_repeats_stay_within_bounds() -> None:
    form = form_of(
        survey(
            "begin_repeat | a | A | 500",
            "begin_repeat | b | B | 500",
            "text | x | X | ",
            "end_repeat | | | ",
            "end_repeat | | | ",
            columns="type | name | label | repeat_count",
        )
    )
    assert 500 <= len(paths(sheet_of(form))) <= 21_000


def test_a_further_instance_begins_blank() -> None:
    form = form_of(
        survey(
            "begin_repeat | lines | Lines | ",
            "integer | spent | Spent | ",
            "end_repeat | | | ",
            "calculate | answered | | count-non-empty(${spent})",
            "note | shown | ${answered} answered | ",
            columns="type | name | label | calculation",
        )
    )
    assert sheet_of(form, {"lines[1]/spent": 30, "lines[1]": "yes"}).label("shown", "en") == "1 answered"


def test_or_other_speaks_the_languages_of_the_form() -> None:
    languages = "label::English (en) | label::Français (fr) | label::Português (pt) | label::العربية (ar)"
    form = form_of(
        survey(
            "select_one site or_other | where | Where? | Où ? | Onde? | أين؟",
            columns=f"type | name | {languages}",
        )
        + choices("site | a | A | A | A | A", columns=f"list_name | name | {languages}")
    )
    where, other = form.questions
    assert where.choices[-1].labels == {"en": "Other", "fr": "Autre", "pt": "Outro", "ar": "غير ذلك"}
    assert other.labels == {
        "en": "Specify other.",
        "fr": "Précisez.",
        "pt": "Especifique.",
        "ar": "يرجى التحديد.",
    }
    assert form.warnings == ()
    assert sheet_of(form, {"where": "other"}).label("where_other", "pt") == "Especifique."
    assert open_form(form.source).questions == form.questions


def test_a_constraint_reads_calculations_made_with_the_answer() -> None:
    """A total is what it will be, not what it was before the answer."""
    form = form_of(
        survey(
            "integer | men | Men | |",
            "integer | women | Women | ${double} <= 20 |",
            "calculate | total | | | ${men} + ${women}",
            "calculate | double | | | ${total} * 2",
            columns="type | name | label | constraint | calculation",
        )
    )
    sheet = sheet_of(form, {"men": 4})
    assert sheet.accepts("women", 6)
    assert not sheet.accepts("women", 7)
    changed = sheet_of(form, {"men": 4, "women": 9})
    assert not changed.accepts("women", 9)
    assert changed.accepts("women", 1)


SUMS = survey(
    "calculate | sum | | | | ${first} + ${second}",
    "begin_repeat | r | Round | field-list | |",
    "integer | first | First | | ${sum} = 2 |",
    "begin_group | g | Inner | | |",
    "integer | second | Second | | ${sum} = 2 and . >= 0 |",
    "end_group | | | | |",
    "integer | limited | Limited | | . > 0 |",
    "end_repeat | | | | |",
    "integer | after | After | | . > ${later} |",
    "integer | later | Later | | |",
    columns="type | name | label | appearance | constraint | calculation",
)


@pytest.mark.parametrize(
    ("path", "value", "given", "is_accepted"),
    [
        pytest.param("r[1]/first", 5, {}, True, id="the other is open"),
        pytest.param("r[1]/first", 5, {"r[1]/g/second": 1}, False, id="the other is answered"),
        pytest.param("r[1]/first", 1, {"r[1]/g/second": 1}, True, id="the other fits"),
        pytest.param("r[1]/first", 5, {"r[1]/g/second": None}, False, id="the other is left out"),
        pytest.param("r[1]/g/second", 1, {"r[1]/first": 5}, False, id="the last one decides"),
        pytest.param("r[1]/limited", -1, {}, False, id="a constraint of its own"),
        pytest.param("after", 1, {}, False, id="on no page"),
    ],
)
def test_a_constraint_waits_for_the_rest_of_its_page(
    path: str, value: Value, given: dict[str, Value], is_accepted: bool
) -> None:
    """ODK judges a page as a whole: of two numbers that make a sum, the first one fits nothing yet."""
    assert sheet_of(form_of(SUMS), given).accepts(path, value) is is_accepted
