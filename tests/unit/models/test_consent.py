"""Whether messages may go to a person."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from models.base import Db
from models.consent import Consent, consent_of, pause, record_consent, resume, start, state_at, stop
from models.person import Person, PersonError, PersonState
from tests.unit.models.test_person import a_person

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
BAMAKO = ZoneInfo("Africa/Bamako")
KAMPALA = ZoneInfo("Africa/Kampala")


def agree(db: Db, id: int, agreed: bool = True) -> None:
    record_consent(
        db, id, agreed=agreed, version="1", language="fr", channel="telegram", how="option 1", at=AT
    )


def person(db: Db, id: int) -> Person:
    return db.scalars(select(Person).where(Person.id == id)).one()


def test_agreement_makes_active_and_refusal_undoes_it(db: Db) -> None:
    """The newest word counts; every word is kept."""
    id = a_person(db)
    assert consent_of(db, id) is None
    agree(db, id)
    assert person(db, id).state == PersonState.ACTIVE
    agree(db, id, agreed=False)
    assert person(db, id).state == PersonState.INVITED
    assert consent_of(db, id) is None
    agree(db, id)
    assert consent_of(db, id) is not None
    assert len(db.scalars(select(Consent)).all()) == 3


def test_a_pause_ends_in_the_morning_after_its_last_day(db: Db) -> None:
    """The day belongs to the pause, and days are the city's: Kampala's begins three hours before UTC's."""
    id = a_person(db)
    agree(db, id)
    pause(db, id, date(2026, 12, 1), AT)
    last = datetime(2026, 12, 1, 22, 0, tzinfo=UTC)
    assert state_at(person(db, id), last, BAMAKO, agreed=True) is PersonState.PAUSED
    assert state_at(person(db, id), last, KAMPALA, agreed=True) is PersonState.ACTIVE
    assert state_at(person(db, id), last, KAMPALA, agreed=False) is PersonState.INVITED


def test_a_pause_without_an_end_lasts_until_resume(db: Db) -> None:
    """Resuming brings back what consent allows."""
    asked, agreed = a_person(db), a_person(db, name="Ali Exemple")
    agree(db, agreed)
    for id in (asked, agreed):
        pause(db, id, None, AT)
        far = datetime(2030, 1, 1, tzinfo=UTC)
        assert state_at(person(db, id), far, BAMAKO, agreed=True) is PersonState.PAUSED
        resume(db, id, AT)
    assert person(db, asked).state == PersonState.INVITED
    assert person(db, agreed).state == PersonState.ACTIVE


def test_only_the_person_undoes_a_stop(db: Db) -> None:
    """An officer can neither pause nor resume who said stop; start does."""
    id = a_person(db)
    agree(db, id)
    stop(db, id, AT)
    with pytest.raises(PersonError):
        resume(db, id, AT)
    with pytest.raises(PersonError):
        pause(db, id, None, AT)
    start(db, id, AT)
    assert person(db, id).state == PersonState.ACTIVE


def test_unknown_people_cannot_be_changed(db: Db) -> None:
    """The number is named in the refusal."""
    with pytest.raises(PersonError, match="no person 99"):
        pause(db, 99, None, AT)
