"""Expressions mean what ODK says they mean, and what is unsafe or unknown is refused."""

from time import perf_counter

import pytest

from bot.forms.rewriting import ExpressionError
from bot.values import Value
from tests.xlsform import choices, form_of, sheet_of, survey

FORM = form_of(
    survey(
        "integer | n | N | ",
        "integer | zero | Zero | ",
        "decimal | m | M | ",
        "integer | blank | Blank | ",
        "date | d | D | ",
        "dateTime | dt | DT | ",
        "time | clock | Clock | ",
        "text | t | T | ",
        "text | empty | Empty | ",
        "text | yes | Yes | ",
        "select_one fruit | one | One | ",
        "select_multiple fruit | some | Some | ",
        "acknowledge | seen | Seen | ",
        "begin_repeat | lines | Lines | ",
        "decimal | spent | Spent | ",
        "text | what | What | ${spent} > 1",
        "end_repeat | | | ",
        columns="type | name | label | relevant",
    )
    + choices("fruit | apple | An apple", "fruit | pear | A pear", "fruit | pear_tree | A pear tree")
)
GIVEN: dict[str, Value] = {
    "n": 12,
    "zero": 0,
    "m": 2.5,
    "d": "2026-11-20",
    "dt": "2026-11-23T18:00:00.000+01:00",
    "clock": "18:00",
    "t": "Bamako",
    "yes": "true",
    "one": "pear",
    "some": ["apple", "pear"],
    "lines[1]/spent": 1,
    "lines[1]/what": "kept, not relevant",
    "lines[1]": "yes",
    "lines[2]/spent": 2,
    "lines[2]/what": "paper",
    "lines[2]": "yes",
    "lines[3]/spent": 3.5,
    "lines[3]/what": "ink",
}

