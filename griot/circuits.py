"""What a worker does about channels that fail by themselves: their circuits opened, probed and closed."""

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from time import monotonic

from bot.faults import FaultKind
from channels.base import NEVER_CALLED, Failure, SendError
from griot.sender import Outcome
from models import circuit
from models.aside import DEFECT
from models.base import Db
from models.circuit import FIRST_PAUSE, LONGEST_REFUSED, REFUSED_PAUSE, Setback, Standing
from models.fault import Trouble, end_faults, raise_fault
from models.sending import Claimed

log = logging.getLogger(__name__)

LOOK_AGAIN = 0.5  # seconds for which what was read counts: another process may have opened a circuit
OF_THE_CHANNEL = frozenset({Failure.NOT_SENT, Failure.UNKNOWN, Failure.MISCONFIGURED})


class Circuits:
    """What one worker knows of its channels' circuits; only its own thread touches it."""

    def __init__(self, channels: Collection[str]) -> None:
        self._channels = tuple(channels)
        self._known: Mapping[str, Standing] = {}
        self._valid_until = float("-inf")
        self._probes: set[int] = set()  # outbox rows that are tried on channels left alone

    def look(self, db: Db) -> None:
        """Read how the channels stand, at most twice a second."""
        if monotonic() >= self._valid_until:
            self._known = circuit.standings(db)
            self._valid_until = monotonic() + LOOK_AGAIN

    def forget(self) -> None:
        """Read anew at the next look: a call ended otherwise than before."""
        self._valid_until = float("-inf")

    def probing(self, row_id: int) -> None:
        """Remember that this message is tried on a channel left alone."""
        self._probes.add(row_id)

    def may_leave(self, row: Claimed) -> bool:
        """Tell whether a message that was held may go: its channel works, or it is the probe."""
        return row.id in self._probes or not self._is_open(row.channel)

    @property
    def closed(self) -> tuple[str, ...]:
        """Return the channels that may be claimed for."""
        return tuple(name for name in self._channels if not self._is_open(name))

    @property
    def working(self) -> tuple[str, ...]:
        """Return the channels that do not refuse every call; one that is down or throttled works again."""
        refused = Failure.MISCONFIGURED
        return tuple(
            name
            for name in self._channels
            if not (self._is_open(name) and self._known[name].failure == refused)
        )

    def to_probe(self, at: datetime) -> tuple[str, ...]:
        """Return the channels left alone whose pause is over."""
        return tuple(
            name for name in self._channels if self._is_open(name) and self._known[name].may_probe(at)
        )

    def open_within(self, at: datetime, seconds: float) -> tuple[str, ...]:
        """Return the working channels that may be claimed for in so many seconds at most."""
        soon = at + timedelta(seconds=seconds)
        probes = (name for name in self.working if self._is_open(name) and self._known[name].may_probe(soon))
        return (*self.closed, *probes)

    def note(self, db: Db, outcomes: Sequence[Outcome], throttled: Mapping[str, float], at: datetime) -> None:
        """Open or close circuits after these calls; `throttled`: channels to be left alone, and seconds.

        Of a channel that is left alone only the probe counts: others were under way before.
        """
        for channel in dict.fromkeys(outcome.row.channel for outcome in outcomes):
            of_it = [one for one in outcomes if one.row.channel == channel and self.may_leave(one.row)]
            setback = _setback(channel, of_it, throttled)
            if setback is not None:
                fall_back(db, setback, at)
                self.forget()
            elif not self._is_sound(channel) and any(map(_is_answer, of_it)):
                recover(db, channel, at)
                self.forget()
            elif self._is_open(channel) and of_it:  # the probe says nothing: its chat alone was throttled
                circuit.give_probe_back(db, channel, at)

    def ended(self, outcomes: Sequence[Outcome]) -> None:
        """Forget probes that were answered, once that is stored."""
        self._probes -= {outcome.row.id for outcome in outcomes}

    def _is_open(self, channel: str) -> bool:
        known = self._known.get(channel)
        return known is not None and known.is_open

    def _is_sound(self, channel: str) -> bool:
        known = self._known.get(channel)
        return known is None or known.is_sound


def fall_back(db: Db, setback: Setback, at: datetime) -> None:
    """Count failures of a channel; an operator is to hear of one that refuses every call."""
    after = circuit.note_setback(db, setback, at)
    if after.is_open and after.opened_at == at:
        told = {"channel": setback.channel, "failure": setback.failure, "code": setback.code}
        log.error("a channel is left alone", extra=told)
    if after.is_open and setback.failure == Failure.MISCONFIGURED:
        raise_fault(db, Trouble(FaultKind.REFUSED, setback.channel, setback.detail, setback.code), at)


def recover(db: Db, channel: str, at: datetime) -> None:
    """Close a channel's circuit: the provider answers again."""
    if circuit.note_success(db, channel, at):
        log.warning("a channel works again", extra={"channel": channel})
        end_faults(db, {FaultKind.REFUSED, FaultKind.DOWN}, channel)


def refused(channel: str, code: str, detail: str) -> Setback:
    """Return what opens a circuit at once: token, account or sender is refused."""
    return Setback(
        channel,
        1,
        Failure.MISCONFIGURED,
        code,
        detail,
        opens=True,
        first_pause=REFUSED_PAUSE,
        longest_pause=LONGEST_REFUSED,
    )


def _setback(channel: str, outcomes: Sequence[Outcome], throttled: Mapping[str, float]) -> Setback | None:
    """Return what these calls say against the channel, None when one of them says that it works."""
    faults = [outcome.error for outcome in outcomes if outcome.error and _is_the_channels(outcome.error)]
    for error in faults:
        if error.failure == Failure.MISCONFIGURED:
            return refused(channel, error.code, error.detail)
    if channel in throttled and any(_is_throttled(outcome) for outcome in outcomes):
        wait = timedelta(seconds=throttled[channel])
        return Setback(channel, 1, Failure.THROTTLED, "", "throttled", opens=True, wait=wait)
    if not faults or any(map(_is_answer, outcomes)):
        return None
    newest = faults[-1]
    return Setback(channel, len(faults), newest.failure, newest.code, newest.detail, first_pause=FIRST_PAUSE)


def _is_throttled(outcome: Outcome) -> bool:
    return outcome.error is not None and outcome.error.failure == Failure.THROTTLED


def _is_the_channels(error: SendError) -> bool:
    return error.failure in OF_THE_CHANNEL and error.detail != NEVER_CALLED and error.code != DEFECT


def _is_answer(outcome: Outcome) -> bool:
    """Tell whether the provider did its work: it took the message, or refused this one for a reason."""
    error = outcome.error
    if error is None:
        return True
    is_refusal = error.failure not in OF_THE_CHANNEL and error.failure != Failure.THROTTLED
    return is_refusal and bool(error.code)  # without a code no call was made
