"""The rhythm of a week, deadlines, ceilings and late starts: what leaves, when, to whom, and why not."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.ladder import Reached
from bot.planning import plan
from bot.programme import Correction, Programme
from bot.programme.shapes import WeekTime
from bot.schedule import Absence, Addressee, Deadline, Decided, Verdict, World
from tests.week import LONG_AGO, Simulation, a_person, a_world, aston, days

MONDAY = datetime(2026, 11, 16, 1, tzinfo=UTC)  # a week without a deadline near
NO_DEADLINES: dict[tuple[str, str], Deadline] = {}


def found(verdicts: Iterable[Verdict], kind: str = "") -> list[str]:
    """Return what leaves, as `kind local time`, in the order in which it leaves."""
    return [
        f"{v.occurrence.kind} {local(v):%a %d %b %H:%M}"
        for v in verdicts
        if v.leaves and kind in ("", v.occurrence.kind)
    ]


def local(verdict: Verdict) -> datetime:
    """Return when it leaves, in the time of its city, or of the Secretariat."""
    city = aston().cities.get(verdict.occurrence.city or "")
    return verdict.occurrence.send_at.astimezone(ZoneInfo(city.timezone if city else "Europe/Paris"))


def week(world: World, at: datetime = MONDAY, n: float = 6.9) -> list[Verdict]:
    """Return the plan of so many days, what fell due before being decided."""
    return plan(settled(world, at), at, at + days(n))


def settled(world: World, at: datetime) -> World:
    """Return the world with all that fell due before decided, and nothing of it sent."""
    before = (v.occurrence for v in plan(world, at, at) if v.occurrence.due_at < at)
    decided = {each.key: Decided(each.kind, each.person, each.due_at, is_sent=False) for each in before}
    return replace(world, decided={**decided, **world.decided})


def without(verdicts: Iterable[Verdict]) -> dict[str, str]:
    """Return why what does not leave does not, by kind."""
    return {v.occurrence.kind: v.occurrence.reason for v in verdicts if not v.leaves}


def rhythm_only(*people: Addressee, **other: object) -> World:
    """Return a world without deadlines."""
    return a_world(people or [a_person(1)], deadlines=NO_DEADLINES, **other)


def test_a_week_has_a_prompt_a_nudge_a_last_call_and_a_digest() -> None:
    """In city time for the city, in the Secretariat's for the officers."""
    world = rhythm_only(a_person(1, "kampala"), a_person(2, None, "officer"))
    assert found(week(world)) == [
        "prompt Mon 16 Nov 10:00",
        "nudge Wed 18 Nov 10:00",
        "last_call Thu 19 Nov 10:00",
        "digest Fri 20 Nov 09:00",
    ]
    keys = {v.occurrence.key for v in week(world)}
    assert keys == {
        "prompt:weekly_update:2026-W47:1",
        "nudge:weekly_update:2026-W47:1",
        "last:weekly_update:2026-W47:1",
        "dig:2026-W47:2",
    }


def test_a_report_ends_the_week() -> None:
    """Who has submitted is not asked again."""
    world = rhythm_only(submitted={("niamey", "weekly_update", "2026-W47")})
    assert without(week(world)) == dict.fromkeys(("prompt", "nudge", "last_call"), "submitted")


def test_the_monthly_form_takes_the_prompts_place() -> None:
    """In the week of the month's first working day; its period is the month before."""
    verdicts = week(rhythm_only(), datetime(2026, 11, 30, 1, tzinfo=UTC))
    assert {(v.occurrence.form, v.occurrence.period) for v in verdicts} == {("monthly_progress", "2026-11")}
    assert found(verdicts)[0] == "prompt Mon 30 Nov 10:00"


