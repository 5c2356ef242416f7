"""A file becomes a form, or every reason why not with its place."""

import zipfile
from io import BytesIO

import openpyxl
import pytest

from bot.forms.building import open_form
from bot.forms.form import FormError
from bot.forms.read import read_form
from bot.forms.sizes import LARGEST_FILE, LARGEST_UNZIPPED, MOST_ENTRIES
from bot.sentence import Sentence
from bot.values import Problem
from tests.xlsform import choices, form_of, paths, settings, sheet_of, survey

OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # how an .xls begins
YES_NO = choices("yes_no | yes | Yes", "yes_no | no | No")


def problems_of(file: bytes | str, name: str = "written.md") -> tuple[Problem, ...]:
    """Return why a file is refused."""
    with pytest.raises(FormError) as refused:
        read_form(file.encode() if isinstance(file, str) else file, name)
    return refused.value.problems


def a_workbook(sheets: dict[str, list[list[object]]]) -> bytes:
    """Return an .xlsx file."""
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.worksheets[0])
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
    file = BytesIO()
    workbook.save(file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("text", "text"),
        ("integer", "integer"),
        ("decimal", "decimal"),
        ("date", "date"),
        ("time", "time"),
        ("dateTime", "datetime"),
        ("select_one yes_no", "select_one"),
        ("select_multiple yes_no", "select_multiple"),
        ("rank yes_no", "rank"),
        ("note", "note"),
        ("image", "image"),
        ("audio", "audio"),
        ("video", "video"),
        ("file", "file"),
        ("geopoint", "geopoint"),
        ("barcode", "barcode"),
        ("acknowledge", "acknowledge"),
        ("range", "range"),
        ("geotrace", "text"),
        ("geoshape", "text"),
    ],
)
def test_each_type_is_known(written: str, read: str) -> None:
    form = form_of(survey(f"{written} | q | Q") + YES_NO)
    assert [question.type for question in form.questions] == [read]


def test_what_is_asked_as_text_is_said() -> None:
    form = form_of(survey("text | a | A", "geotrace | way | Way"))
    assert "survey, row 3, type: geotrace is asked as text." in form.warnings


def test_a_form_has_its_name_title_version_and_languages() -> None:
    form = form_of(
        survey("text | q | Q | Q | س", columns="type | name | label::Français | label::sw | label::العربية")
        + settings(
            "form_id | form_title | version | default_language", "City-Report 2 | City report | 7 | Français"
        )
    )
    assert (form.name, form.title, form.version) == ("city_report_2", "City report", "7")
    assert form.languages == ("fr", "ar", "sw")
    assert form.default_language == "fr"
    assert form.questions[0].labels == {"fr": "Q", "sw": "Q", "ar": "س"}


def test_a_form_without_settings_is_named_after_its_file_and_versioned_by_its_bytes() -> None:
    first, again = (form_of(survey("text | q | Q"), "Weekly Update.md") for _ in range(2))
    other = form_of(survey("text | q | R"), "Weekly Update.md")
    assert first.name == "weekly_update"
    assert first.version == again.version != other.version
    assert len(first.version) == 10
    assert first.languages == ()
    assert first.questions[0].labels == {"default": "Q"}


def test_a_question_has_everything_its_row_says() -> None:
    form = form_of(
        survey(
            "hidden | city | | | | | | | | | |",
            "integer | n | N | ${city} | hint | help | ${city} = '' | . > 1 | more | must | ${city} = 1 | w",
            columns=(
                "type | name | label::en | label::fr | hint::en | guidance_hint::en | relevant | "
                "constraint | constraint_message::fr | required_message::fr | required | appearance"
            ),
        )
    )
    (question,) = form.questions
    assert question.labels == {"en": "N", "fr": "${city}"}
    assert (question.hints, question.guidance) == ({"en": "hint"}, {"en": "help"})
    assert (question.constraint_messages, question.required_messages) == ({"fr": "more"}, {"fr": "must"})
    assert (question.relevant, question.constraint) == ("${city} = ''", ". > 1")
    assert (question.required, question.appearance) == ("${city} = 1", "w")
    assert form.hidden == ("city",)


def test_parameters_are_kept() -> None:
    form = form_of(
        survey(
            "range | r | R | start=1 end=5 step=2",
            "image | p | P | max-pixels=640",
            columns="type | name | label | parameters",
        )
    )
    assert form.questions[0].parameters == {"start": "1", "end": "5", "step": "2"}
    assert form.questions[1].parameters == {"max-pixels": "640"}


