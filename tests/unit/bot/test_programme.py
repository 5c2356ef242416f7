"""A programme is read whole, or refused with every fault, its place and its mend."""

from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest

from bot.forms.read import read_form
from bot.forms.sheet import Sheet
from bot.programme import Programme, Weekday, city_facts, open_programme, read_programme, shapes
from bot.values import Problem, Value
from tests.programmes import ASTON, ORCHARD, files_of


def read() -> tuple[Programme | None, tuple[Problem, ...]]:
    return read_programme(files_of(ORCHARD))


def changed(file: str, old: str, new: str) -> tuple[Problem, ...]:
    """Return the problems of the orchard with one text of one file replaced, once."""
    files = files_of(ORCHARD)
    text = files[file].decode()
    assert text.count(old) >= 1, f"{old!r} is not in {file}"
    programme, problems = read_programme({**files, file: text.replace(old, new, 1).encode()})
    assert (programme is None) == bool(problems)
    return problems


@pytest.mark.parametrize(
    ("folder", "cities", "forms"), [(ASTON, 11, 9), (ORCHARD, 3, 2)], ids=["aston", "orchard"]
)
def test_a_right_programme_has_no_problem(folder: Path, cities: int, forms: int) -> None:
    programme, problems = read_programme(files_of(folder))
    assert problems == ()
    assert programme is not None
    assert (len(programme.cities), len(programme.forms)) == (cities, forms)


def test_values_are_typed_and_in_the_order_of_the_file() -> None:
    programme, _ = read()
    assert programme is not None
    assert list(programme.cities) == ["nordmark", "eastmere", "sudval"]
    assert programme.due_at == time(18)
    assert programme.digest_at.day is Weekday.SAT
    assert programme.forms["harvest_note"].titles["en"] == "Harvest note"
    assert programme.rules[0].alert == "blocked"
    assert programme.rules[1].offer == "pest_sighting"
    assert programme.digest["harvest_note"].leave_out == {"seen": ("nothing",)}
    assert programme.cities["nordmark"].office_hours[Weekday.MON][0].start == time(7)
    assert programme.milestones["H1"].due == date(2026, 8, 21)


def test_a_city_may_have_its_own_rhythm_dates_and_locale() -> None:
    programme, _ = read()
    assert programme is not None
    sudval, nordmark = programme.cities["sudval"], programme.cities["nordmark"]
    assert programme.rhythm_of(sudval).every_weeks == 2
    assert programme.rhythm_of(nordmark) is programme.rhythm
    assert programme.due(programme.milestones["H2"], sudval) == date(2026, 10, 20)
    assert programme.due(programme.milestones["H2"], nordmark) == date(2026, 10, 16)
    assert programme.locale("fr", sudval) == "fr_FR"
    assert programme.locale("en", sudval) == "en_IE"


PROGRAMME, CITIES, CALENDAR = "programme.yaml", "cities.yaml", "calendar.yaml"
NOTE = "forms/harvest_note.md"