@pytest.mark.parametrize(
    ("city", "day", "hour"),
    [
        pytest.param("benguerir", "2027-02-01", 9, id="Morocco before Ramadan, UTC+1"),
        pytest.param("benguerir", "2027-02-08", 10, id="Morocco after 7 February, UTC"),
        pytest.param("benguerir", "2027-03-08", 10, id="Morocco in Ramadan"),
        pytest.param("benguerir", "2027-03-15", 9, id="Morocco after 14 March, UTC+1 again"),
        pytest.param("niamey", "2027-02-08", 9, id="Niger never shifts"),
        pytest.param("kampala", "2027-02-08", 7, id="Uganda"),
        pytest.param("nouakchott", "2027-02-01", 10, id="Mauritania"),
    ],
)
def test_prompts_keep_the_citys_time(city: str, day: str, hour: int) -> None:
    """Ten in the morning on the city's own clock, also where the clock changes around Ramadan."""
    at = datetime.combine(date.fromisoformat(day), time(1), UTC)
    prompt = next(v for v in week(rhythm_only(a_person(1, city)), at) if v.occurrence.kind == "prompt")
    assert prompt.occurrence.send_at == at.replace(hour=hour)


@pytest.mark.parametrize(
    ("friday", "hour"),
    [
        pytest.param("2026-10-23", 7, id="summer time"),
        pytest.param("2026-10-30", 8, id="after the last Sunday of October"),
        pytest.param("2027-03-26", 8, id="winter time"),
        pytest.param("2027-04-02", 7, id="after the last Sunday of March"),
    ],
)
def test_the_digest_keeps_the_time_of_the_secretariat(friday: str, hour: int) -> None:
    at = datetime.combine(date.fromisoformat(friday), time(1), UTC)
    [digest] = week(rhythm_only(a_person(2, None, "officer")), at, 0.9)
    assert digest.occurrence.send_at == at.replace(hour=hour)


def test_a_day_off_moves_to_the_next_working_day_at_its_own_hour() -> None:
    programme = with_days_off("NE", "2026-11-16", "2026-11-17")
    world = rhythm_only(programme=programme)
    verdict = next(v for v in week(world) if v.occurrence.kind == "prompt")
    assert found([verdict]) == ["prompt Wed 18 Nov 10:00"]
    assert (verdict.occurrence.state, verdict.occurrence.reason) == ("held", "holiday")
    assert without(week(world))["nudge"] == "same_day"


def test_a_last_call_moved_out_of_its_week_is_not_sent() -> None:
    programme = with_days_off("NE", "2026-11-19", "2026-11-20")
    assert without(week(rhythm_only(programme=programme)))["last_call"] == "too_late"


@pytest.mark.parametrize(
    ("city", "day", "hour", "expected", "reason"),
    [
        pytest.param("niamey", "tue", time(7), "Tue 17 Nov 08:30", "quiet_hours", id="before the quiet ends"),
        pytest.param("niamey", "tue", time(18), "Wed 18 Nov 08:30", "quiet_hours", id="in the evening"),
        pytest.param("bamako", "fri", time(13), "Fri 20 Nov 14:30", "friday_pause", id="the Friday pause"),
        pytest.param("niamey", "fri", time(14), "", "friday_pause", id="no opening left in the week"),
        pytest.param(
            "kigali", "tue", time(8, 45), "Tue 17 Nov 09:00", "office_hours", id="offices open at nine"
        ),
        pytest.param("niamey", "sat", time(10), "", "day_off", id="Saturday: after the week"),
    ],
)
def test_hours(city: str, day: str, hour: time, expected: str, reason: str) -> None:
    """Within a day a message waits for the next opening."""
    own = replace(aston().rhythm, nudge=WeekTime(day, hour))  # type: ignore[arg-type]
    verdicts = week(rhythm_only(a_person(1, city), programme=replace(aston(), rhythm=own)))
    nudge = next(v for v in verdicts if v.occurrence.kind == "nudge")
    assert nudge.leaves is bool(expected)
    if expected:
        assert (f"{local(nudge):%a %d %b %H:%M}", nudge.occurrence.reason) == (expected, reason)


