"""Which of the occurrences that fall due are sent, when, on which way; and why the others are not."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.costs import BUDGET, COUNTRY
from bot.due import COORDINATOR, DEPUTY, LIFE, Due, due_between, is_away
from bot.ladder import Rung, rungs, why_none
from bot.opening_hours import Moved, moved_now, waking
from bot.periods import week_of
from bot.programme import City, Programme
from bot.schedule import (
    CHECK_BACK,
    CLOSING,
    COUNTED,
    DIGEST,
    ESCALATION,
    HELD,
    LAST_CALL,
    NUDGE,
    OVERDUE,
    PLANNED,
    PROMPT,
    REMINDER,
    Addressee,
    Decided,
    Occurrence,
    Verdict,
    World,
    waits_for_no_hour,
)

BEING_ANSWERED = timedelta(hours=1)  # who works on the report needs no prompt for it
WEEK = timedelta(days=8)  # a ceiling is known only with the whole week before one's eyes
OWN_HOUR = timedelta(hours=1)  # after its time something is not late yet
ORDER = (OVERDUE, REMINDER, ESCALATION, NUDGE, LAST_CALL, DIGEST, PROMPT)  # of what leaves together


@dataclass(slots=True)
class _Case:
    """One occurrence while it is being judged."""

    due: Due
    send_at: datetime
    reason: str = ""
    leaves: bool = True
    waits: bool = False
    rung: Rung | None = None

    def never(self, reason: str) -> None:
        """Decide that it is not sent."""
        self.leaves, self.waits, self.reason = False, False, reason


def plan(world: World, at: datetime, until: datetime) -> list[Verdict]:
    """Return what is not decided yet and falls due up to `until`, in the order in which it leaves.

    What fell due before `at` is judged as late. Nothing is looked up: the same world gives the same plan.
    """
    world = replace(world, people=_without_idle_deputies(world.people))
    last = max(until, at + WEEK)
    dues = due_between(world, at - LIFE, last)
    cases = [_case(world, due, at) for due in dues]
    coordinators = _coordinators(world)
    cases = [case for case in cases if _is_addressed(world, case, coordinators[case.due.person.city])]
    for rule in (_judge_restored, _judge_recipient, _judge_city, _judge_report, _judge_deadline, _judge_way):
        for case in cases:
            if case.leaves:
                rule(world, case, at)
    _leave_newest(world, cases, at)
    sent = _sent_lately(world, at)
    _leave_one_a_day(world, cases, sent)
    _keep_ceiling(world, cases, sent)
    verdicts = [_verdict(case, at) for case in cases if case.due.due_at <= until]
    alerts = (_alert(world, each, at) for each in world.held)
    verdicts += [each for each in alerts if each.occurrence.send_at <= until]
    return sorted(verdicts, key=_order)


def _alert(world: World, held: Occurrence, at: datetime) -> Verdict:
    """Return what becomes of an alert that waits for the hour: it may have passed with nobody at work."""
    opens = moved_now(world.programme, world.programme.secretariat, max(held.send_at, at))
    if waits_for_no_hour(held.key):
        opens = Moved(max(held.send_at, at))
    alert = replace(held, send_at=opens.at, reason=opens.reason or held.reason)
    person = next((one for one in world.people if one.id == held.person), None)
    state = _state_at(world, person, opens.at) if person else "stopped"
    if person is None or state in ("paused", "stopped"):
        return Verdict(replace(alert, reason=state), leaves=False, waits=True)
    addresses = [one for one in person.addresses if state == "active" or one.channel == "email"]
    ways = rungs(addresses, world.channels, opens.at)
    if not ways:
        reason = why_none(addresses, world.channels, opens.at)
        return Verdict(replace(alert, reason=reason), leaves=False, waits=True)
    return Verdict(alert, leaves=True, rung=ways[0])


def _case(world: World, due: Due, at: datetime) -> _Case:
    """Return the case with the time at which it leaves: moved, and later still when that has passed."""
    if due.moved.at >= at:
        return _Case(due, due.moved.at, due.moved.reason)
    late = late_at(world.programme, due.kind, due.city, due.due_at, at)
    return _Case(due, late.at, late.reason)


def late_at(programme: Programme, kind: str, city: City | None, due_at: datetime, at: datetime) -> Moved:
    """Return when something whose time has passed may leave: to officers in the Secretariat's hours.

    Digests and escalations keep their own hour, also one at which the Secretariat is closed.
    """
    if city is None and due_at <= at < due_at + OWN_HOUR:
        return Moved(at)
    return (
        waking(programme, at) if kind == DIGEST else moved_now(programme, city or programme.secretariat, at)
    )


def _without_idle_deputies(people: Iterable[Addressee]) -> tuple[Addressee, ...]:
    """Leave out deputies whose coordinator can be asked, whatever the day: most of them."""
    people = tuple(people)
    served = {one.city for one in people if one.role == COORDINATOR and _is_there(one)}
    return tuple(one for one in people if one.role != DEPUTY or one.city not in served)


def _is_there(person: Addressee) -> bool:
    return person.state not in ("paused", "stopped") and _is_reachable(person)


def _is_reachable(person: Addressee) -> bool:
    return not person.addresses or any(address.is_reachable for address in person.addresses)


def _coordinators(world: World) -> Mapping[str | None, list[Addressee]]:
    found: dict[str | None, list[Addressee]] = defaultdict(list)
    for person in world.people:
        if person.role == COORDINATOR:
            found[person.city].append(person)
    return found


def _is_addressed(world: World, case: _Case, coordinators: Iterable[Addressee]) -> bool:
    """Tell whether it is this person's: a deputy's only while no coordinator can be asked, nor was."""
    due = case.due
    if due.person.role != DEPUTY:
        return True
    for other in coordinators:
        told = world.decided.get(due.key_for(other.id))
        if told is not None and told.is_sent and not told.is_lost:
            return False
        if _can_be_asked(world, other, case):
            return False
    return True


def _can_be_asked(world: World, person: Addressee, case: _Case) -> bool:
    if _state_at(world, person, case.send_at) in ("paused", "stopped"):
        return False
    return _is_reachable(person)


def _state_at(world: World, person: Addressee, at: datetime) -> str:
    """Return the person's state then: a pause is over on the day after its last."""
    zone = _zone_of(world, person)
    if person.state != "paused" or person.paused_until is None:
        return person.state
    is_over = at.astimezone(zone).date() > person.paused_until
    if not is_over:
        return person.state
    return "active" if person.agreed_at else "invited"