FAULTS = [
    pytest.param(
        PROGRAMME, "minutes: 1", "minuts: 1", "forms.harvest_note.minuts", "spelling", id="unknown key"
    ),
    pytest.param(
        PROGRAMME, "minutes: 1", "minutes: one", "forms.harvest_note.minutes", "whole number", id="type"
    ),
    pytest.param(PROGRAMME, "id: orchard", "idd: orchard", "line 3, idd", "spelling", id="unknown section"),
    pytest.param(
        PROGRAMME, "id: orchard", "cycle: {}", "cycle", "calendar.yaml", id="section of another file"
    ),
    pytest.param(
        PROGRAMME, "{fr: Note de récolte, en: Harvest note}", "{fr: Note}", "titles", "each", id="language"
    ),
    pytest.param(
        PROGRAMME, "en: The Orchards}", "en: Orchards, pt: Pomar}", "names", "languages", id="extra language"
    ),
    pytest.param(PROGRAMME, "en: The Orchards}", 'en: "  "}', "names", "each", id="blank text"),
    pytest.param(PROGRAMME, ", en: en_IE}", "}", "locales", "Add", id="language without a locale"),
    pytest.param(
        PROGRAMME,
        "languages: [fr, en]",
        "languages: [fr, sw]",
        "line 5, languages.2",
        "en, fr",
        id="not ours",
    ),
    pytest.param(
        PROGRAMME, "languages: [fr, en]", "languages: [fr, en, fr]", "languages.3", "Keep one", id="fr twice"
    ),
    pytest.param(PROGRAMME, "fr_BE", "fr_Belge", "locales.fr", "fr_FR", id="unknown locale"),
    pytest.param(PROGRAMME, "country: BE", "country: Belgium", "secretariat.country", "3166", id="country"),
    pytest.param(
        PROGRAMME, "currency: EUR", "currency: Franc", "secretariat.currency", "4217", id="currency"
    ),
    pytest.param(PROGRAMME, "  viewer:", "  guest:", "roles.guest", "viewer", id="unknown role"),
    pytest.param(PROGRAMME, "day: tue", "day: tuesday", "rhythm.prompt.day", "words", id="weekday"),
    pytest.param(
        PROGRAMME, 'quiet_before: "07:00"', 'quiet_before: "19:00"', "rhythm", "first hour", id="no open hour"
    ),
    pytest.param(
        CITIES, 'quiet_after: "19:00"', 'quiet_after: "06:30"', "sudval.rhythm", "first", id="none in a city"
    ),
    pytest.param(
        PROGRAMME, "${going} = 'stopped'", "${going} = 'stoped'", "rules.1.when", "stopped", id="compared"
    ),
    pytest.param(
        PROGRAMME,
        "${going} = 'stopped'",
        "\"'stoped' = ${going}\"",
        "rules.1.when",
        "slow",
        id="turned round",
    ),
    pytest.param(PROGRAMME, "${seen}, 'moth'", "${seen}, 'moss'", "rules.2.when", "moth", id="selected"),
    pytest.param(PROGRAMME, "${going} = 'stopped'", "${trouble} = 'any'", "", "", id="a text is anything"),
    pytest.param(PROGRAMME, "${going} = 'stopped'", "${going} != ''", "", "", id="an answer or none"),
    pytest.param(PROGRAMME, "selected(${seen}, 'moth')", "${seen} = 'moth scab'", "", "", id="two words"),
    pytest.param(PROGRAMME, 'at: "08:00"', "at: 8h", "rhythm.prompt.at", "09:30", id="time"),
    pytest.param(
        PROGRAMME, "forms/harvest_note", "forms/note", "forms.harvest_note.file", "folder", id="no file"
    ),
    pytest.param(
        PROGRAMME, "    every: week", "    every: day", "harvest_note.every", "words", id="unknown rhythm"
    ),
    pytest.param(
        PROGRAMME,
        "    every: week",
        "    every: week\n    replaces: nothing",
        "replaces",
        "one of",
        id="replaced",
    ),
    pytest.param(
        PROGRAMME,
        "    minutes: 1\n\nwords",
        "    minutes: 1\n    every: week\n\nwords",
        "pest_sighting.every",
        "one form",
        id="second weekly form",
    ),
    pytest.param(PROGRAMME, "need: pest_sighting", "stop: pest_sighting", "words.stop", "need", id="word"),
    pytest.param(
        PROGRAMME, "need: pest_sighting", "need: pests", "words.need", "pest_sighting", id="word to no form"
    ),
    pytest.param(
        PROGRAMME,
        "- form: harvest_note",
        "- form: harvest",
        "line 56, rules.1.form",
        "harvest_note",
        id="rule of no form",
    ),
    pytest.param(
        PROGRAMME,
        "offer: pest_sighting",
        "offer: pests",
        "line 62, rules.2.offer",
        "pest_sighting",
        id="offer of no form",
    ),
    pytest.param(
        PROGRAMME, "offer: pest_sighting", "alert: shout", "rules.2.alert", "blocked", id="unknown alert"
    ),
    pytest.param(
        PROGRAMME,
        "    offer: pest_sighting\n",
        "",
        "rules.2",
        "offer or alert",
        id="rule without consequence",
    ),
    pytest.param(
        PROGRAMME, "${going} = 'stopped'", "${gone} = 'stopped'", "rules.1.when", "", id="rule on no question"
    ),
    pytest.param(
        PROGRAMME,
        "${going} = 'stopped'",
        "${going} = ('stopped'",
        "rules.1.when",
        "",
        id="rule that does not parse",
    ),
    pytest.param(
        PROGRAMME, "text: trouble", "text: worry", "rules.1.text", "trouble", id="alert text of no question"
    ),
    pytest.param(
        PROGRAMME,
        "  harvest_note:\n    status",
        "  harvest:\n    status",
        "digest.harvest",
        "harvest_note",
        id="digest of no form",
    ),
    pytest.param(
        PROGRAMME,
        "status: going",
        "status: crates",
        "digest.harvest_note",
        "choices",
        id="status without choices",
    ),
    pytest.param(
        PROGRAMME,
        "delayed: [slow]",
        "delayed: [late]",
        "digest.harvest_note",
        "slow",
        id="status of no choice",
    ),
    pytest.param(
        PROGRAMME,
        "delayed: [slow]",
        "delayed: [well]",
        "digest.harvest_note",
        "one meaning",
        id="two meanings",
    ),
    pytest.param(
        PROGRAMME,
        "delayed: [slow]",
        "delayed: [slow]\n    progress: going\n    far_enough: [done]",
        "digest.harvest_note",
        "well",
        id="progress of no choice",
    ),
    pytest.param(
        PROGRAMME,
        "delayed: [slow]",
        "delayed: [slow]\n    progress: going",
        "digest.harvest_note",
        "far_enough",
        id="progress that is not judged",
    ),
    pytest.param(
        PROGRAMME,
        "status: going",
        "status: ''",
        "digest.harvest_note",
        "as status",
        id="rhythm without a status",
    ),
    pytest.param(
        PROGRAMME, "[trouble]", "[trubble]", "digest.harvest_note", "trouble", id="digest of no question"
    ),
    pytest.param(
        CITIES, "Europe/Dublin", "Europe/Dubling", "line 33, cities.eastmere.timezone", "IANA", id="zone"
    ),
    pytest.param(CITIES, "Europe/Dublin", "../etc", "cities.eastmere.timezone", "IANA", id="zone as a path"),
    pytest.param(
        CITIES, "code: EAS", "code: NOR", "line 30, cities.eastmere.code", "own code", id="repeated code"
    ),
    pytest.param(CITIES, "code: EAS", "code: eas", "cities.eastmere.code", "docs/programme.md", id="code"),
    pytest.param(CITIES, "  eastmere:", "  nordmark:", "cities.nordmark", "Keep one", id="repeated city"),
    pytest.param(CITIES, "  eastmere:", "  East Mere:", "cities.East Mere", "docs/programme.md", id="slug"),
    pytest.param(
        CITIES,
        "languages: [en]",
        "languages: [de]",
        "cities.eastmere.languages",
        "fr, en",
        id="city language",
    ),
    pytest.param(
        CITIES, "languages: [en]", "languages: []", "cities.eastmere.languages", "entry", id="no language"
    ),
    pytest.param(
        CITIES, "key: pears", "key: plums", "cities.sudval.topic.key", "cluster", id="topic in no cluster"
    ),
    pytest.param(
        CITIES, "topics: [apples, pears]", "topics: apples", "clusters.fruit.topics", "list", id="not a list"
    ),
    pytest.param(CITIES, "people: 4", 'people: "many"', "population.people", "whole number", id="population"),
    pytest.param(
        CITIES, '      sat: [{from: "07:00", to: "15:00"}]\n', "", "office_hours", "sat", id="no hours"
    ),
    pytest.param(CITIES, 'to: "15:00"', 'to: "06:00"', "office_hours.mon.1", "Correct", id="hours backwards"),
    pytest.param(
        CITIES,
        'to: "15:00"}]',
        'to: "15:00"}, {from: "14:00", to: "16:00"}]',
        "office_hours.mon",
        "apart",
        id="hours overlap",
    ),
    pytest.param(CITIES, "due: {H2", "due: {H9", "cities.sudval.due", "H2", id="date of no milestone"),
    pytest.param(
        CITIES, "2026-10-20", "2027-10-20", "cities.sudval.due.H2", "cycle", id="own date out of the cycle"
    ),
    pytest.param(CITIES, "[fr]", "&a [fr]", "", "", id="an anchor alone is harmless"),
    pytest.param(
        CITIES,
        "locales: {fr: fr_BE}",
        "locales: &a {fr: fr_BE, en: *a}",
        "cities.nordmark.locales.en",
        "Write the value out",
        id="alias",
    ),
    pytest.param(
        CALENDAR, "due: 2026-08-21", "due: 2026-08-41", "milestones.H1.due", "2026-09-15", id="no such day"
    ),
    pytest.param(
        CALENDAR, "due: 2026-08-21", "due: 21 August", "milestones.H1.due", "2026-09-15", id="date in words"
    ),
    pytest.param(
        CALENDAR, "due: 2026-08-21", "due: 2026-07-31", "milestones.H1.due", "cycle", id="out of the cycle"
    ),
    pytest.param(
        CALENDAR, "due: 2026-08-21", "due: 2026-11-21", "milestones.H1.due", "phase", id="out of its phase"
    ),
    pytest.param(
        CALENDAR, "phase: picking", "phase: eating", "milestones.H1.phase", "pruning", id="unknown phase"
    ),
    pytest.param(
        CALENDAR, "  H2:\n    names", "  H1:\n    names", "milestones.H1", "Keep one", id="repeated milestone"
    ),
    pytest.param(
        CALENDAR,
        "date: 2026-10-03",
        "date: 2027-10-03",
        "events.F1.date",
        "cycle",
        id="event out of the cycle",
    ),
    pytest.param(
        CALENDAR,
        "end: 2026-12-31, status",
        "end: 2026-07-31, status",
        "cycle",
        "Correct",
        id="cycle backwards",
    ),
    pytest.param(
        CALENDAR, "end: 2026-12-26", "end: 2026-12-01", "quiet_periods.1", "Correct", id="period backwards"
    ),
    pytest.param(
        CALENDAR,
        "is_holiday: false",
        "is_holiday: perhaps",
        "holiday_corrections.2.is_holiday",
        "true or false",
        id="boolean",
    ),
    pytest.param(CALENDAR, "ramadan: []", "ramadan: none", "ramadan", "list", id="list wanted"),
    pytest.param(
        CALENDAR, "reminders:", "reminders: [1", "calendar.yaml, line", "Correct the line", id="broken YAML"
    ),
    pytest.param(NOTE, "| form_id ", "| id_string ", "", "", id="the old name of form_id is understood"),
    pytest.param(
        NOTE, "| harvest_note | 1 |", "| harvest | 1 |", "forms.harvest_note", "form_id", id="form_id"
    ),
    pytest.param(
        NOTE, "| How many crates this week? |", "|  |", "forms/harvest_note.md, crates", "column", id="label"
    ),
    pytest.param(
        NOTE, "| Slowly |", "|  |", "forms/harvest_note.md, going, choice slow", "column", id="choice label"
    ),
    pytest.param(NOTE, "select_one pace", "select_one paces", "forms/harvest_note.md", "", id="form refused"),
]