HOLDS = [
    # core functions that libxml2 has, but not as ODK means them
    "round(1.236, 2) = 1.24",
    "round(2.5) = 3",
    "round(${m} * 10) = 25",
    "round(1234, -2) = 1200",
    "number(${n}) = 12",
    "number('12abc') != number('12abc')",
    "number(${d}) = 20777",
    "concat('a') = 'a'",
    "concat(${n}, '-', ${t}) = '12-Bamako'",
    "concat(${spent}) = '123.5'",
    "sum(${spent}) = 6.5",
    "count(${lines}) = 3",
    "count(${what}) = 2",
    "count-non-empty(${spent}) = 3",
    "string(${n}) = '12'",
    "string-length(${t}) = 6",
    # dates
    "${d} <= today()",
    "not(${d} > today())",
    "${d} < '2026-11-21'",
    "'2026-11-19' < ${d}",
    "${d} >= date('2026-11-20')",
    "${d} = '2026-11-20'",
    "${d} = date('2026-11-20')",
    "${d} = date('2026-11-20T10:00:00Z')",
    "${d} != today()",
    "today() - ${d} = 3",
    "${d} = today() - 3",
    "today() - 3 = ${d}",
    "date(${d} + 7) = '2026-11-27'",
    "${d} + 7 > today() and ${d} + 3 <= today()",
    "(${d}) <= (today())",
    "int((today() - date('2000-01-01')) div 365.25) = 26",
    "now() > today()",
    "now() < ${dt}",
    "decimal-date-time(${dt}) = 20780.75",
    "decimal-date-time('1970-01-02') = 1",
    "decimal-time(${clock}) = 0.75",
    "decimal-time('06:00') = 0.25",
    "format-date(${d}, '%d/%m/%Y') = '20/11/2026'",
    "format-date(${d}, '%e %n %y') = '20 11 26'",
    "format-date(${d} + 1, '%b %a') = 'Nov Sat'",
    "format-date-time(${dt}, '%H:%M:%S %h %3') = '18:00:00 18 000'",
    "format-date('nothing', '%Y') = ''",
    "format-date(today(), '%Y-%m-%d') = today()",
    "min(${d}, today()) = 20777",
    # blank answers
    "${blank} = ''",
    "not(${blank} < 5)",
    "not(${blank} >= 0)",
    "not(${blank} != '')",
    "${blank} + 1 != ${blank} + 1",
    "number('') != 0",
    "coalesce(${blank}, 0) = 0",
    "coalesce(${blank} + 1, 7) = 7",
    "coalesce(${n}, 0) = 12",
    "sum(${blank}) != 0",
    "string-length(${empty}) = 0",
    # a question holds when it has an answer, not when it exists
    "not(${empty})",
    "${t} and true()",
    "not(${empty} and true())",
    "not(${empty} or ${blank})",
    "not(${zero})",
    "not(${zero} or false())",
    "${n} and 1 = 1",
    "${yes} = true()",
    "not(${empty} = true())",
    "${empty} = false()",
    "'Bamako' = ${t} and selected(${some}, 'pear')",
    "not('Dakar' = ${t} and selected(${some}, 'pear'))",
    "'2026-11-20' = ${d} and ${n} = 12",
    "1 = 1 and ${t} != ${empty} and 2 > 1",
    "if(${empty}, 1, 2) = 2",
    "if(${t}, 'a', 'b') = 'a'",
    "if(${zero}, 1, 2) = 2",
    "not(boolean(${empty}))",
    "not(indexed-repeat(${what}, ${lines}, 1) and true())",
    # choices
    "selected(${some}, 'pear')",
    "not(selected(${one}, 'pear_tree'))",
    "not(selected(${some}, 'pea'))",
    "selected-at(${some}, 1) = 'pear'",
    "selected-at(${some}, 2) = ''",
    "selected-at(${some}, -1) = ''",
    "count-selected(${some}) = 2",
    "count-selected(${empty}) = 0",
    "jr:choice-name(${one}, '${one}') = 'A pear'",
    "jr:choice-name(selected-at(${some}, 0), '${some}') = 'An apple'",
    "jr:choice-name('unknown', '${one}') = 'unknown'",
    "instance('fruit')/root/item[name = /data/one]/label = 'A pear'",
    "count(instance('fruit')/root/item[starts-with(name, 'pear')]) = 2",
    "instance('fruit')/root/item[1]/name = 'apple'",
    "instance('fruit')/root/item[position() = last()]/name = 'pear_tree'",
    # repeats
    "indexed-repeat(${spent}, ${lines}, 2) = 2",
    "indexed-repeat(${spent}, ${lines}, 2) + 1 = 3",
    "not(indexed-repeat(${spent}, ${lines}, 9) = 1)",
    "position(/data/lines[2]) = 2",
    "/data/lines[2]/spent = 2",
    "/data/lines[spent > 3]/what = 'ink'",
    "join(', ', ${what}) = 'paper, ink'",
    "max(${spent}) = 3.5",
    "min(${spent}) = 1",
    "max(1, 5, 3) = 5",
    # texts
    "substr(${t}, 0, 3) = 'Bam'",
    "substr(${t}, 3) = 'ako'",
    "substr(${t}, -3, -1) = 'ak'",
    "substr(${t}, 99) = ''",
    "substring(${t}, 1, 3) = 'Bam'",
    "substring-before('a/b', '/') = 'a' and substring-after('a/b', '/') = 'b'",
    "translate('bar', 'abc', 'AB') = 'BAr'",
    "normalize-space('  a   b ') = 'a b'",
    "contains(${t}, 'mak') and starts-with(${t}, 'Ba') and ends-with(${t}, 'ko')",
    "regex(${t}, '[A-Z][a-z]+')",
    "not(regex(${t}, '[a-z]+'))",
    "not(regex('abc', 'b'))",
    r"regex('٢٤', '\p{Nd}+')",
    "boolean-from-string('true') and not(boolean-from-string('yes'))",
    # numbers
    "-${n} = -12",
    "${n} - -1 = 13",
    "10 div 4 = 2.5 and 10 mod 4 = 2",
    "2 * 3 + 1 = 7",
    "int(2.9) = 2 and int(-2.9) = -2 and int('7') = 7",
    "pow(2, 3) = 8 and abs(-1) = 1 and sqrt(16) = 4",
    "floor(2.5) = 2 and ceiling(2.5) = 3",
    "round(pi(), 2) = 3.14 and round(atan2(1, 1), 3) = 0.785",
    "exp10(2) = 100 and log10(100) = 2 and round(exp(log(3)), 6) = 3",
    "sqrt(-1) != sqrt(-1)",
    "pow(10, 999) != 0",
    "checklist(1, 2, ${n}, ${zero}) and weighted-checklist(5, -1, ${n}, 5, ${zero}, 9)",
    "random() >= 0 and random() < 1",
    "string-length(uuid()) = 36 and string-length(uuid(8)) = 8",
    "once('x') = 'x'",
    "true() and not(false())",
    "int(1.9, 0) = 1",
    "coalesce('', ${blank}, 7) = 7 and coalesce(${empty}) = ''",
    "concat() = ''",
    "${clock} > '08:00' and ${clock} < '18:01' and not(${clock} < '9:59')",
    "${clock} = '18:00'",
    "format-date-time(${clock}, '%H h %M') = '18 h 00'",
    "position() = 1 and last() = 1",
    "string-length(string()) = string-length(.)",
    "instance('fruit')/root/item[name = instance('fruit')/root/item[2]/name]/label = 'A pear'",
    "digest('abc', 'MD5', 'hex') = '900150983cd24fb0d6963f7d28e17f72'",
    "digest('abc', 'SHA-1') = 'qZk+NkcGgWq6PiVxeFDCbJzQ2J0='",
    "digest('abc', 'ROT13') = ''",
    "base64-decode('QmFtYWtv') = 'Bamako' and base64-decode('?') = ''",
    "depend(${n}, ${t}) = 12",
    "property('deviceid') = ''",
    # places
    "round(distance('0 0 0 0;0 1 0 0') div 1000, 0) = 111",
    "round(distance('0 0', '1 0', '0 0') div 1000, 0) = 223",
    "distance('nowhere', '1 1') = 0 and distance('0 0') = 0",
    "round(area('0 0;0 1;1 1;1 0;0 0') div 1000000, 0) = 12391",
    "area('0 0;0 1') = 0",
    "geofence('0.5 0.5 0 0', '0 0;0 1;1 1;1 0;0 0') and not(geofence('2 0.5', '0 0;0 1;1 1;1 0'))",
    "not(geofence('', '0 0;0 1;1 1'))",
    "intersects('0 0;1 1;1 0;0 1') and not(intersects('0 0;0 1;1 1;1 0;0 0'))",
    # patterns that RE2 cannot read
    "regex('123', '(?!0)[0-9]+') and not(regex('012', '(?!0)[0-9]+'))",
    r"regex('abab', '(ab)\1')",
    "regex('aaa', 'a{1,2000}')",
    "1 < 2 and 2 > 1 and 1 <= 1 and 1 >= 1 and 1 != 2",
]


