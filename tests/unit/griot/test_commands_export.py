"""`griot export`: typed answers in four formats, twice the same bytes."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest

from models.base import Db
from models.db import open_store, write
from models.inbox import receive
from models.person import add_person
from tests.unit.griot.conftest import Griot
from tests.unit.models.test_export import a_message_out, a_submission, an_answer

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
EVIL = '=HYPERLINK("http://example.org";"click")'


@pytest.fixture
def filled(aston: Griot) -> Griot:
    """Return the command line on a database with a report, an old draft and two messages."""

    def fill(db: Db) -> None:
        id = add_person(
            db, name="Fatou Exemple", role="coordinator", language="fr", city="bamako", at=AT,
            addresses={"whatsapp": "+22370000001"},
        )  # fmt: skip
        answers = {"status": "on_track", "lag_people": 24, "main_activity": EVIL, "success": None}
        report = a_submission(db, id, answers=answers)
        an_answer(db, report, 1, AT)
        draft = {"reference": None, "state": "draft", "period": "2020-W10", "submitted_at": None}
        a_submission(
            db, id, **draft, answers={"status": "blocked", "challenge": "-1"}, changed_at=AT + timedelta(1)
        )
        receive(db, "telegram", "1:7", "telegram:40000001", b"{}", AT)
        a_message_out(db, id)

    store = open_store(aston.database)
    write(store, fill)
    store.close()
    return aston


def test_submissions_as_json(filled: Griot) -> None:
    """Numbers are numbers, skipped is null; a draft of a past period is partial."""
    report, draft = filled.json("export", "submissions")
    assert list(report["answers"]) == ["status", "main_activity", "lag_people", "success"]  # as the form asks
    assert report["answers"] == {
        "status": "on_track",
        "lag_people": 24,
        "main_activity": EVIL,
        "success": None,
    }
    assert (report["partial"], report["state"], report["person"]) == (False, "submitted", draft["person"])
    assert (draft["partial"], draft["state"], draft["reference"]) == (True, "draft", "draft-2")


def test_formats_tell_the_same(filled: Griot, tmp_path: Path) -> None:
    """json is jsonl is xlsx; texts that look like formulas are texts everywhere."""
    rows = filled.json("export", "submissions")
    lines = filled("export", "submissions", "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line) for line in lines] == rows
    file = tmp_path / "s.xlsx"
    assert filled("export", "submissions", "--format", "xlsx", "--output", file).exit_code == 0
    head, first, second = openpyxl.load_workbook(file).worksheets[0].iter_rows()
    names = [cell.value for cell in head]
    told = dict(zip(names, first, strict=True))
    assert (told["answers/lag_people"].value, told["answers/lag_people"].data_type) == (24, "n")
    assert (told["answers/main_activity"].value, told["answers/main_activity"].data_type) == (EVIL, "s")
    assert (told["nothing"].value, told["partial"].value) == (False, False)
    assert dict(zip(names, second, strict=True))["answers/challenge"].value == "-1"
    text = filled("export", "submissions", "--format", "csv").stdout_bytes.decode()
    report, draft = csv.DictReader(io.StringIO(text, newline=""))
    assert report["answers/main_activity"] == f"'{EVIL}"
    assert (report["reference"], report["answers/lag_people"]) == ("BKO-2026-W48-1", "24")
    assert (draft["answers/challenge"], draft["partial"]) == ("'-1", "true")


@pytest.mark.parametrize("what", ["submissions", "answers", "messages", "people", "cities"])
def test_twice_is_the_same_bytes(filled: Griot, tmp_path: Path, what: str) -> None:
    """Nothing in a file of any format tells when it was made."""
    files = [tmp_path / "first", tmp_path / "second"]
    for format_ in ("csv", "xlsx", "json", "jsonl"):
        for file in files:
            assert filled("export", what, "--format", format_, "--output", file).exit_code == 0
        assert files[0].read_bytes() == files[1].read_bytes() != b""


def test_messages_are_in_the_order_of_the_talk(filled: Griot) -> None:
    """What came in stands before what went out at the same moment."""
    rows = filled.json("export", "messages")
    assert [(row["direction"], row["state"]) for row in rows] == [("in", "open"), ("out", "sent")]


def test_since_leaves_out_what_did_not_change(filled: Griot) -> None:
    """A time, or a day."""
    assert len(filled.json("export", "submissions", "--since", "2026-11-24")) == 1
    assert len(filled.json("export", "submissions", "--since", "2026-11-24T10:00:00Z")) == 1
    assert filled.json("export", "submissions", "--since", "2026-11-24T11:00:01+01:00") == []


def test_people_show_their_numbers(filled: Griot) -> None:
    """The command line acts as an administrator."""
    (row,) = filled.json("export", "people")
    assert row["addresses"] == [{"channel": "whatsapp", "value": "+22370000001", "reachable": True}]


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("export", "secrets"), id="unknown table"),
        pytest.param(("export", "people", "--format", "pdf"), id="unknown format"),
        pytest.param(("export", "people", "--since", "yesterday"), id="no time"),
    ],
)
def test_what_cannot_be_exported_is_refused(quick: Griot, words: tuple[str, ...]) -> None:
    """Exit 2."""
    assert quick(*words).exit_code == 2


LINES = """
| survey |
| | type | name | label |
| | begin_repeat | lines | Lines |
| | text | line | Which line? |
| | decimal | spent | How much was spent? |
| | end_repeat | | |
| | text | by | By whom? |

| settings |
| | form_id | version |
| | lines | 1 |
"""


def test_repeats_have_a_column_per_round(aston: Griot, tmp_path: Path) -> None:
    """Questions stand in the form's order, also within a round, whatever the database made of it."""
    (tmp_path / "lines.md").write_text(LINES, encoding="utf-8")
    aston.json("form", "add", tmp_path / "lines.md")
    rounds = [{"spent": 2.5, "line": "staff"}, {"spent": None, "line": "travel"}]

    def fill(db: Db) -> None:
        id = add_person(db, name="Fatou Exemple", role="officer", language="fr", at=AT)
        a_submission(db, id, form="lines", city=None, answers={"by": "Ali", "lines": rounds})

    store = open_store(aston.database)
    write(store, fill)
    store.close()
    text = aston("export", "submissions").stdout_bytes.decode()
    head, row = csv.reader(io.StringIO(text, newline=""))
    told = dict(zip(head, row, strict=True))
    answers = {name: value for name, value in told.items() if name.startswith("answers/")}
    assert list(answers.items()) == [
        ("answers/lines[1]/line", "staff"),
        ("answers/lines[1]/spent", "2.5"),
        ("answers/lines[2]/line", "travel"),
        ("answers/lines[2]/spent", ""),
        ("answers/by", "Ali"),
    ]
