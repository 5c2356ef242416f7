"""Lists that lie in attached files and on the sheet external_choices are offered as any other."""

import pytest

from bot.forms.attached import LARGEST_ATTACHED, MOST_ATTACHED_ROWS
from bot.forms.building import open_form
from bot.forms.form import Form, FormError
from bot.forms.read import read_form
from bot.values import Value
from tests.xlsform import choices, form_of, paths, settings, sheet_of, survey

TOWNS = "code,nom,label::ar,country\nBKO,Bamako,باماكو,ml\nSIK,Sikasso,سيكاسو,ml\nNIM,Niamey,نيامي,ne\n"
COLUMNS = "type | name | label | choice_filter | parameters"


def towns(file: str = TOWNS) -> Form:
    """Return a form that asks for a country and one of its towns."""
    return form_of(
        survey(
            "text | country | Country | |",
            "select_one_from_file towns.csv | town | Town | country = ${country} | value=code label=nom",
            "note | said | You said ${town} | |",
            "text | chief | Who leads the town? | |",
            columns=COLUMNS,
        ),
        towns=file,
    )


def test_a_list_from_a_file_is_filtered_and_shown_by_its_columns() -> None:
    sheet = sheet_of(towns(), {"country": "ml", "town": "SIK"})
    assert [choice.name for choice in sheet.choices("town")] == ["BKO", "SIK"]
    assert sheet.choices("town")[0].labels["default"] == "Bamako"
    assert sheet.label("said", "default") == "You said Sikasso"


def test_a_form_holds_its_files() -> None:
    again = open_form(towns().source)
    assert [c.name for c in sheet_of(again, {"country": "ne"}).choices("town")] == ["NIM"]
    assert again.warnings == ()


def test_a_form_without_version_has_another_when_its_files_change() -> None:
    assert towns().version == towns().version
    assert towns().version != towns(TOWNS + "GAO,Gao,غاو,ml\n").version


def test_semicolons_a_byte_order_mark_and_blank_lines_are_understood() -> None:
    form = towns("\ufeff" + TOWNS.replace(",", ";").replace("\n", "\r\n\r\n"))
    assert [c.name for c in sheet_of(form, {"country": "ml"}).choices("town")] == ["BKO", "SIK"]


def test_columns_of_labels_may_name_a_language() -> None:
    form = form_of(
        survey("select_one_from_file towns.csv | town | Town"),
        towns="name,label::fr,label::ar\nTUN,Tunis,تونس\n",
    )
    (tunis,) = sheet_of(form).choices("town")
    assert tunis.labels == {"fr": "Tunis", "ar": "تونس"}


@pytest.mark.parametrize("sort", ["select_one_from_file", "select_multiple_from_file"])
@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("towns.csv", "towns.csv is missing, so this is asked as text. Attach the file."),
        ("towns.xml", "towns.xml cannot be read, so this is asked as text. Save it as CSV."),
        ("towns.geojson", "towns.geojson cannot be read, so this is asked as text. Save it as CSV."),
    ],
)
def test_a_list_without_its_file_is_asked_as_text(sort: str, file: str, said: str) -> None:
    form = form_of(survey("text | a | A", f"{sort} {file} | town | Town"))
    assert [question.type for question in form.questions] == ["text", "text"]
    assert f"survey, row 3, type: {said}" in form.warnings
    sheet = sheet_of(form, {"a": "x", "town": "Bamako"})
    assert sheet.record() == {"a": "x", "town": "Bamako"}


def test_pulldata_finds_the_first_row_of_a_key() -> None:
    form = form_of(
        survey(
            "text | code | Code | ",
            "calculate | town | | pulldata('towns', 'the town', 'code', ${code})",
            "note | told | That is ${town} | ",
            columns="type | name | label | calculation",
        ),
        towns="code,the town\nBKO,Bamako\nBKO,Second\n",
    )
    assert sheet_of(form, {"code": "BKO"}).record()["town"] == "Bamako"
    assert "town" not in sheet_of(form, {"code": "bko"}).record()
    assert form.warnings == ()


def test_pulldata_without_its_file_is_blank_with_a_warning() -> None:
    form = form_of(
        survey(
            "calculate | town | | pulldata('towns', 'town', 'code', 'BKO')",
            "text | a | A | ",
            columns="type | name | label | calculation",
        )
    )
    assert form.warnings == ("survey, row 2, calculation: towns.csv is missing, so its values are blank.",)
    assert sheet_of(form).record() == {}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("text | b | B | ", "The form has no list towns, so nothing is found there."),
        ("csv-external | towns | | ", "towns.csv is missing, so its values are blank."),
    ],
)
def test_an_expression_over_a_list_that_is_not_there_is_warned_of(row: str, said: str) -> None:
    form = form_of(
        survey(
            row,
            "calculate | people | | instance('towns')/root/item[code = 'BKO']/people",
            columns="type | name | label | calculation",
        )
    )
    assert form.warnings == (f"survey, row 3, calculation: {said}",)


