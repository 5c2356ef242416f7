"""Two addresses of one person on WhatsApp: the number, and the id that stays when the number is hidden."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, update

from bot.phone_numbers import forms_of
from models.base import Db
from models.db import insert_new, table_of
from models.known_person import KnownPerson, people_at, person_of
from models.person import SCOPED, Address, address_heard, address_lost, note_change

ADDRESS = table_of(Address)
BY_NUMBER = ("whatsapp", "sms")
SILENCE = timedelta(days=60)  # after it a number may be somebody else's
_BEFORE = timedelta(seconds=1)  # the address that was written from is the newer one: it goes first
_BY_VALUE = select(ADDRESS.c.value, ADDRESS.c.person_id, ADDRESS.c.scoped_id).where(
    ADDRESS.c.channel == bindparam("on"), ADDRESS.c.value.in_(bindparam("values", expanding=True))
)


@dataclass(frozen=True, slots=True)
class Sender:
    """From where a message came, as the provider signed it."""

    channel: str
    address: str  # where answers go
    also: str = ""  # the other address of whoever wrote

    @property
    def scoped(self) -> str:
        """Return the business-scoped id, "" when none is known."""
        return next((value for value in (self.address, self.also) if SCOPED.fullmatch(value)), "")

    @property
    def number(self) -> str:
        """Return the other one, "" when it is hidden."""
        return next((each for each in (self.address, self.also) if each and each != self.scoped), "")


def sender_known(db: Db, sender: Sender, at: datetime) -> KnownPerson | None:
    """Return who wrote: by the id, else by the number; None for a stranger.

    A number that now comes with another id was re-issued: whoever has it now is a stranger until they send a
    code, and nothing more is sent there.
    """
    for value in (sender.address, sender.also):
        _follow(db, sender.channel, value)
    if not sender.also:
        return person_of(db, sender.channel, sender.address)
    if (known := person_of(db, sender.channel, sender.scoped)) is not None:
        return known
    rows = db.connection().execute(_BY_VALUE, {"on": sender.channel, "values": [sender.number]})
    former = next((row.scoped_id for row in rows), "")
    if former and former != sender.scoped:
        address_lost(db, sender.channel, sender.number, "unknown", at)
        return None
    return person_of(db, sender.channel, sender.number)


def senders_known(db: Db, senders: Mapping[Sender, datetime]) -> Mapping[Sender, KnownPerson | None]:
    """Return who wrote each of these at a time, read together where there is but one address to look for.

    Strangers are not among them; None stands for a person whom another transaction holds.
    """
    plain = {one for one in senders if not one.also and len(forms_of(one.address)) < 2}
    people = people_at(db, {(one.channel, one.address) for one in plain})
    known = {one: people[one.channel, one.address] for one in plain if (one.channel, one.address) in people}
    for one, at in senders.items():
        if one not in plain and (person := sender_known(db, one, at)) is not None:
            known[one] = person
    return known


def is_doubtful(db: Db, sender: Sender, person: KnownPerson, at: datetime) -> bool:
    """Tell whether a number may have been given to somebody else since its person wrote from it last.

    It was silent for sixty days, on every channel (threats.md, Who is talking). An id of WhatsApp stays with
    its person, and one of Telegram too. Who never wrote is believed: an officer has just given the number.
    """
    last_in_at = person.last_in_at
    if sender.channel not in BY_NUMBER or last_in_at is None or at - last_in_at <= SILENCE:
        return False
    its = [sender.scoped, *forms_of(sender.number)]
    theirs = (ADDRESS.c.person_id == person.id, ADDRESS.c.channel.in_(BY_NUMBER), ADDRESS.c.value.in_(its))
    rows = db.connection().execute(select(ADDRESS.c.value, ADDRESS.c.last_in_at).where(*theirs)).all()
    if any(row.value == sender.scoped for row in rows):
        return False
    return all(row.last_in_at is None or at - row.last_in_at > SILENCE for row in rows)


def doubt(db: Db, sender: Sender, at: datetime) -> None:
    """Send nothing more to a number on any channel until its person is known to hold it still."""
    for channel in BY_NUMBER:
        for value in forms_of(sender.number):
            address_lost(db, channel, value, "unknown", at)


def _follow(db: Db, channel: str, value: str) -> None:
    """Store a number in the form that the provider uses: its country may have two (`bot.phone_numbers`)."""
    others = [form for form in forms_of(value) if form != value]
    if not others:
        return
    rows = db.connection().execute(_BY_VALUE, {"on": channel, "values": [value, *others]}).all()
    if rows and all(row.value != value for row in rows):
        its = (ADDRESS.c.channel == channel, ADDRESS.c.value == rows[0].value)
        db.connection().execute(update(ADDRESS).where(*its).values(value=value))


def learn(db: Db, sender: Sender, person_id: int, at: datetime, handled_at: datetime) -> None:
    """Bind the other address to who wrote, unless it is somebody else's; both were written from."""
    if not sender.also:
        return
    asked = {"on": sender.channel, "values": [sender.number, sender.scoped]}
    known = {row.value: row for row in db.connection().execute(_BY_VALUE, asked)}
    if sender.also not in known:
        insert_new(
            db,
            ADDRESS,
            person_id=person_id,
            channel=sender.channel,
            value=sender.also,
            created_at=handled_at,
            scoped_id="",
        )
        note_change(db, person_id, handled_at)
    elif known[sender.also].person_id != person_id:
        return
    address_heard(db, sender.channel, sender.also, at - _BEFORE, handled_at)
    number = known.get(sender.number)
    if number is None or number.scoped_id != sender.scoped:
        its = (ADDRESS.c.channel == sender.channel, ADDRESS.c.value == sender.number)
        db.connection().execute(update(ADDRESS).where(*its).values(scoped_id=sender.scoped))
