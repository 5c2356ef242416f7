"""`griot templates`, and what the doctor says of templates, against the stand-in provider."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.programme import read_programme
from bot.tapping import TAPPED
from models.db import open_store, read, write
from models.programme import load
from models.template import approved, known
from tests.databases import LOADED_AT, Databases
from tests.programmes import ASTON, ORCHARD, files_of
from tests.standin import StandIn
from tests.standin.twilio_content import ACCOUNT_SID, AUTH_TOKEN
from tests.unit.griot.conftest import Griot

NAMES = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_CONTENT_URL", "TWILIO_WHATSAPP_FROM", "BASE_URL")
CREATE, LIST = "POST /v1/Content", "GET /v1/Content"


@pytest.fixture(scope="module")
def standing() -> Iterator[StandIn]:
    """Return the module's stand-in."""
    with StandIn() as provider:
        yield provider


@pytest.fixture
def provider(standing: StandIn, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """Return an empty stand-in that the settings name."""
    standing.clear()
    standing.content.contents.clear()
    values = (ACCOUNT_SID, AUTH_TOKEN, standing.url, "+10000000000", "https://griot.example.org")
    for name, value in zip(NAMES, values, strict=True):
        monkeypatch.setenv(name, value)
    return standing


@pytest.fixture
def connected(aston: Griot, provider: StandIn) -> Griot:
    """Return the command line with the ASToN programme and an account at the stand-in."""
    return aston


@pytest.fixture
def once(quick: Griot, provider: StandIn) -> Griot:
    """Return the same on SQLite only."""
    return quick


@pytest.fixture
def migrated(
    sqlite_databases: Databases, provider: StandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Griot:
    """Return the same on a database that the doctor takes for whole."""
    monkeypatch.chdir(tmp_path)
    database = sqlite_databases.empty()
    monkeypatch.setenv("DATABASE_URL", database)
    found = Griot(database)
    found("migrate")
    found("programme", "load")
    return found


def reload(griot: Griot, file: str, *changes: tuple[str, str]) -> None:
    """Load the orchard with texts of one file replaced."""
    files = files_of(ORCHARD)
    text = files[file].decode()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    files[file] = text.encode()
    programme, problems = read_programme(files)
    assert programme is not None, problems
    store = open_store(griot.database)
    assert write(store, lambda db: load(db, programme, files, LOADED_AT)) == ()
    store.close()


def test_push_creates_and_submits_each_template_once(connected: Griot, provider: StandIn) -> None:
    pushed = connected.json("templates", "push")
    assert len(pushed) == 24 + len(TAPPED)
    assert [row["status"] for row in pushed] == ["received"] * 24 + ["ready"] * len(TAPPED)
    first = pushed[0]
    assert first == {
        "name": "griot_prompt_en_v1",
        "kind": "prompt",
        "language": "en",
        "version": 1,
        "content_sid": provider.content.named("griot_prompt_en_v1").sid,
        "status": "received",
        "reason": "",
    }
    assert provider.content.named("griot_prompt_pt_v1").language == "pt_PT"
    provider.content.settle("approved")
    assert {row["status"] for row in connected.json("templates", "push")} == {"approved", "ready"}
    assert len(provider.calls(CREATE)) == 24 + len(TAPPED)
    store = open_store(connected.database)
    assert read(store, approved)["digest", "ar"] == provider.content.named("griot_digest_ar_v1").sid
    store.close()


def test_push_goes_on_where_it_was_interrupted(once: Griot, provider: StandIn) -> None:
    """A content that was created and not submitted is submitted, not created again."""
    once.json("templates", "push")
    provider.content.settle("unsubmitted", "griot_nudge_fr_v1")
    del provider.content.contents[provider.content.named("griot_digest_fr_v1").sid]
    for content in provider.content.contents.values():
        content.name = "" if content.status == "unsubmitted" else content.name
    assert {row["status"] for row in once.json("templates", "push")} == {"received", "ready"}
    assert len(provider.calls(CREATE)) == 25 + len(TAPPED)


def test_status_shows_every_state(connected: Griot, provider: StandIn) -> None:
    assert {row["status"] for row in connected.json("templates", "status")} == {"missing"}
    connected("templates", "push")
    provider.content.settle("pending")
    provider.content.settle("approved", "griot_prompt_fr_v1")
    provider.content.settle("rejected", "griot_prompt_ar_v1", reason="TAG_CONTENT_MISMATCH")
    rows = {row["name"]: row for row in connected.json("templates", "status")}
    assert [rows[f"griot_prompt_{code}_v1"]["status"] for code in ("en", "fr", "ar")] == [
        "pending",
        "approved",
        "rejected",
    ]
    shown = connected("templates", "status").stdout
    assert "griot_prompt_ar_v1 rejected: TAG_CONTENT_MISMATCH\n" in shown
    store = open_store(connected.database)
    assert list(read(store, approved)) == [("prompt", "fr")]
    assert len(read(store, known)) == 24 + len(TAPPED)
    store.close()


def test_a_changed_text_needs_a_new_version(once: Griot, provider: StandIn) -> None:
    """The former version serves until the new one is approved."""
    reload(once, "templates.yaml")
    once.json("templates", "push")
    provider.content.settle("approved")
    change = ("Read now?", "Read it now?")
    reload(once, "templates.yaml", change)
    said = once.refused("templates", "push")
    assert "griot_digest_en_v1" in said
    assert "raise the version of digest to 2" in said
    assert len(provider.calls(CREATE)) == 2 + len(TAPPED)
    reload(once, "templates.yaml", change, ("version: 1", "version: 2"))
    once.json("templates", "push")
    assert [row["name"] for row in once.json("templates", "status")][: -len(TAPPED)] == [
        "griot_digest_fr_v2",
        "griot_digest_en_v2",
        "griot_digest_en_v1",
        "griot_digest_fr_v1",
    ]
    former, new = (provider.content.named(f"griot_digest_en_v{version}") for version in (1, 2))
    store = open_store(once.database)
    assert read(store, approved)["digest", "en"] == former.sid
    provider.content.settle("approved", new.friendly_name)
    once("templates", "status")
    assert read(store, approved)["digest", "en"] == new.sid
    store.close()


@pytest.mark.parametrize("words", ["push", "status"])
def test_without_an_account_the_variables_are_named(
    quick: Griot, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    said = quick.refused("templates", words)
    assert "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN" in said
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", ACCOUNT_SID)
    assert "set TWILIO_AUTH_TOKEN." in quick.refused("templates", words)


def test_a_refusal_of_the_provider_is_one_line(once: Griot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "another-token")
    assert "Authenticate" in once.refused("templates", "push", exit_code=1)


def test_no_programme_is_one_line(griot: Griot, provider: StandIn) -> None:
    assert "griot programme load" in griot.refused("templates", "push")


def test_the_doctor_names_what_somebody_will_need(migrated: Griot, provider: StandIn) -> None:
    """A missing template is told before it is due, for those who have WhatsApp."""

    def told(what: str) -> list[str]:
        found = migrated.parsed(migrated("doctor", "--json"))[what]
        return [each["what"] for each in found if "emplates" in each["what"]]

    assert told("problems") == []
    person = ("--name", "Awa Exemple", "--city", "bamako", "--language", "fr", "--whatsapp", "+22370000001")
    migrated.json("person", "add", "--role", "coordinator", *person)
    [missing] = told("problems")
    assert "missing: griot_last_call_fr_v1, griot_nudge_fr_v1" in missing
    assert "digest" not in missing
    migrated("templates", "push")
    provider.content.settle("approved")
    provider.content.settle("rejected", "griot_prompt_fr_v1", reason="INVALID_FORMAT")
    provider.content.settle("paused", "griot_prompt_ar_v1")
    assert told("problems") == ["Templates of WhatsApp, rejected: griot_prompt_fr_v1 (INVALID_FORMAT)."]
    assert told("notes") == ["Templates of WhatsApp, paused: griot_prompt_ar_v1."]
    provider.content.settle("approved")
    assert told("problems") == told("notes") == []


def test_the_doctor_falls_back_on_what_was_known(migrated: Griot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "another-token")
    found = migrated.parsed(migrated("doctor", "--json"))["problems"]
    assert any("Authenticate" in each["what"] for each in found)


COORDINATOR = ("person", "add", "--name", "Awa Exemple", "--role", "coordinator", "--city", "bamako")
BY_WHATSAPP = (*COORDINATOR, "--language", "fr", "--whatsapp", "+22370000001")


@pytest.fixture
def later(tmp_path: Path) -> Path:
    """Return ASToN's folder with the nudge a day later."""
    folder = tmp_path / "later"
    shutil.copytree(ASTON, folder)
    text = (folder / "programme.yaml").read_text("utf-8")
    assert "nudge: {day: wed" in text
    (folder / "programme.yaml").write_text(text.replace("nudge: {day: wed", "nudge: {day: tue"), "utf-8")
    return folder


def test_other_times_wait_for_the_templates_they_need(once: Griot, provider: StandIn, later: Path) -> None:
    """People are added all the same, with a note; the same times and approved ones load."""
    added = once(*BY_WHATSAPP)
    assert added.exit_code == 0
    assert "griot_nudge_fr_v1 is missing" in added.stderr
    assert once("programme", "load", ASTON).exit_code == 0
    refused = once("programme", "load", later)
    assert (refused.exit_code, refused.stdout) == (2, "")
    names = ["griot_last_call_fr_v1", "griot_nudge_fr_v1", "griot_prompt_fr_v1"]
    assert [line.split()[1] for line in refused.stderr.splitlines()] == names
    assert all("`griot templates push`" in line for line in refused.stderr.splitlines())
    once.json("templates", "push")
    provider.content.settle("approved")
    once.json("templates", "status")
    assert once("programme", "load", later).exit_code == 0


def test_other_times_are_taken_on_request(once: Griot, provider: StandIn, later: Path) -> None:
    once(*BY_WHATSAPP)
    assert once("programme", "load", later, "--unapproved").exit_code == 0