def _zone_of(world: World, person: Addressee) -> ZoneInfo:
    city = world.programme.cities.get(person.city or "")
    return ZoneInfo(city.timezone if city else world.programme.secretariat.timezone)


def _judge_restored(world: World, case: _Case, at: datetime) -> None:
    """Send nothing that a system may have sent whose backup was restored: nobody knows."""
    if world.restored_until is not None and case.due.moved.at <= world.restored_until:
        case.never("restored")


def _judge_recipient(world: World, case: _Case, at: datetime) -> None:
    person, due = case.due.person, case.due
    state = _state_at(world, person, case.send_at)
    if state in ("paused", "stopped"):
        case.never(state)
    elif _is_staff_mail(case):
        if person.created_at > due.due_at:
            case.never("too_early")
    elif state != "active" or person.agreed_at is None:
        case.never("no_consent")
    elif person.agreed_at > due.due_at:
        case.never("too_early")


def _is_staff_mail(case: _Case) -> bool:
    """Tell whether it goes by e-mail to the Secretariat's own people, who need not agree to that."""
    due = case.due
    only_mail = all(address.channel == "email" for address in due.person.addresses)
    return due.by_email or (due.city is None and bool(due.person.addresses) and only_mail)


def _judge_city(world: World, case: _Case, at: datetime) -> None:
    due = case.due
    if due.city is None or due.kind == OVERDUE:
        return
    absences = world.absences.get(due.city.slug, ())
    days = {due.moved.at.date(), case.send_at.astimezone(ZoneInfo(due.city.timezone)).date()}
    away = next(filter(None, (is_away(absences, day) for day in sorted(days))), "")
    if away:
        case.never(f"city_{away}")


def _judge_report(world: World, case: _Case, at: datetime) -> None:
    due = case.due
    if due.city is None or due.kind not in (PROMPT, NUDGE, LAST_CALL):
        return
    report = (due.city.slug, due.form, due.period)
    worked = world.begun.get(report)
    if report in world.submitted:
        case.never("submitted")
    elif due.kind == PROMPT and worked is not None and case.send_at - worked < BEING_ANSWERED:
        case.never("being_answered")


def _judge_deadline(world: World, case: _Case, at: datetime) -> None:
    due = case.due
    if due.since is not None and due.due_at < due.since:
        case.never("too_early")
    elif case.send_at >= due.until:
        case.never("too_late")


def _judge_way(world: World, case: _Case, at: datetime) -> None:
    """Choose the rung; without one it waits for a way as long as it is of use."""
    due, person = case.due, case.due.person
    addresses = [one for one in person.addresses if _takes(due, one.channel)]
    if due.city is None and _state_at(world, person, case.send_at) != "active":
        addresses = [one for one in addresses if one.channel == "email"]
    sid = world.templates.get((due.kind, person.language), "")
    paid_for = [one for one in addresses if world.spending.may_go(one.channel, one.value)]
    ways = rungs(
        [one for one in paid_for if not world.spending.is_stopped(one.channel, person.city, case.send_at)],
        world.channels,
        case.send_at,
        sid,
    )
    if ways:
        case.rung = ways[0]
    else:
        is_full = bool(rungs(paid_for, world.channels, case.send_at, sid))
        case.never(why_none(addresses, world.channels, case.send_at, sid) or (BUDGET if is_full else COUNTRY))
        case.waits = True


