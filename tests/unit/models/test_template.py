"""What is known of templates: the newest approved one counts, what nobody has is missing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.programme import open_programme
from bot.tapping import TAPPED
from bot.templates import TemplateState, states_shown
from models.base import Db
from models.person import add_person, address_lost
from models.template import approved, dependants, known, missing, needs, note, note_all
from tests.programmes import ASTON, ORCHARD, files_of

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
LATER = AT + timedelta(days=1)


def a_state(
    status: str = "approved", *, version: int = 1, kind: str = "prompt", language: str = "fr"
) -> TemplateState:
    """Return the state of one template; its sid tells the version."""
    name = f"griot_{kind}_{language}_v{version}"
    return TemplateState(name, kind, language, version, f"HX{version}", status)


@pytest.mark.parametrize(
    ("states", "used"),
    [
        pytest.param([a_state()], "HX1", id="approved"),
        pytest.param([a_state("pending")], None, id="pending"),
        pytest.param([a_state(), a_state("pending", version=2)], "HX1", id="the former one until then"),
        pytest.param([a_state(), a_state("rejected", version=2)], "HX1", id="the former one for good"),
        pytest.param([a_state(version=10), a_state(version=9)], "HX10", id="by number, not by letters"),
        pytest.param([a_state("paused"), a_state(version=2)], "HX2", id="the new one"),
        pytest.param([a_state("paused")], None, id="paused"),
    ],
)
def test_the_newest_approved_one_is_used(db: Db, states: list[TemplateState], used: str | None) -> None:
    for state in states:
        note(db, state, AT)
    assert approved(db).get(("prompt", "fr")) == used


def test_a_look_replaces_what_was_known(db: Db) -> None:
    """What the provider no longer has is forgotten, not what was pushed while it was asked."""
    note_all(db, [a_state("pending"), a_state(kind="digest")], AT)
    note(db, a_state("received", version=2), LATER)
    rejected = replace(a_state("rejected"), reason="INVALID_FORMAT")
    assert note_all(db, [rejected], LATER) == 2
    assert known(db) == [rejected, a_state("received", version=2)]
    assert note_all(db, [rejected], LATER) == 0


def test_what_is_needed_and_not_approved_is_missing(db: Db) -> None:
    programme = open_programme(files_of(ASTON))
    note(db, a_state("approved"), AT)
    note(db, a_state("rejected", kind="nudge"), AT)
    found = missing(db, programme, [("prompt", "fr"), ("nudge", "fr"), ("digest", "ar"), ("digest", "ar")])
    assert [(state.name, state.status) for state in found] == [
        ("griot_digest_ar_v1", "missing"),
        ("griot_nudge_fr_v1", "rejected"),
    ]


def test_a_programme_without_the_kind_lacks_it_too(db: Db) -> None:
    orchard = open_programme(files_of(ORCHARD))
    assert [state.name for state in missing(db, orchard, [("prompt", "en")])] == ["griot_prompt_en_v1"]


def test_the_states_shown_begin_with_the_programmes() -> None:
    orchard = open_programme(files_of(ORCHARD))
    old = a_state(kind="digest", language="en", version=7)
    found = states_shown(orchard, [old, a_state("pending", kind="digest", language="en")])
    assert [(state.name, state.status) for state in found[: -len(TAPPED)]] == [
        ("griot_digest_fr_v1", "missing"),
        ("griot_digest_en_v1", "pending"),
        ("griot_digest_en_v7", "approved"),
    ]


def test_only_people_on_whatsapp_need_templates(db: Db) -> None:
    """Coordinators and deputies are prompted and reminded, officers have the digest."""
    add_person(
        db,
        name="Awa",
        role="coordinator",
        language="fr",
        city="bamako",
        at=AT,
        addresses={"whatsapp": "+22370000001"},
    )
    add_person(db, name="Ben", role="officer", language="en", at=AT, addresses={"whatsapp": "+22370000002"})
    add_person(
        db,
        name="Chi",
        role="coordinator",
        language="ar",
        city="kampala",
        at=AT,
        addresses={"telegram": "40000001"},
    )
    add_person(
        db,
        name="Dia",
        role="group",
        language="pt",
        city="kampala",
        at=AT,
        addresses={"whatsapp": "+22370000003"},
    )
    kinds = ("prompt", "nudge", "last_call", "reminder", "overdue")
    assert needs(db) == {("digest", "en"), *((kind, "fr") for kind in kinds)}


def test_only_who_has_no_other_way_depends_on_templates(db: Db) -> None:
    """Another channel counts when it is on and the address reachable."""
    ways = ({"whatsapp": "+22370000001"}, {"whatsapp": "+22370000002", "sms": "+22370000002"})
    alone, both = (
        add_person(db, name="Awa", role="coordinator", language="fr", city="bamako", addresses=each, at=AT)
        for each in ways
    )
    assert dependants(db, ("whatsapp", "sms"), both) == set()
    assert ("nudge", "fr", "bamako") in dependants(db, ("whatsapp", "chat"), both)
    assert dependants(db, ("whatsapp", "sms")) == dependants(db, ("whatsapp", "sms"), alone) != set()
    address_lost(db, "sms", "+22370000002", "unknown", AT)
    assert dependants(db, ("whatsapp", "sms"), both) != set()
