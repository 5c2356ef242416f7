"""Loading a programme stores it once, keeps what was decided for a city, changes no published form."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from bot.forms.form import FormError
from bot.forms.read import read_form
from bot.programme import read_programme
from bot.values import Problem
from models import export
from models.base import Db
from models.city import Absence, City, absences, excuse, open_cities, pause
from models.db import open_store, read, write
from models.form import FormShelf, FormVersion, add_form, current_forms, form_version
from models.programme import (
    ProgrammeFile,
    ProgrammeShelf,
    current_programme,
    current_revision,
    is_loaded,
    load,
)
from tests.programmes import ASTON, ORCHARD, files_of

AT = datetime(2026, 9, 1, 8, tzinfo=UTC)
NOTE = "forms/harvest_note.md"


@pytest.fixture
def blank(database: str) -> Iterator[Db]:
    store = open_store(database)
    with store.writers() as session:
        yield session
    store.close()


def loaded(db: Db, files: dict[str, bytes], at: datetime = AT) -> tuple[Problem, ...]:
    """Load a programme that is right in itself."""
    programme, problems = read_programme(files)
    assert programme is not None, problems
    return load(db, programme, files, at)


def orchard(*changes: tuple[str, str, str]) -> dict[str, bytes]:
    """Return the orchard's files with texts replaced."""
    files = files_of(ORCHARD)
    for file, old, new in changes:
        assert old.encode() in files[file]
        files[file] = files[file].replace(old.encode(), new.encode())
    return files


def added(db: Db, file: bytes) -> FormVersion:
    """Read a harvest note and store it."""
    return add_form(db, read_form(file, "harvest_note.md"), file, "harvest_note.md", AT)