@pytest.mark.parametrize(("file", "old", "new", "where", "mend"), FAULTS)
def test_a_fault_names_its_place_and_mend(file: str, old: str, new: str, where: str, mend: str) -> None:
    problems = changed(file, old, new)
    if not where and not mend:
        assert problems == ()
        return
    assert any(where in problem.where and mend in problem.mend for problem in problems), problems
    assert all(problem.mend and problem.message for problem in problems)


@pytest.mark.parametrize("file", [PROGRAMME, CITIES, CALENDAR])
def test_a_missing_file_is_named(file: str) -> None:
    files = files_of(ORCHARD)
    del files[file]
    programme, problems = read_programme(files)
    assert programme is None
    assert [problem.where for problem in problems if problem.code == "missing_file"] == [file]


def test_a_missing_file_is_no_reason_to_complain_about_its_keys() -> None:
    files = files_of(ORCHARD)
    del files[CALENDAR]
    _, problems = read_programme(files)
    assert not [problem for problem in problems if problem.code == "missing"]


def test_every_fault_is_told_at_once() -> None:
    """Faults of all files come together, also those between sections whose other entries are wrong."""
    files = files_of(ORCHARD)
    for file, old, new in (
        (PROGRAMME, "offer: pest_sighting", "offer: pests"),
        (PROGRAMME, "day: sat", "day: saturday"),
        (CITIES, "Europe/Dublin", "Europe/Dubling"),
        (CITIES, "code: EAS", "code: NOR"),
        (CALENDAR, "due: 2026-08-21", "due: 2026-08-41"),
        (CALENDAR, "date: 2026-10-03", "date: 2027-10-03"),
        (NOTE, "| Slowly |", "|  |"),
    ):
        files[file] = files[file].decode().replace(old, new, 1).encode()
    _, problems = read_programme(files)
    places = " ".join(problem.where for problem in problems)
    for place in (
        "rules.2.offer",
        "digest_at.day",
        "eastmere.timezone",
        "eastmere.code",
        "H1.due",
        "F1.date",
    ):
        assert place in places
    assert "choice slow" in places
    assert len(problems) == 7


