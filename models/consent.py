"""Whether messages may go to a person: consent, pause and stop."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ForeignKey, select, update
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Db, person_indexes
from models.known_person import KnownPerson
from models.person import Person, PersonError, PersonState, note_change, person_to_change, printable


class Consent(Base):
    """An agreement to be written to, or its refusal; rows are only added."""

    __tablename__ = "consent"
    __table_args__ = person_indexes("consent")

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    agreed: Mapped[bool]
    version: Mapped[str]
    language: Mapped[str]
    channel: Mapped[str]
    how: Mapped[str]
    at: Mapped[datetime]


ELSEWHERE = "elsewhere"  # the version of a consent that was not given to our wording


def record_consent(
    db: Db,
    person_id: int,
    *,
    agreed: bool,
    version: str,
    language: str,
    channel: str,
    how: str,
    at: datetime,
    handled_at: datetime | None = None,
) -> None:
    """Add the person's agreement, or refusal, to be written to.

    The agreement makes an invited person active; a refusal makes an active one invited again.
    `handled_at`: when it is kept, if that is later.
    """
    db.add(
        Consent(
            person_id=person_id,
            agreed=agreed,
            version=version,
            language=language,
            channel=channel,
            how=printable(how),
            at=at,
        )
    )
    former, state = PersonState.INVITED, PersonState.ACTIVE
    if not agreed:
        former, state = state, former
    db.execute(update(Person).where(Person.id == person_id, Person.state == former).values(state=state))
    note_change(db, person_id, handled_at or at)


def consent_of(db: Db, person_id: int) -> Consent | None:
    """Return the consent in force, or None when it was never given or was refused since."""
    newest = select(Consent).where(Consent.person_id == person_id).order_by(Consent.id.desc()).limit(1)
    consent = db.scalar(newest)
    return consent if consent is not None and consent.agreed else None


def was_asked(db: Db, person_id: int) -> bool | None:
    """Return whether the person agreed or refused last, None when they were never asked."""
    newest = select(Consent.agreed).where(Consent.person_id == person_id).order_by(Consent.id.desc()).limit(1)
    return db.scalar(newest)


def pause(db: Db, person_id: int, until: date | None, at: datetime) -> None:
    """Stop writing to a person through the day `until`, or until `resume`.

    Raise PersonError for a person who is unknown, erased or sent STOP.
    """
    person = _not_stopped(db, person_id)
    person.state, person.paused_until, person.changed_at = PersonState.PAUSED, until, at


def resume(db: Db, person_id: int, at: datetime) -> None:
    """Write to a paused person again; raise PersonError for a person who is unknown, erased or sent STOP."""
    _set_free(db, _not_stopped(db, person_id), at)


def stop(db: Db, person_id: int, at: datetime) -> None:
    """Stop every message to a person, on their own word; raise PersonError when unknown or erased."""
    person = person_to_change(db, person_id)
    person.state, person.changed_at = PersonState.STOPPED, at


def start(db: Db, person_id: int, at: datetime) -> None:
    """Undo a stop or a pause, on the person's own word; raise PersonError when unknown or erased."""
    _set_free(db, person_to_change(db, person_id), at)


def _not_stopped(db: Db, person_id: int) -> Person:
    person = person_to_change(db, person_id)
    if person.state != PersonState.STOPPED:
        return person
    message = f"Person {person_id} has stopped all messages."
    raise PersonError("stopped", "id", message, "Only they can undo it: by sending START.")


def _set_free(db: Db, person: Person, at: datetime) -> None:
    agreed = consent_of(db, person.id) is not None
    person.state = PersonState.ACTIVE if agreed else PersonState.INVITED
    person.paused_until, person.changed_at = None, at


def state_at(person: Person | KnownPerson, at: datetime, zone: ZoneInfo, *, agreed: bool) -> PersonState:
    """Return the state at that time: a pause is over on the day after its last, in the city's zone."""
    is_over = person.paused_until is not None and at.astimezone(zone).date() > person.paused_until
    if person.state != PersonState.PAUSED or not is_over:
        return PersonState(person.state)
    return PersonState.ACTIVE if agreed else PersonState.INVITED