def counts(db: Db) -> list[int]:
    tables = (City, FormVersion, ProgrammeFile)
    return [db.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


def test_the_programme_that_is_shipped_loads(blank: Db) -> None:
    assert loaded(blank, files_of(ASTON)) == ()
    assert counts(blank) == [11, 9, len(files_of(ASTON))]
    assert [city.slug for city in open_cities(blank)][:2] == ["bamako", "benguerir"]
    programme, _ = read_programme(files_of(ASTON))
    assert current_programme(blank) == programme


def test_loading_again_changes_nothing(blank: Db) -> None:
    assert not is_loaded(blank, orchard())
    loaded(blank, orchard())
    assert is_loaded(blank, orchard())
    first = (counts(blank), current_revision(blank), [form.id for form in current_forms(blank)])
    assert loaded(blank, orchard()) == ()
    assert (counts(blank), current_revision(blank), [form.id for form in current_forms(blank)]) == first


def test_a_change_is_a_new_revision_and_the_former_one_stays(blank: Db) -> None:
    shelf = ProgrammeShelf()
    loaded(blank, orchard())
    before = shelf.programme(blank)
    assert shelf.programme(blank) is before, "read once"
    loaded(blank, orchard(("programme.yaml", 'at: "07:30"', 'at: "09:15"')))
    assert current_revision(blank) == 2
    assert not is_loaded(blank, orchard())
    assert (before.digest_at.at.hour, shelf.programme(blank).digest_at.at.hour) == (7, 9)
    assert counts(blank) == [3, 2, 12]


def test_before_the_first_load_there_is_no_programme(blank: Db) -> None:
    assert current_revision(blank) == 0
    for find in (current_programme, ProgrammeShelf().programme):
        with pytest.raises(LookupError, match="griot programme load"):
            find(blank)


def test_a_city_keeps_what_was_decided_for_it(blank: Db) -> None:
    loaded(blank, orchard())
    pause(blank, "eastmere", date(2026, 10, 1), "storm", AT)
    excuse(blank, "eastmere", date(2026, 9, 8), "fair", AT)
    loaded(blank, orchard(("cities.yaml", "Europe/Dublin", "Europe/London"), ("cities.yaml", "IE\n", "GB\n")))
    blank.expire_all()
    city = blank.get_one(City, "eastmere")
    assert (city.timezone, city.facts["country"]) == ("Europe/London", "GB")
    assert absences(city) == (
        Absence("paused", AT, date(2026, 10, 1), "storm"),
        Absence("excused", AT, date(2026, 9, 8), "fair"),
    )


def without(slug: str, files: dict[str, bytes]) -> dict[str, bytes]:
    """Return the files with one city taken out."""
    before, rest = files["cities.yaml"].split(f"  {slug}:\n".encode())
    lines = rest.splitlines(keepends=True)
    end = next((n for n, line in enumerate(lines) if line[:4].strip()), len(lines))
    return {**files, "cities.yaml": before + b"".join(lines[end:])}


def test_a_city_that_is_gone_is_closed_and_opened_when_it_is_back(blank: Db) -> None:
    loaded(blank, orchard())
    assert loaded(blank, without("eastmere", orchard())) == ()
    assert [(city.slug, city.position) for city in open_cities(blank)] == [("nordmark", 1), ("sudval", 2)]
    assert blank.get_one(City, "eastmere").is_closed
    loaded(blank, orchard())
    assert [city.slug for city in open_cities(blank)] == ["nordmark", "eastmere", "sudval"]


def test_a_load_notes_which_cities_it_changed(blank: Db) -> None:
    """Loaded again a city is as it was; a new zone and a closing are changes."""
    loaded(blank, orchard())

    def changed(day: int, files: dict[str, bytes]) -> list[str]:
        at = AT + timedelta(days=day)
        assert loaded(blank, files, at) == ()
        blank.expire_all()
        return [row["city"] for row in export.cities(blank, at, at)]

    assert changed(1, orchard()) == []
    assert changed(2, orchard(("cities.yaml", "Europe/Dublin", "Europe/London"))) == ["eastmere"]
    assert changed(3, orchard()) == ["eastmere"]
    assert changed(4, without("sudval", orchard())) == ["sudval"]
    assert changed(5, without("sudval", orchard())) == []


def test_a_code_of_a_closed_city_is_not_given_again(blank: Db) -> None:
    loaded(blank, orchard())
    gone = without("eastmere", orchard())
    gone["cities.yaml"] = gone["cities.yaml"].replace(b"code: SUD", b"code: EAS")
    problems = loaded(blank, gone)
    assert [(problem.code, problem.where) for problem in problems] == [
        ("code_taken", "cities.yaml, cities.sudval.code")
    ]
    assert not blank.get_one(City, "eastmere").is_closed, "nothing was changed"


def test_two_cities_may_exchange_their_codes(blank: Db) -> None:
    loaded(blank, orchard())
    exchanged = orchard(("cities.yaml", "code: NOR", "code: X1"), ("cities.yaml", "code: SUD", "code: NOR"))
    exchanged["cities.yaml"] = exchanged["cities.yaml"].replace(b"code: X1", b"code: SUD")
    assert loaded(blank, exchanged) == ()
    blank.expire_all()
    assert [city.code for city in open_cities(blank)] == ["SUD", "EAS", "NOR"]


def test_a_published_version_never_changes(blank: Db) -> None:
    loaded(blank, orchard())
    problems = loaded(blank, orchard((NOTE, "How many crates this week?", "How many crates?")))
    assert [problem.where for problem in problems] == [f"{NOTE}, sheet settings, column version"]
    assert "Raise the version" in problems[0].mend
    assert current_revision(blank) == 1


def test_a_new_version_becomes_the_current_one_and_the_former_stays(blank: Db) -> None:
    loaded(blank, orchard())
    shelf = FormShelf()
    former = shelf.form(blank, "harvest_note")
    newer = orchard(
        (NOTE, "How many crates this week?", "How many crates?"), (NOTE, "_note | 1 |", "_note | 2 |")
    )
    assert loaded(blank, newer) == ()
    assert [form.version for form in current_forms(blank)] == ["2", "1"]
    assert shelf.form(blank, "harvest_note").version == "2"
    assert shelf.form(blank, "harvest_note", "1") is former
    assert form_version(blank, "harvest_note", "1").file == orchard()[NOTE]


def test_a_form_that_an_officer_added_stays_current_when_the_programme_is_loaded_again(blank: Db) -> None:
    loaded(blank, orchard())
    newer = orchard((NOTE, "_note | 1 |", "_note | 2 |"))[NOTE]
    assert added(blank, newer).is_current
    loaded(blank, orchard())
    assert form_version(blank, "harvest_note").version == "2"
    assert added(blank, orchard()[NOTE]).version == "1", "back to a stored version"
    assert form_version(blank, "harvest_note").version == "1"
    assert len(current_forms(blank)) == 2


def test_an_added_form_is_refused_with_every_reason(blank: Db) -> None:
    loaded(blank, orchard())
    broken = orchard()[NOTE].replace(b"select_one pace", b"select_one paces")
    with pytest.raises(FormError) as refused:
        added(blank, broken)
    assert refused.value.problems
    other = orchard()[NOTE].replace(b"Well", b"Very well")
    with pytest.raises(FormError, match="published with other content"):
        added(blank, other)


@pytest.mark.parametrize(("name", "version"), [("nothing", None), ("nothing", "1"), ("harvest_note", "9")])
def test_an_unknown_form_is_no_form(blank: Db, name: str, version: str | None) -> None:
    loaded(blank, orchard())
    for find in (form_version, FormShelf().form):
        with pytest.raises(LookupError, match=name):
            find(blank, name, version)


def test_two_loads_at_once_are_one(database: str) -> None:
    files = orchard()
    programme, _ = read_programme(files)
    assert programme is not None
    stores = [open_store(database) for _ in range(4)]
    with ThreadPoolExecutor() as threads:
        started = [
            threads.submit(write, store, lambda db: load(db, programme, files, AT)) for store in stores
        ]
    assert [each.result() for each in started] == [()] * len(stores)
    with stores[0].readers() as db:
        assert (counts(db), current_revision(db)) == ([3, 2, 6], 1)
    for store in stores:
        store.close()


def test_a_shelf_serves_threads(database: str) -> None:
    store, shelf = open_store(database), FormShelf()
    write(store, lambda db: loaded(db, orchard()))
    with ThreadPoolExecutor(8) as threads:
        forms = list(threads.map(lambda _: read(store, lambda db: shelf.form(db, "harvest_note")), range(40)))
    assert len({id(form) for form in forms}) == 1, "compiled once"
    store.close()