def broken_note(*changes: tuple[str, str]) -> list[str]:
    """Return the places of the faults of the orchard when the type of its note's question is wrong too."""
    files = files_of(ORCHARD)
    for old, new in (("| integer |", "| intger |"), *changes):
        file = NOTE if old in files[NOTE].decode() else PROGRAMME
        assert old in files[file].decode()
        files[file] = files[file].decode().replace(old, new, 1).encode()
    return [problem.where for problem in read_programme(files)[1]]


def test_a_refused_form_hides_no_fault_of_rules_digest_and_languages() -> None:
    places = broken_note(
        ("| How is the harvest going? |", "|  |"),
        ("| Slowly |", "|  |"),
        ("selected(${seen}, 'moth')", "selected(${seem}, 'moth')"),
        ("text: trouble", "text: troubles"),
        ("    status: going", "    status: goin"),
        ("seen: [nothing]", "seen: [nothings]"),
    )
    assert places[:3] == [
        f"{NOTE}, survey, row 5, type",
        f"{NOTE}, survey, row 3, label",
        f"{NOTE}, choices, row 3, label",
    ]
    assert [place.rsplit(", ", 1)[1] for place in places[3:]] == [
        "rules.1.text",
        "rules.2.when",
        "digest.harvest_note",
        "digest.harvest_note",
    ]


