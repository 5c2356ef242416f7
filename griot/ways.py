"""A message that cannot go its way takes the next one; where none is left the Secretariat is told."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.exc import DBAPIError

from bot.costs import COUNTRY
from bot.faults import NAMES
from bot.periods import week_of
from bot.programme.prices import PRICED
from bot.programme.shapes import name_in
from bot.reminders import invited, lost_alert, silent_alert, stopped_alert, unreachable
from bot.values import Invitation, Say
from channels.base import Failure
from griot.invitations import with_code
from models import affording, broadcast, consent, ladder, outbox, sending, template, timetable
from models.affording import Afforded
from models.alerts import tell_officers
from models.base import Db
from models.db import is_transient
from models.known_person import KnownPerson, person_with
from models.ladder import Failed
from models.outbox import OutboxState
from models.person import address_lost
from models.programme import ProgrammeShelf
from models.sending import DEAD_STATES, Claimed
from models.spending import Parts, one_part

log = logging.getLogger(__name__)

LOST = frozenset({Failure.UNREACHABLE, Failure.BLOCKED})
# Of buttons in the window: the same words without them may pass.
WITHOUT_BUTTONS = frozenset({Failure.REJECTED, Failure.TEMPLATE_REFUSED, Failure.WINDOW_CLOSED})
NOT_STARTED = "not_started"
UNDELIVERABLE = LOST | {Failure.OPTED_OUT}  # nothing is wrong with the message or with us


@dataclass(frozen=True, slots=True)
class Ways:
    """What is needed to go on: the channels that are on, and how officers are told."""

    channels: frozenset[str]
    voices: Mapping[str, Say]
    programmes: ProgrammeShelf
    parts_of: Parts = one_part

    def leaving(self, db: Db, claimed: Sequence[Claimed], at: datetime) -> list[Claimed]:
        """Return what may leave now, as it may; the rest is closed, and goes another way where it has one."""
        claimed = self._timely(db, claimed, at)
        sendable = sending.drop_unsendable(db, claimed, at)
        dropped = [row.id for row in claimed if row not in sendable]
        leaving, stranded = ladder.in_window(db, sendable, at)
        for row in stranded:
            sending.close(
                db, row, OutboxState.FAILED, at, error="WhatsApp's window closed", code=ladder.WINDOW
            )
        afforded = self._afforded(db, leaving, at)
        for row in afforded.refused:
            error = f"{row.channel} is not paid for in this country"
            sending.close(db, row, OutboxState.UNDELIVERABLE, at, error=error, code=COUNTRY)
        for id in dropped:
            self._go_on(db, id, Failure.UNREACHABLE, at)
        for row in stranded:
            self._go_on(db, row.id, Failure.WINDOW_CLOSED, at)
        for row in afforded.refused:
            self._go_on(db, row.id, Failure.OTHER_CHANNEL, at)
        return [with_code(db, row, at) for row in afforded.going]

    def _afforded(self, db: Db, leaving: list[Claimed], at: datetime) -> Afforded:
        """Return what the budget lets go; nothing is looked up for channels that cost nothing."""
        if not any(row.channel in PRICED for row in leaving):
            return Afforded(going=leaving)
        try:
            programme = self.programmes.programme(db)
        except LookupError:
            return Afforded(going=leaving)  # before the first load there are no prices
        return affording.afford(db, programme, leaving, self.parts_of, at)

    def buttons_refused(self, db: Db, sid: str, failure: Failure, detail: str, at: datetime) -> None:
        """Send no more such buttons until the provider is asked again, unless the window was closed."""
        if failure == Failure.WINDOW_CLOSED:
            return
        log.warning("buttons on WhatsApp are refused", extra={"content": sid, "failure": failure})
        template.refuse(db, sid, detail, at)

    def _timely(self, db: Db, claimed: Sequence[Claimed], at: datetime) -> list[Claimed]:
        """Return what is still true and within hours; cancel what is not true, hold back the rest.

        Since it was decided a report may have come, or its first try failed and the offices closed.
        """
        timed = [row.id for row in claimed if row.kind in timetable.TIMED]
        times = timetable.may_leave(db, self.programmes, timed, at) if timed else {}
        if told := [row.id for row in claimed if row.kind == broadcast.BROADCAST]:
            times |= broadcast.opens(db, self.programmes.programme(db), told, at)
        later: dict[datetime, list[Claimed]] = {}
        for row in claimed:
            opens = times.get(row.id, at)
            if opens is None:
                sending.close(db, row, OutboxState.CANCELLED, at, error="no longer true")
            elif opens > at:
                later.setdefault(opens, []).append(row)
        for opens, rows in later.items():
            sending.hold(db, rows, opens, at)
        return [row for row in claimed if times.get(row.id, at) == at]

    def follow(self, db: Db, id: int, channel: str, address: str, failure: Failure, at: datetime) -> bool:
        """Do what follows from the failure of a message just closed; return whether it goes on elsewhere."""
        holder = None
        if failure in LOST:
            why = _why_lost(db, channel, address, failure)
            holder = address_lost(db, channel, address, why, at)
        if failure.opts_out:
            address_lost(
                db, channel, address, "blocked", at
            )  # until they write there: START elsewhere is not enough
            self._stop(db, id, at)
        goes_on = failure.next_rung and self.climb(db, id, failure, at)
        if goes_on and holder is not None and why != NOT_STARTED:  # without a way left they are told of that
            self._tell_lost(db, holder, channel, at)
        return goes_on

    def lose(self, db: Db, channel: str, address: str, at: datetime) -> None:
        """Note that somebody blocked us, as the provider tells; officers hear of it (platforms.md 3.2)."""
        holder = address_lost(db, channel, address, "blocked", at)
        if holder is not None:
            self._tell_lost(db, holder, channel, at)

    def climb(self, db: Db, id: int, failure: Failure, at: datetime) -> bool:
        """Queue a failed message on its next way; tell the Secretariat and return False when none is left."""
        former = ladder.failed(db, id)
        if former is None or not ladder.climbs(db, former):
            return False
        if ladder.next_rung(db, former, WORDS[failure], at, self.channels) is not None:
            return True
        if failure == Failure.LATER and outbox.wait_for_hours(db, id, at):
            return True
        self._tell_unreachable(db, former, at)
        return False

    def _go_on(self, db: Db, id: int, failure: Failure, at: datetime) -> None:
        """Climb; what raises stops no other message."""
        try:
            with db.begin_nested():
                self.climb(db, id, failure, at)
        except Exception as fault:
            if isinstance(fault, DBAPIError) and is_transient(fault):
                raise
            log.error("the next way of a message raised", exc_info=fault, extra={"outbox": id})

    def _stop(self, db: Db, id: int, at: datetime) -> None:
        """Stop every message to who told the provider so, as their own STOP would."""
        former = ladder.failed(db, id)
        if former is None:
            return
        consent.stop(db, former.person_id, at)
        outbox.cancel(db, former.person_id, at)

        def text(say: Say, city: str) -> str:
            return stopped_alert(say, city, former.person)

        self._tell(db, former, "stopped", f"{former.person_id}:outbox:{id}", text, at)

    def _tell_unreachable(self, db: Db, former: Failed, at: datetime) -> None:
        reason = ladder.why_no_way(db, former, at, self.channels)

        def text(say: Say, city: str) -> str:
            return unreachable(say, city, former.person, reason)

        def invitation_in(language: str) -> Invitation | None:
            return invited(self.voices[language], former.person_id, former.person, reason)

        programme = self.programmes.programme(db)
        city = programme.cities.get(former.city or "")
        zone = ZoneInfo(city.timezone if city else programme.secretariat.timezone)
        week = week_of(at.astimezone(zone).date())
        about = f"{former.person_id}:{week}"
        self._tell(db, former, "unreachable", about, text, at, invitation_in)

    def _tell_lost(self, db: Db, person_id: int, channel: str, at: datetime) -> None:
        """Tell officers, once a week, that one channel of somebody of a city is lost."""
        person = person_with(db, person_id)
        if person is None or person.city is None or person.state in DEAD_STATES:
            return
        programme = self.programmes.programme(db)
        city = programme.cities.get(person.city)
        if city is None:  # closed
            return
        week = week_of(at.astimezone(ZoneInfo(city.timezone)).date())

        def text_in(language: str) -> str:
            say = self.voices[language]
            return lost_alert(say, name_in(city.names, language), person.name, NAMES.get(channel, channel))

        about = f"{person_id}:{channel}:{week}"
        tell_officers(
            db, programme, "lost", about, text_in, at, self.channels, city=person.city, besides=person_id
        )

    def tell_of_silence(self, db: Db, person: KnownPerson, at: datetime) -> None:
        """Tell officers, once a week, that somebody's number wrote after sixty days; with an invitation."""
        programme = self.programmes.programme(db)
        city = programme.cities.get(person.city or "")
        zone = ZoneInfo(city.timezone if city else programme.secretariat.timezone)

        def text_in(language: str) -> str:
            named = name_in(city.names, language) if city else ""
            return silent_alert(self.voices[language], named, person.name)

        def invitation_in(language: str) -> Invitation | None:
            return invited(self.voices[language], person.id, person.name, "")

        tell_officers(
            db,
            programme,
            "silent",
            f"{person.id}:{week_of(at.astimezone(zone).date())}",
            text_in,
            at,
            self.channels,
            city=person.city,
            besides=person.id,
            invitation_in=invitation_in,
        )

    def _tell(
        self,
        db: Db,
        former: Failed,
        kind: str,
        about: str,
        text: Callable[[Say, str], str],
        at: datetime,
        invitation_in: Callable[[str], Invitation | None] = lambda language: None,
    ) -> None:
        programme = self.programmes.programme(db)
        city = programme.cities.get(former.city or "")
        if city is None:
            log.warning("a person is of no city", extra={"person": former.person_id, "alert": kind})
            return

        def text_in(language: str) -> str:
            return text(self.voices[language], name_in(city.names, language))

        tell_officers(
            db,
            programme,
            kind,
            about,
            text_in,
            at,
            self.channels,
            city=city.slug,
            besides=former.person_id,
            invitation_in=invitation_in,
        )


WORDS: Mapping[Failure, str] = {
    Failure.UNREACHABLE: "unreachable",
    Failure.BLOCKED: "blocked",
    Failure.WINDOW_CLOSED: "window closed",
    Failure.TEMPLATE_REFUSED: "template refused",
    Failure.OTHER_CHANNEL: "not delivered",
    Failure.LATER: "not delivered",
}


def _why_lost(db: Db, channel: str, address: str, failure: Failure) -> str:
    """Return the word shown to officers: a first refusal before the person ever wrote is `not_started`."""
    if not sending.has_written(db, channel, address):
        return NOT_STARTED
    return "blocked" if failure == Failure.BLOCKED else "unknown"