@pytest.mark.parametrize("expression", HOLDS)
def test_an_expression_holds_as_in_odk(expression: str) -> None:
    assert sheet_of(FORM, GIVEN).holds(expression)


REFUSED = [
    pytest.param("tody() > 1", "function_unknown", id="misspelt"),
    pytest.param("cht:extension-lib('x') = 1", "function_unknown", id="foreign prefix"),
    pytest.param("document('file.xml')", "function_unknown", id="document"),
    pytest.param("name(/data/n)", "function_unknown", id="name"),
    pytest.param("${last-saved#nobody} = 1", "name_unknown", id="unknown name of last time"),
    pytest.param("${nobody} = 1", "name_unknown", id="unknown name"),
    pytest.param("//n = 1", "expression_unsafe", id="descendants first"),
    pytest.param("/data//n = 1", "expression_unsafe", id="descendants"),
    pytest.param("/data/*[1] = 1", "expression_unsafe", id="star"),
    pytest.param("count(*) = 1", "expression_unsafe", id="star alone"),
    pytest.param("/data/descendant::n", "expression_unsafe", id="axis"),
    pytest.param("ancestor::data", "expression_unsafe", id="axis first"),
    pytest.param("/data/@id", "expression_unsafe", id="attribute"),
    pytest.param("@id", "expression_unsafe", id="attribute first"),
    pytest.param("/data/text()", "expression_unsafe", id="node test"),
    pytest.param("/data/lines[spent[.[. > 1]]]", "expression_unsafe", id="three levels"),
    pytest.param("instance(${t})/root/item", "expression_unsafe", id="instance of an answer"),
    pytest.param("concat(${t}, 'x')/a", "expression_unsafe", id="steps after a value"),
    pytest.param("$today", "expression_syntax", id="variable"),
    pytest.param("", "expression_syntax", id="empty"),
    pytest.param("1 +", "expression_syntax", id="cut short"),
    pytest.param("(1 + 2", "expression_syntax", id="not closed"),
    pytest.param("1 + 2)", "expression_syntax", id="closed twice"),
    pytest.param("because nobody knows", "expression_syntax", id="prose"),
    pytest.param("don't know", "expression_syntax", id="open quote"),
    pytest.param("${t} = ‘yes’", "expression_syntax", id="curly quotes"),
    pytest.param("1 == 1", "expression_syntax", id="programmer's equals"),
    pytest.param("'a' | 'b'", "expression_syntax", id="union of texts"),
    pytest.param("if(1, 2)", "function_arguments", id="too few"),
    pytest.param("int(1.5, 0, 0)", "function_arguments", id="too many"),
    pytest.param("true(1)", "function_arguments", id="none wanted"),
    pytest.param(r"regex(., '(a|aa)+\1$b')", "regex_unsupported", id="slow pattern"),
    pytest.param("regex(., '(?=a{100}){900}')", "regex_unsupported", id="counts too far"),
    pytest.param("regex(., '[')", "regex_unsupported", id="broken pattern"),
    pytest.param("1" + " + 1" * 1000, "expression_too_long", id="4001 characters"),
    pytest.param("(" * 1999 + "1" + ")" * 1999, "expression_too_deep", id="nested parentheses"),
    pytest.param("not(" * 700 + "1" + ")" * 700, "expression_too_deep", id="nested calls"),
]


