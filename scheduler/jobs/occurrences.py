"""Prompts, nudges, reminders, escalations, digests: each decided once, when it is due."""

import logging
import time
from collections import deque
from datetime import datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bot.costs import BUDGET
from bot.dates import long_date
from bot.periods import week_of
from bot.planning import plan
from bot.programme.shapes import name_in
from bot.reminders import Late, asked, escalation, invited, unreachable
from bot.schedule import ALERT, DIGEST, ESCALATION, Occurrence, Verdict
from bot.talk import Scene, Who
from bot.values import Invitation, Message
from models import alerts, ladder, timetable
from models.base import Db
from models.conversation import chat_of
from models.db import is_transient
from models.facts import StoredFacts
from models.known_person import KnownPerson, person_with
from models.message_row import invitation_from
from models.occurrence import OccurrenceState, decide, known, release, supersede
from models.talk import open_choice, talk_of
from scheduler.job import Job
from scheduler.parts import Parts

log = logging.getLogger(__name__)

LOOK = timedelta(seconds=15)  # what a look found is true for so long; then it is asked what changed
REST = timedelta(minutes=1)  # until the world is looked at again although nothing changed
LONGEST_REST = timedelta(minutes=5)
PART, SMALL_PART = 20, 200  # of the time that looks may take: of a world that changes, of one that does not
AHEAD = timedelta(days=1)  # how far the next due time is looked for
PORTION = 50  # occurrences a transaction at most: on SQLite turns wait for it
OVER = 1000  # of what is never sent, which is kept in one statement
TOLD_ELSEWHERE = frozenset({"channel_off", BUDGET})  # why many wait at once: not an alert a person
MOST_FAILURES = 3  # of one occurrence; then it is parked


def occurrences(parts: Parts) -> Job:
    """Return the job that sends what is due and keeps what is not sent."""
    deciding = Occurrences(parts)
    return Job("occurrences", "* * * * * *", deciding.run, is_led=True, look=deciding.look)


