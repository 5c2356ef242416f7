"""What the budget lets go: asked just before each message that costs something."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sqlalchemy import ColumnElement, literal_column, select, update

from bot.costs import BUDGET, TEMPLATE, TEXT, Spending
from bot.ladder import TEMPLATE as OPENING
from bot.programme import Prices, Programme
from bot.programme.prices import PRICED
from models.base import Db
from models.message_row import counted_from
from models.outbox import OUT, QUEUED, SENDING, OutboxState
from models.person import Person
from models.sending import UNASKED, Claimed, close, hold
from models.spending import Parts, count_sent, spending

WAITING = UNASKED - {"alert"}  # kinds that wait from a full budget on; the rest from a used reserve on
STRANGER = "stranger"
IS_HELD = OUT.c.error_code == literal_column("'budget'")  # written out for the partial index


class _Way(Protocol):
    @property
    def channel(self) -> str: ...
    @property
    def address(self) -> str: ...
    @property
    def rung(self) -> str: ...


@dataclass(slots=True)
class Afforded:
    """What may leave, and what goes to a country where the channel is not paid for."""

    going: list[Claimed] = field(default_factory=list)
    refused: list[Claimed] = field(default_factory=list)


def is_live(kind: str) -> bool:
    """Tell whether a message of this kind goes on up to the budget's reserve."""
    return kind not in WAITING and kind != STRANGER


def afford(
    db: Db, programme: Programme, claimed: Sequence[Claimed], parts_of: Parts, at: datetime
) -> Afforded:
    """Return what may leave; put back what the budget holds, and cancel answers to strangers then.

    What was claimed before and is under way counts as spent. Another worker's claim of the same moment is not
    seen: a limit is passed by as much as one claim at most.
    """
    prices = programme.prices
    if prices is None:
        return Afforded(going=list(claimed))
    priced = [row for row in claimed if prices.is_paid(row.channel)]
    has_unasked = any(not is_live(row.kind) for row in priced)
    if has_unasked:
        count_sent(db, programme, parts_of, at)
    left = spending(db, programme, at)
    if has_unasked and left.uses:
        left = _without_what_is_under_way(db, left, prices, [row.id for row in claimed], parts_of)
    cities = _cities(db, [row.person_id for row in priced if row.person_id is not None])
    done = Afforded()
    for row in claimed:
        city = cities.get(row.person_id or 0)
        if row.despite_stop or row not in priced:
            done.going.append(row)
        elif not prices.may_go(row.channel, row.address):
            done.refused.append(row)
        elif not row.repeats and left.is_stopped(row.channel, city, at, is_live=is_live(row.kind)):
            _stop(db, row, left.opens_at(row.channel, city, at, is_live=is_live(row.kind)), at)
        else:
            done.going.append(row)
            left = _after(left, prices, row, city, parts_of(row.channel, row.message))
    return done


def _without_what_is_under_way(
    db: Db, left: Spending, prices: Prices, besides: Sequence[int], parts_of: Parts
) -> Spending:
    columns = (OUT.c.channel, OUT.c.address, OUT.c.rung, OUT.c.kind, OUT.c.text, OUT.c.message, Person.city)
    under_way = (
        select(*columns)
        .join(Person, Person.id == OUT.c.person_id, isouter=True)
        .where(OUT.c.state == SENDING, OUT.c.channel.in_(PRICED), OUT.c.id.not_in(besides))
    )
    for row in db.execute(under_way):
        parts = parts_of(row.channel, counted_from(row.text, row.message, row.kind))
        left = _after(left, prices, row, row.city, parts)
    return left


def _after(left: Spending, prices: Prices, row: _Way, city: str | None, parts: int) -> Spending:
    sort = TEMPLATE if row.rung == OPENING else TEXT
    return left.after(row.channel, city, prices.country_of(row.channel, row.address), sort, parts)


def _stop(db: Db, row: Claimed, until: datetime, at: datetime) -> None:
    if row.kind == STRANGER:
        close(db, row, OutboxState.CANCELLED, at, error="the budget is used up", code=BUDGET)
    else:
        until = min(until, row.not_after) if row.not_after else until
        hold(db, [row], until, at, code=BUDGET)


def _cities(db: Db, people: Sequence[int]) -> Mapping[int, str | None]:
    if not people:
        return {}
    return dict(db.execute(select(Person.id, Person.city).where(Person.id.in_(people))).all())


def release(db: Db, programme: Programme, at: datetime) -> int:
    """Let what the budget held be tried again where it may go by now; return how many messages."""
    left = spending(db, programme, at)
    waiting = (OUT.c.state == QUEUED, IS_HELD, OUT.c.due_at > at)
    groups = (
        select(OUT.c.channel, Person.city, OUT.c.kind)
        .join(Person, Person.id == OUT.c.person_id, isouter=True)
        .where(*waiting)
        .distinct()
    )
    released = 0
    for channel, city, kind in db.execute(groups).all():
        if not left.is_stopped(channel, city, at, is_live=is_live(kind)):
            theirs = (OUT.c.channel == channel, OUT.c.kind == kind, _of_city(city))
            freeing = update(OUT).where(*waiting, *theirs).values(due_at=at, changed_at=at)
            released += db.connection().execute(freeing).rowcount
    return released


def _of_city(city: str | None) -> ColumnElement[bool]:
    if city is None:
        of_none = select(Person.id).where(Person.city.is_(None))
        return OUT.c.person_id.is_(None) | OUT.c.person_id.in_(of_none)
    return OUT.c.person_id.in_(select(Person.id).where(Person.city == city))