@pytest.mark.parametrize(("expression", "code"), REFUSED)
def test_what_is_unknown_or_unsafe_is_refused(expression: str, code: str) -> None:
    fault = FORM.fault(expression)
    assert fault is not None
    assert fault.code == code
    assert fault.message.endswith(".")
    assert fault.mend.endswith(".")


@pytest.mark.parametrize(
    ("expression", "mend"),
    [
        pytest.param("${n} == 1", "Write = instead of ==.", id="equals"),
        pytest.param("${n} <> 1", "Write != instead of <>.", id="spreadsheet's not equal"),
        pytest.param("${n} ≥ 1", "Write >= instead of ≥.", id="sign of a word processor"),
        pytest.param("${n} > 1 AND ${n} < 5", "Write and instead of AND.", id="capitals"),
        pytest.param("${n} > 1 && ${n} < 5", "Write and instead of &&.", id="programmer's and"),
        pytest.param("${n} % 2 = 0", "Write mod instead of %.", id="remainder"),
        pytest.param("${n} / 2 = 1", "Write div instead of /.", id="division"),
        pytest.param("if(${n} > 1; 2; 3)", "Write , instead of ;.", id="semicolons"),
        pytest.param("!${n}", "Write not(…) instead of !.", id="programmer's not"),
        pytest.param("{n} > 1", "Write ${n} instead of {n}.", id="no dollar"),
        pytest.param("$n > 1", "Write ${n} instead of $n.", id="no braces"),
        pytest.param("${n} > 1,5", "Write ${n} > 1.5 instead of ${n} > 1,5.", id="decimal comma"),
        pytest.param("${t} = 'a == b", "Correct the expression; texts need", id="open quote first"),
        pytest.param("IF(${n} > 1, 2, 3)", "Perhaps if() is meant.", id="function in capitals"),
        pytest.param("count_selected(${t}) > 1", "Perhaps count-selected() is meant.", id="underscore"),
        pytest.param("xyz(1)", "See the list of functions", id="like none"),
    ],
)
def test_a_known_slip_is_named_with_what_to_write(expression: str, mend: str) -> None:
    fault = FORM.fault(expression)
    assert fault is not None
    assert fault.mend.startswith(mend)


def test_a_refused_rule_raises_when_it_is_used() -> None:
    with pytest.raises(ExpressionError, match="tody"):
        sheet_of(FORM).holds("tody() = 1")


def test_a_regular_expression_takes_linear_time() -> None:
    started = perf_counter()
    assert not sheet_of(FORM).holds(f"regex('{'a' * 3000}!', '(a+)+')")
    assert perf_counter() - started < 1  # Python's own engine needs longer than the age of the universe


def test_a_pattern_that_an_answer_breaks_matches_nothing() -> None:
    assert not sheet_of(FORM, {"t": "["}).holds("regex('a', ${t})")


def test_uuid_and_random_are_the_same_for_the_same_session() -> None:
    first, again = (sheet_of(FORM, {}, {"city": "kigali"}) for _ in range(2))
    other = sheet_of(FORM, {}, {"city": "lagos"})
    assert _value(first, "uuid()") == _value(again, "uuid()") != _value(other, "uuid()")
    assert _value(first, "random()") == _value(again, "random()") != _value(other, "random()")


def _value(sheet: object, expression: str) -> object:
    compiled = FORM.rule(expression)
    return sheet._layout.text(compiled, "", "en")  # type: ignore[attr-defined]  # the test looks inside


def test_names_of_months_follow_the_language() -> None:
    form = form_of(
        survey(
            "date | d | D | D",
            "note | shown | On ${d} | Le",
            "calculate | month | | | format-date(${d}, '%b')",
            "note | said | In ${month} | En",
            columns="type | name | label::English (en) | label::French (fr) | calculation",
        )
        + "\n| settings |\n| | default_language |\n| | French (fr) |"
    )
    assert sheet_of(form, {"d": "2026-12-01"}).label("said", "en") == "In déc."


def test_a_long_table_of_conditions_inside_one_another_is_read() -> None:
    """Authors write tables of codes so, and 40 was too few."""
    table = "".join(f"if(${{n}} = {number}, {number * 10}, " for number in range(90)) + "0" + ")" * 90
    assert sheet_of(FORM, {"n": 7}).holds(f"{table} = 70")