class Occurrences:
    """Keeps what is not sent, all at once, then sends one message a transaction.

    Between two looks the world is not read: in a large network that takes a second. The next look comes when
    something falls due, soon after something changed that makes more fall due, else after a rest. What a look
    found is true for a while only: a worker that was frozen or had no database looks again. What changed
    between the look and the transaction is seen where the message leaves (`may_leave`).
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._looked: datetime | None = None
        self._next: datetime | None = None  # something falls due
        self._asks: datetime | None = None  # from when on it is asked what changed
        self._rests: datetime | None = None  # until when at most an unchanged world is left alone
        self._mark: timetable.Mark = ()
        self._due: deque[Verdict] = deque()
        self._taken: list[Verdict] = []  # decided by the last transaction, if that was kept
        self._made: tuple[str, str, Message] | None = None  # a digest: its key, its language
        self._waiting: timetable.Waiting | None = None  # for the transaction after a look
        self._failures: dict[str, int] = {}

    def look(self, db: Db, at: datetime) -> bool:
        """Find what is due when it is time to, of 500 cities in a second; tell whether anything is."""
        self._waiting = None
        if self._is_time(db, at):
            try:
                self._look(db, at)
            except SQLAlchemyError:
                self._looked = None  # the next tick looks again
                raise
        self._make_digest(db, at)
        return bool(self._due or self._taken or self._waiting)

    def run(self, db: Db, at: datetime) -> int:
        """Decide what is due next, up to the first that is sent; return how many, 0 when nothing is due.

        Nothing is decided by a look of before: this process may have been frozen since.
        """
        if not self._is_fresh(at):
            return 0
        if self._waiting:
            timetable.hold_untrue(db, self._waiting, at)
        self._put_back(db)
        if self._due and self._due[0].is_over:
            return self._supersede(db, at)
        while self._due and len(self._taken) < PORTION:
            verdict = self._due.popleft()
            if self._decided(db, verdict, at):
                self._taken.append(verdict)
                if verdict.leaves:
                    break
        return len(self._taken)

    def _supersede(self, db: Db, at: datetime) -> int:
        """Keep the next of what is never sent, all at once; one by one where one of them is a fault."""
        over = list(takewhile(lambda each: each.is_over, islice(self._due, OVER)))
        try:
            with db.begin_nested():
                supersede(db, [each.occurrence for each in over], at)
            self._taken = over
        except DBAPIError as error:
            if is_transient(error):
                raise
            self._taken = [each for each in over if self._decided(db, each, at)]
        for _ in over:
            self._due.popleft()
        return len(over)

    def _put_back(self, db: Db) -> None:
        """Take what was decided last for due again unless it was kept: a transaction may be repeated."""
        taken, self._taken = self._taken, []
        kept = known(db, [each.occurrence.key for each in taken])
        self._due.extendleft(each for each in reversed(taken) if each.occurrence.key not in kept)

    def _is_time(self, db: Db, at: datetime) -> bool:
        """Tell whether to look; what cannot have changed since is told by the clock alone."""
        if self._looked is None or at < self._looked or (self._next is not None and self._next <= at):
            return True
        if self._due or self._taken:
            return not self._is_fresh(at)
        if self._asks is None or self._rests is None or self._rests <= at:
            return True
        if at < self._asks:
            return False
        self._asks = at + LOOK
        return timetable.mark(db) != self._mark

    def _is_fresh(self, at: datetime) -> bool:
        return self._looked is not None and self._looked <= at < self._looked + LOOK

    def _look(self, db: Db, at: datetime) -> None:
        parts, began = self._parts, time.thread_time()
        self._looked, self._next = at, None
        self._asks = self._rests = at + LOOK  # also where this look raises
        self._due.clear()
        self._taken.clear()
        self._mark = timetable.mark(db)  # before all else: what changes meanwhile is looked at again
        try:
            programme = parts.programmes.programme(db)
        except LookupError:
            return  # before the first load nothing is due
        world = timetable.world_of(db, programme, parts.channels, parts.ceiling, at)
        verdicts = plan(world, at, at + AHEAD)
        self._waiting = timetable.waiting(db, world, at)
        verdicts.sort(key=lambda each: not each.is_over)  # else in the order in which they leave
        ahead = [each.occurrence.send_at for each in verdicts if each.occurrence.send_at > at]
        self._due.extend(each for each in verdicts if each.occurrence.send_at <= at)
        self._next = min(ahead, default=None)
        cost = timedelta(seconds=time.thread_time() - began)
        self._asks = at + max(LOOK, PART * cost)
        self._rests = at + min(max(REST, SMALL_PART * cost), LONGEST_REST)

    def _decided(self, db: Db, verdict: Verdict, at: datetime) -> bool:
        """Decide one; a fault leaves it for the next look, at last it is parked."""
        key = verdict.occurrence.key
        try:
            with db.begin_nested():
                return self._decide(db, verdict, at)
        except Exception as error:
            if isinstance(error, DBAPIError) and is_transient(error):
                raise  # the database's trouble, not this occurrence's
            self._failures[key] = self._failures.get(key, 0) + 1
            log.error("an occurrence raised", exc_info=error, extra={"key": key})
            self._rests = at + LOOK  # it is found again by another look
            if self._failures[key] < MOST_FAILURES:
                return False
            return decide(db, verdict.occurrence, OccurrenceState.SUPERSEDED, at, "fault")

    def _decide(self, db: Db, verdict: Verdict, at: datetime) -> bool:
        occurrence = verdict.occurrence
        if verdict.leaves:
            return self._send(db, verdict, at)
        if verdict.waits:
            return occurrence.kind != ALERT and self._tell_waiting(db, occurrence, at)
        return decide(db, occurrence, OccurrenceState.SUPERSEDED, at, occurrence.reason)

    def _send(self, db: Db, verdict: Verdict, at: datetime) -> bool:
        occurrence = verdict.occurrence
        person = person_with(db, occurrence.person)  # locked: a reply being handled comes first
        if person is None:
            return False
        if occurrence.kind == ALERT:
            data = release(db, occurrence.key, at)
            if data is None:
                return False
            invitation = invitation_from(data.get("invitation"))
            channels = self._parts.channels
            return alerts.send(db, occurrence.key, person.id, data["text"], at, channels, invitation)
        if not decide(db, occurrence, OccurrenceState.SENT, at):
            return False
        match occurrence.kind:
            case "escalation":
                message = self._escalation(db, verdict, person, at)
            case "digest":
                message = self._digest(db, occurrence, person.language, at)
            case _:
                message = self._ask(db, verdict, person, at)
        if verdict.rung is not None:
            key, until = occurrence.key, verdict.until
            ladder.queue(db, verdict.rung, key, person.id, message, at, not_after=until)
        return True

    def _ask(self, db: Db, verdict: Verdict, person: KnownPerson, at: datetime) -> Message:
        """Return what is asked of somebody in a city; the choice is open in their conversation."""
        question = asked(self._scene(db, person, at), verdict.occurrence)
        if question.choice is not None and verdict.rung is not None:
            open_choice(db, person.id, question.choice, verdict.rung.channel, at)
        return question.message

    def _escalation(self, db: Db, verdict: Verdict, person: KnownPerson, at: datetime) -> Message:
        occurrence, programme = verdict.occurrence, self._parts.programmes.programme(db)
        say = self._parts.voices[person.language].of(programme.locale(person.language))
        contacts = timetable.contacts(db, verdict.late)
        deadline = occurrence.deadline or at.date()
        late = [
            Late(
                name_in(programme.cities[slug].names, person.language),
                contacts.get(slug, ""),
                long_date(deadline, say.locale),
            )
            for slug in verdict.late
        ]
        names = programme.milestones[occurrence.milestone].names
        milestone = f"{occurrence.milestone} {name_in(names, person.language)}"
        zone = ZoneInfo(programme.secretariat.timezone)
        days = (at.astimezone(zone).date() - deadline).days
        return Message(escalation(say, late, milestone, days), kind=ESCALATION)

    def _make_digest(self, db: Db, at: datetime) -> None:
        """Make the digest that leaves next, before the transaction that keeps it: it may take a second."""
        self._made = None
        head = next((each.occurrence for each in self._due if each.leaves), None)
        if head is None or head.kind != DIGEST or self._due[0].is_over:
            return
        try:
            language = timetable.language_of(db, head.person)
            self._made = (head.key, language, self._digest(db, head, language, at))
        except Exception as error:
            if isinstance(error, DBAPIError) and is_transient(error):
                raise
            log.warning(
                "the digest %s raised %s; its fault counts where it is kept", head.key, type(error).__name__
            )

    def _digest(self, db: Db, occurrence: Occurrence, language: str, at: datetime) -> Message:
        """Return the digest that the look has made, or make it."""
        if self._made is not None and self._made[:2] == (occurrence.key, language):
            return self._made[2]
        since = timetable.last_digest(db, occurrence.due_at) or occurrence.due_at - timedelta(days=7)
        return self._parts.digest(db, occurrence, language, since, at)

    def _scene(self, db: Db, person: KnownPerson, at: datetime) -> Scene:
        parts, chat = self._parts, chat_of(db, person.id)
        facts = StoredFacts(db, parts.forms, person.id, person.city, at, _no_digest)
        who = Who(person.id, person.name, person.role, person.city, person.language, agreed=True)
        return Scene(
            who=who,
            programme=parts.programmes.programme(db),
            at=at,
            voices=parts.voices,
            facts=facts,
            talk=talk_of(chat),
            report=facts.opened(chat.report) if chat.report else None,
        )

    def _tell_waiting(self, db: Db, occurrence: Occurrence, at: datetime) -> bool:
        """Tell the officers that somebody of a city can be reached on no way, once a week."""
        programme = self._parts.programmes.programme(db)
        city = programme.cities.get(occurrence.city or "")
        if city is None or occurrence.reason in TOLD_ELSEWHERE:
            return False
        week = week_of(at.astimezone(ZoneInfo(city.timezone)).date())
        name = timetable.name_of(db, occurrence.person)

        def text_in(language: str) -> str:
            say = self._parts.voices[language]
            return unreachable(say, name_in(city.names, language), name, occurrence.reason)

        def invitation_in(language: str) -> Invitation | None:
            return invited(self._parts.voices[language], occurrence.person, name, occurrence.reason)

        about = f"{occurrence.person}:{week}"
        channels = self._parts.channels
        alerts.tell_officers(
            db,
            programme,
            "unreachable",
            about,
            text_in,
            at,
            channels,
            city=city.slug,
            besides=occurrence.person,
            invitation_in=invitation_in,
        )
        return False


def _no_digest(db: Db, language: str, at: datetime) -> str:
    return ""
