"""A form in two versions: a report ends on the one it began with, whoever begins later is on the newer."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.moved import Moved, a_moved_site, add_people
from tests.standin.phone import Phone
from tests.unit.griot.conftest import Griot

SUNDAY = datetime(2026, 11, 15, 12, tzinfo=UTC)  # nobody is asked for anything
AGREED = datetime(2026, 7, 1, tzinfo=UTC)
AWA, OUSMANE = 600_000_001, 600_000_002
GONE = "Ce formulaire n'est plus utilisé."

FIRST = """
| survey |
| | type | name | label::English (en) | label::French (fr) | calculation |
| | calculate | opened | | | once(now()) |
| | integer | people | How many people? | Combien de personnes ? | |
| | text | place | Where was it? | Où était-ce ? | |
| | text | lesson | What was learnt? | Qu'a-t-on appris ? | |

| settings |
| | form_title | form_id | version |
| | Market day | market | 1 |
"""
SECOND = (
    FIRST.replace("| market | 1 |", "| market | 2 |")
    .replace("Combien de personnes ?", "Combien de gens sont venus ?")
    .replace("| | text | place | Where was it? | Où était-ce ? | |\n", "")
    .replace("| | text | lesson", "| | text | stalls | Which stalls? | Quels étals ? | |\n| | text | lesson")
)


@dataclass(frozen=True, slots=True)
class Office:
    """A site, and the command line of its officer."""

    site: Moved
    griot: Griot
    folder: Path
    phones: Mapping[int, Phone]

    def publishes(self, form: str) -> str:
        """Return what `griot form add` prints of a version."""
        file = self.folder / "market.md"
        file.write_text(form, encoding="utf-8")
        added = self.griot("form", "add", file, "--fallback", "en", "--language", "fr")
        assert added.exit_code == 0, added.stderr
        return added.stdout

    def says(self, user: int, *texts: str) -> str:
        """Return the last message to a coordinator after these, a minute apart."""
        phone = self.phones[user]
        for text in texts:
            self.site.now += timedelta(minutes=1)
            phone.say(text)
            self.site.answer()
        return phone.messages()[-1].text

    def exported(self) -> list[dict[str, str]]:
        """Return the reports on the form as the officer's table has them."""
        rows = csv.DictReader(self.griot("export", "submissions", "--format", "csv").stdout.splitlines())
        return [row for row in rows if row["form"] == "market"]


@pytest.fixture
def office(tmp_path: Path, aston_database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """Yield a site with a coordinator and a deputy in Niamey, and the command line on its database."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", aston_database)
    with a_moved_site(tmp_path, aston_database, SUNDAY) as site:
        people = ("coordinator", AWA), ("deputy", OUSMANE)
        add_people(site, [(role, "niamey", "fr", {"telegram": str(who)}) for role, who in people], AGREED)
        phones = {who: site.telegram(who) for _, who in people}
        yield Office(site, Griot(aston_database), tmp_path, phones)


def test_a_version_that_is_published_in_the_middle_of_a_report(office: Office) -> None:
    """The open report ends as it began; retiring lets it end as well, and refuses new ones."""
    office.publishes(FIRST)
    assert "Combien de personnes ?" in office.says(AWA, "report market")
    assert "Où était-ce ?" in office.says(AWA, "12")
    assert "label (fr)" in office.publishes(SECOND)
    (listed,) = (each for each in office.griot.json("form", "list") if each["name"] == "market")
    assert (listed["version"], listed["versions"], listed["retired"]) == ("2", ["2", "1"], False)

    assert "Qu'a-t-on appris ?" in office.says(AWA, "Katako")
    assert "Combien de gens sont venus ?" in office.says(OUSMANE, "report market")
    assert "NIM-2026-11-15-1" in office.says(AWA, "Venir tôt", "1")
    assert "Quels étals ?" in office.says(OUSMANE, "40")

    assert office.griot("form", "retire", "market").exit_code == 0
    (listed,) = (each for each in office.griot.json("form", "list") if each["name"] == "market")
    assert listed["retired"]
    assert GONE in office.says(AWA, "report market")
    assert "NIM-2026-11-15-2" in office.says(OUSMANE, "Le mil", "Venir plus tôt", "1")
    assert GONE in office.says(OUSMANE, "report market")

    first, second = office.exported()
    assert [column for column in first if column.startswith("answers/")] == [
        "answers/opened",
        "answers/people",
        "answers/stalls",
        "answers/lesson",
        "answers/place",
    ]
    assert [first[column] for column in ("form_version", "answers/people", "answers/place")] == [
        "1",
        "12",
        "Katako",
    ]
    assert [second[column] for column in ("form_version", "answers/people", "answers/stalls")] == [
        "2",
        "40",
        "Le mil",
    ]
    assert (first["answers/stalls"], second["answers/place"]) == ("", "")
    assert first["answers/opened"] == "2026-11-15T13:01:00.000+01:00"  # kept by once() to the receipt


def test_a_report_sent_on_the_first_version_is_changed_on_it(office: Office) -> None:
    """Its numbers are those that were read back."""
    office.publishes(FIRST)
    office.says(AWA, "report market", "12", "Katako", "Venir tôt", "1")
    office.publishes(SECOND)
    assert "Où était-ce ?" in office.says(AWA, "modifier 2")
    assert "2" in office.says(AWA, "Wadata")
    (row,) = office.exported()
    assert (row["form_version"], row["answers/place"]) == ("1", "Wadata")
