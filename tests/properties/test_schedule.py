"""Whatever the calendar, holidays and answers: what was predicted is sent, once, and only while it helps."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.due import ends_at
from bot.ladder import Reached
from bot.opening_hours import open_hours
from bot.periods import week_of
from bot.planning import plan
from bot.programme import Correction, Programme, Weekday
from bot.programme.shapes import Ramadan, Span, WeekTime
from bot.schedule import COUNTED, PLANNED, Absence, Addressee, Deadline, Verdict, World
from bot.working_days import is_working_day
from tests.week import LONG_AGO, Simulation, a_person, a_world, aston

START = datetime(2026, 11, 20, 6, tzinfo=UTC)
LENGTH = 24  # days
CITIES = ("niamey", "benguerir", "kigali")
FIRST = START.date()

days_ahead = st.integers(0, LENGTH)
dates = days_ahead.map(lambda n: FIRST + timedelta(days=n))
hours = st.sampled_from([time(7), time(10), time(11, 30), time(13), time(14, 30), time(16), time(17, 45)])
moments = st.integers(0, LENGTH * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes))


@st.composite
def programmes(draw: st.DrawFn) -> Programme:
    """Draw a programme: rhythm, holidays, Ramadan, pauses, reminders and deadlines."""
    rhythm = replace(
        aston().rhythm,
        prompt=WeekTime(draw(st.sampled_from(list(Weekday)[:5])), draw(hours)),
        nudge=WeekTime(draw(st.sampled_from(list(Weekday))), draw(hours)),
        last_call=WeekTime(draw(st.sampled_from(list(Weekday))), draw(hours)),
        every_weeks=draw(st.integers(1, 2)),
    )
    corrections = tuple(
        Correction(country, day, is_holiday=draw(st.booleans()), names=None)
        for country, day in draw(
            st.lists(st.tuples(st.sampled_from(["NE", "MA", "RW", "FR"]), dates), max_size=12)
        )
    )
    first = draw(dates)
    cities = {slug: aston().cities[slug] for slug in CITIES}
    pause = Span(draw(st.sampled_from([time(9), time(12)])), draw(st.sampled_from([time(13), time(15)])))
    cities["niamey"] = replace(cities["niamey"], friday_pause=pause)
    milestones = {
        id: replace(aston().milestones[id], due=draw(dates))
        for id in draw(st.sets(st.sampled_from(["M04", "M05"])))
    }
    return replace(
        aston(),
        rhythm=rhythm,
        cities=cities,
        milestones=milestones,
        ramadan=(Ramadan(first, first + timedelta(days=draw(st.integers(0, 8)))),),
        holiday_corrections=corrections,
        reminders=replace(
            aston().reminders,
            at=draw(hours),
            days_before=tuple(draw(st.sets(st.integers(0, 9), max_size=5))),
        ),
    )


@st.composite
def people(draw: st.DrawFn) -> tuple[Addressee, ...]:
    """Draw a coordinator for each city, some deputies, two officers and an admin."""
    found = []
    for id, slug in enumerate(CITIES, start=1):
        found.append(draw(addressees(id, slug, "coordinator")))
        if draw(st.booleans()):
            found.append(draw(addressees(20 + id, slug, "deputy")))
    found += [
        draw(addressees(id, None, role)) for id, role in ((50, "officer"), (51, "officer"), (60, "admin"))
    ]
    return tuple(found)


def addressees(id: int, city: str | None, role: str) -> st.SearchStrategy[Addressee]:
    """Return a strategy for somebody with some state and some addresses."""
    return st.builds(
        lambda state, until, agreed, addresses: a_person(
            id, city, role, state=state, paused_until=until, agreed_at=agreed, addresses=tuple(addresses)
        ),
        st.sampled_from(["active"] * 6 + ["paused", "stopped", "invited"]),
        st.none() | dates,
        st.sampled_from([LONG_AGO, LONG_AGO, LONG_AGO, START + timedelta(days=3), None]),
        st.lists(reached, min_size=0, max_size=3),
    )


reached = st.builds(
    lambda channel, is_reachable, last_in: Reached(channel, channel, is_reachable, last_in),
    st.sampled_from(["telegram", "whatsapp", "sms", "email", "chat"]),
    st.sampled_from([True, True, True, False]),
    st.none() | moments,
)


class Drawn:
    """A world that a failing test does not print: it is long."""

    def __init__(self, world: World) -> None:
        self.world = world


@st.composite
def worlds(draw: st.DrawFn) -> Drawn:
    """Draw a world at its beginning."""
    programme = draw(programmes())
    away = draw(st.dictionaries(st.sampled_from(CITIES), st.sampled_from(["paused", "excused"])))
    absences = {slug: (Absence(kind, draw(st.none() | dates)),) for slug, kind in away.items()}
    kinds = draw(st.sets(st.sampled_from(["prompt", "reminder", "digest"])))
    world = a_world(
        draw(people()),
        programme,
        absences=absences,
        templates={(kind, "fr"): "HX1" for kind in kinds},
        ceiling=draw(st.integers(0, 3)),
    )
    return Drawn(world)


events = st.lists(
    st.tuples(
        moments,
        st.sampled_from(["submit", "hand in", "extend", "excuse", "resume", "block", "agree"]),
        st.sampled_from(CITIES),
    ),
    max_size=6,
).map(sorted)


def happen(simulation: Simulation, what: str, slug: str) -> None:
    """Let an event change the world, as the product's tables would show it."""
    world, city = simulation.world, simulation.world.programme.cities[slug]
    today = simulation.now.astimezone(ZoneInfo(city.timezone)).date()
    match what:
        case "submit":
            asked = {(v.occurrence.form, v.occurrence.period) for v in _weekly(world, simulation.now, slug)}
            simulation.change(submitted={*world.submitted, *((slug, *each) for each in asked)})
        case "hand in" | "extend":
            changed = {
                place: replace(each, is_closed=True)
                if what == "hand in"
                else Deadline(each.due + timedelta(days=7), simulation.now)
                for place, each in world.deadlines.items()
                if place[0] == slug
            }
            simulation.change(deadlines={**world.deadlines, **changed})
        case "excuse" | "resume":
            absence = (Absence("excused", today + timedelta(days=3)),) if what == "excuse" else ()
            simulation.change(absences={**world.absences, slug: absence})
        case _:
            changes = (
                {"agreed_at": simulation.now, "state": "active"} if what == "agree" else {"state": "stopped"}
            )
            theirs = (one.city == slug and one.role == "coordinator" for one in world.people)
            simulation.change(
                people=tuple(
                    replace(one, **changes) if is_theirs else one  # type: ignore[arg-type]
                    for one, is_theirs in zip(world.people, theirs, strict=True)
                )
            )