def test_groups_and_repeats_make_paths() -> None:
    form = form_of(
        survey(
            "begin_group | g | G",
            "text | a | A",
            "end_group | |",
            "begin_repeat | lines | Lines",
            "begin_group | inner | I",
            "text | b | B",
            "end_group | |",
            "end_repeat | |",
        )
    )
    assert [(question.path, question.repeat) for question in form.questions] == [
        ("g/a", None),
        ("lines/inner/b", "lines"),
    ]
    assert [(repeat.path, repeat.labels, repeat.is_counted) for repeat in form.repeats] == [
        ("lines", {"default": "Lines"}, False)
    ]


def test_the_stored_source_opens_as_the_same_form() -> None:
    form = form_of(survey("select_one yes_no | q | Q", "text | r | R") + YES_NO)
    again = open_form(form.source)
    assert again == form
    assert (again.title, again.languages, again.questions) == (form.title, form.languages, form.questions)
    assert paths(sheet_of(again)) == ["q", "r"]


def test_a_workbook_and_a_csv_are_read_too() -> None:
    rows: list[list[object]] = [["type", "name", "label"], ["integer", "n", "How many?"]]
    as_csv = "survey,,,\n,type,name,label\n,integer,n,How many?\n"
    for form in (
        read_form(a_workbook({"survey": rows}), "w.xlsx"),
        read_form(as_csv.encode(), "w.csv"),
        read_form(b"\xef\xbb\xbf" + as_csv.encode(), "w.csv"),
        read_form(b"\xef\xbb\xbf" + survey("integer | n | How many?").encode(), "W.MD"),
    ):
        assert form.questions[0].labels == {"default": "How many?"}


# -- refusals


def test_all_faults_are_told_at_once_with_their_places() -> None:
    problems = problems_of(
        survey(
            "text | a | A | tody() > 1 | |",
            "text | b | Say ${nobody} | | . =< 5 |",
            "begin_group | g | G | //a = 1 | |",
            "text | c | C | | | wq:rank('a')",
            "end_group | | | | |",
            "text | d | D | ${a} = ‘x’ | |",
            columns="type | name | label | relevance | constraint | calculation",
        )
        + choices("yes_no | yes | Yes ${someone}")
    )
    assert [(problem.where, problem.code) for problem in problems] == [
        ("survey, row 2, relevance", "function_unknown"),
        ("survey, row 3, label", "name_unknown"),
        ("survey, row 3, constraint", "expression_syntax"),
        ("survey, row 4, relevance", "expression_unsafe"),
        ("survey, row 5, calculation", "function_unknown"),
        ("choices, row 2, label", "name_unknown"),
    ]


def test_what_the_reader_says_is_added_to_our_own() -> None:
    problems = problems_of(
        survey(
            "text | a | A | tody()",
            "text | not a name | B |",
            columns="type | name | label | relevant",
        )
    )
    assert [problem.where for problem in problems] == ["survey, row 2, relevant", "survey, row 3, name"]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        pytest.param(survey("text | a | A", "text | a | B"), "survey, row 3, name", id="twice"),
        pytest.param(survey("text | b | B", "colour | a | A"), "survey, row 3", id="unknown type"),
        pytest.param(survey("select_one nothing | a | A"), "survey, row 2", id="no such list"),
        pytest.param(survey("begin_group | g | G", "text | a | A"), "survey, row 2", id="not closed"),
        pytest.param("", "form", id="empty"),
        pytest.param("  \n", "form", id="blank"),
        pytest.param("Dear colleagues, | here is | my form", "form", id="prose"),
        pytest.param("| choices |\n| | list_name | name | label |", "form", id="no survey"),
    ],
)
def test_the_readers_refusals_name_their_place(text: str, where: str) -> None:
    problem, *_ = problems_of(text)
    assert problem.where.startswith(where)
    assert problem.message
    assert problem.mend


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            survey(
                "text | age | Age |", "text | b | B | ${Age} > 1", columns="type | name | label | relevant"
            ),
            ("survey, row 3, relevant", "No question is named Age.", "Perhaps ${age} is meant."),
            id="name in capitals",
        ),
        pytest.param(
            survey("Integer | a | A"),
            ("survey, row 2, type", "Integer is not a type.", "Perhaps integer is meant."),
            id="type in capitals",
        ),
        pytest.param(
            survey("select_one | a | A"),
            ("survey, row 2, type", "select_one is not a type.", "Perhaps select_one LIST is meant."),
            id="no list",
        ),
    ],
)
def test_a_wrong_word_is_told_with_the_known_one_that_it_is_like(text: str, said: tuple[str, ...]) -> None:
    (problem,) = problems_of(text)
    assert (problem.where, problem.message, problem.mend) == said