def test_in_ramadan_messages_leave_between_ten_and_one() -> None:
    own = replace(aston().rhythm, nudge=WeekTime("wed", time(9)), last_call=WeekTime("thu", time(13)))  # type: ignore[arg-type]
    world = rhythm_only(a_person(1, "benguerir"), programme=replace(aston(), rhythm=own))
    verdicts = week(world, datetime(2027, 2, 15, 1, tzinfo=UTC))
    assert found(verdicts)[1:] == ["nudge Wed 17 Feb 10:00", "last_call Fri 19 Feb 10:00"]
    assert verdicts[1].occurrence.reason == "ramadan_hours"


def test_reminders_before_a_deadline() -> None:
    """14, 7, 3, 1 and 0 days before; a day off gives way to the next working day; two that meet are one."""
    world = one_deadline("niamey", date(2026, 12, 9), ceiling=0)
    verdicts = week(world, datetime(2026, 11, 20, tzinfo=UTC), 22)
    assert found(verdicts, "reminder") == [
        "reminder Wed 25 Nov 10:00",
        "reminder Wed 02 Dec 10:00",
        "reminder Mon 07 Dec 10:00",  # three days before is Sunday
        "reminder Tue 08 Dec 10:00",
        "reminder Wed 09 Dec 10:00",
    ]
    assert found(verdicts, "overdue") == ["overdue Thu 10 Dec 10:00"]


def test_a_deadline_after_days_off_is_recalled_before_them() -> None:
    """On the day itself and the day before nobody works: the working day before is the last reminder."""
    programme = with_days_off("NE", "2026-12-09", "2026-12-08")
    world = one_deadline("niamey", date(2026, 12, 9), programme, ceiling=0)
    verdicts = week(world, datetime(2026, 12, 3, tzinfo=UTC))
    assert found(verdicts, "reminder") == ["reminder Mon 07 Dec 10:00"]


def test_the_last_call_gives_way_first_then_the_nudge() -> None:
    """Three nudges, last calls and reminders a week: reminders nearest to the deadline come first."""
    world = one_deadline("niamey", date(2026, 12, 9))
    verdicts = week(world, datetime(2026, 12, 6, 1, tzinfo=UTC), 5)
    assert [each.split()[0] for each in found(verdicts)] == [
        *("reminder", "prompt", "reminder", "reminder", "overdue"),
    ]
    assert without(verdicts) == {"nudge": "ceiling", "last_call": "ceiling"}


def test_what_was_sent_this_week_counts_toward_the_ceiling() -> None:
    """Of another week it does not."""
    sent = {f"rem:{n}": Decided("reminder", 1, MONDAY + days(0.2), is_sent=True) for n in range(2)}
    earlier = {key: replace(each, send_at=each.send_at - days(7)) for key, each in sent.items()}
    assert without(week(rhythm_only(decided=sent))) == {"last_call": "ceiling"}
    assert without(week(rhythm_only(decided=earlier))) == {}


def test_a_reminder_and_a_prompt_due_together_leave_in_that_order() -> None:
    world = one_deadline("niamey", date(2026, 11, 23))
    verdicts = week(world, datetime(2026, 11, 23, 1, tzinfo=UTC), 0.9)
    assert found(verdicts) == ["reminder Mon 23 Nov 10:00", "prompt Mon 23 Nov 10:00"]


def test_a_city_that_is_away_is_told_what_is_overdue() -> None:
    """It gets no prompt, nudge, last call or reminder; nobody waives the date by a pause."""
    away = {"niamey": (Absence("paused", None),)}
    world = one_deadline("niamey", date(2026, 12, 9), absences=away)
    assert found(week(world, datetime(2026, 12, 6, 1, tzinfo=UTC), 5)) == ["overdue Thu 10 Dec 10:00"]


