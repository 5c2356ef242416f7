"""People and their addresses: what is accepted, how it is stored, who is found."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from models.base import Db
from models.known_person import KnownPerson, person_of
from models.person import (
    Address,
    PersonError,
    PersonState,
    add_address,
    add_person,
    address_heard,
    address_lost,
    folded_address,
    move_address,
    printable,
    set_language,
)

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def a_person(db: Db, name: str = "Fatou Exemple", city: str | None = "bamako", **more: str) -> int:
    return add_person(
        db,
        name=name,
        role=more.get("role", "coordinator"),
        language=more.get("language", "fr"),
        city=city,
        at=AT,
        addresses={"telegram": more["telegram"]} if "telegram" in more else {},
    )


def test_a_person_is_known_by_an_address(db: Db) -> None:
    """An address given when a person is added is bound at once; anybody else is a stranger."""
    id = a_person(db, telegram="40000001")
    known = KnownPerson(id, "Fatou Exemple", "coordinator", "bamako", "fr", PersonState.INVITED, None)
    assert person_of(db, "telegram", "40000001") == known
    assert person_of(db, "telegram", "40000002") is None
    assert person_of(db, "whatsapp", "40000001") is None


@pytest.mark.parametrize(
    ("channel", "value", "stored"),
    [
        pytest.param("telegram", " 40000001 ", "40000001", id="space around"),
        pytest.param("telegram", "٤٠٠٠٠٠٠١", "40000001", id="Arabic-Indic digits"),
        pytest.param(
            "whatsapp", "whatsapp:+223 70 00 00 01", "+22370000001", id="Twilio's prefix and spaces"
        ),
        pytest.param("whatsapp", "whatsapp:NE.1033a70", "NE.1033a70", id="an id in place of a number"),
        pytest.param("whatsapp", "00223 70-00-00-01", "+22370000001", id="two zeros for the plus"),
        pytest.param("sms", "\u2066+223 (70) 000001\u2069", "+22370000001", id="isolates and brackets"),
        pytest.param("email", " Fatou@Example.ORG ", "fatou@example.org", id="e-mail in lower case"),
    ],
)
def test_addresses_are_stored_in_one_form(channel: str, value: str, stored: str) -> None:
    """Whatever the spelling, one address has one stored form."""
    assert folded_address(channel, value) == stored


@pytest.mark.parametrize(
    ("channel", "value"),
    [
        pytest.param("telegram", "fatou", id="a name is no id"),
        pytest.param("telegram", "-100200300", id="a group"),
        pytest.param("telegram", "0", id="zero"),
        pytest.param("telegram", "4" * 17, id="more than 52 bits"),
        pytest.param("whatsapp", "70000001", id="no country"),
        pytest.param("sms", "NE.1033a70", id="WhatsApp's id on SMS"),
        pytest.param("whatsapp", "NE.103 3", id="a space in WhatsApp's id"),
        pytest.param("whatsapp", "+0223700000", id="no country begins with 0"),
        pytest.param("sms", "+1234567890123456", id="16 digits"),
        pytest.param("sms", "+223 7000 OOO1", id="letters"),
        pytest.param("email", "fatou@example", id="no dot"),
        pytest.param("email", "fa tou@example.org", id="a space within"),
        pytest.param("email", "a@b@example.org", id="two signs"),
        pytest.param("email", "a@" + "b" * 250 + ".org", id="too long"),
        pytest.param("fax", "+22370000001", id="no such channel"),
    ],
)
def test_what_is_not_an_address_is_refused(channel: str, value: str) -> None:
    """A wrong address is refused with an example of a right one."""
    with pytest.raises(PersonError) as refused:
        folded_address(channel, value)
    assert refused.value.problem.mend


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        pytest.param({"name": " \u0007 "}, "no_name", id="empty name"),
        pytest.param({"name": "n" * 101}, "long_name", id="long name"),
        pytest.param({"role": "boss"}, "unknown_role", id="role"),
        pytest.param({"language": "de"}, "unknown_language", id="language"),
        pytest.param({"city": "atlantis"}, "unknown_city", id="city"),
        pytest.param({"city": None}, "no_city", id="a coordinator without a city"),
    ],
)
def test_wrong_facts_are_refused(db: Db, changed: dict[str, str], code: str) -> None:
    """A person is not added with a fact that no message could use."""
    with pytest.raises(PersonError) as refused:
        a_person(db, **changed)
    assert refused.value.problem.code == code


def test_an_officer_needs_no_city(db: Db) -> None:
    """Officers, admins and viewers belong to the network."""
    assert a_person(db, city=None, role="officer")


def test_an_address_belongs_to_one_person(db: Db) -> None:
    """Adding another's address is refused, adding one's own again changes nothing."""
    first = a_person(db, telegram="40000001")
    second = a_person(db, name="Ali Exemple")
    add_address(db, first, "telegram", "40000001", AT)
    with pytest.raises(PersonError, match=f"belongs to person {first}"):
        add_address(db, second, "telegram", "40000001", AT)
    assert len(db.scalars(select(Address)).all()) == 1


def test_a_proved_address_moves(db: Db) -> None:
    """A phone handed on leaves the former holder, and is reachable again."""
    first, second = a_person(db, telegram="40000001"), a_person(db, name="Ali Exemple")
    address_lost(db, "telegram", "40000001", "blocked", AT)
    move_address(db, second, "telegram", "40000001", AT)
    known = person_of(db, "telegram", "40000001")
    assert known is not None
    assert known.id == second != first
    assert db.scalars(select(Address.reachable)).all() == ["yes"]


def test_a_lost_address_is_found_again_when_it_writes(db: Db) -> None:
    """Why an address is lost is kept until its holder writes."""
    a_person(db, telegram="40000001")
    address_lost(db, "telegram", "40000001", "blocked", AT)
    assert db.scalars(select(Address.reachable)).all() == ["blocked"]
    address_heard(db, "telegram", "40000001", AT)
    row = db.execute(select(Address.reachable, Address.last_in_at)).one()
    assert tuple(row) == ("yes", AT)


def test_the_language_can_be_changed(db: Db) -> None:
    """A language that Griot does not speak is refused; the four are taken."""
    id = a_person(db, telegram="40000001")
    set_language(db, id, "ar", AT)
    with pytest.raises(PersonError):
        set_language(db, id, "de", AT)
    known = person_of(db, "telegram", "40000001")
    assert known is not None
    assert known.language == "ar"


def test_printable_keeps_tab_and_newline_only() -> None:
    """Control characters and lone surrogates go, letters of any script stay."""
    assert printable("\x00a\tb\nc\r\x1b\x7f\x85é\ud800 مرحبا ") == "a\tb\ncé مرحبا"