@pytest.mark.parametrize(
    ("row", "said"),
    [
        pytest.param("audio | a | A | quality=best", "The parameter quality has a value", id="quality"),
        pytest.param("select_one l | a | A | seed=3", "The parameter seed has a value", id="seed"),
        pytest.param(
            "audit | audit | | location-priority=balanced", "These parameters go together", id="audit"
        ),
        pytest.param(
            "geopoint | a | A | capture-accuracy=x", "The parameter capture-accuracy", id="accuracy"
        ),
    ],
)
def test_a_wrong_parameter_is_told_with_its_cell(row: str, said: str) -> None:
    """pyxform names no row for most of them."""
    text = survey("text | first | First |", row, columns="type | name | label | parameters")
    (problem,) = problems_of(text + choices("l | x | X"))
    assert problem.where == "survey, row 3, parameters"
    assert problem.message.startswith(said)


def test_a_word_that_names_no_question_is_warned_of() -> None:
    """The condition would never hold, and nobody would know why."""
    text = survey(
        "select_one l | a | A |",
        "text | b | B | ${a} = yes",
        "text | c | C | ../a = 'yes' and ${a} = 'yes'",
        columns="type | name | label | relevant",
    )
    form = read_form((text + choices("l | yes | Yes")).encode(), "f.md")
    assert form.warnings == (
        "survey, row 3, relevant: yes is no question, so it is blank. "
        "Write 'yes' for a text, ${yes} for a question.",
    )


def places(text: str) -> list[tuple[str, str]]:
    """Return where a form is at fault and why, in the order told."""
    return [(problem.where, problem.code) for problem in problems_of(text)]


def test_faults_of_the_structure_are_told_all_at_once() -> None:
    """pyxform would tell the first one only."""
    told = places(
        survey(
            "txt | a | A |",
            "text | b | B | ${sev} = 'x'",
            "intger | c | C |",
            "text | b | B again |",
            "text | 1st | First |",
            "text | | Nameless |",
            "text | e | |",
            " | f | No type |",
            "calculate | g | |",
            "select_multiple towns | h | Towns |",
            "end_group | | |",
            "begin_repeat | lines | Lines |",
            "text | b | B of a line |",
            "end_group | | |",
            "begin_group | open | Open |",
            "text | b | B of a group |",
            columns="type | name | label | relevant",
        )
        + choices("towns | x y | X", "towns | z | Z", "towns | z | Z", "towns | | Nameless", "others | z | Z")
    )
    assert told == [
        ("survey, row 2, type", "type_unknown"),
        ("survey, row 3, relevant", "name_unknown"),
        ("survey, row 4, type", "type_unknown"),
        ("survey, row 5, name", "name_repeated"),
        ("survey, row 6, name", "name_wrong"),
        ("survey, row 7, name", "name_missing"),
        ("survey, row 8, label", "label_missing"),
        ("survey, row 9, type", "type_missing"),
        ("survey, row 10, calculation", "calculation_missing"),
        ("survey, row 12, type", "group_end"),
        ("survey, row 15, type", "group_end"),
        ("survey, row 16, type", "group_open"),
        ("choices, row 2, name", "choice_name_wrong"),
        ("choices, row 4, name", "choice_repeated"),
        ("choices, row 5, name", "choice_name_missing"),
    ]


@pytest.mark.parametrize("column", ["required", "relevant", "constraint"])
def test_a_word_is_neither_true_nor_false(column: str) -> None:
    told = places(survey("text | a | A | maybe", columns=f"type | name | label | {column}"))
    assert told == [(f"survey, row 2, {column}", "expression_word")]
    for word in ("yes", "No", "TRUE", "true()", "1", ". != ''"):
        assert form_of(survey(f"text | a | A | {word}", columns=f"type | name | label | {column}"))