def test_the_secretariat_is_not_told_of_what_was_late_when_it_was_set() -> None:
    officer = a_person(8, None, "officer")
    set_late = Deadline(date(2026, 12, 9), since=datetime(2026, 12, 12, 12, tzinfo=UTC))
    world = a_world([a_person(1), officer], deadlines={("niamey", "M05"): set_late})
    verdicts = plan(world, set_late.since, set_late.since + timedelta(hours=1))
    assert [v.occurrence.key for v in verdicts if v.occurrence.kind == "escalation"] == []


def test_the_secretariat_is_told_once_and_again_after_a_week() -> None:
    """One message a milestone with its late cities; the second also to the administration."""
    people = [a_person(1), a_person(2, "kigali"), a_person(8, None, "officer"), a_person(9, None, "admin")]
    deadlines = {(slug, "M05"): Deadline(date(2026, 12, 9), LONG_AGO) for slug in ("niamey", "kigali")}
    deadlines["kigali", "M05"] = replace(deadlines["kigali", "M05"], is_closed=True)
    world = a_world(people, deadlines=deadlines)
    verdicts = week(world, datetime(2026, 12, 9, tzinfo=UTC), 21)
    told = [v for v in verdicts if v.occurrence.kind == "escalation"]
    assert [(v.occurrence.key, v.late) for v in told] == [
        ("esc:M05:2026-12-09:8:1", ("niamey",)),
        ("esc:M05:2026-12-09:8:2", ("niamey",)),
        ("esc:M05:2026-12-09:9:2", ("niamey",)),
    ]
    assert found(told) == ["escalation Thu 10 Dec 10:00", *["escalation Wed 16 Dec 10:00"] * 2]


@pytest.mark.parametrize(
    ("person", "reason"),
    [
        pytest.param({"state": "invited", "agreed_at": None}, "no_consent", id="not agreed"),
        pytest.param({"agreed_at": MONDAY + days(0.5)}, "too_early", id="agreed after it was due"),
        pytest.param({"state": "stopped"}, "stopped", id="stopped"),
        pytest.param({"state": "paused"}, "paused", id="paused"),
        pytest.param({"addresses": ()}, "no_address", id="no address"),
        pytest.param({"addresses": (Reached("telegram", "1", False, None),)}, "unreachable", id="blocked"),
        pytest.param({"addresses": (Reached("chat", "1", True, None),)}, "channel_off", id="channel off"),
        pytest.param({"addresses": (Reached("whatsapp", "1", True, None),)}, "no_template", id="no template"),
    ],
)
def test_who_cannot_be_written_to(person: dict[str, object], reason: str) -> None:
    """What does not leave is held with its reason."""
    prompt = week(rhythm_only(a_person(1, **person)))[0]
    assert (prompt.leaves, prompt.occurrence.state, prompt.occurrence.reason) == (False, "held", reason)


def test_what_a_lost_system_may_have_sent_is_not_sent_again() -> None:
    """A backup was restored on Wednesday at noon: the rest of the week leaves."""
    world = replace(rhythm_only(), restored_until=MONDAY + days(2.5))
    assert without(week(world)) == dict.fromkeys(("prompt", "nudge"), "restored")
    assert found([v for v in week(world) if v.leaves]) == ["last_call Thu 19 Nov 10:00"]


def test_what_had_been_moved_to_a_later_day_leaves_after_a_restore() -> None:
    """On Monday it waited for Wednesday: it cannot have left on Tuesday."""
    moved_on = rhythm_only(programme=with_days_off("NE", "2026-11-16", "2026-11-17"))
    verdicts = week(replace(moved_on, restored_until=MONDAY + days(1.5)))
    assert found([v for v in verdicts if v.occurrence.kind == "prompt" and v.leaves]) == [
        "prompt Wed 18 Nov 10:00"
    ]


def test_the_deputy_is_asked_while_the_coordinator_is_away() -> None:
    """Paused through Tuesday: the prompt is the deputy's, the nudge the coordinator's again."""
    away = a_person(1, state="paused", paused_until=date(2026, 11, 17))
    verdicts = week(rhythm_only(away, a_person(2, role="deputy")))
    leaving = {v.occurrence.kind: v.occurrence.person for v in verdicts if v.leaves}
    assert leaving == {"prompt": 2, "nudge": 1, "last_call": 1}