def test_any_expression_reads_an_attached_file() -> None:
    form = form_of(
        survey(
            "csv-external | towns | | ",
            "text | code | Code | ",
            "text | why | Why? | pulldata('towns', 'country', 'code', ${code}) = 'ml'",
            "text | where | Where? | instance('towns')/root/item[code = ${code}]/country = 'ne'",
            columns="type | name | label | relevant",
        ),
        towns=TOWNS,
    )
    assert paths(sheet_of(form, {"code": "BKO"})) == ["code", "why"]
    assert paths(sheet_of(form, {"code": "NIM"})) == ["code", "where"]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("search('towns')", ["BKO", "SIK", "NIM"]),
        ("minimal search('towns', 'matches', 'country', ${country})", ["BKO", "SIK"]),
        ("search('towns', 'startswith', 'nom', 'Si')", ["SIK"]),
        ("search('towns', 'contains', 'nom', 'a', 'country', ${country})", ["BKO", "SIK"]),
    ],
)
def test_search_finds_its_options_in_a_file(search: str, found: list[str]) -> None:
    form = form_of(
        survey(
            "text | country | Country | ",
            f"select_one towns | town | Town | {search}",
            columns="type | name | label | appearance",
        )
        + choices("towns | code | nom"),
        towns=TOWNS,
    )
    options = sheet_of(form, {"country": "ml"}).choices("town")
    assert [choice.name for choice in options] == found
    assert {"BKO": "Bamako", "SIK": "Sikasso"}[options[0].name] in options[0].labels.values()


def test_search_reads_the_instance_of_a_repeat_it_is_in() -> None:
    form = form_of(
        survey(
            "begin_repeat | trips | Trips | ",
            "text | country | Country | ",
            "select_one towns | town | Town | search('towns', 'matches', 'country', ${country})",
            "end_repeat | | | ",
            columns="type | name | label | appearance",
        )
        + choices("towns | code | nom"),
        towns=TOWNS,
    )
    given: dict[str, Value] = {"trips[1]/country": "ml", "trips[1]": "yes", "trips[2]/country": "ne"}
    assert [choice.name for choice in sheet_of(form, given).choices("trips[2]/town")] == ["NIM"]


def test_another_search_is_asked_as_text() -> None:
    form = form_of(
        survey(
            "select_one towns | town | Town | search('towns', 'resembles', 'nom', 'Bam')",
            columns="type | name | label | appearance",
        )
        + choices("towns | code | nom"),
        towns=TOWNS,
    )
    assert form.questions[0].type == "text"
    assert form.warnings == ("survey, row 2, appearance: search() is asked as text.",)


@pytest.mark.parametrize("written", ["country = ${country}", "string(country) = ${country}"])
def test_a_filter_that_is_one_equality_finds_what_any_filter_finds(written: str) -> None:
    """It goes by an index; the other way of writing it looks at each row."""
    form = form_of(
        survey(
            "begin_repeat | trips | Trips | ",
            "text | country | Country | ",
            f"select_one towns | town | Town | {written}",
            "end_repeat | | | ",
            columns="type | name | label | choice_filter",
        )
        + choices(
            "towns | BKO | Bamako | ml",
            "towns | NIM | Niamey | ne",
            "towns | SIK | Sikasso | ml",
            "towns | any | Elsewhere | ",
            columns="list_name | name | label | country",
        )
    )
    given: dict[str, Value] = {"trips[1]/country": "ml", "trips[1]": "yes", "trips[2]/country": "ne"}
    sheet = sheet_of(form, given)
    assert [choice.name for choice in sheet.choices("trips[1]/town")] == ["BKO", "SIK"]
    assert [choice.name for choice in sheet.choices("trips[2]/town")] == ["NIM"]
    node = form.compiled.nodes["trips/town"]
    assert node.options is not None
    assert (node.options.keyed is not None) == written.startswith("country")


def test_external_choices_are_offered_by_their_filter() -> None:
    form = form_of(
        survey(
            "select_one states | state | State | ",
            "select_one_external counties | county | County | state = ${state}",
            columns="type | name | label | choice_filter",
        )
        + choices("states | wa | Washington", "states | tx | Texas")
        + "\n| external_choices |\n| | list_name | name | label | state |"
        + "\n| | counties | king | King | wa |\n| | counties | bexar | Bexar | tx |"
    )
    county = form.questions[1]
    assert (county.type, [c.name for c in county.choices]) == ("select_one", ["king", "bexar"])
    (king,) = sheet_of(form, {"state": "wa"}).choices("county")
    assert (king.name, king.labels) == ("king", {"default": "King"})
    assert sheet_of(form).choices("county") == ()


@pytest.mark.parametrize(
    ("file", "code"),
    [
        pytest.param(b"name\n" + b"x" * LARGEST_ATTACHED, "too_large", id="bytes"),
        pytest.param(b"name\n" + b"x\n" * (MOST_ATTACHED_ROWS + 1), "too_large", id="rows"),
        pytest.param("name\nNiamé\n".encode("latin-1"), "not_utf8", id="not UTF-8"),
        pytest.param(b'name\n"x\n', "file_broken", id="open quote"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(file: bytes, code: str) -> None:
    form = survey("select_one_from_file towns.csv | town | Town") + settings("form_id", "towns")
    with pytest.raises(FormError) as refused:
        read_form(form.encode(), "form.md", {"towns.csv": file})
    (problem,) = refused.value.problems
    assert (problem.code, problem.where) == (code, "towns.csv")
