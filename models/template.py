"""WhatsApp templates: what the provider made of each Content of the programme."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Mapped, mapped_column

from bot.programme import Programme
from bot.templates import READY, REFUSED, TemplateState, approved_of, missing_of
from models.base import Base, Db
from models.db import table_of
from models.person import Address, Person, PersonState, Role

_OF_A_CITY = ("prompt", "nudge", "last_call", "reminder", "overdue")
_NEEDS = {Role.COORDINATOR: _OF_A_CITY, Role.DEPUTY: _OF_A_CITY, Role.OFFICER: ("digest",)}


class Template(Base):
    """One Content at the provider, named `griot_<kind>_<language>_v<version>`."""

    __tablename__ = "template"

    name: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    language: Mapped[str]
    version: Mapped[int]
    content_sid: Mapped[str]
    status: Mapped[str]  # as the provider says; of buttons: ready, refused
    reason: Mapped[str] = mapped_column(default="")  # of a rejection, in the provider's words
    checked_at: Mapped[datetime]


TEMPLATE = table_of(Template)


def known(db: Db) -> list[TemplateState]:
    """Return how every template stood when the provider was last asked, by name."""
    return [_state(row) for row in db.scalars(select(Template).order_by(Template.name))]


def approved(db: Db) -> Mapping[tuple[str, str], str]:
    """Return the sid of the newest approved content by kind and language."""
    return approved_of(known(db))


_READY = select(TEMPLATE.c.kind, TEMPLATE.c.content_sid).where(TEMPLATE.c.status == READY)


def ready(db: Db) -> dict[str, str]:
    """Return the sid of each content that serves within the window, by kind."""
    return {row.kind: row.content_sid for row in db.connection().execute(_READY)}


def refuse(db: Db, sid: str, reason: str, at: datetime) -> None:
    """Note that the provider refused a content of the window: it rests until the provider is asked again."""
    found = (TEMPLATE.c.content_sid == sid, TEMPLATE.c.status == READY)
    values = {"status": REFUSED, "reason": reason[:300], "checked_at": at}
    db.connection().execute(update(TEMPLATE).where(*found).values(**values))


def missing(db: Db, programme: Programme, needs: Iterable[tuple[str, str]]) -> list[TemplateState]:
    """Return, for each kind and language needed without an approved version, how its newest one stands."""
    return missing_of(known(db), programme, needs)


def needs(db: Db) -> set[tuple[str, str]]:
    """Return the kinds and languages that somebody with a WhatsApp address is written in."""
    reached = select(Person.role, Person.language).join(Address, Address.person_id == Person.id)
    gone = (PersonState.STOPPED, PersonState.ERASED)
    query = reached.where(
        Address.channel == "whatsapp", Person.state.not_in(gone), Person.role.in_(list(_NEEDS))
    )
    found = db.execute(query.distinct()).all()
    return {(kind, language) for role, language in found for kind in _NEEDS[Role(role)]}


def dependants(
    db: Db, channels_on: Collection[str], person_id: int | None = None
) -> set[tuple[str, str, str | None]]:
    """Return kind, language and city of what goes to who is reached on WhatsApp only; to one person, or all.

    The city is None for the Secretariat's people.
    """
    others = [channel for channel in channels_on if channel not in ("whatsapp", "chat")]
    elsewhere = select(Address.person_id).where(Address.channel.in_(others), Address.reachable == "yes")
    gone = (PersonState.STOPPED, PersonState.ERASED)
    query = (
        select(Person.role, Person.language, Person.city)
        .join(Address, Address.person_id == Person.id)
        .where(Address.channel == "whatsapp", Person.state.not_in(gone), Person.role.in_(list(_NEEDS)))
        .where(Person.id.not_in(elsewhere))
    )
    if person_id is not None:
        query = query.where(Person.id == person_id)
    found = db.execute(query.distinct()).all()
    return {(kind, language, city) for role, language, city in found for kind in _NEEDS[Role(role)]}


def note(db: Db, state: TemplateState, at: datetime) -> None:
    """Keep what the provider just said of one template."""
    db.merge(
        Template(
            name=state.name,
            kind=state.kind,
            language=state.language,
            version=state.version,
            content_sid=state.content_sid,
            status=state.status,
            reason=state.reason,
            checked_at=at,
        )
    )


def note_all(db: Db, states: Iterable[TemplateState], at: datetime) -> int:
    """Keep what the provider has, forget what it had not at `at`; return how many rows changed."""
    found = {state.name: state for state in states}
    rows = {row.name: row for row in db.scalars(select(Template))}
    gone = [row for name, row in rows.items() if name not in found and row.checked_at < at]
    changed = [state for name, state in found.items() if name not in rows or _state(rows[name]) != state]
    for row in gone:
        db.delete(row)
    for state in changed:
        note(db, state, at)
    db.flush()
    return len(gone) + len(changed)


def _state(row: Template) -> TemplateState:
    return TemplateState(
        row.name, row.kind, row.language, row.version, row.content_sid, row.status, row.reason
    )
