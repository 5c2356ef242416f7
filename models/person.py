"""People and their addresses."""

import re
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, bindparam, case, select, update
from sqlalchemy.orm import Mapped, mapped_column

from bot.phone_numbers import as_now, forms_of
from bot.values import LANGUAGES, Problem
from models.base import Base, Db
from models.city import City
from models.db import later, settle, table_of


class Role(StrEnum):
    """What a person does in the network."""

    COORDINATOR = "coordinator"
    DEPUTY = "deputy"
    GROUP = "group"
    OFFICER = "officer"
    ADMIN = "admin"
    VIEWER = "viewer"


class PersonState(StrEnum):
    """Whether messages may go to a person."""

    INVITED = "invited"
    ACTIVE = "active"
    PAUSED = "paused"
    STOPPED = "stopped"
    ERASED = "erased"


class Person(Base):
    """Somebody Griot talks to."""

    __tablename__ = "person"
    __table_args__ = (
        CheckConstraint(
            "role in ('coordinator', 'deputy', 'group', 'officer', 'admin', 'viewer')", name="role"
        ),
        CheckConstraint("state in ('invited', 'active', 'paused', 'stopped', 'erased')", name="state"),
        CheckConstraint("language in ('en', 'fr', 'pt', 'ar')", name="language"),
        Index("ix_person_city", "city"),
        Index("ix_person_role", "role"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    role: Mapped[str]
    city: Mapped[str | None] = mapped_column(ForeignKey("city.slug"))
    language: Mapped[str]
    state: Mapped[str] = mapped_column(default=PersonState.INVITED)
    paused_until: Mapped[date | None]
    calendar_token: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime] = mapped_column(index=True)  # also of addresses and consent


class Address(Base):
    """A person on one channel."""

    __tablename__ = "address"
    __table_args__ = (UniqueConstraint("channel", "value"), Index("ix_address_person_id", "person_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    channel: Mapped[str]
    value: Mapped[str]  # Telegram user id, +E164, e-mail address
    reachable: Mapped[str] = mapped_column(default="yes")  # yes, or why not: blocked, unknown, not_started
    created_at: Mapped[datetime]
    last_in_at: Mapped[datetime | None]
    scoped_id: Mapped[str] = mapped_column(
        default="", server_default=""
    )  # of WhatsApp, that a number wrote with
    returned_at: Mapped[datetime | None]  # when it was reachable again: the person changed then too


class PersonError(Exception):
    """What an officer asked for cannot be done; `problem` says why and how to mend it."""

    def __init__(self, code: str, where: str, message: str, mend: str) -> None:
        super().__init__(f"{message} {mend}")
        self.problem = Problem(code, where, mend, message)


CITY_ROLES = frozenset({Role.COORDINATOR, Role.DEPUTY, Role.GROUP})
NAME_CHARACTERS = 100
TELEGRAM_ID = re.compile(r"[1-9][0-9]{0,15}")  # Bot API, User: at most 52 significant bits
E164 = re.compile(r"\+[1-9][0-9]{6,14}")  # ITU-T E.164: country code and number, at most 15 digits
# of a person who hides the number (Meta, business-scoped user ids): country, a dot, an opaque rest
SCOPED = re.compile(r"[A-Z]{2}\.[0-9A-Za-z._-]{1,128}")
EMAIL = re.compile(r"[^@\s\"(),:;<>\[\]\\]{1,64}@[^@\s.]+(\.[^@\s.]+)+")  # RFC 5321, 4.5.3.1: parts' lengths
_EXAMPLES = {
    "telegram": "40000001",
    "whatsapp": "+22370000001",
    "sms": "+22370000001",
    "email": "a@example.org",
}


def add_person(
    db: Db,
    *,
    name: str,
    role: str,
    language: str,
    at: datetime,
    city: str | None = None,
    addresses: Mapping[str, str] | None = None,
) -> int:
    """Return the id of a new person, known at `addresses` (channel to value).

    Raise PersonError for a wrong name, role, language, city or address.
    """
    person = Person(
        name=_checked_name(name),
        role=_checked_role(role),
        language=_checked_language(language),
        city=_checked_city(db, role, city),
        calendar_token=secrets.token_urlsafe(24),
        created_at=at,
        changed_at=at,
    )
    db.add(person)
    db.flush()
    for channel, value in (addresses or {}).items():
        add_address(db, person.id, channel, value, at)
    return person.id


def printable(text: str) -> str:
    """Return the text without control characters other than tab and newline, and without outer space."""
    kept = (c for c in text if c in "\t\n" or unicodedata.category(c) not in {"Cc", "Cs"})
    return "".join(kept).strip()


def _checked_name(name: str) -> str:
    shown = " ".join(printable(name).split())
    if not shown:
        raise PersonError("no_name", "name", "The name is empty.", "Give the name that messages should use.")
    if len(shown) > NAME_CHARACTERS:
        raise PersonError(
            "long_name", "name", "The name is too long.", f"Use at most {NAME_CHARACTERS} letters."
        )
    return shown


def _checked_role(role: str) -> str:
    if role in set(Role):
        return role
    raise PersonError("unknown_role", "role", f"There is no role {role!r}.", f"Use one of {', '.join(Role)}.")


def _checked_language(language: str) -> str:
    if language in LANGUAGES:
        return language
    mend = f"Use one of {', '.join(LANGUAGES)}."
    raise PersonError("unknown_language", "language", f"There is no language {language!r}.", mend)


def _checked_city(db: Db, role: str, city: str | None) -> str | None:
    if city is None and role not in CITY_ROLES:
        return None
    if city is None:
        raise PersonError("no_city", "city", f"A {role} belongs to a city.", "Name it with --city.")
    slugs = db.scalars(select(City.slug).where(City.is_closed.is_(False)).order_by(City.position)).all()
    if city in slugs:
        return city
    known = f"Use one of {', '.join(slugs)}." if slugs else "Load the programme first."
    raise PersonError("unknown_city", "city", f"There is no city {city!r}.", known)


def folded_address(channel: str, value: str) -> str:
    """Return the address as it is stored: Telegram user id, +E164, WhatsApp's own id, e-mail in lower case.

    Raise PersonError for anything else.
    """
    match channel:
        case "telegram" | "chat":
            folded, pattern = _western_digits(value), TELEGRAM_ID
        case "whatsapp" if SCOPED.fullmatch(_bare(value)):
            folded, pattern = _bare(value), SCOPED
        case "whatsapp" | "sms":
            folded, pattern = _international(value), E164
        case "email":
            folded, pattern = value.strip().lower(), EMAIL
        case _:
            mend = f"Use one of {', '.join(_EXAMPLES)}."
            raise PersonError("unknown_channel", channel, f"There is no channel {channel!r}.", mend)
    if pattern.fullmatch(folded) and len(folded) <= 254:
        return folded
    example = f"Write it like {_EXAMPLES.get(channel, '1')}."
    raise PersonError("wrong_address", channel, f"{value!r} is not an address on {channel}.", example)


def _western_digits(value: str) -> str:
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in value.strip())


def _bare(value: str) -> str:
    return value.strip().removeprefix("whatsapp:")


def _international(value: str) -> str:
    number = re.sub(r"[\s().\-\u2066-\u2069]", "", _bare(_western_digits(value)))
    return f"+{number[2:]}" if number.startswith("00") else number


def add_address(db: Db, person_id: int, channel: str, value: str, at: datetime) -> None:
    """Bind an address to a person; nothing happens when it is theirs already.

    Raise PersonError when it is not an address or belongs to another person.
    """
    folded = as_now(folded_address(channel, value))
    known = select(Address.person_id).where(Address.channel == channel, Address.value.in_(forms_of(folded)))
    holder = db.scalar(known)
    if holder == person_id:
        return
    if holder is not None:
        mend = f"Use another address, or erase person {holder}."
        raise PersonError("taken_address", channel, f"{folded} belongs to person {holder}.", mend)
    db.add(Address(person_id=person_id, channel=channel, value=folded, created_at=at))
    note_change(db, person_id, at)


def move_address(
    db: Db, person_id: int, channel: str, value: str, at: datetime, handled_at: datetime | None = None
) -> None:
    """Bind an address to a person who proved to hold it; raise PersonError when it is not an address.

    It leaves whoever had it before: numbers are re-issued and phones are handed on.
    """
    folded = folded_address(channel, value)
    mine = Address.channel == channel, Address.value.in_(forms_of(folded))
    holder = db.scalar(select(Address.person_id).where(*mine))
    if holder is None:
        db.add(Address(person_id=person_id, channel=channel, value=folded, created_at=at, last_in_at=at))
    else:
        changed = {"person_id": person_id, "value": folded, "reachable": "yes", "last_in_at": at}
        db.execute(update(Address).where(*mine).values(changed))
        note_change(db, holder, handled_at or at)
    note_change(db, person_id, handled_at or at)


def note_change(db: Db, person_id: int, at: datetime) -> None:
    """Note when something about the person changed last, for `export --since`."""
    db.flush()
    db.execute(update(Person).where(Person.id == person_id).values(changed_at=at))


# On the way of every turn: Core, built once.
_PERSON, _ADDRESS = table_of(Person), table_of(Address)
_HEARD = (
    update(_ADDRESS)
    .where(_ADDRESS.c.channel == bindparam("on"), _ADDRESS.c.value == bindparam("from"))
    .values(
        last_in_at=bindparam("at"),
        reachable="yes",
        returned_at=case(
            (_ADDRESS.c.reachable != "yes", bindparam("handled_at", type_=_ADDRESS.c.returned_at.type)),
            else_=_ADDRESS.c.returned_at,
        ),
    )
)


def address_heard(db: Db, channel: str, value: str, at: datetime, handled_at: datetime | None = None) -> None:
    """Note that a person wrote from this address: it is reachable again."""
    times = {"at": at, "handled_at": handled_at or at}
    later(db, _HEARD, {"on": channel, "from": value, **times})


def newest_address(db: Db, person_id: int, channel: str) -> str:
    """Return the address on a channel from which a person wrote last, "" for none."""
    theirs = Address.person_id == person_id, Address.channel == channel
    query = (
        select(Address.value)
        .where(*theirs)
        .order_by(Address.last_in_at.desc().nulls_last(), Address.id.desc())
    )
    return db.scalars(query.limit(1)).first() or ""


def address_lost(db: Db, channel: str, value: str, why: str, at: datetime) -> int | None:
    """Note why an address cannot be reached: blocked, unknown or not_started.

    Return whose it is where it could be reached until now, else None.
    """
    settle(db, _ADDRESS)  # that somebody just wrote from there, say
    theirs = Address.channel == channel, Address.value == value
    was = db.scalar(select(Address.reachable).where(*theirs))
    holder = db.scalar(update(Address).where(*theirs).values(reachable=why).returning(Address.person_id))
    if holder is not None:
        note_change(db, holder, at)
    return holder if was == "yes" else None


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody to write to, at the address they used last."""

    id: int
    language: str
    channel: str
    address: str


def officers(db: Db) -> list[Recipient]:
    """Return the officers who agreed to messages and can be reached, each at the address they used last."""
    query = (
        select(Person.id, Person.language, Address.channel, Address.value)
        .join(Address, Address.person_id == Person.id)
        .where(Person.role == Role.OFFICER, Person.state == PersonState.ACTIVE, Address.reachable == "yes")
        .where(Address.channel != "email")
        .order_by(Person.id, Address.last_in_at.is_(None), Address.last_in_at.desc(), Address.id)
    )
    found: dict[int, Recipient] = {}
    for row in db.execute(query):
        found.setdefault(row[0], Recipient(*row))
    return list(found.values())


def set_language(db: Db, person_id: int, language: str, at: datetime) -> None:
    """Write to the person in this language from now on; raise PersonError when Griot does not speak it."""
    changed = {"language": _checked_language(language), "changed_at": at}
    db.execute(update(Person).where(Person.id == person_id).values(changed))


def person_to_change(db: Db, person_id: int) -> Person:
    """Return the person to be changed; raise PersonError when unknown or erased."""
    person = db.get(Person, person_id)
    if person is None:
        raise PersonError(
            "unknown_person", "id", f"There is no person {person_id}.", "See `griot person list`."
        )
    if person.state == PersonState.ERASED:
        raise PersonError("erased", "id", f"Person {person_id} was erased.", "Add them again if they return.")
    return person