def test_repeats_have_names_of_their_own() -> None:
    inner = ("begin_repeat | lines | Inner", "text | b | B", "end_repeat | |")
    rows = ("begin_repeat | lines | Outer", *inner, "end_repeat | |")
    assert places(survey(*rows)) == [("survey, row 3, name", "name_repeated")]


def test_what_is_allowed_is_no_fault_of_a_form_refused_for_something_else() -> None:
    told = places(
        survey(
            "begin_group | g | | |",
            "text | a | A | |",
            "end_group | | | |",
            "text | a | Named like one inside a group | |",
            "note | | A note needs no name | |",
            "calculate | c | | 1 + 1 |",
            "text | d | | 1 + 1 |",
            "image | | | | yes",
            "select_one yes_no or_other | e | E | |",
            "start | start | | |",
            "begin group | h | H | |",
            "end group | | | |",
            "texts | wrong | W | |",
            columns="type | name | label | calculation | disabled",
        )
        + choices("yes_no | yes | Yes", "yes_no | yes | Yes again")
        + settings("form_id | allow_choice_duplicates", "f | yes")
    )
    assert told == [("survey, row 14, type", "type_unknown")]


def test_a_table_that_is_no_form_is_said_in_our_words() -> None:
    (problem,) = problems_of(
        b"name_key,name\nmango,Mango\norange,Orange\nbanana,Banana\npapaya,Papaya\n", "fruits.csv"
    )
    assert (problem.where, problem.code) == ("form", "no_sheets")
    assert problem.message == "name_key is no sheet of a form."


def test_a_file_without_sheets_is_said_in_our_words() -> None:
    for text in ("", "Dear colleagues", "| survey |"):
        (problem,) = problems_of(text)
        assert (problem.where, problem.code) == ("form", "no_sheets")


@pytest.mark.parametrize(
    ("file", "name", "code"),
    [
        pytest.param(b"x", "form.pdf", "file_type", id="another kind"),
        pytest.param(b"x", "form", "file_type", id="no kind"),
        pytest.param(b"not a zip", "form.xlsx", "file_broken", id="not a workbook"),
        pytest.param(b"PK\x03\x04" + b"\0" * 50, "form.xlsx", "file_broken", id="half a zip"),
        pytest.param(b"not a workbook", "form.xls", "file_broken", id="not an old workbook"),
        pytest.param(b"\xff\xfe\x00", "form.md", "not_utf8", id="not UTF-8"),
        pytest.param(b"|" * (LARGEST_FILE + 1), "form.md", "too_large", id="large file"),
    ],
)
def test_a_file_that_is_no_form_is_refused(file: bytes, name: str, code: str) -> None:
    (problem,) = problems_of(file, name)
    assert problem.code == code


@pytest.mark.parametrize(
    ("file", "name", "said"),
    [
        pytest.param(OLD + b"\0" * 600, "f.xls", "damaged", id="half an old workbook"),
        pytest.param(b"PK\x03\x04", "f.xls", "no .xls workbook", id="a new workbook under an old name"),
        pytest.param(OLD + b"\0" * 600, "f.xlsx", "no .xlsx workbook", id="an old one under a new name"),
        pytest.param(OLD + "EncryptedPackage".encode("utf-16-le"), "f.xlsx", "password", id="locked"),
    ],
)
def test_a_broken_workbook_is_told_in_words_for_officers(file: bytes, name: str, said: str) -> None:
    """None of a library's, and in every language."""
    (problem,) = problems_of(file, name)
    assert said in problem.message
    assert isinstance(problem.message, Sentence)
    assert isinstance(problem.mend, Sentence)


@pytest.mark.parametrize(
    ("entry", "content"),
    [
        pytest.param("xl/workbook.xml", None, id="a zip without a workbook"),
        pytest.param("xl/workbook.xml", b"<workbook", id="half a workbook"),
        pytest.param("[Content_Types].xml", None, id="a zip that says nothing of itself"),
        pytest.param("xl/worksheets/sheet1.xml", b"", id="an empty sheet"),
        pytest.param("xl/worksheets/sheet1.xml", b"no xml at all", id="a sheet that is no XML"),
        pytest.param("xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row>", id="half a sheet"),
        pytest.param("xl/styles.xml", b"<styleSheet", id="half its styles"),
    ],
)
def test_a_workbook_that_is_broken_inside_is_told_in_our_words(entry: str, content: bytes | None) -> None:
    """The directory of the zip file is whole; what stumbles is a library."""
    with zipfile.ZipFile(BytesIO(a_workbook({"survey": [["type", "name"], ["text", "a"]]}))) as whole:
        entries = {name: whole.read(name) for name in whole.namelist() if name != entry}
    (problem,) = problems_of(a_zip(entries if content is None else {**entries, entry: content}), "f.xlsx")
    assert problem.code == "file_broken"
    assert problem.message == "The file is damaged, or is no .xlsx workbook inside."
    assert isinstance(problem.message, Sentence)


