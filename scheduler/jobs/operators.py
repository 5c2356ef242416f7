"""Tell administrators once a day what only they can mend."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import exists, or_, select

from bot.faults import FaultKind, fault_words
from bot.templates import FALLEN, texts_of
from bot.values import Say
from models import circuit
from models.alerts import tell_officers
from models.base import Db
from models.circuit import CIRCUIT
from models.city import unknown_zones
from models.fault import FAULT, Fault, Trouble, end_all_but, forget_old, note_told, raise_fault, untold
from models.person import Role
from models.programme import ProgrammeShelf
from models.template import TEMPLATE, known
from scheduler.job import Job
from scheduler.parts import Parts

DOWN_AFTER = timedelta(minutes=10)  # a shorter outage mends itself before anybody could act


def operators(parts: Parts) -> Job:
    """Return the job."""
    telling = _Telling(parts.programmes, parts.voices, frozenset(parts.channels))
    return Job("operators", "*/10 * * * * *", telling.run, is_led=True, look=look)


_LOOKING = select(
    or_(
        exists().where(CIRCUIT.c.opened_at.is_not(None)),
        exists().where(FAULT.c.name != ""),
        exists().where(TEMPLATE.c.status.in_(sorted(FALLEN))),
    )
)


def look(db: Db, at: datetime) -> bool:
    """Tell whether anything may be to tell, or to end: mostly all is well."""
    return bool(db.connection().execute(_LOOKING).scalar()) or bool(unknown_zones(db))


@dataclass(frozen=True, slots=True)
class _Telling:
    programmes: ProgrammeShelf
    voices: Mapping[str, Say]
    channels: frozenset[str]

    def run(self, db: Db, at: datetime) -> int:
        """Return how many faults were told; what is found again is told again the next day."""
        _look_at_channels(db, at)
        _look_at_zones(db, at)
        forget_old(db, at)
        try:
            programme = self.programmes.programme(db)
        except LookupError:
            return 0
        names = {text.name for text in texts_of(programme)}
        _look_at_templates(db, names, at)
        day = at.astimezone(ZoneInfo(programme.secretariat.timezone)).date().isoformat()
        found = untold(db, day)
        for fault in found:
            about = f"{fault.name}:{day}"
            ways = self.channels - {fault.subject}
            text_in = partial(self._text, fault)
            tell_officers(db, programme, "fault", about, text_in, at, ways, first=Role.ADMIN)
            note_told(db, fault.name, day)
        return len(found)

    def _text(self, fault: Fault, language: str) -> str:
        say = self.voices[language]
        return fault_words(say, fault.kind, fault.subject, fault.code, fault.detail).together


def _look_at_channels(db: Db, at: datetime) -> None:
    """Raise a fault of each channel that has been left alone for a while; refused ones have theirs."""
    for standing in circuit.standings(db).values():
        is_long = standing.opened_at is not None and at - standing.opened_at >= DOWN_AFTER
        if is_long and standing.failure != "misconfigured":
            detail = standing.detail or standing.failure
            raise_fault(db, Trouble(FaultKind.DOWN, standing.channel, detail, standing.code), at)


def _look_at_zones(db: Db, at: datetime) -> None:
    """Raise a fault of each city whose stored time zone is not known; those of others are mended."""
    troubles = [Trouble(FaultKind.ZONE, slug, zone) for slug, zone in unknown_zones(db)]
    for trouble in troubles:
        raise_fault(db, trouble, at)
    end_all_but(db, FaultKind.ZONE, [trouble.name for trouble in troubles])


def _look_at_templates(db: Db, names: set[str], at: datetime) -> None:
    """Raise a fault of each template in use that has fallen; those of others are mended."""
    fallen = [state for state in known(db) if state.name in names and state.status in FALLEN]
    troubles = [
        Trouble(FaultKind.TEMPLATE, state.name, f"{state.status}: {state.reason}".removesuffix(": "))
        for state in fallen
    ]
    for trouble in troubles:
        raise_fault(db, trouble, at)
    end_all_but(db, FaultKind.TEMPLATE, [trouble.name for trouble in troubles])