def test_a_refused_form_brings_no_fault_that_is_none() -> None:
    """What depends on the faulty row is left for the next time, and paths where groups do not close."""
    assert broken_note() == [f"{NOTE}, survey, row 5, type"]
    unclosed = "| | begin_group | g | G | G | | | | | |\n| | hidden |"
    assert broken_note(("| | hidden |", unclosed), ("status: going", "status: g/going")) == [
        f"{NOTE}, survey, row 2, type",
        f"{NOTE}, survey, row 6, type",
    ]
    assert broken_note(("select_one pace", "select_one paces"))[1:] == [f"{NOTE}, survey, row 5, type"]


@pytest.mark.parametrize("file", [PROGRAMME, CITIES, CALENDAR, "demo.yaml"])
@pytest.mark.parametrize(
    "content", [b"", b"- a list\n", b"\xff\xfe", b"a: [1\n", b"a: " + b"[" * 50, b"names:\n\ten: A\n"]
)
def test_a_file_that_is_no_mapping_is_one_fault(file: str, content: bytes) -> None:
    """What it does not hold is neither missing nor wrong, and nothing of other files is blamed for it."""
    people = "[{name: Ada, role: officer, language: fr}, {name: Bo, role: group, city: sudval, language: en}]"
    demo = f"people: {people}\nreports: {{harvest_note: {{sudval: [{{going: well, crates: 1}}]}}}}\n"
    files = {**files_of(ORCHARD), "demo.yaml": demo.encode()}
    assert read_programme(files)[1] == ()
    programme, problems = read_programme({**files, file: content})
    assert programme is None
    assert [problem.where.split(",")[0] for problem in problems] == [file]