def test_a_filter_that_would_take_seconds_is_told_in_every_language() -> None:
    inside = "instance('towns')/root/item[name = instance('towns')/root/item[label = 'x']/name]/label"
    form = survey(
        "select_one towns | t | T |",
        f"calculate | c | | {inside}",
        columns="type | name | label | calculation",
    )
    (problem,) = problems_of(form + choices(*(f"towns | t{n} | Town {n}" for n in range(600))))
    assert problem.code == "expression_slow"
    assert isinstance(problem.message, Sentence)
    assert isinstance(problem.mend, Sentence)


def a_zip(entries: dict[str, bytes]) -> bytes:
    """Return a zip file."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as written:
        for name, content in entries.items():
            written.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(a_zip({"xl/worksheets/sheet1.xml": b"0" * (LARGEST_UNZIPPED + 1)}), id="zip bomb"),
        pytest.param(a_zip({f"{n}.xml": b"" for n in range(MOST_ENTRIES + 1)}), id="many entries"),
        pytest.param(a_zip({"xl/worksheets/sheet1.xml": b"<row/>" * 20002}), id="many rows"),
    ],
)
def test_a_bomb_is_refused_before_it_is_opened(file: bytes) -> None:
    (problem,) = problems_of(file, "form.xlsx")
    assert problem.code == "too_large"


def test_too_many_questions_are_refused() -> None:
    (problem,) = problems_of(survey(*(f"text | q{n} | Q" for n in range(2001))))
    assert (problem.code, problem.where) == ("too_large", "survey")


def test_an_entity_bomb_is_refused() -> None:
    clean = a_workbook({"survey": [["type", "name", "label"], ["text", "a", "A"]]})
    bomb = BytesIO()
    with zipfile.ZipFile(BytesIO(clean)) as source, zipfile.ZipFile(bomb, "w") as written:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == "xl/worksheets/sheet1.xml":
                body = content[content.index(b"<worksheet") :]
                content = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>' + body
            written.writestr(entry, content)
    (problem,) = problems_of(bomb.getvalue(), "bomb.xlsx")
    assert problem.code == "entities"


def test_tags_in_cells_stay_text() -> None:
    form = form_of(survey('text | a | <b>&amp; <output value="/data/a"/>'))
    assert form.questions[0].labels == {"default": '<b>&amp; <output value="/data/a"/>'}


def test_what_a_phone_records_by_itself_is_never_asked() -> None:
    form = form_of(
        survey(
            "start-geopoint | where | | ",
            "background-audio | heard | | ",
            "audit | audit | | ",
            "text | a | A | ",
            "background-geopoint | there | | ${a}",
            columns="type | name | label | trigger",
        )
    )
    assert [question.path for question in form.questions] == ["a"]
    assert form.hidden == ()


def test_an_osm_question_is_asked_as_text() -> None:
    form = form_of(survey("osm | house | Which house?"))
    assert [question.type for question in form.questions] == ["text"]
    assert form.warnings == ("survey, row 2, type: osm is asked as text.",)


def test_the_headings_of_a_table_are_not_asked() -> None:
    form = form_of(
        survey(
            "begin_group | services | Services | table-list",
            "select_one yes_no | water | Water? | ",
            "select_one yes_no | light | Light? | ",
            "end_group | | | ",
            columns="type | name | label | appearance",
        )
        + YES_NO
    )
    asked = [question.path for question in form.questions if question.type != "note"]
    assert asked == ["services/water", "services/light"]
    assert form.hidden == ()


def test_what_is_read_only_is_shown() -> None:
    form = form_of(
        survey(
            "select_one yes_no | a | A | yes | yes",
            "integer | b | B | yes | 3",
            "text | c | C | no | ",
            columns="type | name | label | readonly | default",
        )
        + YES_NO
    )
    assert [question.type for question in form.questions] == ["note", "note", "text"]
