"""What officers are told at once: in their hours, or whatever the hour when somebody's safety is at stake."""

import logging
from collections.abc import Callable, Collection
from datetime import datetime

from sqlalchemy import and_, exists, or_, select

from bot.opening_hours import Moved, moved_now
from bot.programme import Programme
from bot.schedule import ALERT, ANY_HOUR, HELD, Occurrence
from bot.values import Invitation, Message
from models import ladder
from models.base import Db
from models.message_row import invitation_row
from models.occurrence import OccurrenceState, decide
from models.outbox import LIVE
from models.person import Address, Person, PersonState, Role

log = logging.getLogger(__name__)

EMAIL = "email"
# Kinds whose `about` begins with the person.
OF_A_PERSON = ("stopped", "unreachable", "lost", "silent", "moretime", "blocks")


def tell_officers(
    db: Db,
    programme: Programme,
    kind: str,
    about: str,
    text_in: Callable[[str], str],
    at: datetime,
    channels_on: Collection[str],
    *,
    city: str | None = None,
    besides: int = 0,
    first: Role = Role.OFFICER,
    invitation_in: Callable[[str], Invitation | None] = lambda language: None,
) -> int:
    """Tell every officer, once, or every administrator (`first`); return how many are told or will be.

    Who has not agreed to messages is told by e-mail only.
    The key is `alert:<kind>:<about>:<officer>`. Out of the Secretariat's hours the alert is held until they
    begin. `text_in(language)` says it; `besides`: an officer it is about;
    `invitation_in(language)`: the invitation that it carries.
    """
    opens = Moved(at) if kind in ANY_HOUR else moved_now(programme, programme.secretariat, at)
    told = 0
    for officer, language in _officers(db, besides, first):
        key = f"alert:{kind}:{about}:{officer}"
        text, invitation = text_in(language), invitation_in(language)
        if opens.at <= at:
            told += send(db, key, officer, text, at, channels_on, invitation)
        else:
            alert = Occurrence(key, ALERT, officer, city, at, opens.at, state=HELD, reason=opens.reason)
            data = {"text": text, "invitation": invitation_row(invitation)}
            told += decide(db, alert, OccurrenceState.HELD, at, opens.reason, data)
    return told


def send(
    db: Db,
    key: str,
    officer: int,
    text: str,
    at: datetime,
    channels_on: Collection[str],
    invitation: Invitation | None = None,
) -> bool:
    """Queue an alert on the best way to an officer; return False when there is none."""
    addresses = ladder.reached(db, [officer]).get(officer, ())
    if db.scalar(select(Person.state).where(Person.id == officer)) != PersonState.ACTIVE:
        addresses = tuple(one for one in addresses if one.channel == EMAIL)
    found = ladder.enqueue(
        db,
        key=key,
        person_id=officer,
        message=Message(text, kind=ALERT, invitation=invitation),
        at=at,
        channels_on=channels_on,
        lane=LIVE,
        addresses=addresses,
    )
    if found is None:
        log.warning("an alert has no way to its officer", extra={"key": key})
    return found is not None


def _officers(db: Db, besides: int, preferred: Role) -> list[tuple[int, str]]:
    """Return id and language of everybody of the preferred role who can be told; of the other if none."""
    has_mail = exists().where(Address.person_id == Person.id, Address.channel == EMAIL)
    query = select(Person.id, Person.language, Person.role).where(
        Person.role.in_((Role.OFFICER, Role.ADMIN)),
        or_(Person.state == PersonState.ACTIVE, and_(Person.state == PersonState.INVITED, has_mail)),
        Person.id != besides,
    )
    rows = list(db.execute(query.order_by(Person.id)))
    told = [(id, language) for id, language, role in rows if role == preferred]
    return told or [(id, language) for id, language, _ in rows]