def test_a_file_without_a_key_misses_every_one() -> None:
    _, problems = read_programme({**files_of(ORCHARD), CITIES: b"{}\n"})
    assert [(problem.where, problem.message) for problem in problems] == [
        ("cities.yaml, clusters", "The key is missing."),
        ("cities.yaml, cities", "The key is missing."),
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param("languages: [fr, en]", "languages: fr", "There is no list here.", id="list"),
        pytest.param("{fr: fr_BE, en: en_IE}", "[fr]", "There are no `key: value` lines here.", id="mapping"),
        pytest.param(
            '{day: sat, at: "07:30"}', "saturday", "There are no `key: value` lines here.", id="value"
        ),
    ],
)
def test_faults_are_told_in_the_words_of_an_editor(old: str, new: str, message: str) -> None:
    assert message in [problem.message for problem in changed(PROGRAMME, old, new)]


def test_words_that_older_yaml_turns_into_other_things_stay_words() -> None:
    """`no` is a language or a choice, 12:30 a time, also without quotes."""
    files = files_of(ORCHARD)
    text = files[CITIES].decode()
    files[CITIES] = text.replace('{from: "07:00", to: "15:00"}', "{from: 07:00, to: 15:00}").encode()
    programme, problems = read_programme(files)
    assert problems == ()
    assert programme is not None
    assert programme.cities["nordmark"].office_hours[Weekday.MON][0].end == time(15)


def test_a_checked_programme_opens_without_its_forms() -> None:
    files = {path: content for path, content in files_of(ORCHARD).items() if not path.startswith("forms/")}
    assert open_programme(files) == read()[0]
    with pytest.raises(ValueError, match=r"cities\.yaml"):
        open_programme({**files, CITIES: b""})


@pytest.mark.parametrize("folder", [ASTON, ORCHARD], ids=["aston", "orchard"])
def test_nothing_follows_a_report_without_answers(folder: Path) -> None:
    files = files_of(folder)
    programme = open_programme(files)
    at = datetime(2026, 11, 23, 10, tzinfo=UTC)
    for rule in programme.rules:
        file = programme.forms[rule.form].file
        sheet = Sheet(read_form(files[file], file), {}, {}, at)
        assert not sheet.holds(rule.when), rule


ANSWERED = [
    pytest.param({"severity": "blocking", "help_kind": "none"}, ["blocked"], id="blocked"),
    pytest.param({"severity": "minor", "help_kind": "call"}, ["need_request"], id="help wanted"),
    pytest.param(
        {"severity": "none", "lag_met": "yes", "progress": "100"},
        ["lag_meeting", "milestone_output"],
        id="met",
    ),
    pytest.param({"severity": "none", "success": "Two streets lit"}, ["good_practice"], id="success"),
    pytest.param(
        {"severity": "none", "success": None, "lag_met": "no", "progress": "75"}, [], id="all is well"
    ),
]


@pytest.mark.parametrize(("given", "following"), ANSWERED)
def test_what_follows_the_weekly_report(given: dict[str, Value], following: list[str]) -> None:
    files = files_of(ASTON)
    programme = open_programme(files)
    entry = programme.form_of("week")
    assert entry is not None
    sheet = Sheet(read_form(files[entry.file], entry.file), given, {}, datetime(2026, 11, 23, 10, tzinfo=UTC))
    held = [rule for rule in programme.rules if rule.form == entry.name and sheet.holds(rule.when)]
    assert [rule.offer or rule.alert for rule in held] == following


def test_facts_of_a_city_are_its_entry() -> None:
    programme, _ = read()
    assert programme is not None
    facts = city_facts(programme.cities["eastmere"])
    assert (facts["country"], facts["languages"]) == ("IE", ["en"])
    assert facts["office_hours"]["mon"] == [{"from": "07:00:00", "to": "15:00:00"}]


def test_every_key_is_explained_for_editors() -> None:
    text = (ASTON.parents[1] / "docs" / "programme.md").read_text(encoding="utf-8")
    own = [value for value in vars(shapes).values() if getattr(value, "__module__", "") == shapes.__name__]
    values = [value for value in own if isinstance(value, type) and is_dataclass(value)]
    given = {"slug", "name", "id", "start", "end"}  # taken from the entry's own key, or `from` and `to`
    given.add("waived")  # decided by officers: it stands in no file
    keys = {field.name for value in values for field in fields(value)} - given
    assert len(values) > 15
    assert sorted(key for key in keys if f"`{key}`" not in text and f"{key}`" not in text) == []