def test_the_deputy_is_asked_for_what_reached_the_coordinator_nowhere() -> None:
    """A prompt that failed on every rung and left the coordinator unreachable is the deputy's."""
    lost = Decided("prompt", 1, MONDAY + days(0.3), is_sent=True, is_lost=True)
    gone = a_person(1, addresses=(Reached("telegram", "1", False, None),))
    people = (gone, a_person(2, role="deputy"))
    world = rhythm_only(*people, decided={"prompt:weekly_update:2026-W47:1": lost})
    found_now = plan(world, MONDAY + days(0.4), MONDAY + days(0.5))
    assert [v.occurrence.key for v in found_now if v.leaves] == ["prompt:weekly_update:2026-W47:2"]
    arrived = replace(world, decided={"prompt:weekly_update:2026-W47:1": replace(lost, is_lost=False)})
    assert not any(v.leaves for v in plan(arrived, MONDAY + days(0.4), MONDAY + days(0.5)))


@pytest.mark.parametrize("kind", ["paused", "excused"])
def test_a_city_that_is_away_gets_one_check_back(kind: str) -> None:
    """Nothing but one message on the day after."""
    world = rhythm_only(absences={"niamey": (Absence(kind, date(2026, 11, 17)),)})
    verdicts = week(world)
    assert found(verdicts) == ["prompt Wed 18 Nov 10:00", "last_call Thu 19 Nov 10:00"]
    assert next(v.occurrence.key for v in verdicts if v.leaves) == "check:niamey:2026-11-17:1"
    assert without(verdicts) == {"prompt": f"city_{kind}", "nudge": "same_day"}


def test_a_check_back_that_meets_the_prompt_gives_way() -> None:
    world = rhythm_only(absences={"niamey": (Absence("paused", date(2026, 11, 15)),)})
    verdicts = week(world)
    assert [v.occurrence.key for v in verdicts if v.leaves and v.occurrence.kind == "prompt"] == [
        "prompt:weekly_update:2026-W47:1"
    ]


def test_the_last_day_of_a_pause_belongs_to_it() -> None:
    world = rhythm_only(absences={"niamey": (Absence("paused", date(2026, 11, 16)),)})
    assert found(week(world), "prompt") == ["prompt Tue 17 Nov 10:00"]


@pytest.mark.parametrize(
    ("down", "up", "sent"),
    [
        pytest.param(0, 1.4, ["prompt Tue 17 Nov 11:36"], id="a day late, in hours"),
        pytest.param(0, 1.9, ["prompt Wed 18 Nov 08:30"], id="in the night: at the opening"),
        pytest.param(0, 3.4, ["prompt Thu 19 Nov 11:36"], id="no nudge, no last call on the prompt's day"),
        pytest.param(1, 3.4, ["last_call Thu 19 Nov 11:36"], id="the nudge's day has passed"),
        pytest.param(1, 4.4, [], id="both have passed"),
        pytest.param(0, 7.2, ["prompt Mon 23 Nov 10:00"], id="the week has passed: the next one's"),
    ],
)
def test_after_an_outage_only_what_still_helps_is_sent(down: float, up: float, sent: list[str]) -> None:
    """A prompt once while its period is open; what has passed its day is left."""
    simulation = Simulation(rhythm_only(), MONDAY)
    if down:
        simulation.run(MONDAY + days(down))
    simulation.sleep(MONDAY + days(up))
    assert found(simulation.run(MONDAY + days(max(up + 0.6, 7.5) if up > 7 else up + 0.6))) == sent


