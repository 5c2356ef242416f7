"""How each channel does, shared by all processes: one that fails by itself is left alone for a while."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, bindparam, case, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Db
from models.db import insert_into, is_postgres, table_of

OPENS_AFTER = 5  # failures of the channel in a row, none of them the message's own fault
FIRST_PAUSE = timedelta(seconds=5)
REFUSED_PAUSE = timedelta(seconds=60)  # of a channel whose token or account is refused
LONGEST_PAUSE = timedelta(minutes=1)  # a message a minute harms no provider, and people wait for replies
LONGEST_REFUSED = timedelta(minutes=5)  # until somebody mends the token
SKEW = timedelta(seconds=5)  # by which the clocks of two machines may differ


class Circuit(Base):
    """One channel: closed while messages leave, open while it is left alone but for one probe at a time."""

    __tablename__ = "circuit"

    channel: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]  # in a row, since the last message that was accepted
    opened_at: Mapped[datetime | None]  # None: closed
    pause: Mapped[int]  # seconds from the newest failure to the next probe; kept when it closes
    probe_at: Mapped[datetime | None]  # from when one message may be tried
    failure: Mapped[str]  # the kind of the newest failure
    code: Mapped[str]
    detail: Mapped[str]
    changed_at: Mapped[datetime]


CIRCUIT = table_of(Circuit)


@dataclass(frozen=True, slots=True)
class Standing:
    """How one channel stands."""

    channel: str
    failures: int
    opened_at: datetime | None
    pause: int
    probe_at: datetime | None
    failure: str
    code: str
    detail: str
    changed_at: datetime

    @property
    def is_open(self) -> bool:
        """Tell whether the channel is left alone."""
        return self.opened_at is not None

    @property
    def is_sound(self) -> bool:
        """Tell whether nothing failed since a message was accepted."""
        return not self.is_open and not self.failures

    def may_probe(self, at: datetime) -> bool:
        """Tell whether a message may be tried: the pause is over, or was set by a clock that jumped back."""
        return self.probe_at is None or self.probe_at <= at or self.changed_at > at + SKEW


@dataclass(frozen=True, slots=True)
class Setback:
    """Calls to one channel that failed by the channel's own fault, of one kind, none accepted between.

    `opens`: the first one is enough. `wait`: as long as the provider asks to be left alone, whatever the
    longest pause.
    """

    channel: str
    count: int
    failure: str
    code: str
    detail: str
    opens: bool = False
    wait: timedelta | None = None
    first_pause: timedelta = FIRST_PAUSE
    longest_pause: timedelta = LONGEST_PAUSE


_READING = select(*(CIRCUIT.c[name] for name in Standing.__dataclass_fields__))


def standings(db: Db) -> Mapping[str, Standing]:
    """Return how every channel stands on which anything ever failed, by name."""
    return {row.channel: Standing(*row) for row in db.connection().execute(_READING)}


def note_setback(db: Db, setback: Setback, at: datetime) -> Standing:
    """Count failures of a channel and open its circuit when they are enough; return how it stands.

    While it is open each failed probe doubles the pause; so does opening soon after it closed.
    """
    before = _locked(db, setback.channel, at)
    failures = before.failures + setback.count
    opens = before.is_open or setback.opens or failures >= OPENS_AFTER
    pause = _pause(before, setback, at) if opens else timedelta(seconds=before.pause)
    after = Standing(
        setback.channel,
        failures,
        (before.opened_at or at) if opens else None,
        int(pause.total_seconds()),
        at + (setback.wait or pause) if opens else None,
        setback.failure,
        setback.code,
        setback.detail[:500],
        at,
    )
    values = {name: getattr(after, name) for name in Standing.__dataclass_fields__}
    db.connection().execute(update(CIRCUIT).where(CIRCUIT.c.channel == setback.channel).values(values))
    return after


def note_success(db: Db, channel: str, at: datetime) -> bool:
    """Close the channel's circuit; return whether it was open."""
    was_open = select(CIRCUIT.c.opened_at).where(CIRCUIT.c.channel == channel).with_for_update()
    opened_at = db.connection().execute(was_open).scalar()
    closing = update(CIRCUIT).where(CIRCUIT.c.channel == channel)
    db.connection().execute(closing.values(failures=0, opened_at=None, probe_at=None, changed_at=at))
    return opened_at is not None


def take_probe(db: Db, channel: str, at: datetime, until: datetime) -> bool:
    """Take the one probe of an open circuit, until then at the latest; False when it is another's."""
    is_due = or_(CIRCUIT.c.probe_at <= at, CIRCUIT.c.changed_at > at + SKEW)
    taking = update(CIRCUIT).where(CIRCUIT.c.channel == channel, CIRCUIT.c.opened_at.is_not(None), is_due)
    taken = db.connection().execute(taking.values(probe_at=until, changed_at=_not_after(at)))
    return taken.rowcount == 1


def give_probe_back(db: Db, channel: str, at: datetime) -> None:
    """Let the next message be the probe: there was none to try."""
    giving = update(CIRCUIT).where(CIRCUIT.c.channel == channel, CIRCUIT.c.opened_at.is_not(None))
    db.connection().execute(giving.values(probe_at=at, changed_at=_not_after(at)))


def _not_after(at: datetime) -> ColumnElement[datetime]:
    """Return when it changed: a probe changes nothing, but for a time that a clock ahead wrote."""
    return case(
        (CIRCUIT.c.changed_at > at, bindparam(None, at, CIRCUIT.c.changed_at.type)),
        else_=CIRCUIT.c.changed_at,
    )


def _locked(db: Db, channel: str, at: datetime) -> Standing:
    """Return how the channel stands, its row locked; a row is made when there is none."""
    first = insert_into(CIRCUIT, is_postgres(db)).values(
        channel=channel, failures=0, pause=0, failure="", code="", detail="", changed_at=at
    )
    db.connection().execute(first.on_conflict_do_nothing())
    row = db.connection().execute(_READING.where(CIRCUIT.c.channel == channel).with_for_update()).one()
    return Standing(*row)


def _pause(before: Standing, setback: Setback, at: datetime) -> timedelta:
    """Return how long the channel is left alone now."""
    former = timedelta(seconds=before.pause)
    if before.is_open:
        is_late = before.probe_at is None or at >= before.changed_at + former
        # calls that were under way when it opened are no probes
        return min(former * 2, setback.longest_pause) if is_late else former
    if former and at - before.changed_at <= former * 2:
        return min(former * 2, setback.longest_pause)
    return setback.first_pause