def _takes(due: Due, channel: str) -> bool:
    if due.kind != DIGEST:
        return True
    return (channel == "email") is due.by_email


def _leave_newest(world: World, cases: Iterable[_Case], at: datetime) -> None:
    """Of reminders, or of escalations, that are late or leave on one day, only the newest leaves."""
    groups: dict[tuple[object, ...], list[_Case]] = defaultdict(list)
    for case in cases:
        due = case.due
        if case.leaves and due.kind in (REMINDER, ESCALATION):
            day = case.send_at.astimezone(_zone_of(world, due.person)).date()
            groups[due.kind, due.person.id, due.milestone, due.deadline, day].append(case)
    for group in groups.values():
        newest = max(group, key=lambda case: (case.due.due_at, case.due.moved.at))
        for case in group:
            if case is not newest:
                case.never("newer")


_GIVES_WAY = {  # kind: what already stands for it on the same day
    CHECK_BACK: (PROMPT,),
    NUDGE: (PROMPT, CHECK_BACK),
    LAST_CALL: (PROMPT, CHECK_BACK, NUDGE),
    CLOSING: (PROMPT, CHECK_BACK, NUDGE, LAST_CALL),
}


def _sent_lately(world: World, at: datetime) -> list[tuple[str, Decided, Addressee]]:
    """Return key, decision and person of what was sent in the week before: older ones share no week."""
    people = {person.id: person for person in world.people}
    return [
        (key, told, people[told.person])
        for key, told in world.decided.items()
        if told.is_sent and told.send_at > at - WEEK and told.person in people
    ]


def _leave_one_a_day(
    world: World, cases: Sequence[_Case], sent: Iterable[tuple[str, Decided, Addressee]]
) -> None:
    """Ask a person for the same report once a day at most."""
    taken: dict[tuple[int, date], set[str]] = defaultdict(set)
    for key, told, person in sent:
        if told.kind in (PROMPT, NUDGE, LAST_CALL):
            day = told.send_at.astimezone(_zone_of(world, person)).date()
            taken[person.id, day].add(_sort(told.kind, key))
    for sort in (PROMPT, CHECK_BACK, NUDGE, LAST_CALL, CLOSING):
        for case in cases:
            if case.leaves and _sort(case.due.kind, case.due.key) == sort:
                day = case.send_at.astimezone(_zone_of(world, case.due.person)).date()
                if taken[case.due.person.id, day] & set(_GIVES_WAY.get(sort, ())):
                    case.never("same_day")
                else:
                    taken[case.due.person.id, day].add(sort)


def _sort(kind: str, key: str) -> str:
    return next((sort for sort in (CHECK_BACK, CLOSING) if key.startswith(sort)), kind)


def _keep_ceiling(
    world: World, cases: Sequence[_Case], sent: Iterable[tuple[str, Decided, Addressee]]
) -> None:
    """Leave so many unsolicited messages a person and week; the last call gives way first."""
    if not world.ceiling:
        return
    weeks: dict[tuple[int, str], list[_Case]] = defaultdict(list)
    for case in cases:
        if case.leaves and case.due.kind in COUNTED:
            weeks[case.due.person.id, _week(world, case.due.person, case.send_at)].append(case)
    counted = ((told, person) for _, told, person in sent if told.kind in COUNTED)
    so_far = Counter((person.id, _week(world, person, told.send_at)) for told, person in counted)
    for whose, group in weeks.items():
        group.sort(key=_by_weight)
        for case in group[max(0, world.ceiling - so_far[whose]) :]:
            case.never("ceiling")


def _by_weight(case: _Case) -> tuple[int, int, datetime]:
    """Return the place in the order in which a week's ceiling is filled; what the rhythm asks is first."""
    due = case.due
    is_extra = due.key.startswith(CLOSING)
    return len(COUNTED) if is_extra else COUNTED.index(due.kind), due.offset, due.due_at


def _week(world: World, person: Addressee, at: datetime) -> str:
    return week_of(at.astimezone(_zone_of(world, person)).date())


def _verdict(case: _Case, at: datetime) -> Verdict:
    due = case.due
    is_over = not case.leaves and not case.waits and due.moved.at < at  # it need not wait for the hour
    occurrence = Occurrence(
        key=due.key,
        kind=due.kind,
        person=due.person.id,
        city=due.city.slug if due.city else None,
        due_at=due.due_at,
        send_at=due.moved.at if is_over else case.send_at,
        form=due.form,
        period=due.period,
        milestone=due.milestone,
        deadline=due.deadline,
        state=HELD if case.reason or case.send_at != due.due_at else PLANNED,
        reason=case.reason,
    )
    return Verdict(occurrence, case.leaves, case.waits, case.rung, due.until, due.late)


def _order(verdict: Verdict) -> tuple[datetime, int, str]:
    kind = verdict.occurrence.kind
    return (
        verdict.occurrence.send_at,
        ORDER.index(kind) if kind in ORDER else len(ORDER),
        verdict.occurrence.key,
    )