def test_of_late_reminders_only_the_newest_is_sent_and_none_after_the_deadline() -> None:
    world = one_deadline("niamey", date(2026, 12, 9), rhythm=False)
    late = Simulation(world, datetime(2026, 12, 8, 10, tzinfo=UTC)).run(datetime(2026, 12, 8, 12, tzinfo=UTC))
    assert [v.occurrence.key for v in late] == ["rem:M05:2026-12-09:1:1"]
    over = Simulation(world, datetime(2026, 12, 9, 23, 30, tzinfo=UTC)).run(
        datetime(2026, 12, 10, 8, tzinfo=UTC)
    )
    assert found(over) == []


def test_one_digest_for_a_gap() -> None:
    """Three Fridays without a worker: one digest, the newest, by day."""
    world = rhythm_only(a_person(2, None, "officer"))
    night = datetime(2026, 11, 29, 1, tzinfo=UTC)
    sent = Simulation(world, night).run(night + days(1))
    assert [(v.occurrence.key, f"{local(v):%H:%M}") for v in sent] == [("dig:2026-W48:2", "08:30")]


def test_what_fell_due_before_the_deadline_was_set_is_not_sent() -> None:
    """A milestone loaded, or extended, today: yesterday's reminders were never due."""
    set_now = Deadline(date(2026, 12, 9), since=datetime(2026, 12, 2, 12, tzinfo=UTC))
    world = a_world([a_person(1)], deadlines={("niamey", "M05"): set_now})
    verdicts = plan(world, set_now.since, set_now.since + timedelta(hours=1))
    assert {v.occurrence.reason for v in verdicts if v.occurrence.kind == "reminder"} == {"too_early"}


def test_who_is_writing_the_report_needs_no_prompt() -> None:
    begun = {("niamey", "weekly_update", "2026-W47"): MONDAY + timedelta(hours=7, minutes=50)}
    assert without(week(rhythm_only(begun=begun), n=0.9))["prompt"] == "being_answered"


def test_officers_get_the_digest_in_the_chat_and_by_e_mail() -> None:
    """The e-mail needs no agreement, the chat does."""
    mail, chat = Reached("email", "a@example.org", True, None), Reached("telegram", "1", True, None)
    asked = a_person(2, None, "officer", state="invited", agreed_at=None, addresses=(chat, mail))
    agreed = a_person(3, None, "officer", addresses=(chat, mail))
    friday = MONDAY + days(4)
    verdicts = week(rhythm_only(asked, agreed), friday, 0.9)
    leaving = {v.occurrence.key: v.rung.name for v in verdicts if v.rung}
    assert leaving == {
        "dig:2026-W47:2:email": "email",
        "dig:2026-W47:3": "telegram",
        "dig:2026-W47:3:email": "email",
    }
    assert without(verdicts) == {"digest": "no_consent"}


def test_an_officer_without_an_address_is_seen_to_get_no_digest() -> None:
    assert without(week(rhythm_only(a_person(2, None, "officer", addresses=())))) == {"digest": "no_address"}


def test_the_window_of_whatsapp_is_that_of_the_time_it_leaves() -> None:
    """Free-form within a day of the newest reply, else the approved template, else the next rung."""
    wrote = Reached("whatsapp", "+22790000001", True, MONDAY - days(0.5))
    sms = Reached("sms", "+22790000001", True, None)
    person = a_person(1, addresses=(wrote, sms))
    ways = [v.rung.name for v in week(rhythm_only(person)) if v.rung]
    assert ways == ["whatsapp", "sms", "sms"]
    templates = {("nudge", "fr"): "HX1"}
    ways = [v.rung.name for v in week(rhythm_only(person, templates=templates)) if v.rung]
    assert ways == ["whatsapp", "whatsapp_template", "sms"]


def with_days_off(country: str, *days_off: str) -> Programme:
    """Return the programme with these holidays more."""
    corrections = tuple(Correction(country, date.fromisoformat(day), True, None) for day in days_off)
    return replace(aston(), holiday_corrections=(*aston().holiday_corrections, *corrections))


