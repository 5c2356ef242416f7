"""A number and an id of WhatsApp that belong to one person: learnt, matched, never taken from another."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from models.base import Db
from models.known_person import KnownPerson
from models.person import Address, PersonError, add_address, add_person, move_address
from models.twins import Sender, learn, sender_known

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
NUMBER, OTHER = "+22790000001", "+22790000002"
ID, OTHER_ID = "NE.1000000000001", "NE.1000000000002"


def a_person(db: Db, *values: str) -> int:
    id = add_person(db, name="Awa", role="coordinator", language="fr", city="bamako", at=AT)
    for value in values:
        db.add(Address(person_id=id, channel="whatsapp", value=value, created_at=AT))
    db.flush()
    return id


def hear(db: Db, address: str, also: str = "", at: datetime = AT) -> KnownPerson | None:
    """Return who is taken for the writer, after what their message teaches."""
    sender = Sender("whatsapp", address, also)
    known = sender_known(db, sender, at)
    if known is not None:
        learn(db, sender, known.id, at, at)
    db.expire_all()
    return known


def bound(db: Db) -> dict[str, int]:
    return {row.value: row.person_id for row in db.scalars(select(Address))}


@pytest.mark.parametrize(("first", "second"), [(NUMBER, ID), (ID, NUMBER)], ids=["number", "id"])
def test_the_other_address_is_learnt_once(db: Db, first: str, second: str) -> None:
    """From then on either is enough."""
    id = a_person(db, first)
    for _ in range(2):
        known = hear(db, first, second)
        assert known is not None
        assert known.id == id
    assert bound(db) == {first: id, second: id}
    assert {one.id for one in (hear(db, NUMBER), hear(db, ID)) if one} == {id}
    times = {row.value: row.last_in_at for row in db.scalars(select(Address))}
    assert times[second] == AT - timedelta(seconds=1), "answers go where the person wrote"


def test_the_id_counts_before_the_number(db: Db) -> None:
    """Who has a new number that was another's is still known by the id; the other keeps the address."""
    awa, bia = a_person(db, ID), a_person(db, OTHER)
    known = hear(db, OTHER, ID)
    assert known is not None
    assert known.id == awa
    assert bound(db) == {ID: awa, OTHER: bia}


def test_a_number_with_another_id_is_a_strangers(db: Db) -> None:
    """It was re-issued: nothing is shown, nothing is sent there, the former holder keeps the id."""
    id = a_person(db, NUMBER)
    hear(db, NUMBER, ID)
    assert hear(db, NUMBER, OTHER_ID) is None
    assert bound(db) == {NUMBER: id, ID: id}
    reachable = {row.value: row.reachable for row in db.scalars(select(Address))}
    assert reachable == {NUMBER: "unknown", ID: "yes"}
    known = hear(db, OTHER, ID)
    assert known is not None
    assert known.id == id, "under a new number"


def test_who_proves_to_hold_a_number_has_it_with_the_new_id(db: Db) -> None:
    """As an invitation code does: the number was moved, its id is the newcomer's."""
    former = a_person(db, NUMBER)
    hear(db, NUMBER, ID)
    newcomer = a_person(db)
    row = db.scalars(select(Address).where(Address.value == NUMBER)).one()
    row.person_id, row.reachable = newcomer, "yes"
    db.flush()
    learn(db, Sender("whatsapp", NUMBER, OTHER_ID), newcomer, AT, AT)
    db.expire_all()
    known = hear(db, NUMBER, OTHER_ID)
    assert known is not None
    assert known.id == newcomer
    assert bound(db) == {NUMBER: newcomer, OTHER_ID: newcomer, ID: former}


def test_strangers_teach_nothing(db: Db) -> None:
    assert hear(db, NUMBER, ID) is None
    assert bound(db) == {}


@pytest.mark.parametrize("channel", ["whatsapp", "sms"])
@pytest.mark.parametrize(
    ("given", "written"),
    [("+22990000001", "+2290190000001"), ("+2290190000001", "+22990000001")],
    ids=["old", "new"],
)
def test_both_forms_of_a_renumbered_number_are_one_address(
    db: Db, channel: str, given: str, written: str
) -> None:
    """Bound as it is written now; stored as the provider uses it; free for nobody else."""
    id = a_person(db)
    add_address(db, id, channel, given, AT)
    assert list(bound(db)) == ["+2290190000001"]
    known = sender_known(db, Sender(channel, written), AT)
    assert known is not None
    assert known.id == id
    assert list(bound(db)) == [written]
    add_address(db, id, channel, given, AT)
    with pytest.raises(PersonError, match="belongs to person"):
        add_address(db, a_person(db), channel, given, AT)
    newcomer = a_person(db)
    move_address(db, newcomer, channel, given, AT)
    db.expire_all()
    assert bound(db) == {given: newcomer}