def _weekly(world: World, at: datetime, slug: str) -> list[Verdict]:
    found = plan(world, at, at + timedelta(days=7))
    return [each for each in found if each.occurrence.city == slug and each.occurrence.period]


def shape(verdict: Verdict) -> tuple[object, ...]:
    """Return what must be as predicted: what, when, on which way."""
    return verdict.occurrence.key, verdict.occurrence.send_at, verdict.rung and verdict.rung.name


MANY = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a world has too many parts to shrink
)


@MANY
@given(st.data())
def test_what_was_predicted_is_sent(data: st.DataObject) -> None:
    """Until something happens, exactly what the schedule shows leaves, and when it says."""
    simulation = Simulation(data.draw(worlds()).world, START)
    for at, what, slug in [*data.draw(events), (START + timedelta(days=LENGTH), "", "")]:
        predicted = plan(simulation.world, simulation.now, at)
        foreseen = [shape(v) for v in predicted if v.leaves and v.occurrence.send_at <= at]
        assert sorted(map(shape, simulation.run(at)), key=str) == sorted(foreseen, key=str)
        if what:
            happen(simulation, what, slug)
    check(simulation)


@MANY
@given(st.data())
def test_outages_double_nothing_and_send_nothing_useless(data: st.DataObject) -> None:
    """After hours or days without a worker what may still go goes once, and only while it helps."""
    simulation = Simulation(data.draw(worlds()).world, START)
    outages = data.draw(st.lists(st.tuples(moments, st.integers(1, 5 * 24 * 60)), max_size=3).map(sorted))
    for at, what, slug in data.draw(events):
        for begins, minutes in outages:
            if simulation.now <= begins < at:
                simulation.run(begins)
                simulation.sleep(begins + timedelta(minutes=minutes))
        if simulation.now <= at:
            simulation.run(at)
        happen(simulation, what, slug)
    simulation.run(max(simulation.now, START + timedelta(days=LENGTH)))
    check(simulation)


def check(simulation: Simulation) -> None:
    """Check what must hold of everything that was sent."""
    programme, ceiling = simulation.world.programme, simulation.world.ceiling
    keys = Counter(verdict.occurrence.key for _, verdict in simulation.sent)
    assert not [key for key, n in keys.items() if n > 1]
    weeks: Counter[tuple[int, str]] = Counter()
    asked: Counter[tuple[int, str, date]] = Counter()
    digests: Counter[tuple[int, bool, datetime]] = Counter()
    for at, verdict in simulation.sent:
        occurrence = verdict.occurrence
        assert at >= occurrence.due_at or occurrence.kind == "reminder"
        if occurrence.kind == "digest":
            digests[occurrence.person, occurrence.key.endswith(":email"), at] += 1
        if occurrence.city is None:
            continue
        city = programme.cities[occurrence.city]
        local = at.astimezone(ZoneInfo(city.timezone))
        assert is_working_day(programme, city, local.date())
        assert any(start <= local.time() < end for start, end in open_hours(programme, city, local.date()))
        if occurrence.kind == "reminder" and occurrence.deadline is not None:
            assert at < ends_at(programme, city, occurrence.deadline)
        if occurrence.kind in COUNTED:
            weeks[occurrence.person, week_of(local.date())] += 1
        if occurrence.kind in ("prompt", "nudge", "last_call"):
            asked[occurrence.person, occurrence.form + occurrence.period, local.date()] += 1
    assert not ceiling or all(n <= ceiling for n in weeks.values())
    assert all(n == 1 for n in asked.values())
    assert all(n == 1 for n in digests.values())


@MANY
@given(st.data())
def test_what_is_planned_leaves_at_its_own_time(data: st.DataObject) -> None:
    """`planned` means at the due time; whatever else is shown is held, and says why."""
    for verdict in plan(data.draw(worlds()).world, START, START + timedelta(days=LENGTH)):
        occurrence = verdict.occurrence
        if occurrence.state == PLANNED:
            assert verdict.leaves
            assert occurrence.send_at == occurrence.due_at
        elif occurrence.due_at >= START:
            assert occurrence.reason