def one_deadline(
    city: str, due: date, programme: Programme | None = None, *, rhythm: bool = True, **other: object
) -> World:
    """Return a world with one milestone due; without the rhythm everything is submitted."""
    submitted = () if rhythm else {(city, "weekly_update", f"2026-W{n}") for n in range(40, 54)}
    return a_world(
        [a_person(1, city)],
        programme,
        deadlines={(city, "M05"): Deadline(due, LONG_AGO)},
        submitted=submitted,
        **other,
    )


def on_whatsapp(wrote_at: datetime, *others: Reached) -> Addressee:
    """Return who wrote on WhatsApp last."""
    return a_person(1, addresses=(Reached("whatsapp", "+22790000001", True, wrote_at), *others))


def begun(wrote_at: datetime) -> dict[tuple[str, str, str], datetime]:
    return {("niamey", "weekly_update", "2026-W47"): wrote_at}


MORNING = MONDAY + timedelta(hours=9, minutes=30)  # 11:00 in Niamey
TEMPLATES = {(kind, "fr"): "HX1" for kind in ("prompt", "nudge", "last_call")}


def test_what_is_missing_is_asked_for_before_whatsapps_window_closes() -> None:
    """23 hours after the newest message, as free text, once a report; the rhythm's messages stay."""
    world = rhythm_only(on_whatsapp(MORNING), begun=begun(MORNING), templates=TEMPLATES)
    verdicts = week(world, MORNING)
    assert found(verdicts) == [
        "nudge Tue 17 Nov 10:30",
        "nudge Wed 18 Nov 10:00",
        "last_call Thu 19 Nov 10:00",
    ]
    first = verdicts[0]
    assert first.occurrence.key == "window:weekly_update:2026-W47:1"
    assert first.rung is not None
    assert (first.rung.name, first.until) == ("whatsapp", MORNING + timedelta(hours=23, minutes=50))


@pytest.mark.parametrize(
    ("person", "other"),
    [
        pytest.param(on_whatsapp(MORNING), {"begun": {}}, id="nothing begun"),
        pytest.param(
            on_whatsapp(MORNING), {"submitted": {("niamey", "weekly_update", "2026-W47")}}, id="submitted"
        ),
        pytest.param(
            on_whatsapp(MORNING, Reached("telegram", "40000001", True, MORNING + timedelta(minutes=1))),
            {},
            id="wrote elsewhere since",
        ),
        pytest.param(on_whatsapp(MORNING + timedelta(hours=9)), {}, id="the hour is not the city's"),
        pytest.param(on_whatsapp(MORNING + days(1)), {}, id="the nudge goes on that day"),
        pytest.param(on_whatsapp(MORNING), {"channels": ("telegram", "sms")}, id="WhatsApp is off"),
        pytest.param(replace(on_whatsapp(MORNING), agreed_at=None), {}, id="no consent"),
        pytest.param(
            on_whatsapp(MORNING),
            {"decided": {"window:weekly_update:2026-W47:1": Decided("nudge", 1, MORNING, is_sent=True)}},
            id="asked before",
        ),
    ],
)
def test_a_closing_window_is_no_reason_to_ask(person: Addressee, other: dict[str, object]) -> None:
    wrote_at = next(one.last_in_at for one in person.addresses if one.last_in_at)
    world = rhythm_only(person, **{"begun": begun(wrote_at), **other})
    leaving = [v.occurrence.key for v in plan(world, wrote_at, wrote_at + days(6)) if v.leaves]
    assert not [key for key in leaving if key.startswith("window:")]


def test_a_closing_window_gives_way_first_under_the_ceiling() -> None:
    """Two of the rhythm fill a ceiling of two."""
    world = rhythm_only(on_whatsapp(MORNING), begun=begun(MORNING), templates=TEMPLATES, ceiling=2)
    assert found(week(world, MORNING)) == ["nudge Wed 18 Nov 10:00", "last_call Thu 19 Nov 10:00"]
